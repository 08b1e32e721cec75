package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// ConformanceMarkdown writes it as GitHub-flavoured Markdown, with all that is known of
// each case.
func ConformanceMarkdown(w io.Writer, c Conformance) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# muxbench: conformance\n\n%s\n\n%s\n", escapeMarkdown(environment(c.Run)), escapeMarkdown(c.conclusion()))
	c.below(func(heading string) { fmt.Fprintf(&out, "\n## %s\n\n", escapeMarkdown(heading)) },
		func(text string) {
			mark := "- "
			for line := range strings.Lines(text) {
				fmt.Fprintf(&out, "%s%s\n", mark, escapeMarkdown(strings.TrimSuffix(line, "\n")))
				mark = "  - "
			}
		})
	for _, t := range tiers() {
		if m := c.fullMatrix(t); m != nil {
			fmt.Fprintf(&out, "\n## %s\n\n", t.title)
			m.markdown(&out)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// fullMatrix is a tier's cases by its subjects, in words.
func (c Conformance) fullMatrix(t tier) *table {
	subjects, cases := c.part(t.letter)
	if len(subjects) == 0 {
		return nil
	}
	columns := make([]column, 0, 5+len(subjects))
	for _, known := range []struct {
		header string
		of     func(ConformanceCase) string
	}{
		{"case", func(k ConformanceCase) string { return k.ID }},
		{"what is expected", func(k ConformanceCase) string { return k.Title }},
		{"needs", func(k ConformanceCase) string { return k.Needs }},
		{"allowed", func(k ConformanceCase) string { return k.Allowed }},
		{"source", func(k ConformanceCase) string { return k.Source }},
	} {
		col := column{header: known.header, left: true}
		for _, k := range cases {
			col.cells = append(col.cells, plainText(known.of(k)))
		}
		columns = append(columns, col)
	}
	for _, s := range subjects {
		col := column{header: plainName(s.Name), left: true}
		for _, k := range cases {
			r, ok := k.of(s)
			col.cells = append(col.cells, unless(!ok, r.Verdict))
		}
		columns = append(columns, col)
	}
	return &table{columns: columns}
}
