//go:build linux

package scenarios_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// beside are sides whose base is the yardstick.
func beside() scenarios.Sides { return scenarios.Sides{Yardstick: "go-net"} }

// keptOf is what a baseline would keep of a plan's cells, whatever came of them.
func keptOf(p scenarios.Plan) []results.Kept {
	var kept []results.Kept
	for _, c := range p.Cells {
		kept = append(kept, results.Kept{Cell: c, Options: p.OptionsOf(c), Ratio: 1, Low: 0.99, High: 1.01, Blocks: 18})
	}
	return kept
}

// Beside each server its cell has two of the yardstick.
func TestYardstick(t *testing.T) {
	p, err := scenarios.BuildCheck(small("poll", "epoll-lt"), beside())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Cells {
		arms := p.ArmsIn(c)
		if len(arms) != 3 || !arms[0].Reference || arms[0].Backend != "go-net" || !arms[1].Control || arms[1].Backend != "go-net" || arms[2].Name != c.Subject || arms[2].Reference || arms[2].Control {
			t.Errorf("%s has the arms %+v", c.Subject, arms)
		}
	}
	r := small("poll", "go-net")
	var invalid *scenarios.Invalid
	if _, err := scenarios.BuildCheck(r, beside()); !errors.As(err, &invalid) || invalid.Flag != "--backends" || invalid.Value != "go-net" {
		t.Errorf("%v, want the yardstick refused", err)
	}
	r = small("poll")
	r.Scenarios, r.Sweep = []string{"chain"}, scenarios.Sweep{}
	if _, err := scenarios.BuildCheck(r, beside()); !errors.As(err, &invalid) || !strings.Contains(invalid.Allowed, "go-net, which others are compared with, cannot be measured there") {
		t.Errorf("%v, want a scenario refused in which the yardstick cannot be", err)
	}
}

// Whatever was asked for when a baseline was written is planned again from the file
// alone, to the last option.
func TestWhatIsKeptIsPlannedAgain(t *testing.T) {
	lists := scenarios.Sweep{Connections: []int{20, 10}, Active: []scenarios.Amount{{Count: 5}}, Duration: 100 * time.Millisecond, Sizes: []int{64, 1024}, SocketBuffers: []int{0}}
	for name, r := range map[string]scenarios.Request{
		"nothing in particular": {},
		"by rounds":             small("poll", "select"),
		"several sizes":         {Scenarios: []string{"idle"}, Backends: []string{"poll", "epoll-et"}, Sweep: lists},
		"two scenarios":         {Scenarios: []string{"echo", "idle"}, Backends: []string{"poll"}, Sweep: scenarios.Sweep{Connections: []int{100, 300}}},
		"buffers":               {Scenarios: []string{"bulk"}, Backends: []string{"poll"}, Sweep: scenarios.Sweep{Connections: []int{10}, Sizes: []int{1024}}},
		"ways into the kernel":  {Backends: []string{"epoll-lt", "thread-per-conn"}, Entries: []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime}},
		"numbers":               {Backends: []string{"reuseport", "epoll-pool"}, Loops: []int{1, 3}, PoolThreads: []int{1, 3}},
		"own numbers":           {Backends: []string{"reuseport", "epoll-pool"}},
		"waits":                 {Backends: []string{"epoll-lt"}, MaxEvents: []int{1, 16}, Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin}},
		"interest":              {Backends: []string{"poll"}, Interests: []scenarios.Interest{scenarios.InterestKept, scenarios.InterestChanged}},
		"lookups":               {Scenarios: []string{"lookup"}, Backends: []string{"poll"}, Lookups: []server.StateLookup{server.LookupIndex, server.LookupMap}},
		"scaling":               {Scenarios: []string{"scaling"}, Backends: []string{"epoll-lt", "reuseport"}},
		"connect":               {Scenarios: []string{"connect"}, Backends: []string{"poll"}, Sweep: scenarios.Sweep{Connections: []int{100}}},
		"churn":                 {Scenarios: []string{"churn"}, Backends: []string{"poll"}},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := scenarios.BuildCheck(r, beside())
			if err != nil {
				t.Fatal(err)
			}
			kept := keptOf(want)
			got, err := scenarios.BuildKept(scenarios.Request{}, kept, beside())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Cells, got.Cells); diff != "" {
				t.Errorf("cells (-asked for +planned again):\n%s", diff)
			}
			if diff := cmp.Diff(kept, keptOf(got)); diff != "" {
				t.Errorf("what would be kept (-asked for +planned again):\n%s", diff)
			}
			for _, c := range want.Cells {
				if diff := cmp.Diff(want.ArmsIn(c), got.ArmsIn(c)); diff != "" {
					t.Errorf("arms of %s (-asked for +planned again):\n%s", c.Subject, diff)
				}
			}
			if got.Blocks != want.Blocks || got.Budget != want.Budget || got.Slice != want.Slice || got.Scenario != want.Scenario {
				t.Errorf("%d blocks within %s in slices of %s of %q, want %d, %s, %s and %q", got.Blocks, got.Budget, got.Slice, got.Scenario, want.Blocks, want.Budget, want.Slice, want.Scenario)
			}
		})
	}
}

