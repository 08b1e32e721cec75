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

func (d *disturbed) Began(...int)     {}
func (d *disturbed) Turn()            {}
func (d *disturbed) Overflows() int64 { return 0 }
func (d *disturbed) Ended() scenarios.Vitality {
	d.block++
	return d.vitality[d.block-1]
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
		{"a little steal", scenarios.Vitality{results.StealShare: 0.02}, false, results.CheckSteal},
		{"much steal", scenarios.Vitality{results.StealShare: 0.06}, true, results.CheckSteal},
		{"another speed", scenarios.Vitality{results.SpeedChange: 0.1}, false, results.CheckSpeed},
		{"quite another speed", scenarios.Vitality{results.SpeedChange: 0.3}, true, results.CheckSpeed},
		{"throttling", scenarios.Vitality{results.Throttled: 1}, true, results.CheckThrottled},
		{"a connection that was dropped", scenarios.Vitality{results.ListenDrops: 1}, false, results.CheckListen},
		{"segments that were sent again", scenarios.Vitality{results.RetransmittedShare: 0.02}, false, results.CheckRetransmits},
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
		m.vitality[i] = scenarios.Vitality{results.StealShare: 0.5}
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

// A block in which something else had a server's CPU is void, if anybody looked.
func TestAServerWithoutItsCPU(t *testing.T) {
	for _, watched := range []bool{true, false} {
		t.Run(fmt.Sprint("watched ", watched), func(t *testing.T) {
			f := even()
			asked, ended := time.Duration(0), false
			f.lie = func(_ string, r *scenarios.Reply) {
				if r.Server == nil {
					return
				}
				asked++
				r.Server.At = asked * time.Millisecond
				if !ended {
					r.Server.Queued = asked * time.Millisecond / 2
				}
			}
			f.fail = func(step string) error { ended = ended || step == "report load poll"; return nil }
			var machine scenarios.Machine = scenarios.Unwatched{}
			if watched {
				machine = &disturbed{vitality: map[int]scenarios.Vitality{0: {}, 1: {}}}
			}
			trials, err := measureOn(t, machine, f, echo("poll"))
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]results.Status{true: results.StatusVoided, false: results.StatusOK}[watched]
			if share := trials[0].Values[results.ServerQueueShare]; share != 0.5 || trials[0].Status != want {
				t.Errorf("%v of the time without a CPU, status %s, want 0.5 and %s", share, trials[0].Status, want)
			}
			if watched && (len(trials) != 2 || trials[1].Status != results.StatusOK) {
				t.Errorf("%d trials, want a second one that is ok", len(trials))
			}
		})
	}
}
