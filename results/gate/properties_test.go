package gate_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"muxbench/results"
	"muxbench/results/gate"
)

// drawn is a gate's file: cells of some blocks each.
type drawn struct {
	looks []results.Looks
	cells [][]costs
}

func draw(t *rapid.T) drawn {
	var d drawn
	n := rapid.IntRange(1, 3).Draw(t, "cells")
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	for i := range n {
		count := rapid.IntRange(1, 40).Draw(t, "blocks")
		slowdown := rapid.SampledFrom([]float64{0.9, 1, 1.02, 1.1}).Draw(t, "head")
		noise := rapid.SampledFrom([]float64{0, 0.001, 0.05}).Draw(t, "noise")
		var all []costs
		for range count {
			one := func() float64 { return 5000 * math.Exp(noise*random.NormFloat64()) }
			all = append(all, costs{one(), one(), slowdown * one()})
		}
		d.cells = append(d.cells, all)
		if rapid.IntRange(0, 9).Draw(t, "looked at") > 0 {
			d.looks = append(d.looks, lookAt(cellOf(i), rapid.IntRange(9, 14).Draw(t, "every")))
		}
	}
	return d
}

// trials are the file's.
func (d drawn) trials() []results.Trial {
	var all []results.Trial
	for i, blocks := range d.cells {
		for number, c := range blocks {
			all = append(all, block(cellOf(i), number, c)...)
		}
	}
	return all
}

func (d drawn) judge() gate.Judgement {
	return gate.Judge(results.Gate{Threshold: threshold}, d.looks, d.trials())
}

// same wants two judgements to agree, but for what ignore says.
func same(t *rapid.T, want, got gate.Judgement, ignore ...string) {
	t.Helper()
	byCell := cmpopts.SortSlices(func(a, b gate.Cell) bool { return a.Connections < b.Connections })
	options := []cmp.Option{byCell, cmpopts.EquateApprox(1e-6, 1e-9), cmpopts.IgnoreUnexported(gate.Cell{}), cmpopts.IgnoreFields(gate.Cell{}, ignore...)}
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// In which order a file has its cells, their arms and their blocks is no matter.
func TestTheOrderOfTheFileDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		trials := rapid.Permutation(d.trials()).Draw(t, "order")
		looks := rapid.Permutation(d.looks).Draw(t, "order of looks")
		same(t, d.judge(), gate.Judge(results.Gate{Threshold: threshold}, looks, trials))
	})
}

// A machine that is slower for both builds gives the same judgement.
func TestTheMachinesSpeedDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		want := d.judge()
		factor := rapid.SampledFrom([]float64{0.25, 0.5, 2, 8}).Draw(t, "factor") // exact, as slices have whole ns
		for _, blocks := range d.cells {
			for i, c := range blocks {
				c.base, c.control, c.head = math.Round(c.base*messages)/messages, math.Round(c.control*messages)/messages, math.Round(c.head*messages)/messages
				blocks[i] = costs{factor * c.base, factor * c.control, factor * c.head}
			}
		}
		same(t, want, d.judge(), "Base", "Head")
	})
}

// With base and head swapped, what was a regression is an improvement, and the reverse,
// by the same p.
func TestSwappingTheBuildsSwapsTheVerdicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		for _, blocks := range d.cells {
			for i, c := range blocks {
				blocks[i].control = c.base // identical to either side would be too much to ask
			}
		}
		first := d.judge()
		for _, blocks := range d.cells {
			for i, c := range blocks {
				blocks[i] = costs{c.head, c.head, c.base}
			}
		}
		second := d.judge()
		for i, a := range first.Cells {
			b := second.Cells[i]
			if (a.Verdict == gate.Regression && a.Looks == 1 || a.Verdict == gate.Improved && a.Looks == 1) && b.Verdict != swapped(a.Verdict) {
				t.Errorf("cell %d: %s (%s), and swapped %s (%s)", i, a.Verdict, a.Why, b.Verdict, b.Why)
			}
			if product := a.Ratio.Value * b.Ratio.Value; math.Abs(product-1) > 1e-6 {
				t.Errorf("cell %d: ratios %g and %g are not the inverse of each other", i, a.Ratio.Value, b.Ratio.Value)
			}
		}
	})
}

func swapped(v gate.Verdict) gate.Verdict {
	switch v {
	case gate.Regression:
		return gate.Improved
	case gate.Improved:
		return gate.Regression
	}
	return v
}

