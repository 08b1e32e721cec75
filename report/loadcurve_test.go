package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// offeredTrial is of an arm in an open loop of p99 µs and as many messages as
// carry that percentile, but none beyond.
func offeredTrial(c results.Cell, arm string, block int, p99 float64, validity ...string) results.Trial {
	c.Scenario, c.Connections, c.Active, c.Size, c.Schedule, c.DurationNS = "rate", 100, 10, 64, results.Poisson, 1e9
	offered := c.Rate
	if c.Load > 0 {
		offered = 1e5 * c.Load
		if arm == "poll" {
			offered *= 2
		}
	}
	return results.Trial{
		Cell: c, Block: block, Arm: arm, Backend: arm, Reference: arm == "select", Control: arm == "select/control",
		Status: results.StatusOK, Validity: validity,
		Values: map[results.Metric]float64{
			results.Messages: 20000, results.Offered: offered, results.Throughput: offered, results.ServerCPUPerMessage: 3000,
			results.LatencyP50: 300 * p99, results.LatencyP90: 600 * p99, results.LatencyP99: 1e3 * p99, results.LatencyP999: 2e3 * p99,
		},
		Slices: []results.Slice{{
			Messages: 20000, ElapsedNS: 1e9, ServerCPUNS: 6e7, Offered: offered,
			LatencyP50NS: int64(300 * p99), LatencyP99NS: int64(1e3 * p99),
		}},
	}
}

func TestChartAgainstLoad(t *testing.T) {
	saturated := string(results.CheckSaturated)
	low, high := results.Cell{Rate: 10000}, results.Cell{Rate: 40000}
	s := report.Summarise(syntheticRun("rate"), []results.Trial{
		offeredTrial(high, "select", 0, 4000, saturated), offeredTrial(high, "select", 1, 5000, saturated), offeredTrial(high, "select", 2, 900),
		offeredTrial(low, "select", 0, 50), offeredTrial(low, "select", 1, 60), offeredTrial(low, "select", 2, 70),
		offeredTrial(high, "poll", 0, 80, saturated), offeredTrial(high, "poll", 1, 90),
		ended(offeredTrial(low, "poll", 0, 1), results.StatusFailed, "no"),
	})
	charts := report.Charts(s)
	want := []string{"rate-p50-by-load", "rate-p99-by-load", "rate-server-cpu-by-load"} // no samples for p99.9
	if diff := cmp.Diff(want, chartNames(charts)); diff != "" {
		t.Errorf("charts (-want +got):\n%s", diff)
	}
	c := report.Chart{
		Name: "rate-p99-by-load", Title: "rate: latency, 99th percentile against load",
		Subtitle: "100 connections, 10 active, 64 bytes a message, 1 s per arm and block, open loop, Poisson arrivals",
		Footer: "too few samples: poll at 10k; whiskers: range of 2 to 3 blocks, too few for an interval, left out where shorter than the mark; arms side by side; " +
			"hollow: saturated, the rate was not carried; Synthetic CPU @ 2.50GHz, 2 CPUs on kvm, Linux 6.8.0-synthetic; muxbench v0.0.0-synthetic",
		X: report.Axis{Label: "offered rate (msgs/s)"}, Y: report.Axis{Label: "p99 latency (µs), log scale", Log: true},
		Series: []report.Series{
			{Name: "select", Style: 0, Points: []report.Point{{X: 10000, Y: 60, Low: 50, High: 70, Blocks: 3}, {X: 40000, Y: 4000, Low: 900, High: 5000, Blocks: 3, Hollow: true}}},
			{Name: "poll", Style: 1, Points: []report.Point{{X: 10000}, {X: 40000, Y: 85, Low: 80, High: 90, Blocks: 2}}},
		},
	}
	if diff := cmp.Diff(c, chart(t, charts, c.Name)); diff != "" {
		t.Errorf("chart (-want +got):\n%s", diff)
	}
}

