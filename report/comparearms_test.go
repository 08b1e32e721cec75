package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// The ratio of two arms that took turns is that of reports: held against the
// reference, the very same.
func TestCompareArmsIsTheRatioOfReports(t *testing.T) {
	_, b := comparedTwice(t)
	c := compareArms(t, b, report.ComparisonPair{A: "select", B: "epoll-et"}, report.ComparisonPair{A: "epoll-et", B: "select"})
	if !c.Together || !c.Alike || c.Asked != 12 || len(c.Rows) != 12 {
		t.Errorf("together %t, alike %t, %d asked of %d", c.Together, c.Alike, c.Asked, len(c.Rows))
	}
	for _, cell := range report.Summarise(b.Run, b.Trials).Scenarios[0].Cells {
		i := slices.IndexFunc(cell.Arms, func(a report.Arm) bool { return a.Name == "epoll-et" })
		for _, m := range []results.Metric{results.ServerCPUPerMessage, results.Throughput} {
			want := cell.Arms[i].Ratios[m]
			r := comparisonRow(t, c, cell.Connections, "select", m)
			got := *r.Ratio
			if got.Value != want.Value || got.Low != want.Low || got.High != want.High || got.P != want.P || got.BlocksA != want.Blocks || r.Primary != (m == results.ServerCPUPerMessage) {
				t.Errorf("%d connections, %s: %+v, and in reports %+v", cell.Connections, m, got, want)
			}
			back := comparisonRow(t, c, cell.Connections, "epoll-et", m).Ratio
			if back.Value*got.Value < 1-1e-6 || back.Value*got.Value > 1+1e-6 {
				t.Errorf("%d connections, %s: %v one way and %v the other", cell.Connections, m, got.Value, back.Value)
			}
		}
	}
}

// A cell that has one arm of a pair is named, and pairs keep their order.
func TestCompareArmsOfPartOfTheCells(t *testing.T) {
	cells := idleSweep()
	trials := comparedTrials(1, 1, backends(), cells[:2], 8)
	trials = slices.DeleteFunc(trials, func(u results.Trial) bool { return u.Arm == "epoll-lt" && u.Connections == 300 })
	c := compareArms(t, sideOf("a", trials), report.ComparisonPair{A: "poll", B: "epoll-lt"}, report.ComparisonPair{A: "select", B: "epoll-et"})
	var pairs []string
	for _, r := range c.Rows {
		if r.Primary {
			pairs = append(pairs, r.ArmA+" "+r.ArmB)
		}
	}
	if diff := cmp.Diff([]string{"poll epoll-lt", "select epoll-et", "select epoll-et"}, pairs); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if want := []report.ComparisonOnly{{Cell: cells[1], Arms: []string{"poll"}}}; !cmp.Equal(c.OnlyA, want) || len(c.OnlyB) != 0 {
		t.Errorf("only %+v and %+v, want %+v", c.OnlyA, c.OnlyB, want)
	}
	if out := renderComparison(t, comparisonText(0), c); !strings.Contains(out, "! Without the other arm of its pair: poll of idle, 300 connections\n") {
		t.Errorf("it is not named:\n%s", out)
	}
}

func TestComparedArms(t *testing.T) {
	_, b := comparedTwice(t)
	want := []string{"select", "select/control", "poll", "epoll-lt", "epoll-et", "epoll-oneshot"}
	if got := report.ComparedArms(b.Trials); !slices.Equal(got, want) {
		t.Errorf("arms %v, want %v", got, want)
	}
	if got := report.ComparedArms(nil); got != nil {
		t.Errorf("no trials have the arms %v", got)
	}
}
