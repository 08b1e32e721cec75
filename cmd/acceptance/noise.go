//go:build linux

package main

import (
	"fmt"
	"math"

	"muxbench/results"
	"muxbench/results/stats"
)

// mostNoise is what blocks of identical arms may differ by, as a standard
// deviation of the logarithm of their ratio.
const mostNoise = 0.015

// noise collects, of one cell and metric, all repetitions' blocks.
type noise struct {
	paired   []float64    // log-ratios of control to reference, as muxbench takes them
	apart    []float64    // of control to the reference of the block before
	absolute [2][]float64 // logarithms of either arm's own values
}

func (n *noise) add(p results.Pairing, a arms) {
	n.paired = append(n.paired, p.BlockLogRatios(a.control, a.reference)...)
	for i, arm := range [][]results.Trial{a.reference, a.control} {
		for _, t := range arm {
			if v, ok := stats.LogRatio(t.Values[p.Metric], 1); ok {
				n.absolute[i] = append(n.absolute[i], v)
			}
		}
	}
	before := make(map[int]float64)
	for _, t := range a.reference {
		before[t.Block+1] = t.Values[p.Metric]
	}
	for _, t := range a.control {
		if v, ok := stats.LogRatio(t.Values[p.Metric], before[t.Block]); ok {
			n.apart = append(n.apart, v)
		}
	}
}

// judgeNoise looks at identical arms, and at what the same data would say if
// trials stood alone. Blocks swap the CPUs, so those of the block before are not
// quite what separate trials are.
func judgeNoise(done collected) []finding {
	var all []finding
	for _, scenario := range []string{"echo", "echo-2k", "idle"} {
		eachCell(done.files(scenario), func(p results.Pairing, group []arms) {
			var n noise
			for _, a := range group {
				n.add(p, a)
			}
			sd := deviation(n.paired)
			alone := math.Sqrt((square(deviation(n.absolute[0]).Estimate) + square(deviation(n.absolute[1]).Estimate)) / 2)
			all = append(all, finding{
				what:     named(group[0].cell) + ", " + short(p.Metric),
				required: "sd ≤ " + percent(mostNoise),
				measured: fmt.Sprintf("sd %s of %d blocks; in separate trials %s, of their ratio to the block before's %s",
					within(sd), len(n.paired), percent(alone), percent(deviation(n.apart).Estimate)),
				holds: sd.Estimate <= mostNoise,
			})
		})
	}
	return all
}

// eachCell calls look for every cell of the runs and each of its metrics, with
// what each run has of it.
func eachCell(files []*results.File, look func(p results.Pairing, group []arms)) {
	groups := make(map[results.Cell][]arms)
	var order []results.Cell
	for _, f := range files {
		for _, a := range cellsOf(f) {
			if len(groups[a.cell]) == 0 {
				order = append(order, a.cell)
			}
			groups[a.cell] = append(groups[a.cell], a)
		}
	}
	for _, cell := range order {
		for _, p := range cell.Pairings() {
			look(p, groups[cell])
		}
	}
}

func square(x float64) float64 { return x * x }
