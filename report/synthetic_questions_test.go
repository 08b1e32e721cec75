package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/results"
)

// questionArm is a made-up server: what it costs, as a multiple of the reference, how
// many threads it has, and how often they wake for a connection.
type questionArm struct {
	name, backend string
	options       map[string]string
	cost          float64
	threads       int
	wakes         float64
}

// questionCells are one or two of each scenario that has a table of its own.
func questionCells() []results.Cell {
	return []results.Cell{
		{Scenario: "churn", Connections: 10, Active: 10, DurationNS: 200e6, Size: 64},
		{Scenario: "churn", Connections: 1000, Active: 1000, DurationNS: 200e6, Size: 64},
		{Scenario: "accept", Connections: 64, Active: 1},
		{Scenario: "accept", Connections: 128, Active: 128},
		{Scenario: "accept", Connections: 512, Active: 512},
		{Scenario: "accept", Connections: 512, Active: 8},
		{Scenario: "ctl", Connections: 100, Active: 100},
		{Scenario: "ctl", Connections: 10000, Active: 10000},
		{Scenario: "fanout", Connections: 10, Active: 10, DurationNS: 200e6, Size: 64},
		{Scenario: "fanout", Connections: 1000, Active: 1000, DurationNS: 200e6, Size: 64},
		{Scenario: "lookup", Connections: 100, Active: 100, DurationNS: 200e6, Size: 64},
		{Scenario: "lookup", Connections: 10000, Active: 10000, DurationNS: 200e6, Size: 64},
		{Scenario: "scaling", Connections: 64, Active: 64, DurationNS: 200e6, Size: 64},
	}
}

func questionArms(scenario string) []questionArm {
	loops := func(backend, n string, threads int, cost, wakes float64) questionArm {
		return questionArm{backend + "/loops-" + n, backend, map[string]string{"loops": n, results.OptionThreads: n}, cost, threads, wakes}
	}
	switch scenario {
	case "accept":
		return []questionArm{{"epoll-lt", "epoll-lt", nil, 1, 1, 1}, loops("epoll-shared", "4", 4, 1.4, 4), loops("epoll-exclusive", "4", 4, 1, 1), loops("reuseport", "4", 4, 1.02, 1)}
	case "ctl":
		return []questionArm{{"epoll-lt", "epoll-lt", nil, 1, 1, 0}, {"epoll-lt/interest-changed", "epoll-lt", map[string]string{"interest": "changed"}, 0, 1, 0}, {"poll", "poll", nil, 0.008, 1, 0}}
	case "lookup":
		return []questionArm{{"poll", "poll", nil, 1, 1, 0}, {"epoll-lt", "epoll-lt", nil, 0.95, 1, 0}, {"epoll-lt/scan", "epoll-lt", map[string]string{"lookup": "scan"}, 1.2, 1, 0}}
	case "scaling":
		pool := questionArm{"epoll-pool/threads-2", "epoll-pool", map[string]string{"pool_threads": "2", results.OptionThreads: "3"}, 1.2, 2, 0}
		return []questionArm{{"epoll-lt", "epoll-lt", nil, 1, 1, 0}, loops("reuseport", "2", 2, 0.52, 0), loops("reuseport", "4", 4, 0.27, 0), pool, {"go-net", "go-net", map[string]string{results.OptionThreads: results.ThreadsVary}, 1.1, 1, 0}}
	}
	return []questionArm{{"epoll-lt", "epoll-lt", nil, 1, 1, 0}, {"poll", "poll", nil, 1.2, 1, 0}}
}

// questionTrials are of eight blocks, of ten turns each.
func questionTrials() []results.Trial {
	rng := rand.New(rand.NewPCG(5, 6))
	var trials []results.Trial
	for _, cell := range questionCells() {
		for block := range 8 {
			noise := math.Exp(0.05 * rng.NormFloat64())
			for i, arm := range questionArms(cell.Scenario) {
				trials = append(trials, questionTrial(cell, block, i, arm, noise*math.Exp(0.004*rng.NormFloat64())))
			}
		}
	}
	return trials
}

