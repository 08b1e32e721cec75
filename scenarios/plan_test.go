//go:build linux

package scenarios_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/results"
	"muxbench/scenarios"
)

func TestBuildSweeps(t *testing.T) {
	const ms = int64(time.Millisecond)
	tests := []struct {
		name      string
		scenarios []string
		sweep     scenarios.Sweep
		want      []results.Cell
	}{
		{
			name: "every combination, connections fastest", scenarios: []string{"echo"},
			sweep: scenarios.Sweep{Connections: []int{10, 20}, Rounds: []int{5}, Sizes: []int{1, 2}},
			want: []results.Cell{
				{Scenario: "echo", Connections: 10, Active: 10, Rounds: 5, Size: 1},
				{Scenario: "echo", Connections: 20, Active: 20, Rounds: 5, Size: 1},
				{Scenario: "echo", Connections: 10, Active: 10, Rounds: 5, Size: 2},
				{Scenario: "echo", Connections: 20, Active: 20, Rounds: 5, Size: 2},
			},
		},
		{
			name: "percentages of the connections", scenarios: []string{"idle"},
			sweep: scenarios.Sweep{Connections: []int{10, 1000}, Active: []scenarios.Amount{{Percent: 1}}, Duration: 50 * time.Millisecond},
			want: []results.Cell{
				{Scenario: "idle", Connections: 10, Active: 1, DurationNS: 50 * ms, Size: 64},
				{Scenario: "idle", Connections: 1000, Active: 10, DurationNS: 50 * ms, Size: 64},
			},
		},
		{
			name: "a default of active connections is cut to what there are", scenarios: []string{"idle"},
			sweep: scenarios.Sweep{Connections: []int{5}},
			want:  []results.Cell{{Scenario: "idle", Connections: 5, Active: 5, DurationNS: 200 * ms, Size: 64}},
		},
		{
			name: "connect has neither rounds nor payload", scenarios: []string{"connect"},
			sweep: scenarios.Sweep{Connections: []int{7}},
			want:  []results.Cell{{Scenario: "connect", Connections: 7, Active: 7}},
		},
		{
			name: "bulk has two kinds of socket buffers", scenarios: []string{"bulk"},
			sweep: scenarios.Sweep{Rounds: []int{1}},
			want: []results.Cell{
				{Scenario: "bulk", Connections: 100, Active: 100, Rounds: 1, Size: 102400},
				{Scenario: "bulk", Connections: 100, Active: 100, Rounds: 1, Size: 102400, SocketBuffers: 16384},
			},
		},
		{
			name: "several scenarios, each cell once", scenarios: []string{"echo", "echo"},
			sweep: scenarios.Sweep{Connections: []int{10}, Rounds: []int{5}, Sizes: []int{1}},
			want:  []results.Cell{{Scenario: "echo", Connections: 10, Active: 10, Rounds: 5, Size: 1}},
		},
		{
			name: "a rate and a share of the capacity, for a second", scenarios: []string{"idle"},
			sweep: scenarios.Sweep{Connections: []int{100}, Active: []scenarios.Amount{{Count: 10}}, Rates: []scenarios.Rate{{PerSecond: 5000}, {Share: 0.5}}},
			want: []results.Cell{
				{Scenario: "idle", Connections: 100, Active: 10, DurationNS: 1000 * ms, Size: 64, Schedule: "poisson", Rate: 5000},
				{Scenario: "idle", Connections: 100, Active: 10, DurationNS: 1000 * ms, Size: 64, Schedule: "poisson", Load: 0.5},
			},
		},
		{
			name:  "a service level without a scenario, at a fixed pace",
			sweep: scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: "latency_p99_ns", Bound: time.Millisecond}}, Schedule: "fixed", Duration: 3 * time.Second},
			want:  []results.Cell{{Scenario: "rate", Connections: 100, Active: 100, DurationNS: 3000 * ms, Size: 64, Schedule: "fixed", SLO: "latency_p99_ns", SLONS: 1e6}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(scenarios.Request{Scenarios: test.scenarios, Sweep: test.sweep})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, plan.Cells); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildArms(t *testing.T) {
	both := []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime}
	tests := []struct {
		name          string
		request       scenarios.Request
		want          []string
		wantReference string
	}{
		{"defaults", scenarios.Request{}, []string{"select", "select/control", "poll", "epoll-lt", "epoll-et"}, "select"},
		{"all", scenarios.Request{Backends: []string{"all"}}, []string{
			"select", "select/control", "select-1024", "poll", "epoll-lt", "epoll-et", "epoll-oneshot",
			"epoll-shared", "epoll-exclusive", "reuseport", "epoll-pool", "go-net", "thread-per-conn",
		}, "select"},
		{"chosen, in order", scenarios.Request{Backends: []string{"epoll-et", "poll"}}, []string{"epoll-et", "epoll-et/control", "poll"}, "epoll-et"},
		{"another reference", scenarios.Request{Backends: []string{"epoll-et", "poll"}, Reference: "poll"}, []string{"epoll-et", "poll", "poll/control"}, "poll"},
		{"no control", scenarios.Request{NoControl: true}, []string{"select", "poll", "epoll-lt", "epoll-et"}, "select"},
		{"one that is slower on purpose", scenarios.Request{Backends: []string{"poll"}, Spins: []time.Duration{0, 200 * time.Nanosecond}}, []string{"poll", "poll/control", "poll/spin-200ns"}, "poll"},
		{"both entries", scenarios.Request{Backends: []string{"poll"}, Entries: both, Reference: "poll/runtime"}, []string{"poll", "poll/runtime", "poll/runtime/control"}, "poll/runtime"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(test.request)
			if err != nil {
				t.Fatal(err)
			}
			var names, references []string
			for _, a := range plan.Arms {
				names = append(names, a.Name)
				if a.Control != strings.HasSuffix(a.Name, "/control") {
					t.Errorf("%s: control is %v", a.Name, a.Control)
				}
				if a.Reference {
					references = append(references, a.Name)
				}
			}
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("arms (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.wantReference}, references); diff != "" {
				t.Errorf("reference (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	sweep := func(s scenarios.Sweep) scenarios.Request { return scenarios.Request{Sweep: s} }
	tests := []struct {
		name     string
		request  scenarios.Request
		wantFlag string
	}{
		{"an unknown scenario", scenarios.Request{Scenarios: []string{"ehco"}}, "SCENARIO"},
		{"an unknown backend", scenarios.Request{Backends: []string{"kqueue"}}, "--backends"},
		{"all backends and one of them", scenarios.Request{Backends: []string{"all", "poll"}}, "--backends"},
		{"more commands than anybody reads", scenarios.Request{Preset: "original", Sweep: scenarios.Sweep{Connections: upTo(200)}}, "--connections"},
		{"a backend twice", scenarios.Request{Backends: []string{"poll", "poll"}}, "--backends"},
		{"a reference that is not compared", scenarios.Request{Backends: []string{"poll"}, Reference: "select"}, "--reference"},
		{"no connections", sweep(scenarios.Sweep{Connections: []int{0}}), "--connections"},
		{"negative rounds", sweep(scenarios.Sweep{Rounds: []int{-1}}), "--rounds"},
		{"an absurd size", sweep(scenarios.Sweep{Sizes: []int{1 << 30}}), "--size"},
		{"tiny socket buffers", sweep(scenarios.Sweep{SocketBuffers: []int{1}}), "--socket-buffers"},
		{"more active than connections", sweep(scenarios.Sweep{Connections: []int{10}, Active: []scenarios.Amount{{Count: 11}}}), "--active"},
		{"no blocks", scenarios.Request{Blocks: -1}, "--blocks"},
		{"a duration too short for a slice", sweep(scenarios.Sweep{Duration: time.Millisecond}), "--duration"},
		{"rounds of scenario connect", scenarios.Request{Scenarios: []string{"connect"}, Sweep: scenarios.Sweep{Rounds: []int{1}}}, "--rounds"},
		{"an unknown preset", scenarios.Request{Preset: "copy"}, "--preset"},
		{"a plan that nobody would live to see", scenarios.Request{Blocks: 1, Sweep: scenarios.Sweep{Rounds: []int{100_000_000}}}, "SCENARIO"},
		{"more than a result holds", scenarios.Request{Blocks: 90, Scenarios: []string{"idle"}, Sweep: scenarios.Sweep{Connections: []int{10, 100, 1000}, Duration: time.Minute}}, "SCENARIO"},
		{"more cells than anybody reads", scenarios.Request{Scenarios: []string{"echo"}, Sweep: scenarios.Sweep{Sizes: upTo(200), Rounds: upTo(200)}}, "SCENARIO"},
		{"an external server without a name", servers("=./server"), "--server"},
		{"an external server with a name that is none", servers("my server=./server"), "--server"},
		{"one whose name begins with a dash", servers("-x=./server"), "--server"},
		{"one with a name of 65 letters", servers(strings.Repeat("x", 65) + "=./server"), "--server"},
		{"one with a path for a name", servers("../x=./server"), "--server"},
		{"one with a name of ours", servers("poll=./server"), "--server"},
		{"one with a name of ours that is not compared", with(servers("select=./server"), "poll"), "--server"},
		{"one with the name of an arm", with(scenarios.Request{Entries: []multiplexers.Entry{multiplexers.Runtime}, Servers: []scenarios.External{{Name: "poll/runtime", Command: "x"}}}, "poll"), "--server"},
		{"one twice", servers("mine=./server", "mine=./other"), "--server"},
		{"one without a command", servers("mine="), "--server"},
		{"one with a command of 1,001 bytes", servers("mine=" + strings.Repeat("x", 1001)), "--server"},
		{"a reference that is no external server either", with(scenarios.Request{Reference: "yours", Servers: servers("mine=./server").Servers}, "poll"), "--reference"},
		{"active connections of preset libevent", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Active: []scenarios.Amount{{Count: 1}}}}, "--active"},
		{"rounds of preset libevent", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Rounds: []int{1}}}, "--rounds"},
		{"a duration of preset libevent", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Duration: time.Second}}, "--duration"},
		{"a size of preset libevent", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{Sizes: []int{1}}}, "--size"},
		{"socket buffers of preset libevent", scenarios.Request{Preset: "libevent", Sweep: scenarios.Sweep{SocketBuffers: []int{4096}}}, "--socket-buffers"},
		{"a scenario beside preset libevent", scenarios.Request{Preset: "libevent", Scenarios: []string{"chain"}}, "SCENARIO"},
		{"a size of scenario chain", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{Sizes: []int{64}}}, "--size"},
		{"a duration of scenario chain", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{Duration: time.Second}}, "--duration"},
		{"socket buffers of scenario chain", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{SocketBuffers: []int{4096}}}, "--socket-buffers"},
		{"a size of scenarios chain and connect", scenarios.Request{Scenarios: []string{"chain", "connect"}, Sweep: scenarios.Sweep{Sizes: []int{64}}}, "--size"},
		{"more active than pairs", scenarios.Request{Scenarios: []string{"chain"}, Sweep: scenarios.Sweep{Connections: []int{10}, Active: []scenarios.Amount{{Count: 11}}}}, "--active"},
		{"a rate without messages enough", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 19}}}), "--rate"},
		{"a rate that no schedule holds", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1e7}}, Duration: 3 * time.Second}), "--rate"},
		{"a negative rate", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: -5}}}), "--rate"},
		{"nothing of the capacity", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{Share: 0.0001}}}), "--rate"},
		{"three times the capacity", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{Share: 3}}}), "--rate"},
		{"a share of the capacity of connecting", scenarios.Request{Scenarios: []string{"connect"}, Sweep: scenarios.Sweep{Rates: []scenarios.Rate{{Share: 0.2}}}}, "--rate"},
		{"a share of the capacity of a chain", scenarios.Request{Scenarios: []string{"echo", "chain"}, Sweep: scenarios.Sweep{Rates: []scenarios.Rate{{Share: 0.2}}}}, "--rate"},
		{"a rate of the overview", scenarios.Request{Scenarios: []string{"overview"}, Sweep: scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1000}}}}, "--rate"},
		{"a rate of preset original", scenarios.Request{Preset: "original", Sweep: scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1000}}}}, "--rate"},
		{"a service level of the map", scenarios.Request{Scenarios: []string{"map"}, Sweep: scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: "latency_p99_ns", Bound: time.Second}}}}, "--slo"},
		{"a service level of no percentile", sweep(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: "latency_max_ns", Bound: time.Second}}}), "--slo"},
		{"a service level that nothing keeps to", sweep(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: "latency_p99_ns", Bound: time.Nanosecond}}}), "--slo"},
		{"a rate and a service level", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1000}}, SLOs: []scenarios.SLO{{Latency: "latency_p99_ns", Bound: time.Second}}}), "--slo"},
		{"a schedule of a closed loop", scenarios.Request{Scenarios: []string{"echo"}, Sweep: scenarios.Sweep{Schedule: "fixed"}}, "--schedule"},
		{"an unknown schedule", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1000}}, Schedule: "random"}), "--schedule"},
		{"a share that may be more than a schedule holds", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{Share: 1}}, Duration: time.Minute}), "--duration"},
		{"rounds of an open loop", scenarios.Request{Scenarios: []string{"rate"}, Sweep: scenarios.Sweep{Rounds: []int{10}}}, "--rounds"},
		{"an open loop for less than a second", sweep(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1000}}, Duration: 500 * time.Millisecond}), "--duration"},
		{"rounds and a duration", sweep(scenarios.Sweep{Rounds: []int{1}, Duration: time.Second}), "--duration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := scenarios.Build(test.request)
			var invalid *scenarios.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("Build = %v, want an *Invalid", err)
			}
			if invalid.Flag != test.wantFlag {
				t.Errorf("flag %s, want %s (%v)", invalid.Flag, test.wantFlag, err)
			}
			if !strings.Contains(err.Error(), invalid.Value) || invalid.Allowed == "" {
				t.Errorf("%v: says not both the value and what is allowed", err)
			}
		})
	}
}

