package report_test

import (
	"bytes"
	"io"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
)

func checkText(width int) func(io.Writer, report.Check) error {
	return func(w io.Writer, c report.Check) error { return report.CheckText(w, c, width) }
}

func renderCheck(t *testing.T, to func(io.Writer, report.Check) error, c report.Check) string {
	t.Helper()
	var out bytes.Buffer
	if err := to(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGoldenChecks(t *testing.T) {
	nothing := check(gatedRun())
	tests := []struct {
		file   string
		check  report.Check
		render func(io.Writer, report.Check) error
	}{
		{"check-wide.txt", everyVerdict(), checkText(0)},
		{"check-80.txt", everyVerdict(), checkText(80)},
		{"check.md", everyVerdict(), report.CheckMarkdown},
		{"check.json", everyVerdict(), report.CheckJSON},
		{"check.csv", everyVerdict(), report.CheckCSV},
		{"check-passing-80.txt", passing(), checkText(80)},
		{"check-passing.md", passing(), report.CheckMarkdown},
		{"check-restless-80.txt", restless(), checkText(80)},
		{"check-restless.md", restless(), report.CheckMarkdown},
		{"check-nothing.txt", nothing, checkText(80)},
		{"check-nothing.md", nothing, report.CheckMarkdown},
		{"check-nothing.csv", nothing, report.CheckCSV},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			golden(t, test.file, []byte(renderCheck(t, test.render, test.check)))
		})
	}
}

// The worst is complained of first, and what passed is not.
func TestComplaints(t *testing.T) {
	var places []string
	for _, line := range everyVerdict().Complaints() {
		places = append(places, regexp.MustCompile(`, [0-9,]+ (connections|pairs).*`).ReplaceAllString(line, ""))
	}
	want := []string{"select, echo", "epoll-lt, echo", "epoll-et, echo", "poll, echo", "epoll-lt, chain"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("%q (-want +got):\n%s", everyVerdict().Complaints(), diff)
	}
	if c := passing().Complaints(); len(c) != 0 {
		t.Errorf("it passed, and there is %q", c)
	}
	if c := check(gatedRun()).Complaints(); len(c) != 1 {
		t.Errorf("nothing was measured, and the complaints are %q", c)
	}
}
