package gate_test

import (
	"math"
	"slices"
	"strings"
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
			if tt.name == "perhaps as before" && !strings.Contains(c.Why, "the baseline's own interval (0.600 to 1.050) is too wide for a threshold of 20 %") {
				t.Errorf("it is the baseline that cannot tell, and the reason is %q", c.Why)
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

// A baseline is of what is to be trusted, and certain enough to judge by.
func TestWhatIsKept(t *testing.T) {
	cell := results.Cell{Scenario: "idle", Connections: 200, Active: 10, DurationNS: 2e8, Size: 64, Subject: "epoll-lt"}
	measured := func(blocks int, jitter float64, change func(*results.Trial)) gate.Judgement {
		var trials []results.Trial
		for block := range blocks {
			off := 1 + jitter*float64(block%3-1)
			for arm, cost := range []float64{1e4, 1e4 * (1 + 0.001*float64(block%3-1)), 8e3 * off} {
				trial := results.Trial{
					Cell: cell, Block: block, Arm: []string{"go-net", "go-net/control", "epoll-lt"}[arm], Reference: arm == 0, Control: arm == 1,
					Status: results.StatusOK, Slices: []results.Slice{{Messages: 1e6, ServerCPUNS: int64(1e6 * cost)}},
				}
				change(&trial)
				trials = append(trials, trial)
			}
		}
		return gate.Judge(results.Gate{Threshold: 0.2}, nil, trials)
	}
	nothing := func(*results.Trial) {}
	for _, tt := range []struct {
		name string
		of   gate.Judgement
		why  string // empty: it is kept
	}{
		{"as it should be", measured(18, 0.003, nothing), ""},
		{"the least", measured(9, 0.003, nothing), ""},
		{"too few", measured(8, 0.003, nothing), "epoll-lt: it has 8 valid blocks, and 9 are the least"},
		{"too uncertain", measured(18, 0.5, nothing), "is too wide to judge by at a threshold of 20 %"},
		{"a failed trial", measured(18, 0.003, func(t *results.Trial) {
			if t.Block == 3 && t.Control {
				t.Status, t.Reason = results.StatusFailed, "it broke"
			}
		}), "it broke"},
		{"restless", measured(18, 0.003, func(t *results.Trial) {
			if t.Block%3 == 0 {
				t.Status = results.StatusVoided
			}
		}), "more than 20 % of all blocks were voided"},
		{"unequal yardsticks", measured(18, 0.003, func(t *results.Trial) {
			if t.Control {
				t.Slices[0].ServerCPUNS *= 2
			}
		}), "two identical servers differed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept, why := gate.Keep(tt.of, func(c gate.Cell) map[string]string { return map[string]string{"of": c.Subject} })
			if tt.why != "" {
				if kept != nil || !strings.Contains(why, tt.why) {
					t.Errorf("%+v, %q, want %q", kept, why, tt.why)
				}
				return
			}
			if why != "" || len(kept) != 1 || kept[0].Cell != cell || kept[0].Options["of"] != "epoll-lt" || math.Abs(kept[0].Ratio-0.8) > 1e-3 || !slices.IsSorted([]float64{kept[0].Low, kept[0].Ratio, kept[0].High}) {
				t.Errorf("%+v, %q", kept, why)
			}
		})
	}
}
