package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/results"
)

// openArms are the backends and the reference a second time.
func openArms() []backend {
	all := backends()
	control := all[0]
	control.name = "select/control"
	return append(all[:1:1], append([]backend{control}, all[1:]...)...)
}

func scheduledCell(connections int) results.Cell {
	return results.Cell{Scenario: "idle", Connections: connections, Active: 100, DurationNS: 2e9, Size: 64, Schedule: results.Poisson}
}

// loadCells offer shares of each arm's capacity.
func loadCells() []results.Cell {
	var cells []results.Cell
	for _, connections := range []int{1000, 10000} {
		for _, load := range []float64{0.2, 0.95} {
			c := scheduledCell(connections)
			c.Load = load
			cells = append(cells, c)
		}
	}
	return cells
}

// rateCells offer all arms the same: of the highest rate, half is more than
// select and poll can do, and of the lowest the samples carry no p99.9.
func rateCells() []results.Cell {
	var cells []results.Cell
	for _, rate := range []float64{2000, 20000, 60000} {
		c := scheduledCell(10000)
		c.Rate = rate
		cells = append(cells, c)
	}
	return cells
}

// sloCells search the highest rate of which the latency is low enough. Select has
// none for the lowest bound, and poll hardly one.
func sloCells() []results.Cell {
	var cells []results.Cell
	for _, bound := range []int64{100e3, 500e3, 2e6} {
		c := scheduledCell(10000)
		c.SLO, c.SLONS = results.LatencyP99, bound
		cells = append(cells, c)
	}
	return cells
}

// openTrials are blocks of every arm in an open loop. Latency is that of a
// queue with one server, as far as it matters here.
func openTrials(cells []results.Cell, blocks int) []results.Trial {
	rng := rand.New(rand.NewPCG(7, 8))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := math.Exp(0.03 * rng.NormFloat64())
			for i, b := range openArms() {
				trials = append(trials, openTrial(cell, block, i, b, noise*math.Exp(0.01*rng.NormFloat64())))
			}
		}
	}
	return trials
}

func openTrial(cell results.Cell, block, place int, b backend, noise float64) results.Trial {
	t := results.Trial{
		Type: "trial", Cell: cell, Block: block, Arm: b.name, Backend: b.name, Reference: place == 0, Control: place == 1,
		Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, StartedAt: place, ServerCPU: 0, LoadCPU: 1,
	}
	cost := (b.cost + b.scanned*float64(cell.Connections)/1000) * noise
	capacity := 1e9 / cost
	t.Values = map[results.Metric]float64{}
	offered := cell.Rate
	switch {
	case cell.Load > 0:
		offered = cell.Load * capacity
		t.Values[results.Capacity] = capacity
	case cell.SLO != "":
		t.Values[results.Capacity] = capacity
		if offered = searched(&t, cost, capacity); offered == 0 {
			t.Validity = []string{string(results.CheckSLO)}
			return t
		}
		t.Values[results.SLORate] = offered
	}
	seconds := float64(cell.DurationNS) / 1e9
	achieved := min(offered, capacity)
	n := math.Floor(achieved * seconds)
	p99 := queueP99(cost, offered)
	v := t.Values
	v[results.Offered], v[results.Throughput], v[results.Messages], v[results.Elapsed] = offered, achieved, n, 1e9*n/achieved
	v[results.LatencyP50], v[results.LatencyP90], v[results.LatencyP99] = math.Round(p99/4), math.Round(p99/2), math.Round(p99)
	v[results.LatencyP999], v[results.LatencyMax] = math.Round(p99*1.8), math.Round(p99*3)
	v[results.LagP50], v[results.LagP99], v[results.LagMax] = 200, 900+100*float64(block), 40e3+1e3*float64(place)
	v[results.LatencyRise], v[results.Unsent] = 1.02, 0
	v[results.ServerCPUPerMessage] = cost * 1.1
	v[results.ServerSyscallsPerMsg], v[results.EventsPerWait] = 3, 1
	v[results.ServerWaitsPerMsg], v[results.ServerReadsPerMsg], v[results.ServerWritesPerMsg] = 1, 1, 1
	v[results.ExaminedPerWait] = 0
	if b.scanned > 10 {
		v[results.ExaminedPerWait] = float64(cell.Connections)
	}
	if achieved < results.AchievedFlagged*offered {
		v[results.LatencyRise], v[results.Unsent] = 3.1, math.Floor((offered-2*achieved)*seconds)
		t.Validity = append(t.Validity, string(results.CheckSaturated))
	}
	if cell.Load == 0.95 && block%4 == 1 && b.scanned > 10 {
		v[results.LatencyRise] = 1.6
		t.Validity = append(t.Validity, string(results.CheckSaturated))
	}
	if cell.Load == 0.2 && b.name == "epoll-et" && block < 3 {
		v[results.LagP99] = 12e3
		t.Validity = append(t.Validity, string(results.CheckLag))
	}
	v[results.Unsent] = max(0, v[results.Unsent])
	t.Slices = []results.Slice{{
		Messages: int64(n), ElapsedNS: int64(v[results.Elapsed]), ServerCPUNS: int64(n * cost * 1.1), Offered: offered,
		LatencyP50NS: int64(v[results.LatencyP50]), LatencyP99NS: int64(v[results.LatencyP99]),
	}}
	return t
}

// queueP99 is in ns, and of an overloaded server half a second.
func queueP99(cost, offered float64) float64 {
	busy := cost * offered / 1e9
	if busy >= 0.999 {
		return 5e8
	}
	return 4 * cost / (1 - busy)
}

// searched tries rates from a twentieth of what the arm can do, and up. What it
// returns is 0 if none keeps to the SLO.
func searched(t *results.Trial, cost, capacity float64) float64 {
	best := 0.0
	for _, share := range []float64{0.05, 0.4, 0.6, 0.8, 0.9, 0.95} {
		p := results.Probe{Offered: share * capacity, LatencyNS: int64(queueP99(cost, share*capacity))}
		p.Kept = p.LatencyNS <= t.SLONS
		t.Probes = append(t.Probes, p)
		if !p.Kept {
			break
		}
		best = p.Offered
	}
	return best
}
