//go:build linux

package scenarios_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

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

// An arm that fails in every block is not waited for; one that fails in some has
// to become as precise as the others.
func TestPrecisionOfArmsThatFail(t *testing.T) {
	tests := []struct {
		name string
		ok   func(block int) bool // that poll does not fail in
		want int
	}{
		{"always", func(int) bool { return false }, 10},
		{"at first", func(block int) bool { return block >= 8 }, 14}, // 6 have an interval
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			block := -1
			f.fail = func(step string) error {
				if step == "start server select" {
					block++
				}
				if step == "connect load poll" && !test.ok(block) {
					return errFake
				}
				return nil
			}
			r := echo("epoll-lt", "poll", "select")
			r.Precision, r.Blocks = 0.01, 0
			trials, err := measure(t, t.Context(), f, r)
			if !errors.Is(err, scenarios.ErrFailedTrials) {
				t.Fatal(err)
			}
			if blocks := len(trials) / 3; blocks != test.want {
				t.Errorf("%d blocks, want %d", blocks, test.want)
			}
		})
	}
}

// A block begins only where it would end within the budget, if it takes as long
// as the last one of its cell did.
func TestBudget(t *testing.T) {
	tests := []struct {
		name   string
		budget time.Duration
		most   int
		want   []int // blocks of the two cells, of 10 s each
	}{
		{"enough for five", 55 * time.Second, 0, []int{3, 2}},
		{"to the second", 60 * time.Second, 0, []int{3, 3}},
		{"not for every cell", 9 * time.Second, 0, []int{1}},
		{"for more than there may be", 1000 * time.Second, 4, []int{4, 4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			now := time.Unix(0, 0)
			f.fail = func(step string) error {
				if step == "stop server poll" || step == "start server poll" {
					now = now.Add(10 * time.Second)
				}
				return nil
			}
			r := echo("poll")
			r.Sweep.Connections = []int{10, 20}
			r.Budget, r.Blocks = test.budget, test.most
			plan, err := scenarios.Build(r)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Trials() != 0 || plan.Estimate() > test.budget {
				t.Errorf("%d trials in %s are planned, want an open number within the budget", plan.Trials(), plan.Estimate())
			}
			got := map[int]int{}
			runner := scenarios.Runner{
				Launcher: f, Machine: scenarios.Unwatched{},
				Record:   func(trials []results.Trial) error { got[trials[0].Connections]++; return nil },
				Progress: func(scenarios.Progress) {},
				Now:      func() time.Time { return now },
			}
			if err := runner.Run(t.Context(), plan); err != nil {
				t.Fatal(err)
			}
			want := map[int]int{}
			for i, n := range test.want {
				want[plan.Cells[i].Connections] = n
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("blocks by connections (-want +got):\n%s", diff)
			}
		})
	}
}
