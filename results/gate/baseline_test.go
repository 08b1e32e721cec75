package gate_test

import (
	"math"
	"testing"

	"muxbench/results"
	"muxbench/results/gate"
)

// againstKept judges blocks in which a head took so many times what a yardstick took, by
// a baseline.
func againstKept(ratio float64, kept results.Kept) gate.Cell {
	var trials []results.Trial
	for block := range 9 {
		jitter := 1 + 0.002*float64(block%3-1)
		for _, arm := range []struct {
			name               string
			cost               float64
			reference, control bool
		}{{"go-net", 1e4, true, false}, {"go-net/control", 1e4 / jitter, false, true}, {"epoll-lt", 1e4 * ratio * jitter, false, false}} {
			trials = append(trials, results.Trial{
				Cell: kept.Cell, Block: block, Arm: arm.name, Reference: arm.reference, Control: arm.control, Status: results.StatusOK,
				Values: map[results.Metric]float64{results.ServerCPUPerMessage: arm.cost},
				Slices: []results.Slice{{Messages: 1e6, ServerCPUNS: int64(1e6 * arm.cost)}},
			})
		}
	}
	g := results.Gate{Threshold: 0.2, Baseline: []results.Kept{kept}}
	looks := []results.Looks{{Cell: kept.Cell, Blocks: 9, Deviation: 0.002, Threshold: 0.2}}
	return gate.Judge(g, looks, trials).Cells[0]
}

// The ratio to the yardstick is held against what was kept of it, and against the end of
// its interval that makes a verdict harder.
func TestAgainstABaseline(t *testing.T) {
	cell := results.Cell{Scenario: "idle", Connections: 200, Active: 10, DurationNS: 2e8, Size: 64, Subject: "epoll-lt"}
	sure := results.Kept{Cell: cell, Ratio: 0.8, Low: 0.79, High: 0.81, Blocks: 18}
	vague := results.Kept{Cell: cell, Ratio: 0.8, Low: 0.6, High: 1.05, Blocks: 18}
	for _, tt := range []struct {
		name string
		now  float64
		kept results.Kept
		want gate.Verdict
	}{
		{"as before", 0.8, sure, gate.Pass},
		{"a little slower", 0.85, sure, gate.Pass},
		{"slower", 1.0, sure, gate.Regression},
		{"faster", 0.6, sure, gate.Improved},
		{"perhaps slower", 1.0, vague, gate.Inconclusive},
		{"perhaps as before", 0.8, vague, gate.Inconclusive},
		{"surely slower", 1.2, vague, gate.Regression},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := againstKept(tt.now, tt.kept)
			if c.Verdict != tt.want {
				t.Errorf("%s, want %s: %s", c.Verdict, tt.want, c.Why)
			}
			if c.Now == nil || c.Kept == nil || math.Abs(c.Now.Value-tt.now) > 0.01 || c.Kept.Value != 0.8 || math.Abs(c.Ratio.Value-tt.now/0.8) > 0.01 {
				t.Errorf("now %+v, kept %+v, head over base %+v", c.Now, c.Kept, c.Ratio)
			}
			if c.Ratio.Low > tt.now/tt.kept.High*1.01 || c.Ratio.High < tt.now/tt.kept.Low*0.99 {
				t.Errorf("the interval %g to %g is narrower than what was kept", c.Ratio.Low, c.Ratio.High)
			}
		})
	}
}

// A cell that the baseline lacks cannot pass.
func TestWhatABaselineLacks(t *testing.T) {
	cell := results.Cell{Scenario: "idle", Connections: 200, Size: 64, Subject: "epoll-lt"}
	other := results.Kept{Cell: cell, Ratio: 1, Low: 0.9, High: 1.1, Blocks: 9}
	other.Connections = 100
	j := gate.Judge(results.Gate{Threshold: 0.2, Baseline: []results.Kept{other}}, nil, []results.Trial{{Cell: cell, Arm: "epoll-lt", Status: results.StatusOK}})
	if j.Verdict != gate.Failed {
		t.Errorf("%s: %s", j.Verdict, j.Cells[0].Why)
	}
}