// Blocks that are void change nothing but their number, up to a fifth of all; with more
// the judgement is none.
func TestVoidBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		want, trials := d.judge(), d.trials()
		cell := rapid.IntRange(0, len(d.cells)-1).Draw(t, "cell")
		n := rapid.IntRange(1, 12).Draw(t, "void blocks")
		for i := range n {
			void := block(cellOf(cell), 1000+i, costs{1, 1000, 1000 * float64(i)})
			for j := range void {
				void[j].Status, void[j].Reason = results.StatusVoided, "restless"
			}
			at := rapid.IntRange(0, len(trials)).Draw(t, "place")
			trials = slices.Insert(trials, at, void...)
		}
		got := gate.Judge(results.Gate{Threshold: threshold}, d.looks, trials)
		if want.Void += n; got.Void != n || got.Blocks != want.Blocks {
			t.Errorf("%d blocks and %d void, want %d and %d", got.Blocks, got.Void, want.Blocks, n)
		}
		if float64(n) > 0.2*float64(n+want.Blocks) {
			for _, c := range got.Cells {
				if c.Verdict != gate.Invalid {
					t.Errorf("%s, with %d void blocks and %d others", c.Verdict, n, want.Blocks)
				}
			}
			return
		}
		same(t, want, got, "Void")
	})
}

// Whatever trials a file holds that a reader accepts, the judgement is one that can be
// encoded, its numbers are numbers, and it says the same again.
func TestArbitraryTrials(t *testing.T) {
	statuses := []results.Status{results.StatusOK, results.StatusOK, results.StatusOK, results.StatusOK, results.StatusFailed, results.StatusSkipped, results.StatusVoided, results.StatusInterrupted}
	count := rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 1<<20), rapid.Int64Range(0, 1<<50))
	rapid.Check(t, func(t *rapid.T) {
		var trials []results.Trial
		odd := rapid.IntRange(0, 4).Draw(t, "oddity") // of 0, all end well
		for range rapid.IntRange(0, 120).Draw(t, "trials") {
			cell := cellOf(rapid.IntRange(0, 1).Draw(t, "cell"))
			cell.Scenario = rapid.SampledFrom([]string{"echo", "echo", "chain", "ctl", "connect", "?"}).Draw(t, "scenario")
			c := trial(cell, rapid.SampledFrom([]string{"epoll-lt", "epoll-lt@base", "epoll-lt@base/control", "other"}).Draw(t, "arm"), rapid.IntRange(0, 30).Draw(t, "block"), 1)
			if odd > 0 {
				c.Status = rapid.SampledFrom(statuses).Draw(t, "status")
			}
			if rapid.Bool().Draw(t, "counters") {
				c.Counters = nil
			} else {
				c.Counters.Server.Reads = count.Draw(t, "reads")
			}
			c.Slices = nil
			for turn := range rapid.IntRange(0, 3).Draw(t, "slices") {
				c.Slices = append(c.Slices, results.Slice{Turn: turn, Messages: count.Draw(t, "messages"), Connects: count.Draw(t, "connects"), ElapsedNS: count.Draw(t, "elapsed"), ServerCPUNS: count.Draw(t, "CPU"), AddNS: count.Draw(t, "add"), Changes: count.Draw(t, "changes")})
			}
			c.Values = map[results.Metric]float64{results.ServerCPUPerMessage: rapid.Float64Range(0, 1e18).Draw(t, "value")}
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			trials = append(trials, c)
		}
		var looks []results.Looks
		for _, c := range trials[:min(len(trials), 3)] {
			looks = append(looks, results.Looks{Cell: c.Cell, Blocks: rapid.IntRange(1, 20).Draw(t, "every"), Deviation: rapid.Float64Range(0, 100).Draw(t, "deviation"), Threshold: rapid.OneOf(rapid.Float64Range(0.005, 1), rapid.Float64Range(0.005, 1e100)).Draw(t, "carried")})
		}
		g := results.Gate{Threshold: rapid.Float64Range(results.MinThreshold, results.MaxThreshold).Draw(t, "threshold")}
		j := gate.Judge(g, looks, trials)
		encoded, err := json.Marshal(j) // which refuses what is no number
		if err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(gate.Judge(g, looks, trials)); err != nil || string(again) != string(encoded) {
			t.Errorf("judged twice:\n%s\n%s, %v", encoded, again, err)
		}
		for _, c := range j.Cells {
			for name, p := range map[string]float64{"not slower": c.NotSlower, "not slower, adjusted": c.NotSlowerAdjusted, "not faster": c.NotFasterAdjusted, "slower": c.Slower, "control": c.Control.PAdjusted} {
				if !(p >= 0 && p <= 1) || c.Looks == 0 && name != "control" && p != 1 {
					t.Errorf("p %s is %g", name, p)
				}
			}
			if c.Why == "" || c.Looks > gate.Looks || c.Looks > 0 && c.Blocks < c.Looks*c.Every {
				t.Errorf("%s, %q after %d looks at %d blocks of %d each", c.Verdict, c.Why, c.Looks, c.Blocks, c.Every)
			}
		}
	})
}