// What a plan that is within its means is estimated at, so that an overview
// keeps its promise of 90 seconds.
func TestTheOverviewIsEstimatedBelow90Seconds(t *testing.T) {
	plan, err := scenarios.Build(scenarios.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Estimate(); got > 90*time.Second || got < 10*time.Second {
		t.Errorf("estimate of %s, want at most 90 s and more than 10", got)
	}
}

func TestPlacementIsRefused(t *testing.T) {
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	first := available[0]
	tests := []struct {
		name      string
		placement scenarios.Placement
		wantFlag  string
	}{
		{"a CPU that is not there", scenarios.Placement{ServerCPUs: []int{4000}}, "--server-cpus"},
		{"one that is not there in the second block", scenarios.Placement{LoadCPUs: []int{first, 4000}}, "--load-cpus"},
		{"both sides on one CPU", scenarios.Placement{ServerCPUs: []int{first}, LoadCPUs: []int{first}}, "--load-cpus"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(scenarios.Request{Placement: test.placement})
			if err != nil {
				t.Fatal(err)
			}
			var invalid *scenarios.Invalid
			if err := scenarios.CheckLimits(&plan); !errors.As(err, &invalid) || invalid.Flag != test.wantFlag {
				t.Errorf("CheckLimits = %v, want an *Invalid of %s", err, test.wantFlag)
			}
		})
	}
}

