//go:build linux

package main

import (
	"reflect"
	"testing"

	"muxbench/results"
)

func TestParsePace(t *testing.T) {
	got, err := parsePace([]byte(`{"messages":2,"offered_msgs_per_s":2.0,"throughput_msgs_per_s":1.9,"latency_p50_ns":30,"latency_p99_ns":40,"send_lag_p99_ns":5,"errors":0}` + "\n"))
	want := latencies{results.Messages: 2, results.Offered: 2, results.Throughput: 1.9, results.LatencyP50: 30, results.LatencyP99: 40, results.LagP99: 5, "errors": 0}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it reads %v, %v; want %v", got, err, want)
	}
	if _, err := parsePace([]byte("")); err == nil {
		t.Error("nothing is taken for figures")
	}
}

func TestJudgeOpenClient(t *testing.T) {
	for _, c := range []struct {
		name string
		ours []float64 // p90, over that in C
		want verdict
	}{
		{"alike", []float64{1.02, 0.98, 1.01, 0.99, 1.03, 0.97, 1, 1.01}, holds},
		{"within the resolution of the histogram", []float64{1.0005, 1.0006, 1.0007, 1.0005, 1.0006, 1.0007}, holds},
		{"a little above", []float64{1.02, 1.021, 1.022, 1.02, 1.021, 1.022}, fails},
		{"a little below", []float64{0.98, 0.981, 0.982, 0.98, 0.981, 0.982}, fails},
		{"scattering", []float64{0.6, 1.5, 0.7, 1.4, 0.8, 1.3}, few},
		{"too few", []float64{1, 1, 1, 1, 1}, few},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := opened{Share: 0.6, Capacity: 1000, Rate: 600}
			for _, r := range c.ours {
				o.Ours = append(o.Ours, latencies{results.LatencyP50: 100, results.LatencyP90: 1000 * r, results.LatencyP99: 1000})
				o.InC = append(o.InC, latencies{results.LatencyP50: 100, results.LatencyP90: 1000, results.LatencyP99: 1000})
			}
			all := judgeOpenClient(collected{repetitions: [][]measured{{figures(t, o)}}})
			if f := find(t, all, "60 % of capacity, p90"); verdictOf(f, false) != c.want {
				t.Errorf("it is %q, want %q: %+v", verdictOf(f, false), c.want, f)
			}
			if f := find(t, all, "60 % of capacity, both"); verdictOf(f, false) != told {
				t.Errorf("what both did is %+v", f)
			}
		})
	}
	lost := opened{Ours: []latencies{{}}}
	if f := judgeOpenClient(collected{repetitions: [][]measured{{figures(t, lost)}}})[0]; verdictOf(f, false) != fails {
		t.Errorf("with one client's figures only: %+v", f)
	}
}
