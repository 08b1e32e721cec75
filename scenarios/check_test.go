//go:build linux

package scenarios_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// Each backend in each cell of the sweep is a gated cell, with three arms of its own.
func TestGatedCells(t *testing.T) {
	r := small("poll", "epoll-lt")
	r.Sweep.Connections = []int{10, 20}
	sides := builds(2)
	sides.Injected = 300 * time.Nanosecond
	p, err := scenarios.BuildCheck(r, sides)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Cells {
		for _, a := range p.ArmsIn(c) {
			got = append(got, fmt.Sprint(c.Connections, " ", c.Subject, " ", a.Name, " ", a.Backend, " reference ", a.Reference, " control ", a.Control, " by ", a.Executables[1].Name, " spin ", a.Spin))
		}
	}
	var want []string
	for _, connections := range []int{10, 20} {
		for _, s := range []string{"poll", "epoll-lt"} {
			want = append(want,
				fmt.Sprint(connections, " ", s, " ", s, "@base ", s, " reference true control false by base-1 spin 0s"),
				fmt.Sprint(connections, " ", s, " ", s, "@base/control ", s, " reference false control true by base-1 spin 0s"),
				fmt.Sprint(connections, " ", s, " ", s, " ", s, " reference false control false by head-1 spin 300ns"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
	if p.Blocks != gate.Pilot(4) || p.Budget != 4*time.Minute {
		t.Errorf("%d blocks within %s, want a pilot of %d within 4 minutes", p.Blocks, p.Budget, gate.Pilot(4))
	}
}

// Without a scenario a server at work is checked, and what is said of a sweep holds.
func TestCheckOfNothingInParticular(t *testing.T) {
	p, err := scenarios.BuildCheck(scenarios.Request{Backends: []string{"poll"}, Sweep: scenarios.Sweep{Sizes: []int{128}}}, scenarios.Sides{})
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Cells[0]; len(p.Cells) != 1 || c.Scenario != "idle" || c.Connections != 200 || c.Active != 10 || c.Size != 128 || c.DurationNS != int64(200*time.Millisecond) || c.Subject != "poll" {
		t.Errorf("%+v", p.Cells)
	}
}

func TestChecksThatCannotBe(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*scenarios.Request)
		flag    string
		allowed string
	}{
		{"no such backend", func(r *scenarios.Request) { r.Backends = []string{"kqueue"} }, "--backends", "choose among"},
		{"an open loop", func(r *scenarios.Request) {
			r.Scenarios, r.Sweep = []string{"rate"}, scenarios.Sweep{}
		}, "SCENARIO", "check a closed loop"},
		{"nine cells", func(r *scenarios.Request) {
			r.Backends, r.Sweep.Connections = []string{"poll", "epoll-lt", "epoll-et"}, []int{10, 20, 30}
		}, "SCENARIO", "3 cells × 3 arms make 9 gated cells, and at most 8"},
		{"a server that cannot watch so many", func(r *scenarios.Request) {
			r.Scenarios, r.Backends, r.Sweep = []string{"chain"}, []string{"epoll-exclusive"}, scenarios.Sweep{}
		}, "--backends", "it cannot be checked there: a chain is about multiplexers alone"},
		{"a budget of nothing", func(r *scenarios.Request) { r.Budget = time.Millisecond }, "--budget", "1s to 168h0m0s is allowed"},
		{"a budget of a year", func(r *scenarios.Request) { r.Budget = 365 * 24 * time.Hour }, "--budget", "1s to 168h0m0s is allowed"},
		{"a budget for half a pilot", func(r *scenarios.Request) { r.Budget = 1500 * time.Millisecond }, "--budget", "the first look at 1 gated cell takes 9 blocks of each and about"},
		{"weeks", func(r *scenarios.Request) {
			r.Sweep.Rounds, r.Sweep.Duration, r.Slice = nil, time.Hour, time.Minute
			r.Sweep.Connections = []int{10, 20, 30, 40}
		}, "SCENARIO", "days"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := small("poll")
			test.change(&r)
			_, err := scenarios.BuildCheck(r, builds(1))
			var invalid *scenarios.Invalid
			if !errors.As(err, &invalid) || invalid.Flag != test.flag || !strings.Contains(invalid.Allowed, test.allowed) {
				t.Errorf("%v, want %s with %q", err, test.flag, test.allowed)
			}
		})
	}
}

// Over the blocks of a check, each of its three servers is started first, second and
// third equally often, and so it is with the places in turns.
func TestTheOrdersOfACheckAreBalanced(t *testing.T) {
	c := checked{fake: ratios(slower(1)), block: time.Millisecond}
	if _, err := c.check(t, t.Context(), small("poll", "epoll-lt"), builds(1)); err != nil {
		t.Fatal(err)
	}
	started, turns := map[string]int{}, map[string]int{}
	for _, trial := range c.trials {
		started[fmt.Sprint(trial.Arm, " ", trial.StartedAt)]++
		for _, s := range trial.Slices {
			turns[fmt.Sprint(trial.Arm, " ", s.Order)]++
		}
	}
	for what, counts := range map[string]map[string]int{"blocks": started, "turns": turns} {
		if len(counts) != 2*3*3 {
			t.Errorf("%s %v: want three servers of each of two cells in three places", what, counts)
		}
		for at, n := range counts {
			if want := counts["poll@base 0"]; n != want {
				t.Errorf("%s in %d %s, and other places in %d", at, n, what, want)
			}
		}
	}
}

// Of builds in several layouts each meets each of the other side, and the two servers of
// the base are of the same one.
func TestLayoutsMeet(t *testing.T) {
	for _, layouts := range []int{1, 2, 3} {
		c := checked{fake: ratios(slower(1)), block: time.Millisecond}
		if _, err := c.check(t, t.Context(), small("poll"), builds(layouts)); err != nil {
			t.Fatal(err)
		}
		met := map[string]bool{}
		for block := range slices.Chunk(c.trials, 3) {
			builds := map[string]string{}
			for _, trial := range block {
				builds[trial.Arm] = trial.Build
			}
			if base, control := builds["poll@base"], builds["poll@base/control"]; base != control || !strings.HasPrefix(base, "base-") {
				t.Errorf("block %d: the base is of %s and its control of %s", block[0].Block, base, control)
			}
			met[builds["poll@base"]+" "+builds["poll"]] = true
		}
		if len(met) != layouts*layouts {
			t.Errorf("of %d layouts each these met: %v", layouts, met)
		}
		// What is recorded is what was started.
		for i, spec := range slices.DeleteFunc(c.fake.specs, func(s scenarios.Spec) bool { return s.Role != scenarios.ServerRole }) {
			if started := slices.ContainsFunc(c.trials[i/3*3:i/3*3+3], func(t results.Trial) bool { return "/"+t.Build == spec.Executable }); !started {
				t.Errorf("server %d is of %s, which no trial of its block is", i, spec.Executable)
			}
		}
	}
}

// A build that cannot serve is refused before anything is measured, whichever side and
// layout it is of.
func TestTryBuilds(t *testing.T) {
	p, err := scenarios.BuildCheck(small("poll", "epoll-lt"), builds(2))
	if err != nil {
		t.Fatal(err)
	}
	f := even()
	if err := p.TryBuilds(t.Context(), f); err != nil || f.live != 0 || len(f.specs) != 2*2*2 {
		t.Errorf("%v, with %d of %d servers left running, want none of 8", err, f.live, len(f.specs))
	}
	for _, refused := range []string{"/base-0", "/base-1", "/head-0", "/head-1"} {
		f := even()
		f.refuse = refused
		err := p.TryBuilds(t.Context(), f)
		if !errors.Is(err, errFake) || !strings.Contains(err.Error(), refused+" ("+refused[1:]+") cannot serve as poll") || f.live != 0 {
			t.Errorf("%v, with %d left running; want %s refused", err, f.live, refused)
		}
	}
	if p, err = scenarios.BuildCheck(small("poll"), scenarios.Sides{}); err != nil {
		t.Fatal(err)
	}
	f = even()
	if err := p.TryBuilds(t.Context(), f); err != nil || len(f.specs) != 0 {
		t.Errorf("%v after %d servers, want this program not to be tried", err, len(f.specs))
	}
}
