package report

import (
	"bytes"
	"fmt"
	"io"
)

// ComparisonText writes c for a terminal that is width columns wide, 0 for no
// limit: what differs between the runs, a table for each scenario and metric, and
// what can be told. Columns that do not fit are left out and named, as Text does;
// the ratio that is judged always stays.
func ComparisonText(w io.Writer, c SideBySide, width int) error {
	var out bytes.Buffer
	for _, line := range comparisonLead(c) {
		writeWrapped(&out, line, "  ", width)
	}
	for _, t := range comparisonTables(c) {
		if err := t.text(&out, width, "csv"); err != nil {
			return fmt.Errorf("lay out the comparison: %w", err)
		}
	}
	if lines := comparisonAnswer(c); len(lines) > 0 {
		out.WriteByte('\n')
		writeWrapped(&out, "What can be told:", "", width)
		for _, line := range lines {
			writeWrapped(&out, "- "+line+".", "  ", width)
		}
	}
	out.WriteByte('\n')
	for _, text := range comparisonClosing(c) {
		writeWrapped(&out, text, "", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}
