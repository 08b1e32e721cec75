package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Markdown writes the summary as GitHub-flavoured Markdown, all columns.
func Markdown(w io.Writer, s Summary) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# muxbench: %s\n", escapeMarkdown(plainText(s.Run.Scenario)))
	for i, reason := range s.Distrust() {
		if i == 0 {
			out.WriteString("\n**Not to be trusted:**\n\n")
		}
		fmt.Fprintf(&out, "- %s.\n", escapeMarkdown(reason))
	}
	fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(environment(s.Run)))
	if named := labels(s.Run); named != "" {
		fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(named))
	}
	for i, f := range findings(s.Run, false) {
		if i == 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "- %s\n", escapeMarkdown(f.text+unless(f.fix == "", " Fix: "+f.fix+".")))
	}
	if missing := s.missing(); missing != "" {
		fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(missing))
	}
	for i, line := range s.precision() {
		if i < 2 { // the cells are a list
			out.WriteByte('\n')
		}
		fmt.Fprintln(&out, escapeMarkdown(strings.Replace(line, "! ", "- ", 1)))
	}
	if a := newAnswer(s); len(a.lines) > 0 {
		fmt.Fprintf(&out, "\n## %s\n\n", a.question)
		for _, line := range a.lines {
			fmt.Fprintf(&out, "- %s.\n", escapeMarkdown(line))
		}
		fmt.Fprintf(&out, "\n%s\n", escapeMarkdown(a.caveat))
	}
	if t := newCommandTable(s); t != nil {
		fmt.Fprintf(&out, "\n## Commands\n\n%s\n\n", escapeMarkdown(t.heading))
		t.markdown(&out)
	}
	for i, t := range newTables(s) {
		sc := s.Scenarios[i]
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", escapeMarkdown(plainName(sc.Name)), escapeMarkdown(t.heading))
		t.markdown(&out)
		if why := newWhyTable(sc); why != nil {
			fmt.Fprintf(&out, "\n%s\n\n", escapeMarkdown(why.heading))
			why.markdown(&out)
		}
	}
	costsMarkdown(&out, s)
	levelMarkdown(&out, s)
	if t := newPublishedTable(s); t != nil {
		fmt.Fprintf(&out, "\n## Figures from elsewhere\n\n%s\n\n", escapeMarkdown(t.heading))
		t.markdown(&out)
	}
	if len(s.Scenarios) == 0 {
		out.WriteString("\nThe run holds no trial.\n")
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// markdown writes the table with what is said below it. It is not written by
// tablewriter, which escapes nothing.
func (t table) markdown(out *bytes.Buffer) {
	line := func(cells func(column) string) {
		for _, c := range t.columns {
			out.WriteString("| " + cells(c) + " ")
		}
		out.WriteString("|\n")
	}
	line(func(c column) string { return escapeMarkdown(title(c.header)) })
	line(func(c column) string {
		if c.left {
			return ":---"
		}
		return "---:"
	})
	for i := range t.columns[0].cells {
		line(func(c column) string { return escapeMarkdown(c.cells[i]) })
	}
	below := slices.Concat(t.notes, t.remarks)
	if len(below) > 0 {
		out.WriteByte('\n')
	}
	for _, text := range below {
		fmt.Fprintf(out, "- %s\n", escapeMarkdown(text))
	}
}