// One side chosen, the other never shares its CPU, in any block.
func TestTheSideThatWasNotChosenGetsAnotherCPU(t *testing.T) {
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(available) < 2 {
		t.Skip("needs two CPUs to tell sides apart")
	}
	for _, cpu := range available[:2] {
		for _, placement := range []scenarios.Placement{{ServerCPUs: []int{cpu}}, {LoadCPUs: []int{cpu}}} {
			r := echo("poll")
			r.Blocks, r.Placement = 2, placement
			trials, err := measure(t, t.Context(), even(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, trial := range trials {
				if trial.ServerCPU == trial.LoadCPU || trial.ServerCPU != cpu && trial.LoadCPU != cpu {
					t.Errorf("%+v: block %d is served on CPU %d and loaded from CPU %d", placement, trial.Block, trial.ServerCPU, trial.LoadCPU)
				}
			}
		}
	}
}

func TestLockIsExclusive(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	release, err := scenarios.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Lock(); !errors.Is(err, scenarios.ErrMeasuring) {
		t.Errorf("a second Lock = %v, want ErrMeasuring", err)
	}
	release()
	release, err = scenarios.Lock()
	if err != nil {
		t.Fatalf("Lock after release: %v", err)
	}
	release()
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// servers is a request with external servers, as on the command line.
func servers(flags ...string) scenarios.Request {
	var r scenarios.Request
	for _, flag := range flags {
		name, command, _ := strings.Cut(flag, "=")
		r.Servers = append(r.Servers, scenarios.External{Name: name, Command: command})
	}
	return r
}

func with(r scenarios.Request, backends ...string) scenarios.Request {
	r.Backends = backends
	return r
}
