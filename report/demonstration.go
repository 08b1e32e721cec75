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
		if _, err := d.table().fit(&out, width); err != nil {
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
		d.table().markdown(&out)
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

// table has a column for a mark if a row differs.
func (d Demonstration) table() table {
	done := column{header: "what was done", left: true, breaks: true}
	expected := column{header: "expected", left: true, breaks: true}
	observed := column{header: "observed", left: true, breaks: true}
	mark := column{header: "", left: true}
	for _, r := range d.Rows {
		done.cells = append(done.cells, plainText(r.Done))
		expected.cells = append(expected.cells, plainText(r.Expected))
		observed.cells = append(observed.cells, plainText(r.Observed))
		mark.cells = append(mark.cells, unless(r.AsExpected, "≠"))
	}
	t := table{columns: []column{done, expected, observed}}
	if d.differs() {
		t.columns = append(t.columns, mark)
	}
	return t
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
