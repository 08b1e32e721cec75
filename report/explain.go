package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Explain writes, for a terminal that is width columns wide, what the servers
// of each scenario counted, and in words what goes with the differences
// between arms. Only a difference that the run can tell is explained, and
// counters show what went along with it, not what it would cost without. Width
// 0 is unlimited.
func Explain(w io.Writer, s Summary, width int) error {
	var out bytes.Buffer
	writeWrapped(&out, environment(s.Run), "", width)
	if missing := s.missing(); missing != "" {
		writeWrapped(&out, "! "+missing, "  ", width)
	}
	for _, sc := range s.Scenarios {
		if t := newWhyTable(sc); t != nil {
			if err := t.text(&out, width, "json"); err != nil {
				return fmt.Errorf("lay out the counters of %s: %w", plainName(sc.Name), err)
			}
		}
		fmt.Fprintf(&out, "\n%s:\n", plainName(sc.Name))
		for _, line := range explanations(sc) {
			writeWrapped(&out, "- "+line, "  ", width)
		}
	}
	if len(s.Scenarios) == 0 {
		out.WriteString("\nThe run holds no trial.\n")
	} else {
		out.WriteByte('\n')
		writeWrapped(&out, explainCaveat, "", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

const explainCaveat = "Named are differences that a run of this many blocks can tell, and the counters that differ along with them by more than " +
	"2 %, by more than 0.01 a message and by more than between blocks. What goes along with a difference need not be all that makes it."

// explanations are lines on each arm of a scenario, by stretches of
// connection counts over which the same is to be said.
func explanations(sc Scenario) []string {
	varying, _ := splitDimensions(sc.Cells)
	x := connectionsDimension()
	others := slices.DeleteFunc(slices.Clone(varying), func(d dimension) bool { return d.name == x.name })
	var lines []string
	for _, cells := range along(sc.Cells, x, varying) {
		for _, name := range armNames(withoutControls(cells)) {
			for _, cs := range causeStretches(cells, name) {
				where := append([]string{between(stretch{from: cs[0].cell, to: cs[len(cs)-1].cell}, x)}, phrases(others, cs[0].cell.Cell)...)
				lines = append(lines, plainName(name)+", "+strings.Join(where, ", ")+": "+cs.words())
			}
		}
	}
	if len(lines) == 0 {
		return []string{"There is no arm to compare with another: nothing to explain."}
	}
	return lines
}

// causes are those of one arm in adjacent cells of which the same is to be
// said, but for figures.
type causes []cause

// causeStretches are the causes of an arm in cells, in their order. Cells
// whose reference it is, or which lack either, part their neighbours.
func causeStretches(cells []Cell, name string) []causes {
	var all []causes
	joined := false
	for _, cell := range cells {
		c, ok := newCause(cell, name)
		if !ok {
			joined = false
			continue
		}
		if last := len(all) - 1; joined && all[last][0].like(c) {
			all[last] = append(all[last], c)
		} else {
			all = append(all, causes{c})
		}
		joined = true
	}
	return all
}
