//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"muxbench/results"
)

// Runner measures a plan. It is used once, by one goroutine.
type Runner struct {
	Launcher Launcher
	// Record keeps the trials of a block that has ended. An error ends the run.
	Record func(trials []results.Trial) error
	// Progress is told of each block when it has ended, outside of any slice.
	Progress func(Progress)
}

// Progress is where a run stands.
type Progress struct {
	Done, Blocks int // blocks of all cells
	Cell         results.Cell
	Trials       []results.Trial // of the block that has ended
	Elapsed      time.Duration   // since the run began
}

// ErrFailedTrials says that the run is complete, and that some of it failed.
var ErrFailedTrials = errors.New("trials have failed")

// Run measures every cell of the plan once, then every cell again, as many
// times as there are blocks, so that what drifts over the run drifts for all
// cells alike. It records each block as it ends: with status failed for the
// arms that failed, and with status interrupted for all arms of the block that
// was under way when ctx was cancelled. Run leaves no worker behind.
func (r *Runner) Run(ctx context.Context, p Plan) error {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	began := time.Now()
	failed, done := 0, 0
	for number := range p.Blocks {
		cpus, err := p.Placement.of(number)
		if err != nil {
			return err
		}
		for _, cell := range p.Cells {
			b := &block{cell: cell, number: number, cpus: cpus, random: random, launcher: r.Launcher}
			trials := b.run(ctx, p.Arms, p.Seed)
			if err := r.Record(trials); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			for _, t := range trials {
				if t.Status == results.StatusFailed {
					failed++
				}
			}
			done++
			r.Progress(Progress{Done: done, Blocks: p.Blocks * len(p.Cells), Cell: cell, Trials: trials, Elapsed: time.Since(began)})
		}
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d", ErrFailedTrials, failed, done*len(p.Arms))
	}
	return nil
}
