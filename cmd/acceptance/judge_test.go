//go:build linux

package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"muxbench/results"
)

var cell = results.Cell{Scenario: "echo", Connections: 200, Active: 200, Size: 64, DurationNS: 1}

// trial has slices of so much server CPU time a message.
func trial(arm string, block int, cpu ...int64) results.Trial {
	t := results.Trial{Type: "trial", Cell: cell, Arm: arm, Backend: "epoll-lt", Block: block, Status: results.StatusOK, Options: map[string]string{},
		Reference: arm == "epoll-lt", Control: arm == "epoll-lt/control", Values: map[results.Metric]float64{results.ServerCPUPerMessage: float64(cpu[0]), results.Throughput: 1000}}
	for turn, v := range cpu {
		t.Slices = append(t.Slices, results.Slice{Turn: turn, Messages: 1000, ElapsedNS: 1e6, ServerCPUNS: v * 1000})
	}
	return t
}

// runOf is a run whose blocks have these ratios of an arm to the reference.
func runOf(arm string, ratios ...float64) *results.File {
	f := &results.File{}
	for block, r := range ratios {
		f.Trials = append(f.Trials, trial("epoll-lt", block, 10000), trial(arm, block, int64(10000*r)))
	}
	return f
}

// repeated is a claim's collection of one run a repetition.
func repeated(want int, step step, files ...*results.File) collected {
	c := collected{want: want}
	for _, f := range files {
		c.repetitions = append(c.repetitions, []measured{{step: step, file: f}})
	}
	return c
}

// find returns the finding about a thing.
func find(t *testing.T, all []finding, what string) finding {
	t.Helper()
	for _, f := range all {
		if strings.Contains(f.what, what) {
			return f
		}
	}
	t.Fatalf("nothing was found about %q in %+v", what, all)
	return finding{}
}

var (
	alike  = []float64{1.001, 0.999, 1.002, 0.998, 1.003, 0.997, 1.004, 0.996, 1.005, 0.995}
	slower = []float64{1.03, 1.031, 1.029, 1.032, 1.028, 1.033, 1.027, 1.034, 1.026, 1.035}
)

func many(n int, f *results.File) []*results.File {
	files := make([]*results.File, n)
	for i := range files {
		files[i] = f
	}
	return files
}

func TestJudgeNoise(t *testing.T) {
	for _, c := range []struct {
		name   string
		ratios []float64
		holds  bool
	}{{"quiet", alike, true}, {"restless", []float64{1.05, 0.95, 1.04, 0.96}, false}} {
		f := find(t, judgeNoise(repeated(1, step{name: "echo"}, runOf("epoll-lt/control", c.ratios...))), "CPU/msg")
		if f.holds != c.holds {
			t.Errorf("%s: holds is %t: %+v", c.name, f.holds, f)
		}
	}
}

