//go:build linux

package scenarios_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// disturbed is a machine on which something happens in some blocks.
type disturbed struct {
	block    int
	vitality map[int]scenarios.Vitality // by block, in the order of measuring
}

func (d *disturbed) Began(...int) {}
func (d *disturbed) Turn()        {}
func (d *disturbed) Ended() *scenarios.Vitality {
	d.block++
	v := d.vitality[d.block-1]
	return &v
}

// measureOn is measure on a certain machine.
func measureOn(t *testing.T, m scenarios.Machine, f *fakeLauncher, r scenarios.Request) ([]results.Trial, error) {
	t.Helper()
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	var all []results.Trial
	runner := scenarios.Runner{
		Launcher: f, Machine: m,
		Record:   func(trials []results.Trial) error { all = append(all, trials...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	err = runner.Run(t.Context(), plan)
	for _, trial := range all {
		if err := trial.Validate(); err != nil {
			t.Errorf("block %d, %s: a reader would refuse it: %v", trial.Block, trial.Arm, err)
		}
	}
	return all, err
}

// In as many blocks or turns as make a square, every arm takes every place and
// follows every other equally often.
func TestOrdersAreBalanced(t *testing.T) {
	tests := []struct {
		backends []string
		square   int
	}{
		{[]string{"select", "poll"}, 2},
		{[]string{"select", "poll", "epoll-lt"}, 6},
		{[]string{"select", "poll", "epoll-lt", "epoll-et"}, 4},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(len(test.backends)), func(t *testing.T) {
			r := echo(test.backends...)
			const squares = 2
			r.Blocks = squares * test.square
			r.Sweep.Rounds = []int{200 * 3} // three turns a block
			trials, err := measure(t, t.Context(), even(), r)
			if err != nil {
				t.Fatal(err)
			}
			var started, turns [][]string // orders, by block and by turn
			for block := range r.Blocks {
				order, turn := make([]string, len(test.backends)), make([][]string, 3)
				for i := range turn {
					turn[i] = make([]string, len(test.backends))
				}
				for _, trial := range trials {
					if trial.Block != block {
						continue
					}
					order[trial.StartedAt] = trial.Arm
					for _, s := range trial.Slices {
						turn[s.Turn][s.Order] = trial.Arm
					}
				}
				started, turns = append(started, order), append(turns, turn...)
			}
			wantBalanced(t, "starts of blocks", started, squares)
			wantBalanced(t, "turns", turns, 3*squares)
		})
	}
}

// wantBalanced wants every arm at every place, and behind every other arm, as
// often as so many squares have it.
func wantBalanced(t *testing.T, what string, orders [][]string, squares int) {
	t.Helper()
	places, follows := map[string]int{}, map[string]int{}
	arms := len(orders[0])
	for _, order := range orders {
		for place, arm := range order {
			places[fmt.Sprint(arm, " at ", place)]++
			if place > 0 {
				follows[arm+" after "+order[place-1]]++
			}
		}
	}
	each := len(orders) / arms
	if len(places) != arms*arms || len(follows) != arms*(arms-1) {
		t.Errorf("%s: %d places and %d successions, want %d and %d: %v", what, len(places), len(follows), arms*arms, arms*(arms-1), orders)
	}
	for _, counts := range []map[string]int{places, follows} {
		for key, n := range counts {
			if n != each {
				t.Errorf("%s, %d squares: %s %d times, want %d", what, squares, key, n, each)
			}
		}
	}
}

// The control arm is served by what the reference is served by.
func TestTheControlIsTheReference(t *testing.T) {
	r := echo("poll", "epoll-lt")
	r.NoControl, r.Reference = false, "epoll-lt"
	f := even()
	f.perMessage["poll"] = 20 * time.Microsecond
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	var arms []string
	for _, trial := range trials {
		arms = append(arms, trial.Arm)
		if want := trial.Arm == "epoll-lt/control"; trial.Control != want {
			t.Errorf("%s: control is %v", trial.Arm, trial.Control)
		}
		if trial.Control && (trial.Backend != "epoll-lt" || trial.Reference || trial.Values[results.ServerCPUPerMessage] != 5000) {
			t.Errorf("the control is %s, reference %v, and took %v ns a message", trial.Backend, trial.Reference, trial.Values[results.ServerCPUPerMessage])
		}
	}
	if want := []string{"poll", "epoll-lt", "epoll-lt/control"}; !slices.Equal(arms, want) {
		t.Errorf("arms %v, want %v", arms, want)
	}
}

// A block in which the machine was disturbed is void, and measured again on the
// same CPUs, after the others.
func TestDisturbedBlocks(t *testing.T) {
	tests := []struct {
		name     string
		vitality scenarios.Vitality
		void     bool
		flag     results.Check
	}{
		{"nothing", scenarios.Vitality{}, false, ""},
		{"a little steal", scenarios.Vitality{StealShare: 0.02}, false, results.CheckSteal},
		{"much steal", scenarios.Vitality{StealShare: 0.06}, true, results.CheckSteal},
		{"another speed", scenarios.Vitality{SpeedChange: 0.1}, false, results.CheckSpeed},
		{"quite another speed", scenarios.Vitality{SpeedChange: 0.3}, true, results.CheckSpeed},
		{"throttling", scenarios.Vitality{Throttled: 1}, true, results.CheckThrottled},
		{"a connection that was dropped", scenarios.Vitality{ListenDrops: 1}, false, results.CheckListen},
		{"segments that were sent again", scenarios.Vitality{RetransmittedShare: 0.02}, false, results.CheckRetransmits},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := echo("poll", "epoll-lt")
			r.Blocks = 4
			trials, err := measureOn(t, &disturbed{vitality: map[int]scenarios.Vitality{1: test.vitality}}, even(), r)
			if err != nil {
				t.Fatal(err)
			}
			blocks := 4
			if test.void {
				blocks = 5
			}
			if len(trials) != 2*blocks {
				t.Fatalf("%d trials, want %d", len(trials), 2*blocks)
			}
			for i, trial := range trials {
				want := results.StatusOK
				if test.void && i/2 == 1 {
					want = results.StatusVoided
				}
				if trial.Status != want || trial.Block != i/2 || (trial.Reason != "") != (want != results.StatusOK) {
					t.Errorf("trial %d of block %d: %s, %q, want %s in block %d", i, trial.Block, trial.Status, trial.Reason, want, i/2)
				}
				flagged := test.flag != "" && i/2 == 1
				if has := slices.Contains(trial.Validity, string(test.flag)); has != flagged {
					t.Errorf("trial %d has validity %v, flagged should be %v", i, trial.Validity, flagged)
				}
			}
			if test.void && trials[2].ServerCPU != trials[4].ServerCPU {
				t.Errorf("the void block was served by CPU %d, the one in its place by %d", trials[2].ServerCPU, trials[4].ServerCPU)
			}
		})
	}
}

