//go:build linux

package scenarios_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// ofSeveral are backends with several threads of a fixed number.
func ofSeveral() []string {
	var names []string
	for _, b := range server.Backends() {
		if b.Threads(0, 0) > 1 {
			names = append(names, b.Name)
		}
	}
	return names
}

// What the threads of a server did is in sum what it did, to the digit, whether
// messages are exchanged or connections set up.
func TestThreadsOfATrialAddUp(t *testing.T) {
	backends := ofSeveral()
	if len(backends) < 3 {
		t.Errorf("%q have several threads", backends)
	}
	for _, test := range []struct {
		scenario string
		choice   scenarios.Request
		sweep    scenarios.Sweep
	}{
		{"echo", scenarios.Request{}, scenarios.Sweep{Connections: []int{40}, Rounds: []int{50}, Sizes: []int{64}}},
		{"connect", scenarios.Request{Loops: []int{3}, PoolThreads: []int{1}}, scenarios.Sweep{Connections: []int{100}}},
	} {
		r := choosing(scenarios.Request{Scenarios: []string{test.scenario}, Backends: backends, Sweep: test.sweep}, test.choice)
		eachTrial(t, r, func(t *testing.T, b server.Backend, trial results.Trial) {
			chosen := func(numbers []int) int { return append(numbers, 0)[0] }
			threads := trial.Counters.Threads
			if want := b.Threads(chosen(r.Loops), chosen(r.PoolThreads)); len(threads) != want {
				t.Fatalf("%d threads, want %d", len(threads), want)
			}
			var sum results.Counters
			var cpu int64
			for i, thread := range threads {
				role := "loop"
				if b.PoolThreads > 0 {
					role = "pool"
					if i == 0 {
						role = "boss"
					}
				}
				if thread.Role != role {
					t.Errorf("thread %d is a %q, want a %q", i, thread.Role, role)
				}
				// Who of several reads how much is the kernel's to say, but a boss does not.
				if role == "boss" && thread.Reads > 0 {
					t.Errorf("thread %d, a %s, has read %d times", i, role, thread.Reads)
				}
				if role == "pool" && thread.Waits+thread.Accepts > 0 {
					t.Errorf("thread %d, of a pool, has waited %d times and accepted %d connections", i, thread.Waits, thread.Accepts)
				}
				sum, cpu = sum.Plus(thread.Counters), cpu+thread.CPUNS
			}
			if diff := cmp.Diff(trial.Counters.Server, sum); diff != "" {
				t.Errorf("threads add up to other counters than the server's (-server +threads):\n%s", diff)
			}
			// What snapshots took is taken off a slice's CPU time, and not off theirs.
			var server int64
			for _, s := range trial.Slices {
				server += s.ServerCPUNS
			}
			if cpu < server || server <= 0 {
				t.Errorf("threads took %d ns, and the server %d of them", cpu, server)
			}
		})
	}
}

// Threads are summed slice by slice, each by its place.
func TestThreadsAreSummedOverSlices(t *testing.T) {
	f := even()
	// Of what a server has read, its second thread has two thirds.
	f.lie = func(_ string, r *scenarios.Reply) {
		if r.Server == nil {
			return
		}
		c := r.Server.Counters
		first, second := c, c
		second.Reads = c.Reads * 2 / 3
		first = first.Minus(second)
		r.Server.Threads = []results.ThreadCounters{
			{Role: "boss", CPUNS: int64(r.Server.CPU) / 4, Counters: first},
			{Role: "pool", CPUNS: int64(r.Server.CPU) * 3 / 4, Counters: second},
		}
	}
	trials, err := measure(t, t.Context(), f, echo("epoll-pool"))
	if err != nil {
		t.Fatal(err)
	}
	trial := trials[0]
	threads := trial.Counters.Threads
	if len(trial.Slices) < 2 || len(threads) != 2 || threads[0].Role != "boss" || threads[1].Role != "pool" {
		t.Fatalf("%d slices, threads %+v", len(trial.Slices), threads)
	}
	if got := threads[0].Counters.Plus(threads[1].Counters); got != trial.Counters.Server {
		t.Errorf("threads add up to %+v, want %+v", got, trial.Counters.Server)
	}
	// 10,000 messages of 10 µs, of which the server takes half.
	if got := threads[0].CPUNS + threads[1].CPUNS; got != 50e6 || threads[0].CPUNS != got/4 {
		t.Errorf("threads took %d and %d ns, want a quarter and the rest of 50 ms", threads[0].CPUNS, threads[1].CPUNS)
	}
}

