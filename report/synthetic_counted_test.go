package report_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"muxbench/results"
)

// countedArm is an arm of a run whose servers count what they do.
type countedArm struct {
	backend
	arm   string
	reads float64 // a message
}

// countedArms have their reference in the middle, and its control beside it.
// What epoll-et's second read costs is little.
func countedArms() []countedArm {
	all := backends()
	et := all[3]
	et.cost = 4350
	return []countedArm{
		{all[0], "select", 1}, {all[2], "epoll-lt", 1}, {all[2], "epoll-lt/control", 1}, {all[1], "poll", 1}, {et, "epoll-et", 2},
	}
}

// countedTrials are those of every counted arm in cells, as sweepTrials are of
// backends.
func countedTrials(cells []results.Cell, blocks, turns int) []results.Trial {
	rng := rand.New(rand.NewPCG(5, 6))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := make([]float64, turns)
			for i := range noise {
				noise[i] = math.Exp(0.05 * rng.NormFloat64())
			}
			for i, a := range countedArms() {
				t := syntheticTrial(cell, block, i, a.backend, noise, rng)
				t.Arm, t.Reference, t.Control = a.arm, a.arm == "epoll-lt", a.arm == "epoll-lt/control"
				if cell.Scenario != "connect" {
					countWork(&t, a)
				}
				trials = append(trials, t)
			}
		}
	}
	return trials
}

// countWork adds what a server of a few events a wait counts: of the CPU time,
// all that differs is the kernel's.
func countWork(t *results.Trial, a countedArm) {
	const events, own = 3.1, 650
	t.Values[results.ServerUserCPUPerMsg] = own
	t.Values[results.ServerSystemCPUPerMsg] = t.Values[results.ServerCPUPerMessage] - own
	t.Values[results.EventsPerWait] = events
	t.Values[results.ServerWaitsPerMsg] = 1 / events
	t.Values[results.ServerEmptyWaitsPerMsg] = 0
	t.Values[results.ServerReadsPerMsg] = a.reads
	t.Values[results.ServerWritesPerMsg] = 1
	t.Values[results.ServerRegsPerMsg] = 0
	t.Values[results.ServerRSSPerConnection] = 410
	t.Values[results.ServerSwitches] = float64(t.Block % 3)
	t.Values[results.ExaminedPerWait] = 0
	if a.backend.scanned > 100 {
		t.Values[results.ExaminedPerWait] = float64(t.Connections + 2)
	}
}

// countedChain is chainTrials of one sweep, with what their loops count; the
// program that is not of this one counts nothing.
func countedChain() []results.Trial {
	trials := chainTrials(chainCells()[:3], 9)
	for i := range trials {
		t := &trials[i]
		if t.Backend == "libevent" {
			continue
		}
		j := slices.IndexFunc(backends(), func(b backend) bool { return b.name == t.Backend })
		countWork(t, countedArm{backend: backends()[j], reads: 1})
		t.Values[results.EventsPerWait], t.Values[results.ServerWaitsPerMsg] = 1, 1
		delete(t.Values, results.ServerRSSPerConnection)
	}
	return trials
}
