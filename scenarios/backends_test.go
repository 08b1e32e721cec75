//go:build linux

package scenarios_test

import (
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// eachBackend runs a test on every backend.
func eachBackend(t *testing.T, test func(*testing.T, server.Backend)) {
	t.Helper()
	for _, b := range server.Backends() {
		t.Run(b.Name, func(t *testing.T) {
			if err := b.Probe(); err != nil {
				t.Skipf("%s is unavailable on this host: %v", b.Name, err)
			}
			test(t, b)
		})
	}
}

// eachTrial runs a request of all backends across processes, and a test on each
// trial. One is ok, or skipped with a reason.
func eachTrial(t *testing.T, r scenarios.Request, test func(*testing.T, server.Backend, results.Trial)) {
	t.Helper()
	r.NoControl, r.Blocks, r.Seed = true, 1, 1
	trials := measureForReal(t, r)
	for _, trial := range trials {
		t.Run(trial.Arm, func(t *testing.T) {
			if err := trial.Validate(); err != nil {
				t.Errorf("a reader would refuse it: %v", err)
			}
			if trial.Status == results.StatusSkipped && trial.Reason != "" {
				t.Skipf("this host cannot measure it: %s", trial.Reason)
			}
			if trial.Status != results.StatusOK || trial.Errors.Total() != 0 {
				t.Errorf("%s, %q, %+v", trial.Status, trial.Reason, trial.Errors)
			}
			b, err := server.Lookup(trial.Backend)
			if err != nil {
				t.Fatal(err)
			}
			test(t, b, trial)
		})
	}
	if len(trials) < len(server.Backends()) && len(r.Backends) == 1 {
		t.Errorf("%d trials of %d backends", len(trials), len(server.Backends()))
	}
}

// Across processes every message of every backend arrives, and what is exact is
// exact: each is one read and one write, and with one-shot readiness one
// modification.
func TestMessagesOfEveryBackend(t *testing.T) {
	const connections, rounds, size = 20, 30, 100
	eachTrial(t, scenarios.Request{
		Scenarios: []string{"echo"}, Backends: []string{"all"},
		Sweep: scenarios.Sweep{Connections: []int{connections}, Rounds: []int{rounds}, Sizes: []int{size}},
	}, func(t *testing.T, b server.Backend, trial results.Trial) {
		checkCounters(t, b, trial)
		checkFigures(t, b, trial)
		// A server with one thread, or with as many as there are connections, has no
		// part that would be a thread's.
		if several := b.Threads(0, 0) > 1; several != (len(trial.Counters.Threads) > 0) || !several && trial.ServerCPUs != nil {
			t.Errorf("%d threads: %+v on CPUs %v", b.Threads(0, 0), trial.Counters.Threads, trial.ServerCPUs)
		}
	})
}

// checkCounters wants a trial of echo to have counted what its cell says.
func checkCounters(t *testing.T, b server.Backend, trial results.Trial) {
	t.Helper()
	messages, c := int64(trial.Connections*trial.Rounds), trial.Counters.Server
	want := results.Counters{BytesIn: messages * int64(trial.Size), BytesOut: messages * int64(trial.Size)}
	if b.Multiplexes() || b.ThreadEach { // or else package net reads and writes, and does not tell
		want.Reads, want.Writes = messages, messages
	}
	if b.Mechanism.Trigger == multiplexers.OneShot {
		want.Modifies = messages
	}
	// How many events a wait finds, and how often a thread sleeps, depends on who
	// is first; but each message is an event.
	if b.Multiplexes() {
		want.Events, want.Waits = messages, c.Waits
		if c.Waits < 1 || c.Waits > messages {
			t.Errorf("%d waits for %d messages", c.Waits, messages)
		}
		if !b.Mechanism.Capabilities.KernelSet {
			want.Examined = c.Waits * int64(trial.Connections+2) // and the listener and the control descriptor
		}
	}
	if b.PoolThreads > 0 {
		want.Futexes = c.Futexes
	}
	if c != want {
		t.Errorf("counted\n got %+v\nwant %+v", c, want)
	}
	if load := trial.Counters.Load; load.Reads != messages || load.Writes != messages || trial.Values[results.Messages] != float64(messages) {
		t.Errorf("%v messages, and the load generator has counted %+v; want %d", trial.Values[results.Messages], load, messages)
	}
}

// checkFigures wants a trial of echo to have the figures that its backend counts,
// and no others: none is better than a zero that nobody has seen.
func checkFigures(t *testing.T, b server.Backend, trial results.Trial) {
	t.Helper()
	v, c := trial.Values, trial.Counters.Server
	counted := b.Multiplexes() || b.ThreadEach
	for _, figures := range []struct {
		known   bool
		metrics []results.Metric
	}{
		{true, []results.Metric{results.ServerUserCPUPerMsg, results.ServerSystemCPUPerMsg, results.ServerSwitches, results.WorldStops}},
		{counted, []results.Metric{results.ServerSyscallsPerMsg, results.ServerReadsPerMsg, results.ServerWritesPerMsg}},
		{b.Multiplexes(), []results.Metric{
			results.ServerWaitsPerMsg, results.ServerEmptyWaitsPerMsg, results.ServerRegsPerMsg, results.ServerFutexesPerMsg,
			results.EventsPerWait, results.ExaminedPerWait,
		}},
	} {
		for _, m := range figures.metrics {
			if got, known := v[m]; known != figures.known {
				t.Errorf("%s is %v, known %v, want that %v", m, got, known, figures.known)
			}
		}
	}
	for _, m := range []results.Metric{
		results.Throughput, results.ServerCPUPerMessage, results.LoadCPUPerMessage, results.ConnectElapsed,
		results.ServerRSS, results.LatencyP50, results.ServerBusyShare, results.BlockOverhead,
	} {
		if v[m] <= 0 {
			t.Errorf("%s is %v", m, v[m])
		}
	}
	calls := c.Waits + c.Reads + c.Writes + c.Futexes
	if b.Mechanism.Capabilities.KernelSet {
		calls += c.Modifies
	}
	want := float64(calls) / float64(trial.Connections*trial.Rounds)
	if got := v[results.ServerSyscallsPerMsg]; got != want && counted {
		t.Errorf("%v system calls a message, want %v", got, want)
	}
	if b.ThreadEach && (v[results.ServerSyscallsPerMsg] != 2 || v[results.ServerReadsPerMsg] != 1 || v[results.ServerWritesPerMsg] != 1) {
		t.Errorf("%v reads, %v writes, %v system calls a message; want 1, 1 and 2",
			v[results.ServerReadsPerMsg], v[results.ServerWritesPerMsg], v[results.ServerSyscallsPerMsg])
	}
	if regs := v[results.ServerRegsPerMsg]; b.Mechanism.Trigger == multiplexers.OneShot != (regs == 1) {
		t.Errorf("%v changes of the interest set a message with %s readiness", regs, b.Mechanism.Trigger)
	}
	if both, all := v[results.ServerUserCPUPerMsg]+v[results.ServerSystemCPUPerMsg], v[results.ServerCPUPerMessage]; both > all*1.000001 {
		t.Errorf("user and system time are %v ns in sum, of %v", both, all)
	}
}

// Every connection is accepted once, and one that is watched is added once.
func TestConnectionsOfEveryBackend(t *testing.T) {
	const connections = 100
	eachTrial(t, scenarios.Request{
		Scenarios: []string{"connect"}, Backends: []string{"all"},
		Sweep: scenarios.Sweep{Connections: []int{connections}},
	}, func(t *testing.T, b server.Backend, trial results.Trial) {
		n, c := int64(len(trial.Slices))*connections, trial.Counters.Server
		added := n
		if !b.Multiplexes() {
			added = 0 // there is no interest set of ours
		}
		if c.Accepts != n || c.Adds != added || c.BytesIn != 0 || trial.Counters.Load.Adds != n {
			t.Errorf("%+v, and %d opened; want %d connections in %d set-ups", c, trial.Counters.Load.Adds, n, len(trial.Slices))
		}
		for _, s := range trial.Slices {
			if s.Connects != connections || s.ElapsedNS <= 0 {
				t.Errorf("slice %+v", s)
			}
		}
		if v := trial.Values[results.ConnectsPerSecond]; v <= 0 {
			t.Errorf("%v connections a second", v)
		}
	})
}

// oneOfEachKind are backends that differ in what waits and what serves: a loop,
// loops, a pool, goroutines, threads.
func oneOfEachKind() []string {
	var names []string
	kinds := map[[4]bool]bool{}
	for _, b := range server.Backends() {
		kind := [4]bool{b.Loops > 0, b.PoolThreads > 0, b.ThreadEach, b.Multiplexes()}
		if !kinds[kind] {
			names = append(names, b.Name)
		}
		kinds[kind] = true
	}
	return names
}

// An open loop offers every kind of backend what was asked for, and gets all of it
// back.
func TestRatesOfEveryKindOfBackend(t *testing.T) {
	const rate = 1000
	kinds := oneOfEachKind()
	if len(kinds) != 5 {
		t.Errorf("%q, want a loop, loops, a pool, goroutines and threads", kinds)
	}
	eachTrial(t, scenarios.Request{
		Scenarios: []string{"rate"}, Backends: kinds,
		Sweep: scenarios.Sweep{Connections: []int{10}, Sizes: []int{64}, Rates: []scenarios.Rate{{PerSecond: rate}}, Duration: time.Second},
	}, func(t *testing.T, b server.Backend, trial results.Trial) {
		v := trial.Values
		if v[results.Messages] != rate || v[results.Offered] <= 0 || v[results.LatencyP50] <= 0 || trial.LagHDR == "" {
			t.Errorf("%v messages, offered %v msgs/s, p50 %v; want %d", v[results.Messages], v[results.Offered], v[results.LatencyP50], rate)
		}
		if c := trial.Counters.Server; c.BytesIn != 64*rate || c.BytesOut != 64*rate {
			t.Errorf("%d bytes in, %d out, want %d", c.BytesIn, c.BytesOut, 64*rate)
		}
		if len(trial.Slices) != 1 {
			t.Errorf("%d slices, want one as long as the window", len(trial.Slices))
		}
	})
}
