//go:build linux

package scenarios_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// Every value of an option is an arm of each backend that has the choice, and the
// others are as they were.
func TestBuildChoices(t *testing.T) {
	both := []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime}
	tests := []struct {
		name     string
		request  scenarios.Request
		backends string // separated by spaces
		want     string
	}{
		{"loops", scenarios.Request{Loops: []int{1, 4}}, "epoll-lt reuseport", "epoll-lt epoll-lt/control reuseport/loops-1 reuseport/loops-4"},
		{"loops of both that have some", scenarios.Request{Loops: []int{3}}, "epoll-exclusive reuseport epoll-pool", "epoll-exclusive/loops-3 epoll-exclusive/loops-3/control reuseport/loops-3 epoll-pool"},
		{"the default, named", scenarios.Request{Loops: []int{2}}, "reuseport", "reuseport/loops-2 reuseport/loops-2/control"},
		{"as many as there may be", scenarios.Request{Loops: []int{1024}}, "reuseport", "reuseport/loops-1024 reuseport/loops-1024/control"},
		{"threads of a pool", scenarios.Request{PoolThreads: []int{1, 2}}, "epoll-pool reuseport", "epoll-pool/threads-1 epoll-pool/threads-1/control epoll-pool/threads-2 reuseport"},
		{"events of a wait", scenarios.Request{MaxEvents: []int{1, 1 << 20}}, "poll go-net epoll-pool", "poll/events-1 poll/events-1/control poll/events-1048576 go-net epoll-pool/events-1 epoll-pool/events-1048576"},
		{"waits", scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin}}, "epoll-et thread-per-conn", "epoll-et epoll-et/control epoll-et/wait-spin thread-per-conn"},
		{"waits that spin alone", scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitSpin}}, "select", "select/wait-spin select/wait-spin/control"},
		{"events and waits", scenarios.Request{MaxEvents: []int{1, 16}, Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin}}, "epoll-lt",
			"epoll-lt/events-1 epoll-lt/events-1/control epoll-lt/events-1/wait-spin epoll-lt/events-16 epoll-lt/events-16/wait-spin"},
		{"everything that one backend has", scenarios.Request{Entries: both, Loops: []int{1}, MaxEvents: []int{8}, Waits: []scenarios.Wait{scenarios.WaitSpin}, Spins: []time.Duration{time.Microsecond}, NoControl: true}, "reuseport",
			"reuseport/loops-1/events-8/wait-spin reuseport/runtime/loops-1/events-8/wait-spin"},
		{"ways to find a state, of those that have them", scenarios.Request{Lookups: []server.StateLookup{"scan", "index"}}, "poll epoll-et epoll-pool go-net", "poll/scan poll/scan/control poll/index epoll-et/scan epoll-pool go-net"},
		{"the way that is the default, named", scenarios.Request{Lookups: []server.StateLookup{"descriptor", "map"}}, "reuseport", "reuseport reuseport/control reuseport/map"},
		{"interest, of those that are level-triggered", scenarios.Request{Interests: []scenarios.Interest{"kept", "changed"}}, "select epoll-et epoll-exclusive epoll-pool", "select select/control select/interest-changed epoll-et epoll-exclusive epoll-exclusive/interest-changed epoll-pool"},
		{"work, the same for all", scenarios.Request{Spins: []time.Duration{time.Microsecond}}, "poll", "poll poll/control"},
		{"entries of those that have both", scenarios.Request{Entries: both}, "epoll-lt go-net thread-per-conn", "epoll-lt epoll-lt/control epoll-lt/runtime go-net thread-per-conn"},
		{"entries the other way around", scenarios.Request{Entries: []multiplexers.Entry{multiplexers.Runtime, multiplexers.Raw}}, "go-net poll", "go-net go-net/control poll/runtime poll"},
		{"a reference that is one of several", scenarios.Request{Loops: []int{1, 4}, Reference: "reuseport/loops-4"}, "reuseport", "reuseport/loops-1 reuseport/loops-4 reuseport/loops-4/control"},
		{"a backend as the reference: its first arm", scenarios.Request{Loops: []int{1, 4}, Reference: "reuseport"}, "poll reuseport", "poll reuseport/loops-1 reuseport/loops-1/control reuseport/loops-4"},
		{"beside an external server", scenarios.Request{Loops: []int{4}, Servers: servers("mine=./server").Servers, NoControl: true}, "reuseport", "reuseport/loops-4 mine"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(with(test.request, strings.Fields(test.backends)...))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range plan.Arms {
				got = append(got, a.Name)
			}
			if diff := cmp.Diff(strings.Fields(test.want), got); diff != "" {
				t.Errorf("arms (-want +got):\n%s", diff)
			}
		})
	}
}

