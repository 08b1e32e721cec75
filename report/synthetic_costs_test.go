package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/results"
)

// costArm is what a wait of an arm costs: ns, and ns for each connection
// watched and each ready, and for each watched beyond 1,000.
type costArm struct {
	name                                string
	fixed, perWatched, perReady, beyond float64
}

func (a costArm) ns(watched, ready float64) float64 {
	return a.fixed + a.perWatched*watched + a.perReady*ready + a.beyond*max(0, watched-1000)
}

// costArms are such that either epoll overtakes poll at 100 connections,
// whatever the number ready, as far as the fixed parts tell them apart.
func costArms() []costArm {
	return []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}, {"epoll-et", 3300, 0, 3970, 0}}
}

// kneedArms are costArms, but a connection watched beyond 1,000 costs poll more,
// as caches do not hold all any longer.
func kneedArms() []costArm {
	arms := costArms()
	arms[0].beyond = 130
	return arms
}

// costCells are connections with 10 active, and active ones of 1,000.
func costCells() []results.Cell {
	var cells []results.Cell
	cell := func(scenario string, connections, active int) {
		cells = append(cells, results.Cell{Scenario: scenario, Connections: connections, Active: active, DurationNS: 100e6, Size: 64})
	}
	for _, n := range []int{10, 30, 100, 300, 1000, 10000} {
		cell("idle", n, 10)
	}
	cell("idle", 1000, 100)
	cell("echo", 1000, 1000)
	return cells
}

// costTrials are of slices of 20,000 messages each. The noise of a block is
// a share of each arm's cost in it, as that of a machine that differs. Every wait finds all
// active connections ready, or a few less, as the block has it.
func costTrials(arms []costArm, cells []results.Cell, blocks, turns int, noise float64) []results.Trial {
	return randomCostTrials(rand.New(rand.NewPCG(7, 8)), arms, cells, blocks, turns, noise)
}

func randomCostTrials(rng *rand.Rand, arms []costArm, cells []results.Cell, blocks, turns int, noise float64) []results.Trial {
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			machine := math.Exp(noise * rng.NormFloat64())
			for place, a := range arms {
				ready := float64(cell.Active) * (1 - 0.02*float64(block%3))
				t := results.Trial{
					Type: "trial", Cell: cell, Block: block, Arm: a.name, Backend: a.name, Reference: place == 0,
					Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, LoadCPU: 1,
					Values: map[results.Metric]float64{},
				}
				const messages = 20000
				var cpu int64
				for turn := range turns {
					ns := a.ns(float64(cell.Connections), ready) / ready * messages * machine * math.Exp(0.004*rng.NormFloat64())
					t.Slices = append(t.Slices, results.Slice{Turn: turn, Messages: messages, ServerCPUNS: int64(ns), ElapsedNS: int64(1.05 * ns)})
					cpu += int64(ns)
				}
				all := int64(turns * messages)
				t.Values[results.Messages], t.Values[results.ServerCPUPerMessage] = float64(all), float64(cpu)/float64(all)
				t.Counters = &results.TrialCounters{Server: results.Counters{Waits: int64(float64(all) / ready), Events: all}}
				trials = append(trials, t)
			}
		}
	}
	return trials
}
