package report_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"muxbench/results"
)

// chainCells are two sweeps of connections, with much and with little to do in
// an iteration.
func chainCells() []results.Cell {
	var cells []results.Cell
	for _, busy := range []results.Cell{{Active: 1, Rounds: 100}, {Active: 100, Rounds: 1000}} {
		for _, n := range []int{100, 1000, 10000, 100000} {
			cells = append(cells, results.Cell{Scenario: "chain", Connections: n, Active: busy.Active, Rounds: busy.Rounds, Size: 1})
		}
	}
	return cells
}

// chainArms are the four backends and a program that is not of this one, which
// costs what epoll does and an eighth more, and counts nothing.
func chainArms() []backend {
	return append(backends(), backend{"libevent", 4600, 4.5})
}

// chainTrials are trials of 25 iterations. Select is skipped where it has not
// the descriptors.
func chainTrials(cells []results.Cell, blocks int) []results.Trial {
	rng := rand.New(rand.NewPCG(3, 4))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := make([]float64, 25)
			for i := range noise {
				noise[i] = math.Exp(0.05 * rng.NormFloat64())
			}
			for i, b := range chainArms() {
				trials = append(trials, chainTrial(cell, block, i, b, noise, rng))
			}
		}
	}
	return withoutBackend("select", 100000, trials)
}

func chainTrial(cell results.Cell, block, place int, b backend, noise []float64, rng *rand.Rand) results.Trial {
	t := results.Trial{
		Type: "trial", Cell: cell, Block: block, Arm: b.name, Backend: b.name, Reference: place == 0,
		Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, StartedAt: place, ServerCPU: 0, LoadCPU: -1,
	}
	messages := int64(cell.Active + cell.Rounds)
	waits := float64(cell.Rounds + 1) // the first finds all active ones ready, the others one each
	var elapsed []int64
	var cpu int64
	for turn, n := range noise {
		own := math.Exp(0.004 * rng.NormFloat64())
		ns := int64(n * own * (700*float64(messages) + waits*(b.cost/10+b.scanned*float64(cell.Connections)/1000)))
		t.Slices = append(t.Slices, results.Slice{
			Turn: turn, Order: (place + turn) % len(chainArms()), Messages: messages, ElapsedNS: ns, ServerCPUNS: ns * 98 / 100,
		})
		elapsed, cpu = append(elapsed, ns), cpu+ns*98/100
	}
	slices.Sort(elapsed)
	t.Values = map[results.Metric]float64{
		results.Elapsed: float64(elapsed[len(elapsed)/2]), results.Messages: float64(messages * int64(len(noise))),
		results.ServerCPUPerMessage: float64(cpu) / float64(messages*int64(len(noise))),
	}
	if b.name == "libevent" {
		t.Options = map[string]string{"server": "third_party/libevent/bench -n {connections} -a {active} -w {writes}"}
		return t
	}
	t.Values[results.ServerSyscallsPerMsg] = 2 + waits/float64(messages)
	t.Values[results.EventsPerWait] = float64(messages) / waits
	t.Values[results.ServerSwitches] = float64((block + place) % 4)
	return t
}

// chainRun has figures of others: for cells that the run has and one that it
// has not, with a backend that it does not know, and one without a figure.
func chainRun() results.Run {
	run := syntheticRun("chain")
	cells := chainCells()
	const (
		first = "a made-up source of 2003: kqueue and epoll on a machine of 1 GHz"
		other = "a second source"
		note  = "epoll is flat up to 25,000 connections, poll and select are not."
	)
	beyond := cells[7]
	beyond.Connections = 25000
	run.Published = []results.Published{
		{Source: first, Cell: cells[0], ElapsedNS: map[string]int64{"select": 1_400_000, "poll": 1_350_000, "epoll-lt": 1_210_000, "kqueue": 1_100_000}, Note: note},
		{Source: first, Cell: cells[2], ElapsedNS: map[string]int64{"select": 31_000_000, "poll": 28_512_000, "epoll-lt": 1_234_500, "kqueue": 1_180_000}, Note: note},
		{Source: other, Cell: cells[6], ElapsedNS: map[string]int64{"select": 290_000_000, "epoll-et": 9_000_000}},
		{Source: other, Cell: cells[7], ElapsedNS: map[string]int64{"select": 2_900_000_000}},
		{Source: other, Cell: beyond, Note: "No figure, but a remark about 25,000 | connections."},
	}
	return run
}

// outsideTrials are of servers of this program and of others, the CPU time of
// which was read alike. One of the others could not be started.
func outsideTrials() []results.Trial {
	trials := sweepTrials(idleSweep()[:2], 3, 2)
	for i := range trials {
		t := &trials[i]
		cpu := t.Values[results.ServerCPUPerMessage]
		t.Options = map[string]string{"entry": "raw", "cpu": "outside"}
		t.Values[results.ServerOwnCPUPerMessage] = cpu * (0.98 + 0.005*float64(i%4))
		t.Values[results.ServerSwitches], t.Values[results.LoadSwitches] = float64(i%15), float64(i%7*3)
		t.Values[results.WorldStops] = 0
		if t.Arm != "epoll-et" && t.Arm != "epoll-lt" {
			continue
		}
		if t.Arm == "epoll-lt" && t.Block < 2 {
			t.Values[results.WorldStops] = 2
		}
		other := *t
		other.Arm = map[string]string{"epoll-lt": "c-epoll-lt", "epoll-et": "nginx"}[t.Arm]
		other.Backend = other.Arm
		other.Options = map[string]string{"server": "results/runs/reference/echo-c epoll-lt {port}", "cpu": "outside"}
		other.Values = map[results.Metric]float64{}
		for m, v := range t.Values {
			switch m {
			case results.ServerSyscallsPerMsg, results.EventsPerWait, results.ServerOwnCPUPerMessage, results.ServerSwitches, results.WorldStops:
			default:
				other.Values[m] = v
			}
		}
		if other.Arm == "nginx" {
			other.Options["server"] = "nginx -g 'daemon off;' " + string(slices.Repeat([]byte("-x "), 100))
			other = ended(other, results.StatusSkipped, "nginx: no such file")
			other.Values, other.Slices = nil, nil
		}
		trials = append(trials, other)
	}
	return trials
}
