//go:build linux

package scenarios_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

// chainCells are the two workloads over so many pairs.
func chainCells(pairs ...int) []results.Cell {
	var cells []results.Cell
	for _, load := range []struct{ active, writes int }{{1, 100}, {100, 1000}} {
		for _, n := range pairs {
			cells = append(cells, results.Cell{Scenario: "chain", Connections: n, Active: min(n, load.active), Rounds: load.writes, Size: 1})
		}
	}
	return cells
}

func TestPlansOfChains(t *testing.T) {
	count := func(n int) []scenarios.Amount { return []scenarios.Amount{{Count: n}} }
	tests := []struct {
		name       string
		request    scenarios.Request
		want       []results.Cell
		wantBlocks int
	}{
		{"the classic workloads", scenarios.Request{Scenarios: []string{"chain"}}, chainCells(100, 300, 1000), 8},
		{"over fewer pairs", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{Connections: []int{10, 200}}, Blocks: 2}, chainCells(10, 200), 2},
		{
			"one of the user's, once", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{Connections: []int{10}, Active: count(5), Rounds: []int{7, 8}}},
			[]results.Cell{
				{Scenario: "chain", Connections: 10, Active: 5, Rounds: 7, Size: 1},
				{Scenario: "chain", Connections: 10, Active: 5, Rounds: 8, Size: 1},
			}, 8,
		},
		{"preset libevent", scenarios.Request{Preset: "libevent"}, chainCells(100, 1000, 5000, 9900), 6},
		{"preset libevent over other pairs", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Connections: []int{50, 300}}, Blocks: 1}, chainCells(50, 300), 1},
		{
			"flags that only the other scenario has a use for",
			scenarios.Request{Scenarios: []string{"chain", "echo"}, Sweep: scenarios.Sweep{Connections: []int{10}, Active: count(3), Duration: 50 * time.Millisecond, Sizes: []int{64}, SocketBuffers: []int{4096}}},
			[]results.Cell{
				{Scenario: "chain", Connections: 10, Active: 3, Rounds: 100, Size: 1},
				{Scenario: "chain", Connections: 10, Active: 3, Rounds: 1000, Size: 1},
				{Scenario: "echo", Connections: 10, Active: 3, DurationNS: int64(50 * time.Millisecond), Size: 64, SocketBuffers: 4096},
			}, 8,
		},
		{
			"the same, the other way around",
			scenarios.Request{Scenarios: []string{"echo", "chain"}, Sweep: scenarios.Sweep{Connections: []int{10}, Rounds: []int{3}, Sizes: []int{64}}},
			[]results.Cell{
				{Scenario: "echo", Connections: 10, Active: 10, Rounds: 3, Size: 64},
				{Scenario: "chain", Connections: 10, Active: 1, Rounds: 3, Size: 1},
				{Scenario: "chain", Connections: 10, Active: 10, Rounds: 3, Size: 1},
			}, 8,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(test.request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, plan.Cells); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
			if plan.Blocks != test.wantBlocks {
				t.Errorf("%d blocks, want %d", plan.Blocks, test.wantBlocks)
			}
			if len(plan.Commands) != 0 {
				t.Errorf("commands %v, want none", plan.Commands)
			}
		})
	}
}

