//go:build linux

package main

import (
	"strings"
	"testing"

	"muxbench/results"
)

// paced is a run at one rate, whose blocks have these lags in µs.
func paced(rate, achieved float64, lags ...float64) *results.File {
	f := &results.File{}
	for block, lag := range lags {
		t := results.Trial{Cell: results.Cell{Scenario: "rate", Rate: rate, Schedule: results.Poisson}, Block: block, Status: results.StatusOK}
		t.Values = map[results.Metric]float64{results.LagP99: lag * 1e3, results.Offered: rate, results.Throughput: achieved}
		f.Trials = append(f.Trials, t)
	}
	return f
}

func TestJudgePacing(t *testing.T) {
	closed := &results.File{Trials: []results.Trial{{Status: results.StatusOK, Values: map[results.Metric]float64{results.Throughput: 100000}}}}
	for _, c := range []struct {
		name string
		file *results.File
		what string
		want verdict
	}{
		{"prompt", paced(10000, 9999, 5, 6, 7, 5, 6, 30), "send lag", few}, // its interval reaches to the latest of six
		{"prompt in most", paced(10000, 9999, 5, 6, 7, 5, 6, 7, 5, 6, 30), "send lag", holds},
		{"late", paced(10000, 9999, 25, 26, 27, 25, 26, 27), "send lag", fails},
		{"too few blocks for an interval", paced(10000, 9999, 5, 6), "send lag", few},
		{"achieved", paced(10000, 9901, 5, 5, 5, 5, 5, 5), "achieved", holds},
		{"not achieved", paced(10000, 9899, 5, 5, 5, 5, 5, 5), "achieved", fails},
		{"up to saturation", paced(80000, 70000, 5, 5, 5, 5, 5, 5), "achieved", fails},
		{"beyond", paced(81000, 70000, 5, 5, 5, 5, 5, 5), "achieved", told},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := repeated(1, step{name: "poisson"}, c.file)
			done.first = []measured{{file: closed}}
			f := find(t, judgePacing(done), c.what)
			if got := verdictOf(f, false); got != c.want {
				t.Errorf("it is %q, want %q: %+v", got, c.want, f)
			}
		})
	}
}

func TestARateWithoutTrialsIsNotPassedOver(t *testing.T) {
	failed := paced(10000, 10000, 5, 5)
	for i := range failed.Trials {
		failed.Trials[i].Status = results.StatusFailed
	}
	f := find(t, judgePacing(repeated(1, step{name: "poisson"}, failed)), "poisson, 10000 msgs/s")
	if verdictOf(f, false) != fails || f.measured != "none of 2" {
		t.Errorf("%+v", f)
	}
}

func TestPacingStatesItsInterval(t *testing.T) {
	done := repeated(1, step{name: "poisson"}, paced(10000, 10000, 4, 5, 6, 7, 8, 9))
	f := find(t, judgePacing(done), "poisson, 10000 msgs/s: send lag")
	if want := "6.50 µs (4.00 to 9.00) of 6 blocks"; f.measured != want || !strings.Contains(f.required, "20µs") {
		t.Errorf("it says %+v, want %q", f, want)
	}
}
