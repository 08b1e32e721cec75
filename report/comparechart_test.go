package report_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// Each metric has a chart of ratios of ratios and one of values, with a row for each
// arm in each cell. Hollow is what nothing is told from.
func TestComparisonCharts(t *testing.T) {
	a, b := comparedTwice(t)
	c := compareRuns(t, a, b)
	charts := report.ComparisonCharts(c)
	var all []string
	for _, chart := range charts {
		all = append(all, chart.Name)
	}
	if diff := cmp.Diff([]string{"comparison-server-cpu-ns-per-msg-to-reference", "comparison-server-cpu-ns-per-msg", "comparison-throughput-msgs-per-s-to-reference", "comparison-throughput-msgs-per-s"}, all); diff != "" {
		t.Fatalf("charts (-want +got):\n%s", diff)
	}
	relative, plain := charts[0], charts[1]
	if want := "Server CPU, held against select: B over A"; relative.Title != want {
		t.Errorf("title %q, want %q", relative.Title, want)
	}
	if want := "right of the line: more in B; A: runs/synthetic-compare-a, B: runs/synthetic-compare-b; 100 active, 64 bytes a message, 500 ms per arm and block"; relative.Subtitle != want {
		t.Errorf("subtitle %q, want %q", relative.Subtitle, want)
	}
	if got := names(relative); got != "equal poll epoll-lt epoll-et" {
		t.Errorf("series %s", got)
	}
	if got := names(plain); got != "equal select poll epoll-lt epoll-et" {
		t.Errorf("series of values %s", got)
	}
	if want := []string{"idle, 100 connections", "idle, 1,000 connections"}; !slices.Equal(relative.X.Categories, want) {
		t.Errorf("rows of %v, want %v", relative.X.Categories, want)
	}
	for _, s := range relative.Series[1:] {
		for _, p := range s.Points {
			r := comparisonRow(t, c, []int{100, 1000}[int(p.X)], s.Name, results.ServerCPUPerMessage)
			want := report.Point{X: p.X, Y: r.Relative.Value, Low: r.Relative.Low, High: r.Relative.High, Blocks: 9, Interval: true, Hollow: s.Name != "epoll-et"}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s.Name, diff)
			}
		}
	}
	for _, s := range plain.Series[1:] {
		if slices.ContainsFunc(s.Points, func(p report.Point) bool { return !p.Hollow }) {
			t.Errorf("values of %s are drawn as if they were judged", s.Name)
		}
	}
	for _, chart := range charts {
		checkSVG(t, chart)
		for _, want := range []string{"95 % intervals over 9 blocks of the run with fewer", "muxbench v0.0.0-synthetic (A); ", "muxbench v0.0.1-synthetic (B)"} {
			if !strings.Contains(chart.Footer, want) {
				t.Errorf("no %q in the footer: %s", want, chart.Footer)
			}
		}
	}
	if !strings.Contains(relative.Footer, "hollow: no difference can be told") || !strings.Contains(plain.Footer, "the hour changed is in it") || !strings.Contains(plain.Footer, "hollow: nothing is concluded from these") {
		t.Errorf("footers %s\nand %s", relative.Footer, plain.Footer)
	}
	checkPNG(t, relative)
}

// One row is drawn as well as more rows than anybody can read, of which some are left
// out, and the footer says so.
func TestComparisonChartsOfOneAndOfMany(t *testing.T) {
	var many []results.Cell
	for n := range 40 {
		cell := idleSweep()[0]
		cell.Connections += n
		many = append(many, cell)
	}
	one := compareArms(t, sideOf("one", comparedTrials(1, 1, backends(), many[:1], 8)), report.ComparisonPair{A: "select", B: "poll"})
	for _, chart := range report.ComparisonCharts(one) {
		if len(chart.X.Categories) != 1 || names(chart) != "equal poll / select" || strings.Contains(chart.Footer, "not shown") || !strings.HasPrefix(chart.Footer, "turn by turn; whiskers: 95 % intervals over 8 blocks, ") {
			t.Errorf("rows %v of %s: %s", chart.X.Categories, names(chart), chart.Footer)
		}
		checkSVG(t, chart)
	}
	c := compareRuns(t, sideOf("a", comparedTrials(1, 1, backends(), many, 6)), sideOf("b", comparedTrials(2, 1, backends(), many, 6)))
	chart := report.ComparisonCharts(c)[0]
	if len(chart.X.Categories) != 10 || !strings.HasPrefix(chart.Footer, "90 rows are not shown, the table has all; ") {
		t.Errorf("%d cells of 40 are shown: %s", len(chart.X.Categories), chart.Footer)
	}
	checkSVG(t, chart)
}

func TestWriteComparisonCharts(t *testing.T) {
	a, b := comparedTwice(t)
	dir := filepath.Join(t.TempDir(), "new", "charts")
	written, err := report.WriteComparisonCharts(dir, compareRuns(t, a, b))
	if err != nil || len(written) != 8 {
		t.Fatalf("%d files, want 8: %v", len(written), err)
	}
	for _, path := range written {
		if info, err := os.Stat(path); err != nil || info.Size() < 1000 || filepath.Dir(path) != dir {
			t.Errorf("%s: %v", path, err)
		}
	}
}