// What a file keeps is bounded by what can be asked for, and the refusal names what of it.
func TestKeptThatCannotBePlanned(t *testing.T) {
	p, err := scenarios.BuildCheck(small("poll"), beside())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*results.Kept)
		says   string
	}{
		"a backend that there is not":  {func(k *results.Kept) { k.Subject = "kqueue" }, `"kqueue" is not possible: choose among`},
		"another name":                 {func(k *results.Kept) { k.Subject = "poll/fast" }, "no such server"},
		"the yardstick":                {func(k *results.Kept) { k.Subject, k.Options = "go-net", nil }, "it is what the others are compared with"},
		"a scenario that there is not": {func(k *results.Kept) { k.Scenario = "rest" }, `"rest" is not possible: choose among`},
		"an open loop":                 {func(k *results.Kept) { k.Rate, k.Schedule = 1000, results.Poisson }, "no such cell"},
		"more than can be":             {func(k *results.Kept) { k.Connections, k.Active = 1<<29, 1<<29 }, "--connections"},
		"more active than there are":   {func(k *results.Kept) { k.Active = 11 }, "--active"},
		"an entry that there is not":   {func(k *results.Kept) { k.Options = map[string]string{"entry": "side"} }, `its option entry="side" is none`},
		"loops without end": {func(k *results.Kept) {
			k.Subject, k.Options = "reuseport/loops-99999", map[string]string{"loops": "99999"}
		}, "--loops"},
		"loops that are no number": {func(k *results.Kept) { k.Subject, k.Options = "reuseport/loops-2", map[string]string{"loops": "two"} }, `its option loops="two" is none`},
	} {
		t.Run(name, func(t *testing.T) {
			kept := keptOf(p)
			test.change(&kept[0])
			_, err := scenarios.BuildKept(scenarios.Request{}, kept, beside())
			var invalid *scenarios.Invalid
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want what can be said with %q", err, test.says)
			}
		})
	}
	var nine []results.Kept
	for i := range gate.MostCells + 1 {
		k := keptOf(p)[0]
		k.Connections += i
		nine = append(nine, k)
	}
	var invalid *scenarios.Invalid
	if _, err := scenarios.BuildKept(scenarios.Request{}, nine, beside()); !errors.As(err, &invalid) || !strings.Contains(invalid.Allowed, "9 gated cells, and 1 to 8") {
		t.Errorf("%v, want nine cells refused", err)
	}
}

func TestChooses(t *testing.T) {
	for _, r := range []scenarios.Request{{}, {Scenarios: []string{}, Seed: 3, Budget: time.Minute, Slice: time.Second, Placement: scenarios.Placement{LoadCPUs: []int{1}}}} {
		if r.Chooses() {
			t.Errorf("%+v chooses nothing", r)
		}
	}
	for _, r := range []scenarios.Request{{Scenarios: []string{"echo"}}, {Backends: []string{"poll"}}, {Loops: []int{1}}, {Sweep: scenarios.Sweep{Sizes: []int{1}}}, {Preset: "original"}} {
		if !r.Chooses() {
			t.Errorf("%+v chooses something", r)
		}
	}
}

// What a run keeps is what a check of the same servers finds again, and a slower one is
// found by it: from the first block to the verdict.
func TestFromABaselineToAVerdict(t *testing.T) {
	paced := func(poll time.Duration) *fakeLauncher {
		f := even()
		f.perMessage["go-net"], f.perMessage["poll"] = 10*time.Microsecond, poll
		return f
	}
	plan, err := scenarios.BuildCheck(small("poll"), beside())
	if err != nil {
		t.Fatal(err)
	}
	plan.Blocks, plan.Budget = 2*gate.Pilot(1), 0
	var trials []results.Trial
	runner := scenarios.Runner{
		Launcher: paced(8 * time.Microsecond), Machine: scenarios.Unwatched{}, Progress: func(scenarios.Progress) {},
		Record: func(ended []results.Trial) error { trials = append(trials, ended...); return nil },
	}
	if err := runner.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	kept, why := gate.Keep(gate.Judge(results.Gate{Threshold: 0.2}, nil, trials), func(c gate.Cell) map[string]string { return plan.OptionsOf(c.Cell) })
	if why != "" || len(kept) != 1 || math.Abs(kept[0].Ratio-0.8) > 1e-3 || kept[0].Blocks != 18 || !slices.Equal(plan.Cells, []results.Cell{kept[0].Cell}) {
		t.Fatalf("kept %+v, %s", kept, why)
	}
	for poll, want := range map[time.Duration]gate.Verdict{8 * time.Microsecond: gate.Pass, 10 * time.Microsecond: gate.Regression, 6 * time.Microsecond: gate.Improved} {
		again, err := scenarios.BuildKept(scenarios.Request{Seed: 3}, kept, beside())
		if err != nil {
			t.Fatal(err)
		}
		g := results.Gate{Threshold: 0.2, Cells: 1, Baseline: kept}
		var looks []results.Looks
		trials = nil
		runner.Launcher = paced(poll)
		checker := scenarios.Checker{Runner: runner, Gate: g, Looks: func(l []results.Looks) error { looks = l; return nil }}
		if err := checker.Check(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if j := gate.Judge(g, looks, trials); j.Verdict != want || j.Cells[0].Looks != 1 {
			t.Errorf("at %s a message %s after %d looks, want %s: %s", poll, j.Verdict, j.Cells[0].Looks, want, j.Cells[0].Why)
		}
	}
}
