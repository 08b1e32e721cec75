//go:build linux

package scenarios_test

import (
	"testing"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// What is chosen of a backend is what its worker does: a wait returns no more
// events than it may, and one that may not sleep comes back with nothing.
func TestChoicesTakeEffect(t *testing.T) {
	const connections, rounds = 20, 30
	const messages = connections * rounds
	eachTrial(t, scenarios.Request{
		Scenarios: []string{"echo"}, Backends: oneOfEachKind(),
		MaxEvents: []int{1, 16}, Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin},
		Sweep: scenarios.Sweep{Connections: []int{connections}, Rounds: []int{rounds}, Sizes: []int{64}},
	}, func(t *testing.T, b server.Backend, trial results.Trial) {
		c := trial.Counters.Server
		if c.BytesIn != messages*64 || c.BytesOut != messages*64 || b.Multiplexes() && c.Events != messages {
			t.Errorf("%+v, want %d messages", c, messages)
		}
		found := c.Waits - c.EmptyWaits
		switch trial.Options["max_events"] {
		case "1":
			if found != messages {
				t.Errorf("%d waits of one event have found %d messages", found, messages)
			}
		case "16":
			if found*16 < messages {
				t.Errorf("%d waits of 16 events have found %d messages", found, messages)
			}
		default:
			if b.Multiplexes() {
				t.Errorf("options %v", trial.Options)
			}
		}
		if spins := trial.Options["wait"] == "spin"; spins != (c.EmptyWaits > 0) {
			t.Errorf("%d of %d waits were empty, with waits that spin: %v", c.EmptyWaits, c.Waits, spins)
		}
	})
}

// A select within an fd_set is measured with as many connections, and as many
// pairs, as the plan says that it can be, and with no more.
func TestSelectToItsLimit(t *testing.T) {
	var limited []string
	for _, b := range server.Backends() {
		if b.Mechanism.Capabilities.MaxFD > 0 {
			limited = append(limited, b.Name)
		}
	}
	if len(limited) != 1 {
		t.Fatalf("%q are limited in their descriptors", limited)
	}
	for scenario, most := range map[string]int{"echo": 992, "connect": 992, "chain": 496} {
		for _, connections := range []int{most, most + 1} {
			r := sized(scenario, connections, limited...)
			r.Backends = append(r.Backends, "poll")
			trials := measureForReal(t, r)
			want := results.StatusOK
			if connections > most {
				want = results.StatusSkipped
			}
			if got := named(t, trials, limited[0]); got.Status != want || got.Errors.Total() > 0 || len(got.Slices) > 0 != (want == results.StatusOK) {
				t.Errorf("%s of %d: %s with %d slices, %q, %+v; want %s", scenario, connections, got.Status, len(got.Slices), got.Reason, got.Errors, want)
			}
			if got := named(t, trials, "poll"); got.Status != results.StatusOK {
				t.Errorf("%s of %d: poll %s, %q", scenario, connections, got.Status, got.Reason)
			}
		}
	}
}

// A thread for each of as many connections as nobody would call few.
func TestManyThreads(t *testing.T) {
	const connections = 1000
	r := sized("echo", connections, "thread-per-conn")
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := scenarios.CheckLimits(&plan); err != nil {
		t.Skipf("this host does not carry it: %v", err)
	}
	if a := plan.Arms[0]; a.ThreadsBound != "" && a.Threads < connections {
		t.Skipf("this host lets so many connections have a thread: %d (%s)", a.Threads, a.ThreadsBound)
	}
	trial := measureForReal(t, r)[0]
	if c := trial.Counters.Server; trial.Status != results.StatusOK || c.Reads != 10*connections || c.Writes != 10*connections {
		t.Errorf("%s, %q, %+v; want 10 messages of each connection", trial.Status, trial.Reason, c)
	}
}