// What was chosen is in the record of the trial, and so is what comes of it: how
// many threads serve, where that is not one.
func TestChoicesAreRecorded(t *testing.T) {
	tests := []struct {
		name, backend string
		request       scenarios.Request
		want          string // key=value, separated by spaces
		choice        scenarios.Choice
	}{
		{"one loop", "epoll-lt", scenarios.Request{}, "entry=raw", scenarios.Choice{}},
		{"one loop of several that there might be", "reuseport", scenarios.Request{Loops: []int{1}}, "entry=raw loops=1", scenarios.Choice{Loops: 1}},
		{"loops, as the backend has them", "epoll-exclusive", scenarios.Request{}, "entry=raw loops=2 threads=2", scenarios.Choice{}},
		{"four loops", "reuseport", scenarios.Request{Loops: []int{4}}, "entry=raw loops=4 threads=4", scenarios.Choice{Loops: 4}},
		{"a pool, as the backend has it", "epoll-pool", scenarios.Request{}, "entry=raw pool_threads=2 threads=3", scenarios.Choice{}},
		{"a pool of one, and its boss", "epoll-pool", scenarios.Request{PoolThreads: []int{1}}, "entry=raw pool_threads=1 threads=2", scenarios.Choice{PoolThreads: 1}},
		{"events", "poll", scenarios.Request{MaxEvents: []int{16}}, "entry=raw max_events=16", scenarios.Choice{MaxEvents: 16}},
		{"waits that spin", "poll", scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitSpin}}, "entry=raw wait=spin", scenarios.Choice{Spinning: true}},
		{"waits that block", "poll", scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitBlock}}, "entry=raw", scenarios.Choice{}},
		{"goroutines", "go-net", scenarios.Request{}, "entry=runtime threads=vary", scenarios.Choice{}},
		{"threads that come and go", "thread-per-conn", scenarios.Request{}, "entry=runtime threads=vary", scenarios.Choice{}},
		{"what another backend has the choice of", "go-net", scenarios.Request{Loops: []int{4}, Backends: []string{"go-net", "reuseport"}}, "entry=runtime threads=vary", scenarios.Choice{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := echo(test.backend)
			if test.request.Backends != nil {
				r.Backends = test.request.Backends
			}
			r.Loops, r.PoolThreads, r.MaxEvents, r.Waits = test.request.Loops, test.request.PoolThreads, test.request.MaxEvents, test.request.Waits
			f := even()
			trials, err := measure(t, t.Context(), f, r)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, option := range strings.Fields(test.want) {
				key, value, _ := strings.Cut(option, "=")
				want[key] = value
			}
			if got := trials[0].Options; !maps.Equal(got, want) {
				t.Errorf("options %v, want %v", got, want)
			}
			// The server's worker is told, and the load generator's is the same for
			// every arm.
			for _, spec := range f.specs {
				choice := test.choice
				if spec.Role == scenarios.LoadRole {
					choice = scenarios.Choice{}
				} else if spec.Backend != test.backend {
					continue
				}
				if spec.Choice != choice {
					t.Errorf("a %s worker is told %+v, want %+v", spec.Role, spec.Choice, choice)
				}
			}
		})
	}
}

// How many threads a server has decides what its waiting for a CPU means.
func TestOneThread(t *testing.T) {
	for threads, want := range map[string]bool{"": true, "2": false, results.ThreadsVary: false} {
		trial := results.Trial{Options: map[string]string{"entry": "raw"}}
		if threads != "" {
			trial.Options[results.OptionThreads] = threads
		}
		if got := trial.OneThread(); got != want {
			t.Errorf("threads %q: OneThread is %v", threads, got)
		}
	}
}

