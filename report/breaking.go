package report

import (
	"bytes"
	"slices"
	"strings"
)

// What a column that breaks keeps, or else there is no reading it.
const (
	minBrokenCell   = 16
	minBrokenHeader = 12
)

// broken is columns with as many line breaks in those that allow it as take
// excess off their width, if that can be done. Headers go first: they are
// wider than numbers where arms have long names.
func broken(columns []column, excess int) []column {
	columns = slices.Clone(columns)
	for i := range columns {
		c := &columns[i]
		if !c.breaks || excess <= 0 {
			continue
		}
		cells := widestCell(c.cells)
		before := max(cells, widest([]byte(c.header)))
		c.header = brokenAt(c.header, max(minBrokenHeader, cells, before-excess))
		excess -= before - max(cells, widest([]byte(c.header)))
	}
	for i := range columns {
		c := &columns[i]
		if !c.breaks || !c.left || excess <= 0 {
			continue
		}
		before := widestCell(c.cells)
		c.cells = slices.Clone(c.cells)
		for j := range c.cells {
			c.cells[j] = brokenAt(c.cells[j], max(minBrokenCell, before-excess))
		}
		excess -= before - widestCell(c.cells)
	}
	return columns
}

// brokenAt breaks each line of text into lines of at most width columns.
func brokenAt(text string, width int) string {
	var out bytes.Buffer
	for line := range strings.SplitSeq(text, "\n") {
		writeWrapped(&out, line, "", width)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func widestCell(cells []string) int { return widest([]byte(strings.Join(cells, "\n"))) }
