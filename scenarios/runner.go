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
	random := rand.New(rand.NewPCG(p.Seed, 0))
	if r.Now == nil {
		r.Now = time.Now
	}
	began := r.Now()
	var courses []*course
	for _, cell := range p.Cells {
		c := newCourse(cell, len(p.Arms), random)
		c.took = time.Duration(min(p.costOfBlock(cell), math.MaxInt64/2)) // until one has shown
		courses = append(courses, c)
	}
	failed, trials, done := 0, 0, 0
	for again := true; again; {
		again = false
		for _, c := range courses {
			if c.over(p) || p.Budget > 0 && r.Now().Sub(began)+c.took > p.Budget {
				continue
			}
			again = true
			ended, err := r.block(ctx, p, c, random)
			if err != nil {
				return err
			}
			for _, t := range ended {
				if t.Status == results.StatusFailed {
					failed++
				}
			}
			trials += len(ended)
			done = 0
			for _, c := range courses {
				done += c.valid
			}
			r.Progress(Progress{Done: done, Blocks: p.Blocks * len(p.Cells), Cell: c.cell, Trials: ended, Elapsed: r.Now().Sub(began)})
		}
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d", ErrFailedTrials, failed, trials)
	}
	return nil
}

// block measures the next block of a cell and records it.
func (r *Runner) block(ctx context.Context, p Plan, c *course, random *rand.Rand) ([]results.Trial, error) {
	// By how many stand, so that a block that is measured again takes the CPUs
	// of the one that was void.
	cpus, err := p.Placement.of(c.valid)
	if err != nil {
		return nil, err
	}
	began := r.Now()
	b := &block{
		cell: c.cell, number: c.number, cpus: cpus, random: random, turn: &c.turn, slice: p.Slice,
		launcher: r.Launcher, machine: r.Machine, apart: p.Apart[c.cell],
	}
	trials, void := b.run(ctx, p.Arms, c.start(), p.Seed)
	if err := r.Record(trials); err != nil {
		return nil, err
	}
	c.ended(trials, void, r.Now().Sub(began))
	return trials, context.Cause(ctx)
}