// The figures that are published go with the preset, in cells that can be looked
// up among those of a run.
func TestPublishedFigures(t *testing.T) {
	plan, err := scenarios.Build(scenarios.Request{Preset: "libevent"})
	if err != nil {
		t.Fatal(err)
	}
	measured := map[results.Cell]bool{}
	for _, c := range plan.Cells {
		measured[c] = true
	}
	found := 0
	for _, p := range plan.Published {
		if p.Source == "" || len(p.ElapsedNS) == 0 && p.Note == "" {
			t.Errorf("%+v: want a source, and figures or words", p)
		}
		if p.Cell.Scenario != "chain" || p.Cell.Size != 1 {
			t.Errorf("%+v: want a cell of scenario chain", p)
		}
		if measured[p.Cell] {
			found++
		}
		for backend, ns := range p.ElapsedNS {
			if ns < int64(50*time.Microsecond) || ns > int64(2*time.Second) {
				t.Errorf("%s, %d pairs: %s", backend, p.Cell.Connections, time.Duration(ns))
			}
		}
	}
	if found != 6 {
		t.Errorf("%d published cells are measured by the preset, want 6", found)
	}
	if e := plan.Estimate(); e <= 0 || e >= time.Hour {
		t.Errorf("estimated at %s, want less than an hour", e)
	}
	fewer, err := scenarios.Build(scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Connections: []int{100}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(fewer.Published) != len(plan.Published) {
		t.Errorf("%d published figures with 100 pairs, want all %d", len(fewer.Published), len(plan.Published))
	}
	if fewer.Estimate() >= plan.Estimate() {
		t.Errorf("with 100 pairs estimated at %s, with up to 9,900 at %s", fewer.Estimate(), plan.Estimate())
	}
	for _, r := range []scenarios.Request{{Preset: "original"}, {Scenarios: []string{"chain"}}} {
		if plan, err := scenarios.Build(r); err != nil || len(plan.Published) != 0 {
			t.Errorf("%+v: %d published figures, %v, want none", r, len(plan.Published), err)
		}
	}
}

// A pair takes two descriptors of one process, and no ports.
func TestFitsOfChains(t *testing.T) {
	tests := []struct {
		name   string
		limit  func(l *scenarios.Limits, n int)
		enough int
		apart  bool // one arm after the other fits
		says   []string
	}{
		{"descriptors", func(l *scenarios.Limits, n int) { l.Descriptors = uint64(n) }, 2032, false, []string{"chain with 1000 ", "needs 2032 descriptors", "limit is 2031", `"ulimit -Hn 2032"`, "at most 999 "}},
		{"files", func(l *scenarios.Limits, n int) { l.Files = int64(n) }, 4 * 2032, true, []string{"8128 files", "fs.file-max"}},
		{"memory", func(l *scenarios.Limits, n int) { l.Memory = int64(n) }, 4*(12<<20) + 4*1000*(5<<10), true, []string{"of memory", "this machine has"}},
	}
	plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{"chain"}, NoControl: true, Sweep: scenarios.Sweep{Connections: []int{1000}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := ample()
			l.Ports, l.Tracked = 0, 0
			test.limit(&l, test.enough)
			if err := plan.Fits(l); err != nil || len(plan.Apart) > 0 {
				t.Errorf("with just enough: %v, apart: %v", err, plan.Apart)
			}
			test.limit(&l, test.enough-1)
			err = plan.Fits(l)
			why := plan.Apart[plan.Cells[0]]
			if err != nil {
				why = err.Error()
			}
			if (err == nil) != test.apart {
				t.Errorf("with one less than enough: %v, want it let through %v", err, test.apart)
			}
			for _, want := range test.says {
				if !strings.Contains(why, want) {
					t.Errorf("%q does not say %q", why, want)
				}
			}
		})
	}
}

// External servers come after ours, and any of them may be what the others are
// compared with.
func TestArmsOfExternalServers(t *testing.T) {
	r := with(servers("mine=./server -p {port}", "0.9_old-One="+strings.Repeat("x", 1000)), "poll")
	r.Reference = "mine"
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	var got []scenarios.Arm
	for _, a := range plan.Arms {
		a.Entry = 0
		got = append(got, a)
	}
	want := []scenarios.Arm{
		{Name: "poll", Backend: "poll"},
		{Name: "mine", Backend: "mine", Program: "./server -p {port}", Reference: true},
		{Name: "mine/control", Backend: "mine", Program: "./server -p {port}", Control: true},
		{Name: "0.9_old-One", Backend: "0.9_old-One", Program: strings.Repeat("x", 1000)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
	if n := plan.Trials(); n != len(plan.Cells)*4*8 || plan.Estimate() == math.MaxInt64 {
		t.Errorf("%d trials, want %d", n, len(plan.Cells)*4*8)
	}
}
