//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"muxbench/results"
)

// Runner measures a plan. It is used once, by one goroutine.
type Runner struct {
	Launcher Launcher
	Machine  Machine
	// Record keeps the trials of a block that has ended. An error ends the run.
	Record func(trials []results.Trial) error
	// Progress is told of each block when it has ended, outside of any slice.
	Progress func(Progress)
	// Now is what the budget is measured with; time.Now if it is nil.
	Now func() time.Time
}

// Progress is where a run stands.
type Progress struct {
	Done, Blocks int // blocks of all cells that stand, and that there may be at most
	Cell         results.Cell
	Trials       []results.Trial // of the block that has ended
	Elapsed      time.Duration   // since the run began
}

// ErrFailedTrials says that the run is complete, and that some of it failed.
var ErrFailedTrials = errors.New("trials have failed")

// Run measures every cell of the plan once, then every cell again, as many
// times as there are blocks, so that what drifts over the run drifts for all
// cells alike. A block that was disturbed is void and measured again after the
// others, unless there are more of those than of good ones. With a precision, a
// cell has as many blocks as that takes; no block begins that would not end
// within the budget.
//
// Run records each block as it ends: with status failed for the arms that
// failed, and with status interrupted for all arms of the block that was under
// way when ctx was cancelled. It leaves no worker behind.
func (r *Runner) Run(ctx context.Context, p Plan) error {
	m := r.begin(p)
	for again := true; again; {
		var err error
		if again, err = m.round(ctx, func(c *course) bool { return !c.over(p) }); err != nil {
			return err
		}
	}
	return m.end()
}

// measuring is a plan that is being measured.
type measuring struct {
	*Runner
	plan    Plan
	random  *rand.Rand
	began   time.Time
	courses []*course
	planned int // blocks, as far as that is known
	failed  int // trials
	trials  int
}

func (r *Runner) begin(p Plan) *measuring {
	if r.Now == nil {
		r.Now = time.Now
	}
	m := &measuring{Runner: r, plan: p, random: rand.New(rand.NewPCG(p.Seed, 0)), began: r.Now(), planned: p.Blocks * len(p.Cells)}
	for _, cell := range p.Cells {
		c := newCourse(cell, p.ArmsIn(cell), m.random)
		c.took = time.Duration(min(p.costOfBlock(cell), math.MaxInt64/2)) // until one has shown
		m.courses = append(m.courses, c)
	}
	return m
}

// round measures a block of each cell that wants one, and for which there is time,
// and says whether there was any.
func (m *measuring) round(ctx context.Context, wants func(*course) bool) (any bool, err error) {
	for _, c := range m.courses {
		if !wants(c) || m.plan.Budget > 0 && m.left() < c.took {
			continue
		}
		any = true
		ended, err := m.block(ctx, c)
		if err != nil {
			return any, err
		}
		for _, t := range ended {
			if t.Status == results.StatusFailed {
				m.failed++
			}
		}
		m.trials += len(ended)
		done := 0
		for _, c := range m.courses {
			done += c.valid
		}
		m.Progress(Progress{Done: done, Blocks: m.planned, Cell: c.cell, Trials: ended, Elapsed: m.Now().Sub(m.began)})
	}
	return any, nil
}

// left is what is left of the budget, where there is one.
func (m *measuring) left() time.Duration { return m.plan.Budget - m.Now().Sub(m.began) }

func (m *measuring) end() error {
	if m.failed > 0 {
		return fmt.Errorf("%w: %d of %d", ErrFailedTrials, m.failed, m.trials)
	}
	return nil
}

// block measures the next block of a cell and records it.
func (m *measuring) block(ctx context.Context, c *course) ([]results.Trial, error) {
	// By how many stand, so that a block that is measured again takes the CPUs
	// of the one that was void.
	cpus, err := m.plan.Placement.of(c.valid)
	if err != nil {
		return nil, err
	}
	began := m.Now()
	b := &block{
		cell: c.cell, number: c.number, standing: c.valid, cpus: cpus, random: m.random, turn: &c.turn, slice: m.plan.Slice,
		launcher: m.Launcher, machine: m.Machine, apart: m.plan.Apart[c.cell],
	}
	trials, void := b.run(ctx, c.arms, c.start(), m.plan.Seed)
	if err := m.Record(trials); err != nil {
		return nil, err
	}
	c.ended(trials, void, m.Now().Sub(began))
	return trials, context.Cause(ctx)
}
