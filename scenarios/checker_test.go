//go:build linux

package scenarios_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// checked is a check of builds that only pretend: what it is given, and what it keeps.
type checked struct {
	fake    *fakeLauncher
	machine scenarios.Machine // Unwatched if nil
	block   time.Duration     // that each takes, by the budget's clock
	ended   func()            // after each; nil: nothing
	refuse  error             // of keeping when the gate looks

	trials []results.Trial
	looks  []results.Looks
}

const threshold = 0.03

// builds are two, in so many layouts.
func builds(layouts int) scenarios.Sides {
	var s scenarios.Sides
	for i := range layouts {
		base, head := fmt.Sprint("base-", i), fmt.Sprint("head-", i)
		s.Base = append(s.Base, scenarios.Executable{Path: "/" + base, Name: base})
		s.Head = append(s.Head, scenarios.Executable{Path: "/" + head, Name: head})
	}
	return s
}

// small is a request that is measured in no time.
func small(backends ...string) scenarios.Request {
	return scenarios.Request{
		Scenarios: []string{"echo"}, Backends: backends, Seed: 7,
		Sweep: scenarios.Sweep{Connections: []int{10}, Rounds: []int{500}, Sizes: []int{64}},
	}
}

// ratios has the servers of the head take so many times as long as those of the base, by
// the number of the block, where there is one cell.
func ratios(of func(block int) float64) *fakeLauncher {
	f := even()
	servers := 0
	f.takes = func(spec scenarios.Spec) time.Duration {
		pace := 10 * time.Microsecond
		if strings.HasPrefix(spec.Executable, "/head") {
			pace = time.Duration(math.Round(float64(pace) * of(servers/3)))
		}
		servers++
		return pace
	}
	return f
}

// noisy has all servers differ from block to block.
func noisy(deviation float64) *fakeLauncher {
	f := even()
	random := rand.New(rand.NewPCG(1, 2))
	f.takes = func(scenarios.Spec) time.Duration {
		return time.Duration(1e4 * math.Exp(deviation/math.Sqrt2*random.NormFloat64()))
	}
	return f
}

// slower is a head that always takes so many times as long.
func slower(ratio float64) func(int) float64 { return func(int) float64 { return ratio } }

func (c *checked) check(t *testing.T, ctx context.Context, r scenarios.Request, s scenarios.Sides) (gate.Judgement, error) {
	t.Helper()
	plan, err := scenarios.BuildCheck(r, s)
	if err != nil {
		t.Fatal(err)
	}
	if c.machine == nil {
		c.machine = scenarios.Unwatched{}
	}
	now := time.Unix(0, 0)
	checker := scenarios.Checker{
		Gate: results.Gate{Threshold: threshold},
		Runner: scenarios.Runner{
			Launcher: c.fake, Machine: c.machine, Progress: func(scenarios.Progress) {}, Now: func() time.Time { return now },
			Record: func(trials []results.Trial) error {
				c.trials, now = append(c.trials, trials...), now.Add(c.block)
				if c.ended != nil {
					c.ended()
				}
				return nil
			},
		},
		Looks: func(looks []results.Looks) error { c.looks = append(c.looks, looks...); return c.refuse },
	}
	err = checker.Check(ctx, plan)
	if c.fake.live != 0 {
		t.Errorf("%d workers were left running", c.fake.live)
	}
	c.written(t)
	return gate.Judge(checker.Gate, c.looks, c.trials), err
}

