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
// go on without it. Where the arms cannot all be alive, each goes through all of
// this by itself.
type block struct {
	cell     results.Cell
	number   int
	standing int // blocks of the cell before this one
	cpus     cpus
	random   *rand.Rand
	turn     *orders
	slice    time.Duration // at least
	apart    string        // why the arms are alive one after the other; empty if they are not
	launcher Launcher
	machine  Machine
	outside  bool // the CPU time of servers is read from outside

	arms   []*armRun     // in the plan's order
	parts  []Command     // of the window, once a pilot has told
	useful time.Duration // spent connecting, warming up, in slices, and closing
}

// run measures the block, its arms started in the order given, and returns a
// trial for each arm, in the plan's order. It says whether the block is void.
func (b *block) run(ctx context.Context, arms []Arm, started []int, seed uint64) (trials []results.Trial, void bool) {
	// All arms are read the same way, so that they compare. A chain's program
	// reads its own clock.
	b.outside = !b.cell.OneProcess() && slices.ContainsFunc(arms, func(a Arm) bool { return a.external() && a.unfit(b.cell) == "" })
	b.arms = make([]*armRun, len(arms))
	inOrder := make([]*armRun, len(arms))
	for place, i := range started {
		b.arms[i] = newArmRun(arms[i], b, place, seed)
		inOrder[place] = b.arms[i]
	}
	began := time.Now()
	b.machine.Began(b.cpus.server, b.cpus.load)
	together := [][]*armRun{inOrder}
	if b.apart != "" {
		together = slices.Collect(slices.Chunk(inOrder, 1))
	}
	for _, group := range together {
		b.live(ctx, group)
	}
	b.machine.Turn()
	vitality := b.machine.Ended()
	overhead := time.Since(began) - b.useful
	interrupted := context.Cause(ctx)
	trials = make([]results.Trial, len(b.arms))
	for i, a := range b.arms {
		trials[i] = a.finished(interrupted, overhead/time.Duration(len(b.arms)), vitality)
	}
	reason := disturbed(vitality, trials)
	for i := range trials {
		if t := &trials[i]; reason != "" && t.Status == results.StatusOK {
			t.Status, t.Reason = results.StatusVoided, reason
			void = true
		}
	}
	return trials, void
}

// live takes arms that are alive together from their start to their end.
func (b *block) live(ctx context.Context, arms []*armRun) {
	window := b.exchange
	switch {
	case b.cell.SetsUp():
		window = b.setUpRepeatedly
	case b.cell.OneProcess():
		window = b.iterateRepeatedly
	case b.cell.Open():
		window = b.offer
	}
	if b.cell.OneProcess() {
		each(ctx, arms, (*armRun).startAlone)
	} else {
		each(ctx, arms, (*armRun).startServer)
		each(ctx, arms, (*armRun).startLoad)
	}
	// Who was started first is not to be the one who connects first.
	b.random.Shuffle(len(arms), func(i, j int) { arms[i], arms[j] = arms[j], arms[i] })
	b.spend(func() { window(ctx, arms) })
	each(ctx, arms, (*armRun).collect)
	for _, a := range arms {
		b.spend(func() { a.stop(ctx) })
	}
}

// spend does what a block is for, and takes its time.
func (b *block) spend(work func()) {
	began := time.Now()
	work()
	b.useful += time.Since(began)
}

// each does one step for every arm that has not failed.
func each(ctx context.Context, arms []*armRun, step func(*armRun, context.Context) error) {
	for _, a := range arms {
		a.attempt(ctx, step)
	}
}

// inTurns gives every arm one slice per turn, in balanced random orders.
func (b *block) inTurns(ctx context.Context, arms []*armRun, turns int, slice func(a *armRun, ctx context.Context, turn int) (results.Slice, error)) {
	b.takeTurns(ctx, arms, turns, func(a *armRun, ctx context.Context, turn, place int) error {
		s, err := slice(a, ctx, turn)
		if err == nil {
			a.keep(s, turn, place)
		}
		return err
	})
}

// takeTurns does a step for every arm in each turn, in balanced random orders.
func (b *block) takeTurns(ctx context.Context, arms []*armRun, turns int, step func(a *armRun, ctx context.Context, turn, place int) error) {
	for turn := range turns {
		if ctx.Err() != nil || !slices.ContainsFunc(arms, func(a *armRun) bool { return !a.failed() }) {
			return
		}
		began := time.Now()
		b.machine.Turn()
		b.useful -= time.Since(began)
		for place, a := range b.nextTurn(arms) {
			a.attempt(ctx, func(a *armRun, ctx context.Context) error { return step(a, ctx, turn, place) })
		}
	}
}

// nextTurn is the order of a turn.
func (b *block) nextTurn(arms []*armRun) []*armRun {
	if len(arms) < len(b.arms) {
		return arms // one that is alive by itself
	}
	order := make([]*armRun, len(arms))
	for place, i := range b.turn.next() {
		order[place] = b.arms[i]
	}
	return order
}

// exchange runs the window of a cell whose connections carry messages.
func (b *block) exchange(ctx context.Context, arms []*armRun) {
	b.prepare(ctx, arms)
	var pilots []pilot
	for _, a := range arms {
		if !a.failed() {
			pilots = append(pilots, a.pilot)
		}
	}
	if b.parts == nil { // arms apart have the same
		b.parts = window(b.cell, b.slice, pilots)
		for i := range b.parts {
			b.parts[i].Do = b.verb()
		}
	}
	b.inTurns(ctx, arms, len(b.parts), func(a *armRun, ctx context.Context, turn int) (results.Slice, error) {
		return a.slice(ctx, b.parts[turn])
	})
}

// prepare connects and warms up arms that are to exchange messages. Where
// connections are what is exchanged, there are none before.
func (b *block) prepare(ctx context.Context, arms []*armRun) {
	if b.cell.Scenario != Churn {
		each(ctx, arms, (*armRun).connect)
	}
	each(ctx, arms, (*armRun).warmUp)
}

// verb is what a load generator is asked for, for a piece of the window.
func (b *block) verb() Verb {
	if b.cell.Scenario == Churn {
		return DoChurn
	}
	return DoExchange
}

// setUpRepeatedly runs the window of a cell whose slices are set-ups. The
// first one of each arm is not counted.
func (b *block) setUpRepeatedly(ctx context.Context, arms []*armRun) {
	slowest := time.Duration(0)
	each(ctx, arms, func(a *armRun, ctx context.Context) error {
		s, err := a.setUp(ctx, false)
		slowest = max(slowest, time.Duration(s.ElapsedNS))
		return err
	})
	turns := setUps(slowest)
	if b.cell.Scenario == Accept {
		turns = burstsOfWindow // or else one that overflowed would say how many follow
	}
	b.inTurns(ctx, arms, turns, func(a *armRun, ctx context.Context, _ int) (results.Slice, error) {
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
