package report_test

import (
	"math"
	"math/rand/v2"
	"strconv"

	"muxbench/results"
)

// asked is an arm of a scenario that asks one thing: ns of server CPU for a message,
// a connection or a delivery, and for each of what a cell has so many of.
type asked struct {
	arm, backend string
	cost, each   float64
	options      map[string]string
	control      bool
}

// with is the arm with an option, of which its name tells.
func (a asked) with(word, option, value string) asked {
	a.arm += "/" + word + value
	a.options = map[string]string{option: value}
	return a
}

func (a asked) controlled() asked {
	a.arm, a.control = a.arm+"/control", true
	return a
}

// askedTrials are those of arms in cells, of which the first is the reference. The
// noise of a turn is common to its arms, but for a little. Measure fills in what is
// of the scenario, where a unit takes so many ns in each turn.
func askedTrials(cells []results.Cell, arms []asked, blocks, turns int, measure func(t *results.Trial, a asked, ns []float64)) []results.Trial {
	rng := rand.New(rand.NewPCG(11, 12))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := make([]float64, turns)
			for i := range noise {
				noise[i] = math.Exp(0.05 * rng.NormFloat64())
			}
			for place, a := range arms {
				t := results.Trial{
					Type: "trial", Cell: cell, Block: block, Arm: a.arm, Backend: a.backend, Reference: place == 0, Control: a.control,
					Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, StartedAt: place, LoadCPU: 1,
					Values: map[results.Metric]float64{},
				}
				for option, value := range a.options {
					t.Options[option] = value
				}
				own := math.Exp(0.006 * rng.NormFloat64())
				ns := make([]float64, turns)
				for i, n := range noise {
					ns[i] = (a.cost + a.each*float64(cell.Connections)) * n * own * math.Exp(0.003*rng.NormFloat64())
				}
				measure(&t, a, ns)
				trials = append(trials, t)
			}
		}
	}
	return trials
}

// exchanged fills in slices of so many units, as the server's CPU time allows, and
// what any closed loop has.
func exchanged(t *results.Trial, units int64, ns []float64, perSecond, cpu results.Metric) float64 {
	var elapsed, sum float64
	for turn, v := range ns {
		s := results.Slice{Turn: turn, Messages: units, ServerCPUNS: int64(v * float64(units)), ElapsedNS: int64(1.1 * v * float64(units))}
		if t.Scenario == results.ScenarioChurn {
			s.Connects = units
		}
		t.Slices = append(t.Slices, s)
		elapsed, sum = elapsed+float64(s.ElapsedNS), sum+float64(s.ServerCPUNS)
	}
	all := float64(units) * float64(len(ns))
	t.Values[results.Messages], t.Values[results.Elapsed] = all, elapsed
	t.Values[perSecond], t.Values[cpu] = 1e9*all/elapsed, sum/all
	t.Values[results.ServerCPUPerMessage] = sum / all
	return sum / all
}

// percentilesOf are those of latencies about a median.
func percentilesOf(t *results.Trial, median float64) {
	for m, times := range map[results.Metric]float64{
		results.LatencyP50: 1, results.LatencyP90: 1.2, results.LatencyP99: 1.9, results.LatencyP999: 3.1, results.LatencyMax: 5,
	} {
		t.Values[m] = math.Round(median * times)
	}
}

func epollLT() asked { return asked{arm: "epoll-lt", backend: "epoll-lt", cost: 30000} }

func churnTrials(blocks int) []results.Trial {
	var cells []results.Cell
	for _, n := range []int{10, 100, 1000} {
		cells = append(cells, results.Cell{Scenario: "churn", Connections: n, Active: n, DurationNS: 200e6, Size: 64})
	}
	arms := []asked{
		{arm: "select", backend: "select", cost: 29000, each: 12},
		{arm: "poll", backend: "poll", cost: 29200, each: 9}, epollLT(),
	}
	arms = append(arms[:1:1], append([]asked{arms[0].controlled()}, arms[1:]...)...)
	return askedTrials(cells, arms, blocks, 3, func(t *results.Trial, a asked, ns []float64) {
		per := exchanged(t, 4000, ns, results.ConnectsPerSecond, results.ServerCPUPerConnection)
		percentilesOf(t, per*float64(t.Connections)*1.05)
		registrations, examined := 2.0, float64(t.Connections+2)
		if a.backend == "epoll-lt" {
			examined = 0
		}
		countAsked(t, per, map[results.Metric]float64{
			results.ServerSyscallsPerMsg: 7 + 2*float64(len(a.backend)/8), results.EventsPerWait: 1.4, results.ServerWaitsPerMsg: 2.1,
			results.ServerReadsPerMsg: 2, results.ServerRegsPerMsg: registrations, results.ExaminedPerWait: examined,
		})
	})
}