// Arms that are offered shares of what they can do have rates of their own, and
// the control lies around the reference's.
func TestChartAgainstEachArmsOwnLoad(t *testing.T) {
	var trials []results.Trial
	for _, load := range []float64{0.8, 0.2} {
		for block := range 8 {
			c := results.Cell{Load: load}
			trials = append(trials, offeredTrial(c, "select", block, 100*load), offeredTrial(c, "select/control", block, 110*load))
			if poll := offeredTrial(c, "poll", block, 50*load); load < 0.5 {
				trials = append(trials, poll)
			} else {
				trials = append(trials, ended(poll, results.StatusSkipped, "no"))
			}
		}
	}
	c := chart(t, report.Charts(report.Summarise(syntheticRun("rate"), trials)), "rate-p99-by-load")
	at := func(x, y, low, high float64) report.Point {
		return report.Point{X: x, Y: y, Low: low, High: high, Blocks: 8, Interval: true}
	}
	want := []report.Series{
		{
			Name: "select", Style: 0, Points: []report.Point{at(20000, 20, 20, 20), at(80000, 80, 80, 80)},
			Control: []report.Point{at(20000, 20, 20, 22), at(80000, 80, 80, 88)},
		},
		{Name: "poll", Style: 1, Points: []report.Point{at(40000, 10, 10, 10), {At: "80 %"}}},
	}
	if diff := cmp.Diff(want, c.Series, cmp.Comparer(func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 })); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(c.Subtitle, "open loop, Poisson arrivals, at 20 and 80 % of each arm's own capacity") || !strings.HasPrefix(c.Footer, "too few samples: poll at 80 %;") {
		t.Errorf("subtitle %q, footer %q", c.Subtitle, c.Footer)
	}
	checkSVG(t, c)
}

// What is offered at one rate only is compared as closed loops are, but for the
// throughput, which is that rate.
func TestWhichChartsOfOpenLoops(t *testing.T) {
	rate := func(connections int, rate float64) results.Cell {
		c := scheduledCell(connections)
		c.Rate = rate
		return c
	}
	slo := func(connections int, ns int64) results.Cell {
		c := scheduledCell(connections)
		c.SLO, c.SLONS = results.LatencyP99, ns
		return c
	}
	fixed := rate(1000, 60000)
	fixed.Schedule = results.Fixed
	tests := []struct {
		name  string
		cells []results.Cell
		want  string
	}{
		{"one", []results.Cell{rate(100, 60000)}, "server-cpu latency"},
		{
			"one rate", []results.Cell{rate(100, 60000), rate(1000, 60000)},
			"p50-by-connections p99-by-connections p99-ratio-by-connections p999-by-connections server-cpu-by-connections latency-connections-1000",
		},
		{
			"rates and connections", []results.Cell{rate(100, 60000), rate(1000, 60000), rate(100, 70000), rate(1000, 70000)},
			"p50-by-load-connections-100 p99-by-load-connections-100 p999-by-load-connections-100 server-cpu-by-load-connections-100 " +
				"p50-by-load-connections-1000 p99-by-load-connections-1000 p999-by-load-connections-1000 server-cpu-by-load-connections-1000",
		},
		{
			"another schedule", []results.Cell{rate(1000, 60000), rate(1000, 70000), fixed},
			"p50-by-load-schedule-0 p99-by-load-schedule-0 p999-by-load-schedule-0 server-cpu-by-load-schedule-0 server-cpu-rate-60000-schedule-1 latency-rate-60000-schedule-1",
		},
		{"two SLOs", []results.Cell{slo(100, 1e6), slo(100, 500e3)}, "slo-p99-1-ms slo-p99-500-us"},
		{"an SLO", []results.Cell{slo(100, 1e6), slo(1000, 1e6)}, "slo-p99-1-ms-by-connections slo-p99-1-ms-ratio-by-connections"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range report.Charts(report.Summarise(syntheticRun("idle"), openTrials(tt.cells, 6))) {
				got = append(got, strings.TrimPrefix(c.Name, "idle-"))
				checkSVG(t, c)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), got); diff != "" {
				t.Errorf("charts (-want +got):\n%s", diff)
			}
		})
	}
}

// An arm that found no rate in most blocks has no bar, and the others' are of the
// rates found.
func TestChartOfAnSLO(t *testing.T) {
	cell := results.Cell{SLO: results.LatencyP99, SLONS: 2e6}
	var trials []results.Trial
	for block := range 7 {
		found := offeredTrial(cell, "select", block, 1900)
		found.Values[results.SLORate] = float64(1000 * (10 + block))
		none := offeredTrial(cell, "poll", block, 1, string(results.CheckSLO))
		none.Slices = nil
		if block < 2 {
			none = offeredTrial(cell, "poll", block, 1900)
			none.Values[results.SLORate] = 1000
		}
		trials = append(trials, found, none)
	}
	c := chart(t, report.Charts(report.Summarise(syntheticRun("rate"), trials)), "rate-slo-p99-2-ms")
	want := []report.Series{{Name: "select", Points: []report.Point{{Y: 13000, Low: 10000, High: 16000, Blocks: 7, Interval: true}}}}
	if diff := cmp.Diff(want, c.Series); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	got := fmt.Sprintf("%s | %s | %v | %s", c.Title, c.Y.Label, c.Bars, strings.SplitN(c.Footer, ";", 2)[0])
	if want := "rate: highest rate with p99 ≤ 2 ms | highest rate with p99 ≤ 2 ms (msgs/s) | true | no rate found: poll"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