func questionTrial(cell results.Cell, block, place int, arm questionArm, noise float64) results.Trial {
	t := results.Trial{
		Type: "trial", Cell: cell, Block: block, Arm: arm.name, Backend: arm.backend, Reference: place == 0,
		Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, StartedAt: place, ServerCPU: 0, LoadCPU: 1,
		Values: map[results.Metric]float64{},
	}
	for k, v := range arm.options {
		t.Options[k] = v
	}
	if cell.Scenario == "scaling" {
		t.Options["spin"] = "20µs"
	}
	if arm.threads > 1 {
		t.ServerCPUs = []int{0, 2}
		t.Values[results.LeastThreadShare], t.Values[results.GreatestThreadShare] = 0.8/float64(arm.threads), 1.3/float64(arm.threads)
	}
	if arm.cost == 0 {
		t.Status, t.Reason, t.Values = results.StatusSkipped, "there are no messages to change interest for", nil
		return t
	}
	cost := arm.cost * noise
	for turn := range 10 {
		t.Slices = append(t.Slices, questionSlice(cell, turn, cost))
	}
	valuesOfQuestion(&t, arm, cost)
	return t
}

func questionSlice(cell results.Cell, turn int, cost float64) results.Slice {
	s := results.Slice{Turn: turn, Messages: 2000, ElapsedNS: int64(2e7 * cost), ServerCPUNS: int64(1.6e7 * cost)}
	switch cell.Scenario {
	case "churn":
		s.Connects = 2000
	case "accept":
		s.Messages, s.Connects = 0, int64(cell.Connections)
		if cell.Connections == 512 && turn == 3 {
			s.Overflows = 12
		}
	case "ctl":
		s = results.Slice{Turn: turn, Changes: 256, AddNS: int64(3.6e5 * cost), ModifyNS: int64(1.3e5 * cost), RemoveNS: int64(2.6e5 * cost), EmptyWaits: 8, EmptyWaitNS: 2400}
		s.ElapsedNS = s.AddNS + s.ModifyNS + s.RemoveNS
	}
	return s
}

func valuesOfQuestion(t *results.Trial, arm questionArm, cost float64) {
	v := t.Values
	latency := func(median float64) {
		v[results.LatencyP50], v[results.LatencyP90], v[results.LatencyP99], v[results.LatencyP999] = math.Round(median), math.Round(1.2*median), math.Round(1.7*median), math.Round(3*median)
	}
	v[results.Elapsed] = 2e8 * cost
	switch t.Scenario {
	case "accept":
		v[results.ConnectElapsed], v[results.ConnectsPerSecond], v[results.ServerCPUPerConnection] = 2e7*cost, float64(t.Connections)/(0.02*cost), 1.6e7*cost/float64(t.Connections)
		v[results.WakeupsPerAccept], v[results.SpuriousPerAccept], v[results.Overflows] = arm.wakes, 0.01*(arm.wakes-1), 0
		if t.Connections == 512 {
			v[results.Overflows] = 1.2
			if arm.backend == "reuseport" && t.Block > 1 {
				v[results.NeverAccepted] = 0.2
			}
		}
		latency(30000)
		return
	case "ctl":
		v[results.AddTime], v[results.ModifyTime], v[results.RemoveTime] = 3.6e5*cost/256, 1.3e5*cost/256, 2.6e5*cost/256
		v[results.RegistrationTime] = v[results.AddTime] + v[results.ModifyTime] + v[results.RemoveTime]
		v[results.EmptyWaitTime] = 300
		if arm.backend == "poll" {
			v[results.EmptyWaitTime] = 70 * float64(t.Connections)
		}
		return
	case "churn":
		v[results.ConnectsPerSecond], v[results.ServerCPUPerConnection] = 1e5/cost, 8000*cost
		latency(8000 * cost * float64(t.Connections))
	case "fanout":
		latency(8000 * cost * float64(t.Connections))
		v[results.ServerEAGAINPerMsg], v[results.ServerRegsPerMsg] = 0.1, 0.2
	default:
		latency(8000 * cost * float64(t.Active))
	}
	v[results.Messages], v[results.Throughput], v[results.ServerCPUPerMessage] = 20000, 1e5/cost, 8000*cost
	v[results.ServerSyscallsPerMsg], v[results.EventsPerWait] = 2.1, 20
}