// countAsked is what a server of ours counts, and how the kernel divides its time.
func countAsked(t *results.Trial, ns float64, counts map[results.Metric]float64) {
	for m, v := range map[results.Metric]float64{
		results.ServerUserCPUPerMsg: ns / 8, results.ServerSystemCPUPerMsg: 7 * ns / 8, results.ServerEmptyWaitsPerMsg: 0,
		results.ServerWritesPerMsg: 1, results.ServerSwitches: float64(t.Block % 3), results.ServerFutexesPerMsg: 0,
	} {
		t.Values[m] = v
	}
	for m, v := range counts {
		t.Values[m] = v
	}
}

// acceptTrials are bursts that come one at a time, some at once, and all at once.
func acceptTrials(blocks int) []results.Trial {
	var cells []results.Cell
	for _, burst := range [][2]int{{64, 1}, {64, 16}, {128, 128}, {512, 512}} {
		cells = append(cells, results.Cell{Scenario: "accept", Connections: burst[0], Active: burst[1]})
	}
	reference := asked{arm: "epoll-lt", backend: "epoll-lt", cost: 30000}
	several := func(backend string, cost float64) asked {
		return asked{arm: backend, backend: backend, cost: cost}.with("loops-", "loops", "4")
	}
	arms := []asked{
		reference, reference.controlled(), several("epoll-shared", 44000), several("epoll-exclusive", 30500), several("reuseport", 32000),
	}
	return askedTrials(cells, arms, blocks, 3, func(t *results.Trial, a asked, ns []float64) {
		overflows := max(0, (t.Active-128)/100)
		n := int64(t.Connections)
		var sum float64
		elapsed := make([]float64, len(ns))
		for turn, v := range ns {
			elapsed[turn] = 2*v*float64(n) + 1e9*float64(overflows/3)
			t.Slices = append(t.Slices, results.Slice{
				Turn: turn, Connects: n, ElapsedNS: int64(elapsed[turn]), ServerCPUNS: int64(v * float64(n)), Overflows: int64(overflows),
			})
			sum += v
		}
		t.Values[results.ConnectElapsed], t.Values[results.ServerCPUPerConnection] = elapsed[1], sum/float64(len(ns))
		t.Values[results.ConnectsPerSecond] = 1e9 * float64(n) / elapsed[1]
		t.Values[results.Overflows] = float64(overflows)
		percentilesOf(t, 21000)
		woken := map[string][]float64{ // wake-ups and spurious ones, and the shares
			"epoll-lt": {0.9, 0}, "epoll-shared": {3.6, 2.7, 0.11, 0.44}, "epoll-exclusive": {1, 0.01, 0, 1}, "reuseport": {0.95, 0, 0.25, 0.25},
		}[a.backend]
		t.Values[results.WakeupsPerAccept], t.Values[results.SpuriousPerAccept] = woken[0], woken[1]
		if len(woken) > 2 {
			t.Values[results.LeastThreadShare], t.Values[results.GreatestThreadShare] = woken[2], woken[3]
			t.ServerCPUs = []int{0}
		}
	})
}

// ctlTrials have an arm that is for messages only, and so is skipped.
func ctlTrials(blocks int) []results.Trial {
	var cells []results.Cell
	for _, n := range []int{100, 1000, 10000} {
		cells = append(cells, results.Cell{Scenario: "ctl", Connections: n, Active: n})
	}
	arms := []asked{
		{arm: "epoll-lt", backend: "epoll-lt", cost: 1000}, asked{arm: "epoll-lt", backend: "epoll-lt", cost: 1000}.controlled(),
		{arm: "select", backend: "select", cost: 6}, {arm: "poll", backend: "poll", cost: 4, each: 0.4},
		asked{arm: "epoll-lt", backend: "epoll-lt", cost: 1000}.with("interest-", "interest", "changed"),
	}
	return askedTrials(cells, arms, blocks, 5, func(t *results.Trial, a asked, ns []float64) {
		if a.options != nil {
			*t = ended(*t, results.StatusSkipped, "there are no messages to change interest for")
			t.Values = nil
			return
		}
		const changes, waits = 256, 16
		empty := 300.0
		if a.backend != "epoll-lt" {
			empty = 70 * float64(t.Connections)
		}
		for turn, v := range ns {
			add, modify, remove := int64(1.4*v*changes), int64(0.55*v*changes), int64(1.1*v*changes)
			t.Slices = append(t.Slices, results.Slice{
				Turn: turn, ElapsedNS: add + modify + remove, ServerCPUNS: add + modify + remove + int64(empty*waits),
				Changes: changes, AddNS: add, ModifyNS: modify, RemoveNS: remove, EmptyWaits: waits, EmptyWaitNS: int64(empty * waits),
			})
		}
		first := t.Slices[0]
		t.Values = map[results.Metric]float64{
			results.Elapsed: float64(first.ElapsedNS), results.EmptyWaitTime: empty, results.ServerSwitches: float64(t.Block % 2),
			results.AddTime: float64(first.AddNS) / changes, results.ModifyTime: float64(first.ModifyNS) / changes, results.RemoveTime: float64(first.RemoveNS) / changes,
			results.RegistrationTime: float64(first.ElapsedNS) / changes, results.EventsPerWait: 0, results.ExaminedPerWait: float64(t.Connections),
		}
	})
}

