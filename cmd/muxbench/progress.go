//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"muxbench/results"
	"muxbench/scenarios"
)

// progress shows how far a run is: a bar on a terminal, a line per block
// elsewhere. It writes between blocks only.
type progress struct {
	w     io.Writer
	quiet bool
	bar   *progressbar.ProgressBar // nil where there is no terminal
	most  int                      // blocks, as the bar has it
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{w: w, quiet: quiet}
	if terminalWidth(w) > 0 && !quiet {
		p.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(w),
			progressbar.OptionShowCount(),
			progressbar.OptionSetItsString("block"),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true),
		)
	}
	return p
}

func (p *progress) step(at scenarios.Progress) {
	if p.quiet {
		return
	}
	for _, t := range at.Trials {
		if t.Status != results.StatusOK {
			p.clear()
			fmt.Fprintf(p.w, "%s, %s: %s: %q\n", describeCell(t.Cell), t.Arm, t.Status, t.Reason)
		}
	}
	if p.bar == nil {
		fmt.Fprintf(p.w, "block %d of %d, after %s: %s\n", at.Done, at.Blocks, at.Elapsed.Round(100*time.Millisecond), describeCell(at.Cell))
		return
	}
	if at.Blocks != p.most {
		p.bar.ChangeMax(at.Blocks)
		p.most = at.Blocks
	}
	p.bar.Describe(describeCell(at.Cell))
	_ = p.bar.Set(at.Done) // an unwritable terminal is no reason to stop measuring
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// terminalWidth is the number of columns of the terminal behind w, or 0 if
// there is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// describeCell names a cell in a line of progress.
func describeCell(c results.Cell) string {
	noun, some := "connections", "active"
	switch c.Scenario {
	case scenarios.Chain:
		noun = "pairs"
	case scenarios.Ctl:
		noun = "watched"
	case scenarios.Churn:
		noun = "connections at once"
	case scenarios.Accept:
		some = "at once"
	}
	s := fmt.Sprintf("%s, %d %s", c.Scenario, c.Connections, noun)
	if c.Subject != "" {
		s = c.Subject + ": " + s
	}
	if c.Active < c.Connections {
		s += fmt.Sprintf(", %d %s", c.Active, some)
	}
	if c.Size > 0 && c.Scenario != scenarios.Chain {
		s += fmt.Sprintf(", %d bytes", c.Size)
	}
	if c.SocketBuffers > 0 {
		s += fmt.Sprintf(", socket buffers of %d", c.SocketBuffers)
	}
	return s + describeOffer(c)
}

// describeOffer says what an open loop offers; empty for others.
func describeOffer(c results.Cell) string {
	switch {
	case c.SLO != "":
		return fmt.Sprintf(", highest rate with %s at most %s", percentileName(c.SLO), time.Duration(c.SLONS))
	case c.Load > 0:
		return fmt.Sprintf(", at %.4g %% of each one's capacity", 100*c.Load)
	case c.Open():
		return fmt.Sprintf(", %.0f msgs/s", c.Rate)
	}
	return ""
}

// printPlan says what is going to be measured, and about how long it takes.
func printPlan(w io.Writer, p scenarios.Plan) error {
	arms := ""
	for i, a := range p.Arms {
		if i > 0 {
			arms += ", "
		}
		arms += a.Name
		if a.Reference {
			arms += " (reference)"
		}
	}
	what := fmt.Sprintf("%s × %s × %s; seed %d\n  arms: %s", counted(len(p.Cells), "cell"), counted(len(p.Arms), "arm"), extent(p), p.Seed, arms)
	if p.Cells[0].Subject != "" {
		what = gatedExtent(p)
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", p.Scenario, what)
	for _, c := range p.Cells {
		if err != nil {
			return err
		}
		window := ""
		switch {
		case c.SetsUp() || c.Scenario == scenarios.Ctl:
		case c.Scenario == scenarios.Chain:
			window = fmt.Sprintf(", %d chained writes", c.Rounds)
		case c.Rounds > 0:
			window = fmt.Sprintf(", %d rounds", c.Rounds)
		default:
			window = fmt.Sprintf(", %s per arm and block", time.Duration(c.DurationNS))
		}
		if why := p.Apart[c]; why != "" {
			window += "; " + why
		}
		_, err = fmt.Fprintf(w, "  %s%s\n", describeCell(c), window)
		for _, skipped := range p.Skipped(c) {
			if err == nil {
				_, err = fmt.Fprintf(w, "    skipped: %s\n", skipped)
			}
		}
	}
	return err
}

// gatedExtent is what a check measures, or a baseline, which has neither base nor looks.
func gatedExtent(p scenarios.Plan) string {
	arms := "base, base again and head"
	if beside := p.Arms[0]; beside.Backend == yardstick {
		arms = beside.Name + ", " + beside.Name + " again and the server"
	}
	when := fmt.Sprintf("looks from %d blocks on, for up to %s", p.Blocks, p.Budget)
	if p.Budget == 0 {
		when = counted(p.Blocks, "block")
	}
	return fmt.Sprintf("%s, each with %s; %s; seed %d", counted(len(p.Cells), "gated cell"), arms, when, p.Seed)
}

// extent is how many blocks there will be and how long they will take, or what
// ends them.
func extent(p scenarios.Plan) string {
	about := p.Estimate().Round(time.Second).String()
	switch {
	case p.Precision > 0 && p.Budget > 0:
		return fmt.Sprintf("blocks until every ratio is within ±%g %%, for up to %s", 100*p.Precision, p.Budget)
	case p.Precision > 0:
		return fmt.Sprintf("blocks until every ratio is within ±%g %%, up to %d in about %s", 100*p.Precision, p.Blocks, about)
	case p.Budget > 0:
		return fmt.Sprintf("blocks for up to %s, at most %d", p.Budget, p.Blocks)
	}
	return counted(p.Blocks, "block") + ", about " + about
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
