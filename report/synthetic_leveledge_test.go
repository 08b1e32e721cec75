package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/results"
)

// triggered is a synthetic workload: what each arm takes of server CPU per message,
// as a ratio to level-triggered, and what a server counts for a message.
type triggered struct {
	cell                       results.Cell
	edge, oneShot, control     float64
	noise                      float64 // of a block's ratio
	registrations, edgeSavings float64 // of level-triggered, and of its waits those that edge-triggered saves
	saturated                  string  // an arm that is
}

// triggeredWorkloads are of the scenarios that tell level from edge.
func triggeredWorkloads() []triggered {
	at := func(scenario string, connections, active, size int) results.Cell {
		return results.Cell{Scenario: scenario, Connections: connections, Active: active, DurationNS: 400e6, Size: size}
	}
	small := at("bulk", 100, 100, 102400)
	small.SocketBuffers = 16384
	var rates []results.Cell
	for _, rate := range []float64{20000, 120000} {
		c := at("rate", 1000, 1000, 64)
		c.Schedule, c.Rate = results.Poisson, rate
		rates = append(rates, c)
	}
	return []triggered{
		{cell: at("echo", 100, 100, 64), edge: 1.001, oneShot: 1.12, control: 1, noise: 0.002},
		{cell: at("echo", 1000, 1000, 64), edge: 0.996, oneShot: 1.11, control: 1.001, noise: 0.001},
		{cell: at("echo", 10000, 10000, 64), edge: 0.991, oneShot: 1.08, control: 0.999, noise: 0.02},
		{cell: at("bulk", 100, 100, 102400), edge: 0.97, oneShot: 1.004, control: 1, noise: 0.003, registrations: 0.42, edgeSavings: 0.3},
		{cell: small, edge: 0.91, oneShot: 0.99, control: 1.003, noise: 0.004, registrations: 2.6, edgeSavings: 1.1},
		{cell: at("idle", 1000, 100, 64), edge: 1.002, oneShot: 1.13, control: 1.019, noise: 0.002},
		{cell: at("idle", 10000, 100, 64), edge: 1.012, oneShot: 1.15, control: 1.021, noise: 0.002},
		{cell: at("idle", 19000, 100, 64), edge: 1.03, oneShot: 1.14, control: 1.002, noise: 0.004},
		{cell: at("fanout", 100, 100, 64), edge: 1.0005, oneShot: 1.001, control: 1, noise: 0.002},
		{cell: at("fanout", 1000, 1000, 64), edge: 0.998, oneShot: 1.02, control: 1.002, noise: 0.004},
		{cell: rates[0], edge: 1, oneShot: 1.2, control: 1.001, noise: 0.002},
		{cell: rates[1], edge: 1.004, oneShot: 1.1, control: 1, noise: 0.006, saturated: "epoll-oneshot"},
	}
}

// triggeredTrials are of the reference, its control and the other two in all
// workloads.
func triggeredTrials(workloads []triggered, blocks int) []results.Trial {
	rng := rand.New(rand.NewPCG(9, 10))
	var trials []results.Trial
	for _, w := range workloads {
		for block := range blocks {
			machine := math.Exp(0.05 * rng.NormFloat64())
			arms := []struct {
				name, backend string
				ratio         float64
			}{{"epoll-lt", "epoll-lt", 1}, {"epoll-lt/control", "epoll-lt", w.control}, {"epoll-et", "epoll-et", w.edge}, {"epoll-oneshot", "epoll-oneshot", w.oneShot}}
			for place, a := range arms {
				t := results.Trial{
					Type: "trial", Cell: w.cell, Block: block, Arm: a.name, Backend: a.backend, Reference: place == 0, Control: place == 1,
					Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, StartedAt: place, LoadCPU: 1,
				}
				ns := 4000 * machine * a.ratio
				if place > 0 {
					ns *= math.Exp(w.noise * rng.NormFloat64())
				}
				w.measure(&t, ns)
				trials = append(trials, t)
			}
		}
	}
	return trials
}

// measure is what a trial comes to whose messages take so many ns of server CPU.
func (w triggered) measure(t *results.Trial, ns float64) {
	const messages = 20000
	turns := 2
	if w.cell.Open() {
		turns = 1
	}
	for turn := range turns {
		s := results.Slice{Turn: turn, Messages: messages, ServerCPUNS: int64(ns * messages), ElapsedNS: int64(1.05 * ns * messages)}
		if w.cell.Open() {
			s.Offered, s.LatencyP50NS, s.LatencyP99NS = w.cell.Rate, int64(6*ns), int64(25*ns)
		}
		t.Slices = append(t.Slices, s)
	}
	waits, registrations := 1.4, w.registrations
	switch t.Backend {
	case "epoll-et":
		waits, registrations = waits-w.edgeSavings, 0
	case "epoll-oneshot":
		registrations = 1
	}
	t.Values = map[results.Metric]float64{
		results.Messages: messages * float64(turns), results.Throughput: 1e9 / (1.05 * ns), results.ServerCPUPerMessage: ns,
		results.Elapsed: 1.05 * ns * messages, results.LatencyP50: math.Round(6 * ns), results.LatencyP99: math.Round(25 * ns),
		results.ServerWaitsPerMsg: waits, results.ServerReadsPerMsg: 1.4, results.ServerWritesPerMsg: 1 + w.registrations/2,
		results.ServerRegsPerMsg: registrations, results.ServerSyscallsPerMsg: waits + 2.4 + w.registrations/2 + registrations,
	}
	if w.cell.Open() {
		t.Values[results.Offered] = w.cell.Rate
	}
	if w.saturated == t.Arm {
		t.Values[results.Throughput] = 0.8 * w.cell.Rate
		t.Validity = []string{string(results.CheckSaturated)}
	}
}