// A choice that nobody has, or that cannot be, is refused before anything is
// measured, with the flag, the value and what is allowed.
func TestBuildRefusesChoices(t *testing.T) {
	spin := []scenarios.Wait{scenarios.WaitSpin}
	tests := []struct {
		name     string
		request  scenarios.Request
		backends string
		flag     string
		value    string
		allowed  string
	}{
		{"no loops", scenarios.Request{Loops: []int{0}}, "reuseport", "--loops", "0", "1 to 1024"},
		{"fewer than none", scenarios.Request{Loops: []int{2, -1}}, "reuseport", "--loops", "-1", "1 to 1024"},
		{"more loops than there may be", scenarios.Request{Loops: []int{1025}}, "reuseport", "--loops", "1025", "1 to 1024"},
		{"the same number twice", scenarios.Request{Loops: []int{2, 4, 2}}, "poll reuseport", "--backends", "reuseport", "each value of an option of its, once"},
		{"loops where none has several", scenarios.Request{Loops: []int{2}}, "epoll-lt epoll-pool go-net", "--loops", "", "name one that has several: epoll-shared, epoll-exclusive, reuseport"},
		{"loops of the default backends", scenarios.Request{Loops: []int{2}}, "", "--loops", "", "name one that has several: epoll-shared, epoll-exclusive, reuseport"},
		{"an empty pool", scenarios.Request{PoolThreads: []int{0}}, "epoll-pool", "--pool-threads", "0", "1 to 1024"},
		{"too large a pool", scenarios.Request{PoolThreads: []int{1025}}, "epoll-pool", "--pool-threads", "1025", "1 to 1024"},
		{"a pool where none has one", scenarios.Request{PoolThreads: []int{2}}, "reuseport", "--pool-threads", "", "name one that has a pool: epoll-pool"},
		{"a pool twice", scenarios.Request{PoolThreads: []int{2, 2}}, "epoll-pool", "--backends", "epoll-pool", "once"},
		{"no events", scenarios.Request{MaxEvents: []int{0}}, "poll", "--max-events", "0", "1 to 1048576"},
		{"too many events", scenarios.Request{MaxEvents: []int{1<<20 + 1}}, "poll", "--max-events", "1048577", "1 to 1048576"},
		{"events where nobody waits for any", scenarios.Request{MaxEvents: []int{16}}, "go-net thread-per-conn", "--max-events", "", "name one that has a loop of ours: select"},
		{"events twice", scenarios.Request{MaxEvents: []int{16, 16}}, "poll", "--backends", "poll", "once"},
		{"an entry that none has", scenarios.Request{Entries: []multiplexers.Entry{multiplexers.Raw}}, "go-net thread-per-conn", "--entry", "raw", "go-net enters runtime: "},
		{"a way to wait that is none", scenarios.Request{Waits: []scenarios.Wait{"sleep"}}, "poll", "--wait", "sleep", "choose among block, spin"},
		{"a way to wait without a name", scenarios.Request{Waits: []scenarios.Wait{""}}, "poll", "--wait", "", "choose among block, spin"},
		{"waits that spin where there are none of ours", scenarios.Request{Waits: spin}, "go-net", "--wait", "", "name one that has: select"},
		{"waits twice", scenarios.Request{Waits: append(spin, spin...)}, "poll", "--backends", "poll", "once"},
		{"waits of external servers", scenarios.Request{Waits: spin, Servers: servers("mine=./server").Servers}, "thread-per-conn", "--wait", "", "name one that has"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := scenarios.Build(with(test.request, strings.Fields(test.backends)...))
			var invalid *scenarios.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("Build = %v, want an *Invalid", err)
			}
			if invalid.Flag != test.flag || invalid.Value != test.value || !strings.Contains(invalid.Allowed, test.allowed) {
				t.Errorf("flag %s, value %q, allowed %q; want %s, %q, %q", invalid.Flag, invalid.Value, invalid.Allowed, test.flag, test.value, test.allowed)
			}
			for _, part := range []string{test.flag, test.value, test.allowed} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}
