package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// ConformanceText writes a matrix for each tier, and what is to be said of results,
// for a terminal that is width columns wide; 0 is unlimited.
func ConformanceText(w io.Writer, c Conformance, width int) error {
	var out bytes.Buffer
	writeWrapped(&out, environment(c.Run), "", width)
	for _, t := range tiers() {
		m := c.matrix(t)
		if m == nil {
			continue
		}
		if err := m.text(&out, width, "json"); err != nil {
			return fmt.Errorf("lay out the matrix of %s: %w", t.one, err)
		}
	}
	c.below(func(heading string) {
		out.WriteByte('\n')
		writeWrapped(&out, heading+":", "", width)
	}, func(text string) {
		mark := "- "
		for line := range strings.Lines(text) {
			writeWrapped(&out, mark+line, "  ", width)
			mark = "· "
		}
	})
	out.WriteByte('\n')
	writeWrapped(&out, c.conclusion(), "", width)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// matrix is a tier's cases by its subjects, each in a letter's width, or nil if
// nothing of the tier was tried.
func (c Conformance) matrix(t tier) *table {
	subjects, cases := c.part(t.letter)
	if len(subjects) == 0 {
		return nil
	}
	ids := column{header: "case", left: true}
	titles := column{header: "what is expected", left: true, breaks: true}
	for _, k := range cases {
		ids.cells = append(ids.cells, k.ID)
		titles.cells = append(titles.cells, plainText(k.Title))
	}
	all := &table{heading: t.title, columns: []column{ids, titles}}
	var names []string
	for i, s := range subjects {
		letter := columnLetter(i)
		if len(subjects) == 1 {
			letter = ""
		} else {
			names = append(names, letter+" "+plainName(s.Name))
		}
		marks := column{header: letter, left: true}
		for _, k := range cases {
			r, ok := k.of(s)
			marks.cells = append(marks.cells, markOf(r.Verdict, ok))
		}
		all.columns = append(all.columns, marks)
	}
	if len(names) > 0 {
		all.remarks = append(all.remarks, strings.Join(names, ", ")+".")
	}
	all.remarks = append(all.remarks, "+ as expected, F failed, d this kernel differs, s skipped; blank where it is not about it.")
	return all
}

// columnLetter names the i-th subject of a matrix.
func columnLetter(i int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	if i < len(letters) {
		return letters[i : i+1]
	}
	return fmt.Sprint(i + 1)
}

func markOf(verdict string, tried bool) string {
	switch {
	case !tried:
		return ""
	case verdict == verdictPass:
		return "+"
	case verdict == verdictFail:
		return "F"
	case verdict == verdictDiffers:
		return "d"
	}
	return "s"
}

// below tells what is said below the matrices: failures, differences and what was
// skipped, subjects that are not to be had, and what was observed where more than one
// thing may be.
func (c Conformance) below(heading, line func(string)) {
	for _, h := range conformanceHeadings() {
		for i, m := range c.remarks(h.verdict) {
			if i == 0 {
				heading(h.heading)
			}
			line(m.String())
		}
	}
	first := true
	for _, s := range c.Subjects {
		if s.Unavailable != "" {
			if first {
				heading("Not to be had on this host")
				first = false
			}
			line(plainName(s.Name) + ": " + plainText(s.Unavailable))
		}
	}
	for i, m := range c.observed() {
		if i == 0 {
			heading("Observed, where more than one thing is allowed")
		}
		line(m.observation())
	}
}
