//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"muxbench/report"
	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// gating is a check that is measured, and kept as any run is.
type gating struct {
	*measurement
	program string // its own name
	args    []string
	gate    results.Gate
}

// measure has a plan's builds take turns until its gate has decided, and returns the
// result, which is nil if there is none, its directory, and why it is not complete.
func (g *gating) measure(ctx context.Context, s streams, plan scenarios.Plan) (file *results.File, dir string, err error) {
	if err := scenarios.CheckLimits(&plan); err != nil {
		return nil, "", err
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("finding this program, to start workers of it: %w", err)
	}
	if err := plan.TryBuilds(ctx, scenarios.Processes{Program: executable, Args: []string{g.program, "worker"}}); err != nil {
		return nil, "", err
	}
	run, err := g.record(plan, g.args)
	if err != nil {
		return nil, "", err
	}
	g.gate.Cells = len(plan.Cells)
	run.Planned, run.Gate = 0, &g.gate // it says how many blocks there are
	dir, measured := g.measurement.measure(ctx, s, g.program, plan, run, func(ctx context.Context, runner scenarios.Runner, file *results.Writer) error {
		checker := scenarios.Checker{Runner: runner, Gate: g.gate, Looks: func(looks []results.Looks) error { return file.AppendLooks(looks...) }}
		return checker.Check(ctx, plan)
	})
	if dir == "" {
		return nil, "", measured
	}
	file, err = results.Open(dir)
	if err != nil {
		return nil, "", errors.Join(measured, err)
	}
	return file, dir, measured
}

// How a complete check ends that did not pass.
var (
	errRegression   = errors.New("regression")
	errUndecided    = errors.New("inconclusive")
	errInvalidCheck = errors.New("the check is invalid")
)

// decided says that a check has ended with a verdict or an interrupted measurement, and
// so of itself, whatever signal came then.
func decided(err error) bool {
	for _, end := range []error{errInterrupted, errRegression, errInvalidCheck, errUndecided, errUntrusted, errBlind, scenarios.ErrFailedTrials} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// ending is what a complete check ends with, and in its words.
func ending(c report.Check) error {
	because := func(err error) error { return fmt.Errorf("%w: %s", err, strings.Join(c.Complaints(), "; ")) }
	switch c.Judgement.Verdict {
	case gate.Pass, gate.Improved:
		return nil
	case gate.Regression:
		return because(errRegression)
	case gate.Invalid:
		return because(errInvalidCheck)
	case gate.Failed:
		return because(scenarios.ErrFailedTrials)
	}
	return because(errUndecided)
}