// written wants everything kept to be what a writer takes.
func (c *checked) written(t *testing.T) {
	t.Helper()
	w, err := results.Create(t.TempDir(), results.Run{Gate: &results.Gate{Threshold: threshold}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(c.trials...), w.AppendLooks(c.looks...), w.Close()); err != nil {
		t.Error(err)
	}
}

// blocksOf counts them by server.
func (c *checked) blocksOf() map[string]int {
	counts := map[string]int{}
	for _, trial := range c.trials {
		if trial.Reference {
			counts[trial.Subject]++
		}
	}
	return counts
}

// verdictsOf are those of cells, by server.
func verdictsOf(j gate.Judgement) map[string]gate.Verdict {
	all := map[string]gate.Verdict{}
	for _, c := range j.Cells {
		all[c.Subject] = c.Verdict
	}
	return all
}

// A check ends with the first look that tells, and goes on to the second and the third
// where none does.
func TestACheckEndsWhenItCanTell(t *testing.T) {
	// Between passing and failing in the pilot, and restless from then on.
	undecided := func(from int) func(int) float64 {
		return func(block int) float64 {
			log := 0.015 + []float64{-0.025, 0.025}[block%2]
			if block >= from {
				log = []float64{-0.5, 0.53}[block%2]
			}
			return math.Exp(log)
		}
	}
	tests := []struct {
		name   string
		ratio  func(int) float64
		want   gate.Verdict
		blocks int
	}{
		{"identical builds", slower(1), gate.Pass, 9},
		{"a slower head", slower(1.05), gate.Regression, 9},
		{"a faster head", slower(0.95), gate.Improved, 9},
		{"a slower head that is told later", func(block int) float64 {
			if block < 9 {
				return undecided(27)(block)
			}
			return 1.2
		}, gate.Regression, 18},
		{"one of which nothing can be told", undecided(9), gate.Inconclusive, 27},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := checked{fake: ratios(test.ratio), block: time.Millisecond}
			j, err := c.check(t, t.Context(), small("poll"), builds(1))
			if err != nil {
				t.Fatal(err)
			}
			if j.Verdict != test.want || len(c.trials) != 3*test.blocks {
				t.Errorf("%s: %s after %d trials, want %s after %d", j.Verdict, j.Cells[0].Why, len(c.trials), test.want, 3*test.blocks)
			}
			if len(c.looks) != 1 || c.looks[0].Blocks != 9 || c.looks[0].Threshold != threshold {
				t.Errorf("looks %+v, want them after 9 blocks", c.looks)
			}
		})
	}
}

// The cells of a check are measured in turn, and one that is decided is not measured
// any more while others are.
func TestCellsEndOneByOne(t *testing.T) {
	f := even()
	servers := 0
	f.takes = func(spec scenarios.Spec) time.Duration {
		if spec.Backend != "poll" || !strings.HasPrefix(spec.Executable, "/head") {
			return 10 * time.Microsecond
		}
		servers++
		return 10*time.Microsecond + time.Duration(servers%2)*400*time.Nanosecond
	}
	c := checked{fake: f, block: time.Millisecond}
	j, err := c.check(t, t.Context(), small("poll", "epoll-lt"), builds(1))
	if err != nil {
		t.Fatal(err)
	}
	counts := c.blocksOf()
	if counts["epoll-lt"] != 12 || counts["poll"] <= 12 || counts["poll"]%12 != 0 {
		t.Errorf("%v blocks, want 12 of epoll-lt and more of poll", counts)
	}
	for i, trial := range c.trials[:2*12*3] {
		if want := []string{"poll", "epoll-lt"}[i/3%2]; trial.Subject != want {
			t.Fatalf("trial %d is of %s, want %s", i, trial.Subject, want)
		}
	}
	if verdictsOf(j)["epoll-lt"] != gate.Pass {
		t.Errorf("%v", verdictsOf(j))
	}
}

// A block that was void is measured again, and by the same builds.
func TestVoidBlocksOfACheckAreReplaced(t *testing.T) {
	restless := scenarios.Vitality{results.StealShare: 0.5}
	c := checked{fake: ratios(slower(1)), block: time.Millisecond, machine: &disturbed{vitality: map[int]scenarios.Vitality{2: restless, 6: restless}}}
	j, err := c.check(t, t.Context(), small("poll"), builds(3))
	if err != nil {
		t.Fatal(err)
	}
	if j.Verdict != gate.Pass || j.Blocks != 9 || j.Void != 2 || len(c.trials) != 3*11 {
		t.Errorf("%s of %d blocks and %d void ones, in %d trials", j.Verdict, j.Blocks, j.Void, len(c.trials))
	}
	for i := 6; i < 9; i++ { // of block 2, and of the one in its place
		if a, b := c.trials[i], c.trials[i+3]; a.Build != b.Build || a.Status != results.StatusVoided || b.Status != results.StatusOK {
			t.Errorf("%s was %s by %s, and then %s by %s", a.Arm, a.Status, a.Build, b.Status, b.Build)
		}
	}
}

// A machine that is never quiet is given up on when the time is over, and no judgement
// comes of it.
func TestACheckOnARestlessMachine(t *testing.T) {
	c := checked{fake: ratios(slower(1)), block: 2 * time.Second, machine: restlessUntil(1000)}
	j, err := c.check(t, t.Context(), small("poll"), builds(1))
	if err != nil || j.Verdict != gate.Invalid || len(c.trials) < 3*25 || len(c.trials) > 3*30 || len(c.looks) != 0 {
		t.Errorf("%s after %d trials and looks %v, %v", j.Verdict, len(c.trials), c.looks, err)
	}
}

