package report_test

import (
	"bytes"
	"io"
	"testing"

	"muxbench/report"
)

func comparisonText(width int) func(io.Writer, report.SideBySide) error {
	return func(w io.Writer, c report.SideBySide) error { return report.ComparisonText(w, c, width) }
}

func TestGoldenComparison(t *testing.T) {
	a, b := comparedTwice(t)
	two := compareRuns(t, a, b)
	other := b
	other.Run.Environment.Kernel, other.Run.Environment.CPUs = "6.9.0-synthetic", 64
	unlike := compareRuns(t, a, other)
	arms := compareArms(t, b, report.ComparisonPair{A: "poll", B: "epoll-lt"}, report.ComparisonPair{A: "select", B: "epoll-et"})
	for _, tt := range []struct {
		file   string
		c      report.SideBySide
		render func(io.Writer, report.SideBySide) error
	}{
		{"compare-wide.txt", two, comparisonText(0)},
		{"compare-100.txt", two, comparisonText(100)},
		{"compare-80.txt", two, comparisonText(80)},
		{"compare-60.txt", two, comparisonText(60)},
		{"compare.md", two, report.ComparisonMarkdown},
		{"compare.csv", two, report.ComparisonCSV},
		{"compare.json", two, report.ComparisonJSON},
		{"compare-unlike-80.txt", unlike, comparisonText(80)},
		{"compare-unlike.md", unlike, report.ComparisonMarkdown},
		{"compare-unlike.csv", unlike, report.ComparisonCSV},
		{"compare-arms-80.txt", arms, comparisonText(80)},
		{"compare-arms.md", arms, report.ComparisonMarkdown},
		{"compare-arms.csv", arms, report.ComparisonCSV},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := tt.render(&got, tt.c); err != nil {
				t.Fatal(err)
			}
			golden(t, tt.file, got.Bytes())
		})
	}
}
