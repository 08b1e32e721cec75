package report_test

import (
	"math"
	"math/rand/v2"
	"time"

	"muxbench/results"
)

// The runs in this file are made up. They resemble what is measured, so that
// tables and charts can be judged, and they are the same every time.

func syntheticRun(scenario string) results.Run {
	return results.Run{
		Type: "run", Schema: results.Schema, Tool: "muxbench", Version: "v0.0.0-synthetic", Scenario: scenario,
		Started: time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC), Args: []string{"run", scenario}, Seed: 1,
		Environment: results.Environment{
			OS: "linux", Arch: "amd64", Kernel: "6.8.0-synthetic", CPUModel: "Synthetic CPU @ 2.50GHz", CPUs: 2,
			Hypervisor: "kvm", MemoryBytes: 8 << 30, GoVersion: "go1.26.0", ClockSource: "tsc",
			OpenFiles: 20000, SoMaxConn: 4096, PortRangeLow: 32768, PortRangeHi: 60999,
		},
	}
}

// backend is what a synthetic backend costs: ns of server CPU per message,
// and per message for every thousand connections.
type backend struct {
	name          string
	cost, scanned float64
}

func backends() []backend {
	return []backend{
		{"select", 4200, 2400}, {"poll", 4250, 1900}, {"epoll-lt", 4100, 4}, {"epoll-et", 4080, 3},
	}
}

// sweepTrials are the trials of every backend in cells, interleaved as they
// are measured. The noise of a turn is common to its arms, but for a little.
func sweepTrials(cells []results.Cell, blocks, turns int) []results.Trial {
	rng := rand.New(rand.NewPCG(1, 2))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := make([]float64, turns)
			for i := range noise {
				noise[i] = math.Exp(0.05 * rng.NormFloat64())
			}
			for i, b := range backends() {
				trials = append(trials, syntheticTrial(cell, block, i, b, noise, rng))
			}
		}
	}
	return trials
}

func syntheticTrial(cell results.Cell, block, place int, b backend, noise []float64, rng *rand.Rand) results.Trial {
	t := results.Trial{
		Type: "trial", Cell: cell, Block: block, Arm: b.name, Backend: b.name, Reference: place == 0,
		Options: map[string]string{"entry": "raw"}, Status: results.StatusOK,
		StartedAt: place, ServerCPU: 0, LoadCPU: 1,
	}
	cost := b.cost + b.scanned*float64(cell.Connections)/1000 + float64(cell.Size)*0.4
	own := math.Exp(0.004 * rng.NormFloat64())
	var messages, elapsed, cpu int64
	for turn, n := range noise {
		s := results.Slice{Turn: turn, Order: (place + turn) % 4}
		work := int64(20000)
		perMessage := cost * n * own * math.Exp(0.003*rng.NormFloat64())
		if cell.Scenario == "connect" {
			work = int64(cell.Connections)
			s.Connects = work
			perMessage *= 6
		} else {
			s.Messages = work
		}
		s.ServerCPUNS = int64(perMessage * float64(work))
		s.ElapsedNS = s.ServerCPUNS + s.ServerCPUNS/20
		s.LoadCPUNS = s.ServerCPUNS * 9 / 10
		t.Slices = append(t.Slices, s)
		messages, elapsed, cpu = messages+work, elapsed+s.ElapsedNS, cpu+s.ServerCPUNS
	}
	perMessage := float64(elapsed) / float64(messages)
	median := perMessage * float64(max(1, cell.Active)) * 0.9
	t.Values = map[results.Metric]float64{
		results.LatencyP50: math.Round(median), results.LatencyP90: math.Round(median * 1.1),
		results.LatencyP99: math.Round(median * 1.6), results.LatencyP999: math.Round(median * 2.9),
		results.LatencyMax: math.Round(median * 4), results.ServerRSS: 12 << 20, results.LoadRSS: 16 << 20,
	}
	if cell.Scenario == "connect" {
		for _, m := range []results.Metric{results.LatencyP50, results.LatencyP90, results.LatencyP99, results.LatencyP999, results.LatencyMax} {
			t.Values[m] = math.Round(t.Values[m] / float64(max(1, cell.Active)) * 40)
		}
		t.Values[results.ConnectElapsed] = float64(elapsed) / float64(len(noise))
		t.Values[results.ConnectsPerSecond] = 1e9 * float64(messages) / float64(elapsed)
		t.Values[results.ServerCPUPerConnection] = float64(cpu) / float64(messages)
		t.Values[results.ServerRSSPerConnection] = 410
		t.Values[results.LoadRSSPerConnection] = 655
		return t
	}
	t.Values[results.Messages] = float64(messages)
	t.Values[results.Elapsed] = float64(elapsed)
	t.Values[results.Throughput] = 1e9 * float64(messages) / float64(elapsed)
	t.Values[results.ServerCPUPerMessage] = float64(cpu) / float64(messages)
	t.Values[results.LoadCPUPerMessage] = 0.9 * float64(cpu) / float64(messages)
	t.Values[results.ServerSyscallsPerMsg] = 2.02
	t.Values[results.EventsPerWait] = 48.5
	return t
}

func idleSweep() []results.Cell {
	var cells []results.Cell
	for _, n := range []int{100, 300, 1000, 3000, 10000, 19000} {
		cells = append(cells, results.Cell{Scenario: "idle", Connections: n, Active: 100, DurationNS: 500e6, Size: 64})
	}
	return cells
}

func echoSizes() []results.Cell {
	var cells []results.Cell
	for _, size := range []int{1024, 10240} {
		for _, rounds := range []int{100, 1000} {
			cells = append(cells, results.Cell{Scenario: "echo", Connections: 10000, Active: 10000, Rounds: rounds, Size: size})
		}
	}
	return cells
}

func connectSweep() []results.Cell {
	var cells []results.Cell
	for _, n := range []int{1000, 2000, 5000, 10000, 19000} {
		cells = append(cells, results.Cell{Scenario: "connect", Connections: n, Active: n})
	}
	return cells
}

// troubled makes some trials end in every way but well, for reasons that the
// result file's writer has chosen.
func troubled(trials []results.Trial) []results.Trial {
	out := append([]results.Trial(nil), trials...)
	spoil := func(i int, status results.Status, reason string) {
		out[i].Status, out[i].Reason = status, reason
		out[i].Values, out[i].Slices = nil, nil
	}
	for i, t := range out {
		switch {
		case t.Connections == 3000 && t.Arm == "poll" && t.Block == 1:
			spoil(i, results.StatusFailed, "3 replies did not come within 2s")
			out[i].Errors.Timeout = 3
			out[i].Stderr = "loop: read tcp: connection reset by peer\nexit status 1\n"
		case t.Connections == 19000 && t.Arm == "select":
			spoil(i, results.StatusSkipped, "needs 19,016 descriptors, and the limit is 16,384: raise it with ulimit -n")
		case t.Connections == 10000 && t.Block == 2:
			spoil(i, results.StatusVoided, "steal time 7 % of the block, more than 5 %")
		case t.Connections == 100 && t.Arm == "epoll-et":
			out[i].Validity = []string{"steal time above 1 % of the window"}
		}
	}
	return out
}