func TestDeviation(t *testing.T) {
	// Of 1 to 10: R's sd, and var.test's interval by qchisq(0.975, 9) = 19.02277 and qchisq(0.025, 9) = 2.700389.
	got := deviation([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	for i, want := range []float64{3.027650, 2.082520, 5.527313} {
		if v := []float64{got.Estimate, got.Low, got.High}[i]; math.Abs(v-want) > 1e-4 {
			t.Errorf("number %d is %f, want %f", i, v, want)
		}
	}
	if got := deviation([]float64{1}); !math.IsNaN(got.Estimate) {
		t.Errorf("one value has the deviation %v", got)
	}
}

func TestJudgeIdentical(t *testing.T) {
	for _, c := range []struct {
		different      int
		holds, certain bool
	}{{0, true, false}, {4, true, false}, {5, false, true}} {
		files := append(many(100-c.different, runOf("epoll-lt/control", alike...)), many(c.different, runOf("epoll-lt/control", slower...))...)
		f := find(t, judgeIdentical(repeated(100, step{}, files...)), "CPU/msg")
		if f.holds != c.holds || f.certain != c.certain {
			t.Errorf("%d different: %+v", c.different, f)
		}
	}
}

func TestJudgeSlowdown(t *testing.T) {
	const arm = "epoll-lt/spin-300ns"
	for _, c := range []struct {
		seen, missed int
		want         verdict
	}{{20, 0, holds}, {19, 1, holds}, {18, 2, fails}, {5, 0, few}, {0, 2, fails}} {
		files := append(many(c.seen, runOf(arm, slower...)), many(c.missed, runOf(arm, alike...))...)
		f := judgeSlowdown(repeated(20, step{}, files...))[0]
		if got := verdictOf(f, len(files) < 20); got != c.want {
			t.Errorf("%d seen, %d missed: %q, want %q: %+v", c.seen, c.missed, got, c.want, f)
		}
	}
	// What is seen the wrong way round is not seen.
	if f := judgeSlowdown(repeated(1, step{}, runOf(arm, 0.97, 0.971, 0.969, 0.972, 0.968, 0.973, 0.967, 0.974)))[0]; f.holds {
		t.Errorf("a gain is taken for a slowdown: %+v", f)
	}
}

func TestJudgeCPU(t *testing.T) {
	for own, want := range map[float64]bool{9950: true, 9800: false} {
		f := runOf("epoll-et", 1, 1, 1, 1, 1, 1, 1)
		for i := range f.Trials {
			f.Trials[i].Values[results.ServerOwnCPUPerMessage] = own
		}
		if got := find(t, judgeCPU(repeated(1, step{}, f)), "epoll-et"); got.holds != want {
			t.Errorf("own %g of 10000: %+v", own, got)
		}
	}
}

func TestJudgeSlicesByTheirFirstTurns(t *testing.T) {
	f := &results.File{}
	for block, r := range []int64{100, -100, 50} {
		still, moved := slices.Repeat([]int64{10000}, 9), slices.Repeat([]int64{10000 + r}, 9)
		for turn := 3; turn < 9; turn++ { // most of all, and fewer than half of the first five
			moved[turn] = 99999
		}
		f.Trials = append(f.Trials, trial("epoll-lt", block, still...), trial("epoll-lt/control", block, moved...))
	}
	done := repeated(1, step{args: words("echo --slice 20ms")}, f)
	done.repetitions[0][0].record.TookNS = 3e9
	all := judgeSlices(done)
	if len(all) != 2 { // five turns, and they are the best
		t.Fatalf("%+v", all)
	}
	if got := find(t, all, "5 slices of 20ms").measured; !strings.Contains(got, "CPU/msg 1.04 %") || !strings.Contains(got, "990ms a block") {
		t.Errorf("it is %q", got)
	}
}

func figures(t *testing.T, v any) measured {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return measured{step: step{name: "poll"}, record: record{Figures: encoded}}
}

func TestJudgeCounters(t *testing.T) {
	c := counted{Served: counts{"accepted": 50, "reads": 10, "writes": 9, "waits": 8}, Calls: counts{"accept4": 51, "read": 11, "write": 9, "poll": 8}, Failures: counts{"accept4": 1}}
	all := judgeCounters(collected{repetitions: [][]measured{{figures(t, c)}}})
	for what, want := range map[string]bool{"reads": false, "writes": true, "accepted": true, "waits": true} {
		if f := find(t, all, what); f.holds != want {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

// Six that agree on average but scatter leave it open; six that agree do not.
func TestClientsThatScatterLeaveItOpen(t *testing.T) {
	for _, scatter := range []float64{0.01, 0.3} {
		var all [][]measured
		for i := range 6 {
			off := 1 + scatter*float64(i%2*2-1)
			c := clients{Connections: 50, Ours: exchanged{Throughput: 100 * off, P50: 100, P99: 100}, InC: exchanged{Throughput: 100, Mean: 5e8, P50: 100, P99: 100}}
			all = append(all, []measured{figures(t, c)})
		}
		f := find(t, judgeClient(collected{repetitions: all}), "throughput, ours")
		want := map[bool]verdict{true: holds, false: few}[scatter < 0.05]
		if v := verdictOf(f, false); v != want {
			t.Errorf("scattering by %g: %q, want %q: %+v", scatter, v, want, f)
		}
	}
}

func TestJudgeClient(t *testing.T) {
	c := clients{Connections: 50, Ours: exchanged{Throughput: 104, P50: 94, P99: 91}, InC: exchanged{Throughput: 100, Mean: 5e8, P50: 100, P99: 100}}
	all := judgeClient(collected{repetitions: [][]measured{{figures(t, c)}}})
	for what, want := range map[string]bool{"throughput, ours": true, "p50": false, "p99": true, "mean latency": true} {
		if f := find(t, all, what); f.holds != want {
			t.Errorf("%s: %+v", what, f)
		}
	}
}
