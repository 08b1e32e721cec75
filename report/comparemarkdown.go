package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// ComparisonMarkdown writes c as GitHub-flavoured Markdown, all columns.
func ComparisonMarkdown(w io.Writer, c SideBySide) error {
	var out bytes.Buffer
	out.WriteString("# muxbench: B against A\n\n")
	for _, line := range comparisonLead(c) {
		if warning, is := strings.CutPrefix(line, "! "); is {
			line = "- **" + escapeMarkdown(warning) + "**"
		} else {
			line = "- " + escapeMarkdown(strings.TrimPrefix(line, "- "))
		}
		fmt.Fprintln(&out, line)
	}
	if lines := comparisonAnswer(c); len(lines) > 0 {
		out.WriteString("\n## What can be told\n\n")
		for _, line := range lines {
			fmt.Fprintf(&out, "- %s.\n", escapeMarkdown(line))
		}
	}
	for _, text := range comparisonClosing(c) {
		fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(text))
	}
	for _, t := range comparisonTables(c) {
		heading, rest, _ := strings.Cut(t.heading, "; ")
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", escapeMarkdown(heading), escapeMarkdown(rest))
		t.markdown(&out)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}
