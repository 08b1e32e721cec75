//go:build linux

package scenarios_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// even is a launcher whose backends take equally long.
func even() *fakeLauncher {
	f := &fakeLauncher{perMessage: map[string]time.Duration{}}
	for _, b := range server.Backends() {
		f.perMessage[b.Name] = 10 * time.Microsecond
	}
	return f
}

// measure runs a request with a fake launcher and returns what was recorded.
func measure(t *testing.T, ctx context.Context, f *fakeLauncher, r scenarios.Request) ([]results.Trial, error) {
	t.Helper()
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	var all []results.Trial
	runner := scenarios.Runner{
		Launcher: f,
		Machine:  scenarios.Unwatched{},
		Record:   func(trials []results.Trial) error { all = append(all, trials...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	err = runner.Run(ctx, plan)
	if f.live != 0 {
		t.Errorf("%d workers were left running", f.live)
	}
	return all, err
}

func echo(backends ...string) scenarios.Request {
	return scenarios.Request{
		Scenarios: []string{"echo"}, Backends: backends, NoControl: true, Blocks: 1, Seed: 7,
		Sweep: scenarios.Sweep{Connections: []int{10}, Rounds: []int{1000}, Sizes: []int{64}},
	}
}

func TestPhasesOfABlock(t *testing.T) {
	f := even()
	r := echo("epoll-lt")
	r.Sweep.Rounds = []int{250} // 2,500 messages of 10 µs: one slice of 25 ms
	if _, err := measure(t, t.Context(), f, r); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"start server", "start load",
		"snapshot server", "connect load", "snapshot server", "snapshot server", "park server",
		"snapshot server", "exchange load", "snapshot server", // the first message of each connection
		"snapshot server", "exchange load", "snapshot server", // until the pace shows
		"snapshot server", "exchange load", "snapshot server", "park server",
		"snapshot server", "exchange load", "snapshot server", "snapshot server", "recorded exchange load", "park server",
		"report load", "report server",
		"stop load", "stop server",
	}
	for i := range want {
		want[i] += " epoll-lt"
	}
	if diff := cmp.Diff(want, f.log); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
}

func TestPhasesOfAConnectBlock(t *testing.T) {
	f := even()
	f.perMessage["poll"] = 20 * time.Millisecond // 200 ms a set-up: the fewest
	r := scenarios.Request{Scenarios: []string{"connect"}, Backends: []string{"poll"}, NoControl: true, Blocks: 1, Sweep: scenarios.Sweep{Connections: []int{10}}}
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"start server", "start load"}
	for i := range 4 {
		record := "recorded "
		if i == 0 {
			record = ""
		}
		want = append(want, "snapshot server", record+"connect load", "snapshot server", "snapshot server", "disconnect load", "snapshot server", "park server")
	}
	want = append(want, "report load", "report server", "stop load", "stop server")
	for i := range want {
		want[i] += " poll"
	}
	if diff := cmp.Diff(want, f.log); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if got := trials[0].Values[results.ConnectElapsed]; got != float64(200*time.Millisecond) {
		t.Errorf("connect_elapsed_ns = %v, want the median set-up of 200 ms", got)
	}
}

// Everything asked for is measured, in slices that keep their bounds, and every
// turn has one of each arm.
func TestSlicesOfAWindow(t *testing.T) {
	const fast = 10 * time.Microsecond
	tests := []struct {
		name               string
		connections        int
		rounds             int
		duration           time.Duration
		slow               time.Duration // of poll
		wantSlices         int
		wantRounds         int64 // of the shortest slice, at least
		wantElapsed        time.Duration
		wantTotalMessages  int64
		wantElapsedInTotal time.Duration
	}{
		{name: "20 ms of the fastest arm", connections: 10, rounds: 1000, slow: 10 * fast, wantSlices: 5, wantRounds: 200, wantElapsed: 20 * time.Millisecond, wantTotalMessages: 10000},
		{name: "uneven rounds", connections: 10, rounds: 1003, slow: fast, wantSlices: 5, wantRounds: 200, wantElapsed: 20 * time.Millisecond, wantTotalMessages: 10030},
		{name: "5 rounds where one takes long", connections: 5000, rounds: 12, slow: fast, wantSlices: 2, wantRounds: 5, wantTotalMessages: 60000},
		{name: "fewer rounds than a slice", connections: 5000, rounds: 2, slow: fast, wantSlices: 1, wantRounds: 2, wantTotalMessages: 10000},
		{name: "a duration", connections: 10, duration: 210 * time.Millisecond, slow: fast, wantSlices: 10, wantElapsed: 20 * time.Millisecond, wantElapsedInTotal: 210 * time.Millisecond},
		{name: "an hour in no more slices than a line can hold", connections: 10, duration: time.Hour, slow: fast, wantSlices: 2000, wantElapsed: 20 * time.Millisecond, wantElapsedInTotal: time.Hour},
		{name: "a duration with 5 rounds of the slowest arm", connections: 100, duration: 200 * time.Millisecond, slow: 10 * fast, wantSlices: 4, wantElapsed: 50 * time.Millisecond, wantElapsedInTotal: 200 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			f.perMessage["poll"] = test.slow
			r := echo("epoll-lt", "poll", "epoll-et")
			r.Sweep.Connections = []int{test.connections}
			r.Sweep.Rounds, r.Sweep.Duration = nil, test.duration
			if test.rounds > 0 {
				r.Sweep.Rounds = []int{test.rounds}
			}
			trials, err := measure(t, t.Context(), f, r)
			if err != nil {
				t.Fatal(err)
			}
			orders := map[string]bool{}
			for _, trial := range trials {
				if len(trial.Slices) != test.wantSlices {
					t.Fatalf("%s has %d slices, want %d", trial.Arm, len(trial.Slices), test.wantSlices)
				}
				var messages int64
				var elapsed time.Duration
				for i, s := range trial.Slices {
					messages += s.Messages
					elapsed += time.Duration(s.ElapsedNS)
					if s.Turn != i {
						t.Errorf("%s: slice %d is of turn %d", trial.Arm, i, s.Turn)
					}
					key := fmt.Sprint(s.Turn, " ", s.Order)
					if orders[key] {
						t.Errorf("two arms had place %d in turn %d", s.Order, s.Turn)
					}
					orders[key] = true
					if s.Messages < test.wantRounds*int64(test.connections) {
						t.Errorf("%s: a slice of %d messages, want at least %d rounds", trial.Arm, s.Messages, test.wantRounds)
					}
					if time.Duration(s.ElapsedNS) < test.wantElapsed {
						t.Errorf("%s: a slice of %s, want at least %s", trial.Arm, time.Duration(s.ElapsedNS), test.wantElapsed)
					}
				}
				if test.rounds > 0 && messages != test.wantTotalMessages {
					t.Errorf("%s: %d messages, want %d", trial.Arm, messages, test.wantTotalMessages)
				}
				if test.duration > 0 && elapsed != test.wantElapsedInTotal {
					t.Errorf("%s: slices of %s in all, want %s", trial.Arm, elapsed, test.wantElapsedInTotal)
				}
			}
		})
	}
}

