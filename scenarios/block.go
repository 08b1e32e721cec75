//go:build linux

package scenarios

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"muxbench/results"
)

// block is one set of fresh processes, a server and a load worker for each arm
// of a cell, all alive together. Its phases are: start every server, start
// every load worker, connect one arm after the other, warm up, turns of
// slices, collect, stop. An arm that fails is stopped at once, and the others
// go on without it.
type block struct {
	cell     results.Cell
	number   int
	cpus     cpus
	random   *rand.Rand
	launcher Launcher
	outside  bool // the CPU time of servers is read from outside

	arms   []*armRun     // in the order of starting
	useful time.Duration // spent connecting, warming up, in slices, and closing
}

// run measures the block and returns a trial for each arm, in the plan's order.
func (b *block) run(ctx context.Context, arms []Arm, seed uint64) []results.Trial {
	inPlan := make([]*armRun, len(arms))
	// All arms are read the same way, so that they compare. A chain's program
	// reads its own clock.
	b.outside = b.cell.Scenario != Chain && slices.ContainsFunc(arms, func(a Arm) bool { return a.external() && a.unfit(b.cell) == "" })
	for place, i := range b.random.Perm(len(arms)) {
		inPlan[i] = newArmRun(arms[i], b, place, seed)
		b.arms = append(b.arms, inPlan[i])
	}
	began := time.Now()
	window := b.exchange
	switch b.cell.Scenario {
	case Connect:
		window = b.setUpRepeatedly
	case Chain:
		window = b.chains
	}
	if b.cell.Scenario == Chain {
		b.each(ctx, (*armRun).startChain)
	} else {
		b.each(ctx, (*armRun).startServer)
		b.each(ctx, (*armRun).startLoad)
	}
	b.spend(func() { window(ctx) })
	b.each(ctx, (*armRun).collect)
	for _, a := range b.arms {
		b.spend(func() { a.stop(ctx) })
	}
	overhead := time.Since(began) - b.useful
	interrupted := context.Cause(ctx)
	trials := make([]results.Trial, len(inPlan))
	for i, a := range inPlan {
		trials[i] = a.finished(interrupted, overhead/time.Duration(len(inPlan)))
	}
	return trials
}

// spend does what a block is for, and takes its time.
func (b *block) spend(work func()) {
	began := time.Now()
	work()
	b.useful += time.Since(began)
}

// each does one step for every arm that has not failed.
func (b *block) each(ctx context.Context, step func(*armRun, context.Context) error) {
	for _, a := range b.arms {
		a.attempt(ctx, step)
	}
}

// inTurns gives every arm one slice per turn, in random order.
func (b *block) inTurns(ctx context.Context, turns int, slice func(a *armRun, ctx context.Context, turn int) (results.Slice, error)) {
	for turn := range turns {
		for order, i := range b.random.Perm(len(b.arms)) {
			b.arms[i].attempt(ctx, func(a *armRun, ctx context.Context) error {
				s, err := slice(a, ctx, turn)
				if err == nil {
					s.Turn, s.Order = turn, order
					a.trial.Slices = append(a.trial.Slices, s)
				}
				return err
			})
		}
	}
}

// exchange runs the window of a cell whose connections carry messages.
func (b *block) exchange(ctx context.Context) {
	b.each(ctx, (*armRun).connect)
	b.each(ctx, (*armRun).warmUp)
	var pilots []pilot
	for _, a := range b.arms {
		if !a.failed() {
			pilots = append(pilots, a.pilot)
		}
	}
	parts := window(b.cell, pilots)
	b.inTurns(ctx, len(parts), func(a *armRun, ctx context.Context, turn int) (results.Slice, error) {
		return a.slice(ctx, parts[turn])
	})
}

// setUpRepeatedly runs the window of a cell whose slices are set-ups. The
// first one of each arm is not counted.
func (b *block) setUpRepeatedly(ctx context.Context) {
	slowest := time.Duration(0)
	b.each(ctx, func(a *armRun, ctx context.Context) error {
		s, err := a.setUp(ctx, false)
		slowest = max(slowest, time.Duration(s.ElapsedNS))
		return err
	})
	b.inTurns(ctx, setUps(slowest), func(a *armRun, ctx context.Context, _ int) (results.Slice, error) {
		return a.setUp(ctx, true)
	})
}

// limit is how long a step may take that carries so many messages.
func (b *block) limit(messages int64) time.Duration {
	const (
		patience      = 20 * time.Second
		perConnection = time.Millisecond
		perMessage    = time.Millisecond
		perByte       = 20 * time.Nanosecond
	)
	return patience + time.Duration(b.cell.Connections)*perConnection + time.Duration(messages)*(perMessage+time.Duration(b.cell.Size)*perByte)
}