// A machine that is never quiet is given up on, with everything kept.
func TestAMachineThatIsNeverQuiet(t *testing.T) {
	m := &disturbed{vitality: map[int]scenarios.Vitality{}}
	for i := range 100 {
		m.vitality[i] = scenarios.Vitality{StealShare: 0.5}
	}
	r := echo("poll")
	r.Blocks = 10
	trials, err := measureOn(t, m, even(), r)
	if err != nil || len(trials) < 2 || len(trials) > 10 {
		t.Fatalf("%d trials, %v, want some, and fewer than were asked for", len(trials), err)
	}
	for _, trial := range trials {
		if trial.Status != results.StatusVoided {
			t.Errorf("block %d: %s, want it void", trial.Block, trial.Status)
		}
	}
}

// The world of a worker that stopped within a slice voids its block; a trial
// that has failed stays what it is.
func TestAStoppedWorldVoidsTheBlock(t *testing.T) {
	f := even()
	lied := false
	f.lie = func(backend string, r *scenarios.Reply) {
		if backend == "epoll-lt" && !lied && strings.HasPrefix(f.log[len(f.log)-1], "recorded") {
			r.Load.WorldStops, lied = 1, true
		}
	}
	f.fail = func(step string) error {
		if step == "recorded exchange load poll" {
			return errFake
		}
		return nil
	}
	trials, err := measureOn(t, scenarios.Unwatched{}, f, echo("poll", "epoll-lt"))
	if !errors.Is(err, scenarios.ErrFailedTrials) {
		t.Fatal(err)
	}
	var got []string
	for _, trial := range trials {
		got = append(got, fmt.Sprint(trial.Block, " ", trial.Arm, " ", trial.Status))
	}
	want := []string{"0 poll failed", "0 epoll-lt voided", "1 poll failed", "1 epoll-lt ok"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// With a precision there are as many blocks as it takes, and at least as many as
// tell; without one that is reached, as many as there may be.
func TestPrecision(t *testing.T) {
	tests := []struct {
		name       string
		unsteady   time.Duration // by which poll's pace changes from block to block
		most, want int
	}{
		{"reached at once", 0, 0, 10},
		{"reached later", 300 * time.Nanosecond, 0, 0},
		{"never reached", 5 * time.Microsecond, 15, 15},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			f.fail = func(step string) error {
				if step == "start server poll" { // a block begins
					f.perMessage["poll"] = 20*time.Microsecond - f.perMessage["poll"]
					if f.perMessage["poll"] == 10*time.Microsecond {
						f.perMessage["poll"] += test.unsteady
					}
				}
				return nil
			}
			r := echo("epoll-lt", "poll")
			r.Precision, r.Blocks = 0.01, test.most
			trials, err := measure(t, t.Context(), f, r)
			if err != nil {
				t.Fatal(err)
			}
			blocks := len(trials) / 2
			if test.want > 0 && blocks != test.want || test.want == 0 && (blocks <= 10 || blocks >= 100) {
				t.Errorf("%d blocks, want %d (0: more than 10 and fewer than 100)", blocks, test.want)
			}
		})
	}
}

