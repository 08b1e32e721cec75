//go:build linux

package main

import (
	"bytes"
	"reflect"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// What is judged of a report is what muxbench writes into it.
func TestParseReport(t *testing.T) {
	s := report.Summary{
		Scenarios: []report.Scenario{{Name: "idle", Cells: []report.Cell{
			{Cell: cell, Verdict: &report.Verdict{Lowest: "poll", Equal: []string{"epoll-lt"}}},
			{Cell: results.Cell{Connections: 9, Active: 9}},
		}}},
		Costs: []report.CostModel{
			{Arm: "poll", Fit: &report.CostFit{PerWatched: report.Estimate{Value: 20, Low: 19, High: 21}}},
			{Arm: "select", Missing: "fewer than 3 blocks"},
		},
		Crossovers: []report.Crossover{{Along: "connections", Active: 10, Size: 64, SocketBuffers: 7, Kind: report.Crosses, Arm: "epoll-lt", Than: "poll", At: 30, Low: 20, High: 40}},
	}
	var out bytes.Buffer
	if err := report.JSON(&out, s); err != nil {
		t.Fatal(err)
	}
	r, err := parseReport(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	cells := r.Scenarios[0].Cells
	if got := cells[0].Verdict.String(); len(cells) != 2 || got != "epoll-lt, poll" || cells[0].Cell != cell || cells[1].Verdict.String() != "none" {
		t.Errorf("the first of %d cells is %+v, with the verdict %q", len(cells), cells[0].Cell, got)
	}
	for arm, want := range map[string]float64{"poll": 20, "select": 0} {
		if got, missing := r.perWatched(arm); got != want || (missing == "") != (want > 0) {
			t.Errorf("%s: %g ns, missing %q; want %g", arm, got, missing, want)
		}
	}
	want := []crossed{{Along: "connections", Active: 10, Size: 64, Buffers: 7, Kind: crosses, Arm: "epoll-lt", Than: "poll", At: 30, Low: 20, High: 40}}
	if !reflect.DeepEqual(r.Crossovers, want) {
		t.Errorf("crossovers are %+v, want %+v", r.Crossovers, want)
	}
	if _, err := parseReport([]byte("muxbench: no such run")); err == nil {
		t.Error("an error is taken for a report")
	}
}