func fanoutTrials(blocks int) []results.Trial {
	var cells []results.Cell
	for _, n := range []int{10, 100, 1000} {
		cells = append(cells, results.Cell{Scenario: "fanout", Connections: n, Active: n, DurationNS: 200e6, Size: 64})
	}
	lt := asked{arm: "epoll-lt", backend: "epoll-lt", cost: 5000}
	arms := []asked{lt, lt.controlled(), {arm: "poll", backend: "poll", cost: 5000, each: 0.4}, {arm: "epoll-et", backend: "epoll-et", cost: 4990}, {arm: "epoll-oneshot", backend: "epoll-oneshot", cost: 5300}}
	return askedTrials(cells, arms, blocks, 3, func(t *results.Trial, a asked, ns []float64) {
		per := exchanged(t, 50000, ns, results.Throughput, results.ServerCPUPerMessage)
		percentilesOf(t, per*float64(t.Connections))
		room := float64(t.Connections)
		counts := map[results.Metric]float64{
			results.ServerSyscallsPerMsg: 1 + 2/room, results.EventsPerWait: 1, results.ServerWaitsPerMsg: 1 / room, results.ServerReadsPerMsg: 1 / room,
			results.ServerRegsPerMsg: 0, results.ServerEAGAINPerMsg: 0.02,
		}
		if a.backend == "epoll-oneshot" {
			counts[results.ServerRegsPerMsg] = 1 / room
		}
		countAsked(t, per, counts)
	})
}

func lookupTrials(blocks int) []results.Trial {
	var cells []results.Cell
	for _, n := range []int{100, 1000, 3000} {
		cells = append(cells, results.Cell{Scenario: "lookup", Connections: n, Active: n, DurationNS: 100e6, Size: 64})
	}
	poll, lt := asked{arm: "poll", backend: "poll", cost: 7000}, asked{arm: "epoll-lt", backend: "epoll-lt", cost: 7100}
	by := func(a asked, lookup string, each float64) asked {
		a.each = each
		return a.with("", "lookup", lookup)
	}
	arms := []asked{poll, poll.controlled(), by(poll, "index", 0), by(poll, "map", 0.02), by(poll, "scan", 0.9), lt, by(lt, "map", 0.02), by(lt, "scan", 0.9)}
	return askedTrials(cells, arms, blocks, 3, func(t *results.Trial, _ asked, ns []float64) {
		per := exchanged(t, 20000, ns, results.Throughput, results.ServerCPUPerMessage)
		percentilesOf(t, per*float64(t.Connections))
		t.Values[results.ServerSyscallsPerMsg], t.Values[results.EventsPerWait] = 2.05, float64(t.Connections)/3
	})
}

// scalingTrials have a server whose threads come and go beside those of fixed numbers.
func scalingTrials(blocks int, cpus ...int) []results.Trial {
	cells := []results.Cell{{Scenario: "scaling", Connections: 64, Active: 64, DurationNS: 400e6, Size: 64}}
	arms := []asked{epollLT(), epollLT().controlled()}
	for _, n := range []int{1, 2, 4} {
		fewest := float64(min(n, max(1, len(cpus))))
		arms = append(arms, asked{arm: "reuseport", backend: "reuseport", cost: 30000 / math.Pow(fewest, 0.9)}.with("loops-", "loops", strconv.Itoa(n)))
	}
	for _, n := range []int{1, 2, 4} {
		fewest := float64(min(n, max(1, len(cpus))))
		arms = append(arms, asked{arm: "epoll-pool", backend: "epoll-pool", cost: 40000 / math.Pow(fewest, 0.6)}.with("threads-", "pool_threads", strconv.Itoa(n)))
	}
	arms = append(arms, asked{arm: "blocking", backend: "blocking", cost: 33000, options: map[string]string{"threads": "vary"}})
	return askedTrials(cells, arms, blocks, 4, func(t *results.Trial, a asked, ns []float64) {
		t.Options["spin"] = "20µs"
		per := exchanged(t, 6000, ns, results.Throughput, results.ServerCPUPerMessage)
		percentilesOf(t, per*60)
		t.Values[results.ServerSyscallsPerMsg] = 2.02
		threads, err := strconv.Atoi(a.options["loops"] + a.options["pool_threads"])
		if err != nil || threads < 2 {
			return
		}
		t.ServerCPUs = cpus
		busy := float64(min(threads, max(1, len(cpus))))
		work := t.Values[results.ServerCPUPerMessage] * math.Pow(busy, 0.93)
		t.Values[results.ServerCPUPerMessage] = work
		for i := range t.Slices {
			t.Slices[i].ServerCPUNS = int64(float64(t.Slices[i].ServerCPUNS) * math.Pow(busy, 0.93))
		}
		t.Values[results.LeastThreadShare], t.Values[results.GreatestThreadShare] = 0.95/float64(threads), 1.06/float64(threads)
	})
}