// A block begins only where it would end within the budget.
func TestBudget(t *testing.T) {
	f := even()
	f.perMessage["poll"] = time.Nanosecond
	r := echo("poll")
	r.Budget = time.Second
	trials, err := measure(t, t.Context(), f, r)
	if err != nil || len(trials) < 1 {
		t.Fatalf("%d trials, %v", len(trials), err)
	}
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Trials() != 0 || plan.Estimate() > time.Second {
		t.Errorf("%d trials in %s are planned, want an open number within the budget", plan.Trials(), plan.Estimate())
	}
}

// Arms that cannot all be alive are so one after the other, and each trial says
// it.
func TestArmsApart(t *testing.T) {
	plan, err := scenarios.Build(echo("poll", "epoll-lt"))
	if err != nil {
		t.Fatal(err)
	}
	l := ample()
	l.Files = 2 * (10 + 32) // of one arm
	if err := plan.Fits(l); err != nil {
		t.Fatal(err)
	}
	f := even()
	most := 0
	f.fail = func(string) error { most = max(most, f.live); return nil }
	var trials []results.Trial
	runner := scenarios.Runner{
		Launcher: f, Machine: scenarios.Unwatched{},
		Record:   func(t []results.Trial) error { trials = t; return nil },
		Progress: func(scenarios.Progress) {},
	}
	if err := runner.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if most != 2 {
		t.Errorf("%d workers were alive together, want those of one arm", most)
	}
	for _, trial := range trials {
		if trial.Status != results.StatusOK || len(trial.Slices) != 5 || len(trial.Validity) != 1 {
			t.Errorf("%s: %s with %d slices, validity %q", trial.Arm, trial.Status, len(trial.Slices), trial.Validity)
		}
	}
}
