package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"muxbench/results/gate"
)

// SelfTest is a gate that was tried on one cell: on identical builds, and on a head
// with a slowdown put in.
type SelfTest struct {
	Directory string `json:"directory"` // that has both results
	Identical Check  `json:"identical"`
	Slower    Check  `json:"slower"`
	// Injected is what each message costs the head on top, 0.05 for 5 % of what it cost
	// the base when identical builds were checked. Less of it arrives: a slower server
	// finds more in each wait.
	Injected  float64        `json:"injected"`
	Resampled gate.Resampled `json:"resampled"`
}

// Resample makes many checks of the blocks of identical builds.
func (t *SelfTest) Resample(seed uint64) {
	if len(t.Identical.Judgement.Cells) == 1 {
		cell := t.Identical.Judgement.Cells[0]
		t.Resampled = gate.Resample(cell.LogRatios(), max(cell.Every, gate.Pilot(1)), cell.Threshold, cell.Asked, seed)
	}
}

// Verdict is Pass if identical builds passed and the slowdown was found, Invalid if the
// gate said the opposite, Inconclusive if it could not tell or the machine was too
// restless, and Failed if a trial has failed.
func (t SelfTest) Verdict() gate.Verdict {
	identical, slower := t.Identical.Judgement.Verdict, t.Slower.Judgement.Verdict
	switch {
	case identical == gate.Failed || slower == gate.Failed:
		return gate.Failed
	case identical == gate.Regression || identical == gate.Improved || slower == gate.Pass || slower == gate.Improved:
		return gate.Invalid
	case identical == gate.Pass && slower == gate.Regression:
		return gate.Pass
	case identical == gate.Invalid || slower == gate.Invalid:
		return gate.Invalid
	}
	return gate.Inconclusive
}

// Why says what the verdict comes from, in words.
func (t SelfTest) Why() string {
	return fmt.Sprintf("identical builds: %s; a head that burns %s %% on top: %s", outcome(t.Identical), percent(t.Injected), outcome(t.Slower))
}

// outcome is what one of the two checks came to.
func outcome(c Check) string {
	if len(c.Judgement.Cells) != 1 {
		return "not measured"
	}
	cell := c.Judgement.Cells[0]
	text := string(cell.Verdict)
	if cell.Ratio.Blocks > 0 {
		text += fmt.Sprintf(" (× %s", ratioText(cell.Ratio, ratioOnly))
		if cell.Ratio.Interval {
			text += ", " + ratioText(cell.Ratio, intervalOnly)
		}
		text += ", " + plural(cell.Ratio.Blocks, "block", "blocks") + ")"
	}
	if cell.Verdict == gate.Invalid || cell.Verdict == gate.Failed || cell.Verdict == gate.Inconclusive {
		text += ", as " + plainText(cell.Why)
	}
	return text
}

// words are the self-test's lines.
func (t SelfTest) words() []string {
	answer := map[gate.Verdict]string{gate.Pass: "the gate works here", gate.Inconclusive: "whether the gate works here could not be told", gate.Failed: "the gate could not be tried"}[t.Verdict()]
	if answer == "" {
		answer = "the gate is not to be trusted here"
	}
	lines := []string{"self-test: " + answer}
	if len(t.Identical.Judgement.Cells) == 1 {
		cell := t.Identical.Judgement.Cells[0]
		parts := append([]string{plainName(cell.Scenario), plainName(cell.Subject)}, phrases(dimensions(cell.Scenario), cell.Cell)...)
		lines = append(lines, strings.Join(parts, ", ")+"; threshold "+percent(cell.Threshold)+" %")
	}
	lines = append(lines, "identical builds: "+outcome(t.Identical),
		fmt.Sprintf("a head that burns %s %% of a message's CPU time on top: %s", percent(t.Injected), outcome(t.Slower)))
	if r := t.Resampled; r.Checks > 0 && r.Blocks > 0 {
		lines = append(lines, fmt.Sprintf("of %s checks made of the %d blocks of identical builds, with base and head swapped at random, %s %% raise a false alarm and %s %% are inconclusive",
			formatInt(int64(r.Checks)), r.Blocks, percent(r.Alarms), percent(r.Inconclusive)))
		if r.Visible > 0 {
			lines = append(lines, fmt.Sprintf("the smallest slowdown that 95 %% of such checks would find is %s %%", percent(r.Visible)))
		} else {
			lines = append(lines, "not even a slowdown by four times the threshold would be found by 95 % of such checks")
		}
	}
	return lines
}

// SelfTestText writes a self-test for a terminal that is width columns wide.
func SelfTestText(w io.Writer, t SelfTest, width int) error {
	var out bytes.Buffer
	for _, line := range t.words() {
		writeWrapped(&out, line, "  ", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the self-test: %w", err)
	}
	return nil
}

// SelfTestJSON writes a self-test as one indented JSON object.
func SelfTestJSON(w io.Writer, t SelfTest) error {
	return writeJSON(w, struct {
		Schema  int          `json:"schema"`
		Verdict gate.Verdict `json:"verdict"`
		Why     string       `json:"why"`
		SelfTest
	}{checkSchema, t.Verdict(), t.Why(), t})
}
