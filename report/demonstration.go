package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Demonstration is what was expected of the kernel and what was observed.
type Demonstration struct {
	Name   string             `json:"name"`
	Title  string             `json:"title"`
	Rows   []DemonstrationRow `json:"rows"`
	Why    string             `json:"why"`
	Advice string             `json:"advice"`
	Source string             `json:"source"`
	// Skipped is why it was not shown, or not to its end; empty if it was.
	Skipped string `json:"skipped,omitempty"`
	// Failures are what kept it from being shown.
	Failures []string `json:"failures,omitempty"`
}

// DemonstrationRow is one thing that was done.
type DemonstrationRow struct {
	Done       string `json:"done"`
	Expected   string `json:"expected,omitempty"` // empty where nothing is
	Observed   string `json:"observed"`
	AsExpected bool   `json:"as_expected"` // true where nothing is expected
}

// differs says that something was observed otherwise than expected.
func (d Demonstration) differs() bool {
	return slices.ContainsFunc(d.Rows, func(r DemonstrationRow) bool { return !r.AsExpected })
}

// DemonstrationText writes it for a terminal that is width columns wide; 0 is
// unlimited.
func DemonstrationText(w io.Writer, d Demonstration, width int) error {
	var out bytes.Buffer
	writeWrapped(&out, d.heading(), "", width)
	if len(d.Rows) > 0 {
		out.WriteByte('\n')
		if _, err := d.table(width).fit(&out, width); err != nil {
			return fmt.Errorf("lay out the table of %s: %w", d.Name, err)
		}
	}
	out.WriteByte('\n')
	for _, line := range d.below() {
		writeWrapped(&out, line.label+": "+line.text, "  ", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// DemonstrationMarkdown writes it as a section of GitHub-flavoured Markdown.
func DemonstrationMarkdown(w io.Writer, d Demonstration) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "## %s\n", escapeMarkdown(d.heading()))
	if len(d.Rows) > 0 {
		out.WriteByte('\n')
		d.table(0).markdown(&out)
	}
	for _, line := range d.below() {
		fmt.Fprintf(&out, "\n**%s:** %s\n", line.label, escapeMarkdown(line.text))
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// DemonstrationsJSON writes them as one indented JSON object.
func DemonstrationsJSON(w io.Writer, all []Demonstration) error {
	return writeJSON(w, struct {
		Schema         int             `json:"schema"`
		Demonstrations []Demonstration `json:"demonstrations"`
	}{demonstrationSchema, orNone(all)})
}

// demonstrationSchema is the version of what DemonstrationsJSON writes.
const demonstrationSchema = 1

func (d Demonstration) heading() string { return plainText(d.Name + ": " + d.Title) }

// table has a column for a mark if a row differs. Its cells are broken to be width columns
// wide together, those that are widest first; 0 is unlimited.
func (d Demonstration) table(width int) table {
	columns := []column{
		{header: "what was done", left: true, breaks: true},
		{header: "expected", left: true, breaks: true},
		{header: "observed", left: true, breaks: true},
	}
	mark := column{header: "", left: true}
	for _, r := range d.Rows {
		for i, text := range [...]string{r.Done, r.Expected, r.Observed} {
			columns[i].cells = append(columns[i].cells, plainText(text))
		}
		mark.cells = append(mark.cells, unless(r.AsExpected, "≠"))
	}
	around := 2 * len(columns) // blanks
	if d.differs() {
		around += 3
	}
	if width > 0 {
		levelled(columns, width-around)
	}
	if d.differs() {
		columns = append(columns, mark)
	}
	return table{columns: columns}
}

// levelled breaks the cells of columns so that they are width columns wide together, as
// far as there is reading them. It takes from those that are widest.
func levelled(columns []column, width int) {
	wide := make([]int, len(columns))
	total := 0
	for i, c := range columns {
		wide[i] = max(widestCell(c.cells), widest([]byte(c.header)))
		total += wide[i]
	}
	for total > width {
		most := 0
		for i := range wide {
			if wide[i] > wide[most] {
				most = i
			}
		}
		if wide[most] <= minBrokenCell {
			break
		}
		wide[most]--
		total--
	}
	for i := range columns {
		for j, text := range columns[i].cells {
			columns[i].cells[j] = brokenAt(text, wide[i])
		}
	}
}

type labelled struct{ label, text string }

// below is what is said below the table.
func (d Demonstration) below() []labelled {
	var all []labelled
	for _, f := range d.Failures {
		all = append(all, labelled{"Failed", plain(f, 4*maxTextColumns)})
	}
	if d.Skipped != "" {
		all = append(all, labelled{"Skipped", plain(d.Skipped, 4*maxTextColumns)})
	}
	if d.differs() {
		all = append(all, labelled{"≠", "this kernel, or this host, does not do what those do that the words below are of."})
	}
	for _, said := range []labelled{{"Why", d.Why}, {"What to do", d.Advice}, {"Read on", d.Source}} {
		all = append(all, labelled{said.label, plain(said.text, 8*maxTextColumns)})
	}
	return all
}
