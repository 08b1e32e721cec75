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

// Estimate is roughly how long the plan will take: set-up from what connecting
// costs on a small machine, windows from their durations or, by rounds, from
// typical costs of a message. It is a guess for the user's planning.
func (p Plan) Estimate() time.Duration {
	const (
		perArm        = 100 * time.Millisecond
		perConnection = 50 * time.Microsecond // to set up and to reset
		perMessage    = 5 * time.Microsecond
		perByte       = time.Nanosecond / 2
		perIdle       = 10 * time.Nanosecond // per idle connection and message, where one waits for all of them
	)
	var total time.Duration
	for _, c := range p.Cells {
		settingUp := time.Duration(c.Connections) * perConnection
		one := perArm + settingUp
		message := perMessage + time.Duration(float64(c.Size)*float64(perByte)) + time.Duration(c.Connections-c.Active)*perIdle
		round := time.Duration(c.Active) * message
		switch {
		case c.Scenario == Connect:
			one += settingUp * time.Duration(setUps(settingUp))
		case c.Rounds > 0:
			one += round * time.Duration(c.Rounds+2+(c.Rounds+warmUpShare-1)/warmUpShare)
		default:
			slice := max(minSlice, minRounds*round)
			one += time.Duration(c.DurationNS) + max(time.Duration(c.DurationNS)/warmUpShare, round*max(1, time.Duration(c.DurationNS)/slice)) + 2*round + minSlice
		}
		total += one
	}
	return total * time.Duration(len(p.Arms)*p.Blocks)
}
