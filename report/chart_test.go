package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

func chartNames(charts []report.Chart) []string {
	var names []string
	for _, c := range charts {
		names = append(names, c.Name)
	}
	return names
}

func chart(t *testing.T, charts []report.Chart, name string) report.Chart {
	t.Helper()
	for _, c := range charts {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no chart %s among %v", name, chartNames(charts))
	return report.Chart{}
}

func TestWhichCharts(t *testing.T) {
	cell := func(connections, active, size int) results.Cell {
		return results.Cell{Scenario: "idle", Connections: connections, Active: active, Rounds: 10, Size: size}
	}
	tests := []struct {
		name  string
		cells []results.Cell
		want  []string // but for server-cpu and p99, which go with throughput
	}{
		{"one cell", []results.Cell{cell(100, 10, 64)}, []string{"idle-throughput", "idle-latency"}},
		{
			"connections", []results.Cell{cell(1000, 10, 64), cell(100, 10, 64)},
			[]string{"idle-throughput-by-connections", "idle-latency-connections-1000"},
		},
		{
			"connections, all active", []results.Cell{cell(100, 100, 64), cell(1000, 1000, 64)},
			[]string{"idle-throughput-by-connections", "idle-latency-connections-1000"},
		},
		{
			"connections and size", []results.Cell{cell(100, 10, 64), cell(100, 10, 128), cell(1000, 10, 64), cell(1000, 10, 128)},
			[]string{
				"idle-throughput-by-connections-size-64", "idle-latency-connections-1000-size-64",
				"idle-throughput-by-connections-size-128", "idle-latency-connections-1000-size-128",
			},
		},
		{
			"connections at fixed active, and active at fixed connections",
			[]results.Cell{cell(100, 10, 64), cell(1000, 10, 64), cell(1000, 100, 64), cell(1000, 500, 64)},
			[]string{
				"idle-throughput-by-connections-active-10", "idle-latency-connections-1000-active-10",
				"idle-throughput-by-active-connections-1000", "idle-latency-connections-1000-active-500",
			},
		},
		{
			"a cell that is like no other", []results.Cell{cell(100, 10, 64), cell(1000, 10, 64), cell(7, 3, 5)},
			[]string{
				"idle-throughput-by-connections-active-10-size-64", "idle-latency-connections-1000-active-10-size-64",
				"idle-throughput-connections-7-active-3-size-5", "idle-latency-connections-7-active-3-size-5",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, name := range chartNames(report.Charts(report.Summarise(syntheticRun("idle"), sweepTrials(tt.cells, 2, 5)))) {
				if !strings.Contains(name, "server-cpu") && !strings.Contains(name, "p99") {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("charts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChartOfASweep(t *testing.T) {
	at := func(connections int, arm string, block int, throughput float64) results.Trial {
		u := trial(arm, block, 1000)
		u.Scenario, u.Connections, u.Active = "idle", connections, 5
		u.Values = map[results.Metric]float64{results.Throughput: throughput}
		return u
	}
	s := report.Summarise(syntheticRun("idle"), []results.Trial{
		at(10000, "select", 0, 300), at(10000, "select", 1, 500), at(10000, "poll", 0, 350),
		at(100, "select", 0, 2000), at(100, "select", 1, 1000),
		ended(at(100, "poll", 0, 1), results.StatusFailed, "no"),
		ended(at(100, "epoll-lt", 0, 1), results.StatusSkipped, "no"), ended(at(10000, "epoll-lt", 0, 1), results.StatusSkipped, "no"),
	})
	want := report.Chart{
		Name: "idle-throughput-by-connections", Title: "idle: throughput against connections",
		Subtitle: "5 active, 64 bytes a message, 100 rounds, closed loop",
		Footer:   "no value: poll at 100, epoll-lt; whiskers: range of 1 to 2 blocks, too few for an interval, left out where shorter than the mark; arms side by side; Synthetic CPU @ 2.50GHz, 2 CPUs on kvm, Linux 6.8.0-synthetic; muxbench v0.0.0-synthetic",
		X:        report.Axis{Label: "connections, log scale", Log: true}, Y: report.Axis{Label: "throughput (msgs/s)"},
		Series: []report.Series{
			{Name: "select", Style: 0, Points: []report.Point{{X: 100, Y: 1500, Low: 1000, High: 2000, Blocks: 2}, {X: 10000, Y: 400, Low: 300, High: 500, Blocks: 2}}},
			{Name: "poll", Style: 1, Points: []report.Point{{X: 100}, {X: 10000, Y: 350, Low: 350, High: 350, Blocks: 1}}},
		},
	}
	if diff := cmp.Diff(want, chart(t, report.Charts(s), want.Name)); diff != "" {
		t.Errorf("chart (-want +got):\n%s", diff)
	}
}

func TestChartOfOneCell(t *testing.T) {
	slow, fast := trial("select", 0, 4000), trial("epoll-lt", 0, 250)
	skipped := ended(trial("poll", 0, 1), results.StatusSkipped, "no")
	want := report.Chart{
		Name: "echo-server-cpu", Title: "echo: server CPU per message",
		Subtitle: "10 connections, all active, 64 bytes a message, 100 rounds, closed loop",
		Footer:   "no value: poll; one block, no range; Synthetic CPU @ 2.50GHz, 2 CPUs on kvm, Linux 6.8.0-synthetic; muxbench v0.0.0-synthetic",
		X:        report.Axis{Categories: []string{"select", "epoll-lt"}}, Y: report.Axis{Label: "server CPU per message (µs)"},
		Bars: true,
		Series: []report.Series{
			{Name: "select", Style: 0, Points: []report.Point{{X: 0, Y: 4, Low: 4, High: 4, Blocks: 1}}},
			{Name: "epoll-lt", Style: 2, Points: []report.Point{{X: 1, Y: 0.25, Low: 0.25, High: 0.25, Blocks: 1}}},
		},
	}
	got := chart(t, report.Charts(report.Summarise(syntheticRun("echo"), []results.Trial{slow, skipped, fast})), want.Name)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chart (-want +got):\n%s", diff)
	}
}

func TestPercentilesAreShownAsFarAsSamplesCarryThem(t *testing.T) {
	tests := []struct {
		messages float64
		column   string   // of p99 and p99.9 in the table
		charted  []string // percentiles; a single one is no chart
	}{
		{999, "| - | - |", nil},
		{1000, "| ~700 | - |", []string{"p50", "p90"}},
		{9999, "| ~700 | - |", []string{"p50", "p90"}},
		{10000, "| 700 | ~800 |", []string{"p50", "p90", "p99"}},
		{99999, "| 700 | ~800 |", []string{"p50", "p90", "p99"}},
		{100000, "| 700 | 800 |", []string{"p50", "p90", "p99", "p99.9"}},
	}
	for _, tt := range tests {
		u := trial("poll", 0, 1000)
		u.Values = map[results.Metric]float64{
			results.Messages: tt.messages, results.LatencyP50: 500e3, results.LatencyP90: 600e3, results.LatencyP99: 700e3, results.LatencyP999: 800e3,
		}
		more := u
		more.Block, more.Values = 1, map[results.Metric]float64{results.Messages: 1e9}
		s := report.Summarise(syntheticRun("echo"), []results.Trial{u, more})
		if md := render(t, report.Markdown, s); !strings.Contains(md, "| 500 "+strings.ReplaceAll(tt.column, "~", `\~`)) {
			t.Errorf("%v messages: no %q in\n%s", tt.messages, tt.column, md)
		}
		var got []string
		for _, c := range report.Charts(s) {
			if c.Name == "echo-latency" {
				got = c.X.Categories
			}
		}
		if !cmp.Equal(got, tt.charted) {
			t.Errorf("%v messages: the chart shows %v, want %v", tt.messages, got, tt.charted)
		}
	}
}
