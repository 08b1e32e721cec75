package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// A command may stand for any scenario: how long it took is a set-up where there is
// one, and its ratio is of what the arms of that scenario are compared by.
func TestCommandsOfQuestions(t *testing.T) {
	tests := []struct {
		scenario string
		trials   []results.Trial
		ratio    results.Metric
		inverse  bool
		elapsed  results.Metric
	}{
		{"accept", acceptTrials(6), results.ConnectElapsed, false, results.ConnectElapsed},
		{"churn", churnTrials(6), results.ConnectsPerSecond, true, results.Elapsed},
		{"fanout", fanoutTrials(6), results.Throughput, true, results.Elapsed},
	}
	for _, tt := range tests {
		cell := tt.trials[0].Cell
		cell.DurationNS, cell.Rounds = 0, 20
		for i := range tt.trials {
			if tt.trials[i].Connections == cell.Connections {
				tt.trials[i].Cell = cell
			}
		}
		run := syntheticRun(tt.scenario)
		run.Commands = []results.Command{{Line: "./client", Cell: cell}}
		s := report.Summarise(run, tt.trials)
		arm := s.Scenarios[0].Cells[0].Arms[2]
		got := s.Commands[0].Arms[2]
		if got.Elapsed == nil || *got.Elapsed != arm.Values[tt.elapsed] {
			t.Errorf("%s: took %+v, want %+v", tt.scenario, got.Elapsed, arm.Values[tt.elapsed])
		}
		want := arm.Ratios[tt.ratio].Value
		if tt.inverse {
			want = 1 / want
		}
		if got.Ratio == nil || !cmp.Equal(want, got.Ratio.Value, near(1e-6)) {
			t.Errorf("%s: ratio %+v, want %g", tt.scenario, got.Ratio, want)
		}
	}
	run := syntheticRun("accept")
	run.Commands = []results.Command{{Line: "./client", Cell: acceptTrials(1)[0].Cell}}
	if out := render(t, report.Markdown, report.Summarise(run, acceptTrials(1))); !strings.Contains(out, "times are from the first connect to the last accept") {
		t.Errorf("times of a burst are not said to be of it:\n%s", out)
	}
}

// Turns that a block cannot have more of are not asked for, and the window of churn is
// not in rounds.
func TestNotesAndPhrasesOfQuestions(t *testing.T) {
	const advice = ", ask for more rounds or time"
	for scenario, tt := range map[string]struct {
		trials []results.Trial
		asked  bool
	}{"accept": {acceptTrials(6), false}, "ctl": {ctlTrials(6), false}, "churn": {churnTrials(6), true}} {
		for i := range tt.trials {
			tt.trials[i].Slices = tt.trials[i].Slices[:min(1, len(tt.trials[i].Slices))]
		}
		out := render(t, text(0), report.Summarise(syntheticRun(scenario), tt.trials))
		if !strings.Contains(out, "one turn in a block") || strings.Contains(out, advice) != tt.asked {
			t.Errorf("%s:\n%s", scenario, out)
		}
	}
	trials := churnTrials(6)
	for i := range trials {
		trials[i].Rounds, trials[i].DurationNS = 20, 0
	}
	if out := render(t, text(0), report.Summarise(syntheticRun("churn"), trials)); !strings.Contains(out, "\nchurn: 64 bytes a message, 20 in turn of each; ") {
		t.Errorf("rounds of churn:\n%s", out)
	}
}
