package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"muxbench/results"
	"muxbench/results/gate"
)

// Check is what a gate has come to, and the run in which it has.
type Check struct {
	Run       results.Run    `json:"run"`
	Judgement gate.Judgement `json:"judgement"`
}

// Judge is the check of a result file, whose run has a gate.
func Judge(file *results.File) Check {
	return Check{file.Run, gate.Judge(*file.Run.Gate, file.Looks, file.Trials)}
}

// Complaints are why a check did not pass, one for each cell that did not, the worst
// first: empty where it passed.
func (c Check) Complaints() []string {
	var all []string
	for _, v := range []gate.Verdict{gate.Failed, gate.Regression, gate.Invalid, gate.Inconclusive} {
		for _, cell := range c.Judgement.Cells {
			if cell.Verdict == v {
				all = append(all, c.place(cell)+": "+plainText(cell.Why))
			}
		}
	}
	switch missing := c.missing(); {
	case len(c.Judgement.Cells) == 0:
		all = append(all, "no block was measured")
	case missing != "":
		all = append(all, missing)
	}
	return all
}

// place names a cell among the check's others.
func (c Check) place(cell gate.Cell) string {
	varying, _ := c.dimensions()
	parts := []string{fullName(cell.Subject)}
	if c.scenarios() > 1 {
		parts = append(parts, fullName(cell.Scenario))
	}
	return strings.Join(append(parts, phrases(varying, cell.Cell)...), ", ")
}

// dimensions are those in which the check's cells differ, and those that they have in
// common.
func (c Check) dimensions() (varying, fixed []dimension) {
	return splitDimensions(c.cells())
}

// scenarios is how many the check has.
func (c Check) scenarios() int {
	names := map[string]bool{}
	for _, cell := range c.Judgement.Cells {
		names[cell.Scenario] = true
	}
	return len(names)
}

// headline is the verdict, and before it what has to be known to read that.
func (c Check) headline() []string {
	var lines []string
	if unlike := c.unlike(); unlike != "" {
		lines = append(lines, unlike)
	}
	lines = append(lines, c.widened()...)
	if missing := c.missing(); missing != "" {
		lines = append(lines, missing)
	}
	return append(lines, "check: "+string(c.Judgement.Verdict))
}

// widened says which cells have a larger threshold than was asked for, and why.
func (c Check) widened() []string {
	var lines []string
	for _, cell := range c.Judgement.Cells {
		if cell.Widened() {
			lines = append(lines, fmt.Sprintf("%s: the threshold is %s %% instead of %s %%, as blocks differ by %s %% here and the time does not carry less",
				c.place(cell), percent(cell.Threshold), percent(cell.Asked), percent(cell.Deviation)))
		}
	}
	return lines
}

// missing says how many cells were to be measured and have not been.
func (c Check) missing() string {
	n := c.Judgement.Missing
	return unless(n == 0, plural(n, "gated cell has", "gated cells have")+" no block at all")
}

// sides say which builds were compared.
func (c Check) sides() string {
	g := c.Run.Gate
	base := "base "
	if c.byBaseline() {
		base = "baseline of "
	}
	text := fmt.Sprintf("%s%s; head %s; threshold %s %%", base, side(g.Base), side(g.Head), percent(g.Threshold))
	if g.InjectedNS > 0 {
		text += "; the head burns " + formatDuration(float64(g.InjectedNS)) + " a message on top"
	}
	return text
}

func side(b results.Build) string {
	text := plainText(orUnknown(b.Version)) // one of no tag is longer than names are
	var more []string
	if b.Go != "" {
		more = append(more, plainName(b.Go))
	}
	if b.Layouts > 0 {
		more = append(more, fmt.Sprintf("%d random code layouts", b.Layouts))
	}
	return text + unless(len(more) == 0, " ("+strings.Join(more, ", ")+")")
}

// warnings are what makes the two builds differ in more than their source.
func (c Check) warnings() []string {
	base, head := c.Run.Gate.Base, c.Run.Gate.Head
	if base.Go != head.Go && base.Go != "" && head.Go != "" {
		return []string{fmt.Sprintf("%s compiled the base and %s the head: what differs may be the compiler's and the runtime's doing", plainName(base.Go), plainName(head.Go))}
	}
	return nil
}

// CheckText writes a check for a terminal that is width columns wide, as Text does a
// summary.
func CheckText(w io.Writer, c Check, width int) error {
	var out bytes.Buffer
	for _, line := range c.headline() {
		writeWrapped(&out, line, "  ", width)
	}
	writeWrapped(&out, c.sides(), "  ", width)
	writeWrapped(&out, environment(c.Run), "  ", width)
	for _, line := range c.warnings() {
		writeWrapped(&out, "! "+line+".", "  ", width)
	}
	writeWrapped(&out, labels(c.Run), "  ", width)
	for _, f := range findings(c.Run, true) {
		writeWrapped(&out, f.text, "  ", width)
	}
	if len(c.Judgement.Cells) > 0 {
		if err := c.table().text(&out, width, "csv"); err != nil {
			return fmt.Errorf("lay out the table of the check: %w", err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the check: %w", err)
	}
	return nil
}

// CheckMarkdown writes a check as GitHub-flavoured Markdown, all columns.
func CheckMarkdown(w io.Writer, c Check) error {
	var out bytes.Buffer
	lines := c.headline()
	fmt.Fprintf(&out, "# muxbench %s\n", escapeMarkdown(lines[len(lines)-1]))
	for _, line := range lines[:len(lines)-1] {
		fmt.Fprintf(&out, "\n**%s.**\n", escapeMarkdown(line))
	}
	fmt.Fprintf(&out, "\n%s\n\n%s\n", escapeMarkdown(c.sides()), escapeMarkdown(environment(c.Run)))
	for _, line := range c.warnings() {
		fmt.Fprintf(&out, "\n%s.\n", escapeMarkdown(line))
	}
	if named := labels(c.Run); named != "" {
		fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(named))
	}
	for i, f := range findings(c.Run, false) {
		if i == 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "- %s\n", escapeMarkdown(f.text+unless(f.fix == "", " Fix: "+f.fix+".")))
	}
	if len(c.Judgement.Cells) > 0 {
		t := c.table()
		fmt.Fprintf(&out, "\n%s\n\n", escapeMarkdown(t.heading))
		t.markdown(&out)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the check: %w", err)
	}
	return nil
}

// CheckJSON writes the whole check as one indented JSON object, in base units.
func CheckJSON(w io.Writer, c Check) error {
	return writeJSON(w, struct {
		Schema int `json:"schema"`
		Check
		Complaints []string `json:"complaints"`
	}{checkSchema, c, append([]string{}, c.Complaints()...)})
}

// checkSchema is the version of what CheckJSON writes.
const checkSchema = 1