// Messages and connections are charged with what they cost, and not with what
// it costs to ask.
func TestTheCostOfAskingIsTakenOff(t *testing.T) {
	connect := scenarios.Request{Scenarios: []string{"connect"}, Backends: []string{"poll"}, NoControl: true, Blocks: 1, Sweep: scenarios.Sweep{Connections: []int{10}}}
	for _, r := range []scenarios.Request{echo("poll"), connect} {
		f := even()
		f.snapshot = 3 * time.Millisecond
		trials, err := measure(t, t.Context(), f, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range trials[0].Slices {
			if got, want := s.ServerCPUNS, (s.Messages+s.Connects)*int64(f.perMessage["poll"])/2; got != want {
				t.Errorf("%v: %d ns for %d messages and %d connections, want %d", r.Scenarios, got, s.Messages, s.Connects, want)
			}
			if s.SnapshotNS != int64(f.snapshot) {
				t.Errorf("%v: %d ns taken off, want %s", r.Scenarios, s.SnapshotNS, f.snapshot)
			}
		}
	}
}

func TestTheSeedDecidesTheOrder(t *testing.T) {
	order := func(seed uint64) string {
		f, r := even(), echo("select", "poll", "epoll-lt", "epoll-et")
		r.Seed = seed
		if _, err := measure(t, t.Context(), f, r); err != nil {
			t.Fatal(err)
		}
		return strings.Join(f.log, "\n")
	}
	first, again, other := order(1), order(1), order(2)
	if first != again {
		t.Error("the same seed gave two orders")
	}
	if first == other {
		t.Error("two seeds gave the same order of starts and of a whole window")
	}
}

// Whatever holds an arm up once while it shows its pace does not make the slices
// of all arms longer, and fewer.
func TestAnInterruptionOfThePilot(t *testing.T) {
	for held := range 2 { // the first or the second of its pieces
		f := even()
		pieces := 0
		f.lie = func(backend string, r *scenarios.Reply) {
			if backend != "poll" || r.Load == nil || r.Load.Messages == 0 {
				return
			}
			pieces++
			if pieces == 2+held { // after the first message of each connection
				r.Load.Elapsed *= 50
			}
		}
		r := echo("epoll-lt", "poll")
		r.Sweep.Rounds, r.Sweep.Duration = nil, 200*time.Millisecond
		trials, err := measure(t, t.Context(), f, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(trials[0].Slices); got != 10 {
			t.Errorf("piece %d held up: %d slices of 20 ms in 200 ms, want 10", held, got)
		}
	}
}