// One that becomes quiet is outlasted: further blocks are measured, until no more are
// void than may be.
func TestACheckOutlastsRestlessness(t *testing.T) {
	c := checked{fake: ratios(slower(1)), block: time.Second, machine: restlessUntil(4)}
	j, err := c.check(t, t.Context(), small("poll"), builds(1))
	if err != nil || j.Verdict != gate.Pass || j.Void != 4 || j.Blocks != 16 {
		t.Errorf("%s of %d blocks and %d void ones: %v", j.Verdict, j.Blocks, j.Void, err)
	}
	if cell := j.Cells[0]; cell.Looks != 1 || cell.Every != 9 {
		t.Errorf("%d looks, each at %d blocks more", cell.Looks, cell.Every)
	}
}

// restlessUntil is a machine whose first blocks are void.
func restlessUntil(blocks int) *disturbed {
	m := &disturbed{vitality: map[int]scenarios.Vitality{}}
	for i := range blocks {
		m.vitality[i] = scenarios.Vitality{results.StealShare: 0.5}
	}
	return m
}

// A trial that fails ends its own cell, which then says so, and no other.
func TestATrialThatFailsEndsItsCell(t *testing.T) {
	f := ratios(slower(1))
	servers := 0
	f.fail = func(step string) error {
		if step == "start server poll" {
			if servers++; servers == 3*3+2 {
				return errFake
			}
		}
		return nil
	}
	c := checked{fake: f, block: time.Millisecond}
	j, err := c.check(t, t.Context(), small("poll", "epoll-lt"), builds(1))
	if !errors.Is(err, scenarios.ErrFailedTrials) {
		t.Errorf("the check ended with %v, want ErrFailedTrials", err)
	}
	if diff := cmp.Diff(map[string]gate.Verdict{"poll": gate.Failed, "epoll-lt": gate.Pass}, verdictsOf(j)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"poll": 4, "epoll-lt": 12}, c.blocksOf()); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if j.Verdict != gate.Failed || len(c.looks) != 1 || c.looks[0].Subject != "epoll-lt" {
		t.Errorf("%s, with looks %+v", j.Verdict, c.looks)
	}
}

// What was measured before an interruption is kept, and what was under way says so.
func TestAnInterruptedCheck(t *testing.T) {
	for _, after := range []int{0, 4, 11} { // blocks: nothing, a part of the pilot, more than it
		t.Run(fmt.Sprint(after, " blocks"), func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			// Undecided by its first look.
			f := ratios(func(block int) float64 { return math.Exp(0.015 + []float64{-0.025, 0.025}[block%2]) })
			steps := 0
			f.fail = func(step string) error {
				if step == "recorded exchange load poll" {
					steps++
				}
				if steps > 0 && len(f.specs) > 6*after {
					cancel(errFake)
				}
				return ctx.Err()
			}
			c := checked{fake: f, block: time.Millisecond}
			j, err := c.check(t, ctx, small("poll"), builds(1))
			if !errors.Is(err, errFake) {
				t.Errorf("the check ended with %v, want the cause of its cancellation", err)
			}
			var statuses []results.Status
			for _, trial := range c.trials {
				statuses = append(statuses, trial.Status)
			}
			want := append(slices.Repeat([]results.Status{results.StatusOK}, 3*after), slices.Repeat([]results.Status{results.StatusInterrupted}, 3)...)
			if diff := cmp.Diff(want, statuses); diff != "" {
				t.Errorf("trials (-want +got):\n%s", diff)
			}
			if told := len(c.looks) > 0; told != (after >= 9) {
				t.Errorf("looks %+v after %d blocks", c.looks, after)
			}
			if j.Verdict != gate.Inconclusive {
				t.Errorf("%s, %s", j.Verdict, j.Cells[0].Why)
			}
		})
	}
}

// When the gate looks has to be kept before it does.
func TestLooksThatCannotBeKept(t *testing.T) {
	c := checked{fake: ratios(slower(1)), block: time.Millisecond, refuse: errFake}
	if _, err := c.check(t, t.Context(), small("poll"), builds(1)); !errors.Is(err, errFake) || len(c.trials) != 3*9 {
		t.Errorf("%v after %d trials, want the error after the pilot", err, len(c.trials))
	}
}
