package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Text writes the summary for a terminal that is width columns wide: a table
// for each scenario, and the answer in words. Columns that do not fit are
// left out, the least important first, and named below the table; what tells
// rows apart, server CPU, of an open loop p99 latency or the rate, and the time
// of an iteration always stay, and so does the time of a command. Width 0 is
// unlimited.
func Text(w io.Writer, s Summary, width int) error {
	var out bytes.Buffer
	for _, reason := range s.Distrust() {
		writeWrapped(&out, "! Not to be trusted: "+reason+".", "  ", width)
	}
	writeWrapped(&out, environment(s.Run), "", width)
	writeWrapped(&out, labels(s.Run), "  ", width)
	for _, f := range findings(s.Run, true) { // Markdown has all
		writeWrapped(&out, f.text, "  ", width)
	}
	if missing := s.missing(); missing != "" {
		writeWrapped(&out, "! "+missing, "  ", width)
	}
	for _, line := range s.precision() {
		writeWrapped(&out, line, "  ", width)
	}
	if t := newCommandTable(s); t != nil {
		if err := t.text(&out, width, "json"); err != nil {
			return fmt.Errorf("lay out the table of commands: %w", err)
		}
	}
	for i, t := range newTables(s) {
		if err := t.text(&out, width, "csv"); err != nil {
			return fmt.Errorf("lay out the table of %s: %w", plainName(s.Scenarios[i].Name), err)
		}
	}
	if err := costsText(&out, s, width); err != nil {
		return err
	}
	if err := levelText(&out, s, width); err != nil {
		return err
	}
	if t := newPublishedTable(s); t != nil {
		if err := t.text(&out, width, "json"); err != nil {
			return fmt.Errorf("lay out the table of published figures: %w", err)
		}
	}
	if len(s.Scenarios) == 0 {
		out.WriteString("\nThe run holds no trial.\n")
	}
	if a := newAnswer(s); len(a.lines) > 0 {
		out.WriteByte('\n')
		writeWrapped(&out, a.question+a.aside+":", "", width)
		for _, line := range a.lines {
			writeWrapped(&out, "- "+line+".", "  ", width)
		}
		writeWrapped(&out, a.caveat, "", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// text writes the table between its heading and its notes. Format names what
// has the columns that width leaves out.
func (t table) text(out *bytes.Buffer, width int, format string) error {
	out.WriteByte('\n')
	writeWrapped(out, t.heading, "", width)
	out.WriteByte('\n')
	omitted, err := t.fit(out, width)
	if err != nil {
		return err
	}
	if len(omitted) > 0 {
		writeWrapped(out, "Left out for lack of width: "+strings.Join(omitted, ", ")+". --format "+format+" has everything.", "  ", width)
	}
	for _, note := range t.notes {
		writeWrapped(out, "! "+note, "  ", width)
	}
	for _, remark := range t.remarks {
		writeWrapped(out, remark, "  ", width)
	}
	return nil
}

// fit lays the table out in as many columns as width allows, and returns the
// names of the others.
func (t table) fit(out *bytes.Buffer, width int) (omitted []string, err error) {
	columns := slices.Clone(t.columns)
	for {
		laid, err := layOut(columns)
		if err != nil {
			return nil, err
		}
		least := 0
		for i, c := range columns {
			if c.rank > columns[least].rank {
				least = i
			}
		}
		excess := widest(laid) - width
		if width <= 0 || excess <= 0 {
			out.Write(laid)
			return omitted, nil
		}
		if slices.ContainsFunc(columns, func(c column) bool { return c.yields }) {
			if laid, err = layOut(broken(columns, excess)); err != nil || widest(laid) <= width {
				out.Write(laid)
				return omitted, err
			}
		}
		if columns[least].rank == 0 {
			laid, err = layOut(broken(columns, excess))
			out.Write(laid)
			return omitted, err
		}
		name := columns[least].name
		if name == "" {
			name = title(columns[least].header)
		}
		omitted = append(omitted, name)
		columns = slices.Delete(columns, least, least+1)
	}
}

func layOut(columns []column) ([]byte, error) {
	var out bytes.Buffer
	var header []string
	var align []tw.Align
	for _, c := range columns {
		header = append(header, c.header)
		side := tw.AlignRight
		if c.left {
			side = tw.AlignLeft
		}
		align = append(align, side)
	}
	t := tablewriter.NewTable(&out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
		tablewriter.WithEastAsian(tw.Off), // or × is two columns wide in some locales
	)
	t.Header(header)
	for i := range columns[0].cells {
		if err := t.Append(textRow(columns, i)); err != nil {
			return nil, err
		}
	}
	if err := t.Render(); err != nil {
		return nil, err
	}
	return trimRight(out.Bytes()), nil
}

// textRow leaves out what tells cells apart where it is as in the row above.
func textRow(columns []column, i int) []string {
	same := i > 0
	for _, c := range columns {
		same = same && (!c.cell || c.cells[i] == c.cells[i-1])
	}
	var cells []string
	for _, c := range columns {
		if c.cell && same {
			cells = append(cells, "")
		} else {
			cells = append(cells, c.cells[i])
		}
	}
	return cells
}

func trimRight(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimRight(lines[i], " ")
	}
	return bytes.Join(lines, []byte("\n"))
}

func widest(text []byte) int {
	widest := 0
	for line := range strings.Lines(string(text)) {
		widest = max(widest, twwidth.Width(strings.TrimSuffix(line, "\n")))
	}
	return widest
}

// writeWrapped writes text broken at blanks into lines of at most width
// columns, all but the first indented. A word that is longer is cut.
func writeWrapped(out *bytes.Buffer, text, indent string, width int) {
	line, empty := "", true
	flush := func() {
		out.WriteString(line + "\n")
		line, empty = indent, true
	}
	for word := range strings.FieldsSeq(text) {
		if width > 0 && !empty && twwidth.Width(line+" "+word) > width {
			flush()
		}
		for width > 0 && twwidth.Width(line+word) > width {
			head := prefix(word, width-twwidth.Width(line))
			if head == "" {
				break // not even one character fits
			}
			line, word = line+head, word[len(head):]
			flush()
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	if !empty {
		flush()
	}
}

// prefix is as much of word as fits into width columns.
func prefix(word string, width int) string {
	end := 0
	for i, r := range word {
		if twwidth.Width(word[:i+len(string(r))]) > width {
			break
		}
		end = i + len(string(r))
	}
	return word[:end]
}