// Threads whose parts make no sense cost the trial, as counters of the server's do.
func TestThreadsThatMakeNoSense(t *testing.T) {
	long := strings.Repeat("x", 201)
	for name, threads := range map[string]func(asked int64) []results.ThreadCounters{
		"a counter that falls": func(asked int64) []results.ThreadCounters {
			return []results.ThreadCounters{{Counters: results.Counters{Futexes: -asked}}, {}}
		},
		"a clock that falls":  func(asked int64) []results.ThreadCounters { return []results.ThreadCounters{{CPUNS: -asked}, {}} },
		"an endless role":     func(int64) []results.ThreadCounters { return []results.ThreadCounters{{Role: long}, {}} },
		"more than there are": func(int64) []results.ThreadCounters { return make([]results.ThreadCounters, 5000) },
		"a count without sense": func(asked int64) []results.ThreadCounters {
			return []results.ThreadCounters{{Counters: results.Counters{Reads: asked << 52}}, {}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, asked := even(), int64(0)
			f.lie = func(backend string, r *scenarios.Reply) {
				if r.Server != nil && backend == "epoll-pool" {
					asked++
					r.Server.Threads = threads(asked)
				}
			}
			trials, _ := measure(t, t.Context(), f, echo("poll", "epoll-pool"))
			failed := named(t, trials, "epoll-pool")
			if failed.Status != results.StatusFailed || !strings.Contains(failed.Reason, "make no sense") || failed.Counters != nil {
				t.Errorf("%s, %q, %+v; want it failed, and nothing kept", failed.Status, failed.Reason, failed.Counters)
			}
			if err := failed.Validate(); err != nil {
				t.Errorf("a reader would refuse it: %v", err)
			}
			if named(t, trials, "poll").Status != results.StatusOK {
				t.Error("it cost the other arm as well")
			}
		})
	}
}

// A block is void where something else had the CPU of a server with one thread.
// Threads of one server have each other's.
func TestThreadsThatWaitForEachOther(t *testing.T) {
	for _, backend := range oneOfEachKind() {
		b, err := server.Lookup(backend)
		if err != nil {
			t.Fatal(err)
		}
		alone, want := b.Threads(0, 0) == 1, []results.Status{results.StatusOK}
		if alone {
			want = []results.Status{results.StatusVoided, results.StatusOK}
		}
		f := even()
		var asked int64
		ended := false
		f.fail = func(step string) error { ended = ended || strings.HasPrefix(step, "report load"); return nil }
		f.lie = func(_ string, r *scenarios.Reply) {
			if r.Server == nil {
				return
			}
			asked++
			r.Server.At = time.Duration(asked) * time.Millisecond
			r.Server.Switches = asked * 100_000
			if !ended {
				r.Server.Queued = time.Duration(asked) * time.Millisecond / 2
			}
		}
		m := &disturbed{vitality: map[int]scenarios.Vitality{0: {}, 1: {}}}
		trials, err := measureOn(t, m, f, echo(backend))
		if err != nil {
			t.Fatal(err)
		}
		var got []results.Status
		for _, trial := range trials {
			got = append(got, trial.Status)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", backend, got, want)
		}
		flagged := slices.Contains(trials[0].Validity, string(results.CheckSwitches))
		if flagged != alone {
			t.Errorf("%s: validity %q", backend, trials[0].Validity)
		}
	}
}

// A worker answers with the part of each thread beside the sum.
func TestAWorkersThreads(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		w, _, err := processes(t).Launch(t.Context(), specOf(b.Name, b.Entries[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop(t.Context())
		for _, do := range []scenarios.Verb{scenarios.DoSnapshot, scenarios.DoPark, scenarios.DoSnapshot} {
			reply, err := w.Do(t.Context(), scenarios.Command{Do: do})
			if err != nil {
				t.Fatal(err)
			}
			want := b.Threads(0, 0)
			if want == 1 {
				want = 0 // the only one is the server
			}
			if got := reply.Server.Threads; len(got) != want {
				text, _ := json.Marshal(reply.Server)
				t.Errorf("%s: %d threads, want %d: %s", do, len(got), want, text)
			}
		}
	})
}
