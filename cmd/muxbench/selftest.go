//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"muxbench/report"
	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// injectedOverThreshold is how much larger the slowdown is that a self-test puts in
// than the least that is one: 5 % at a threshold of 3 %.
const injectedOverThreshold = 5.0 / 3

// Directories of the two checks, in that of the self-test.
const identicalHalf, slowerHalf = "identical", "slower"

// proveItself checks identical builds, and then the same with a slowdown put in.
func (o *checkOptions) proveItself(ctx context.Context, s streams, args []string) error {
	if len(o.request.Backends) == 0 {
		o.request.Backends = []string{"epoll-lt"}
	}
	plan, err := scenarios.BuildCheck(o.request, scenarios.Sides{})
	if err != nil {
		return err
	}
	if len(plan.Cells) != 1 || plan.Cells[0].Primary().Metric != results.ServerCPUPerMessage {
		return &scenarios.Invalid{Flag: "--self-test", Allowed: fmt.Sprintf("it is of one gated cell whose servers answer messages, and %d are asked for: choose with -b and -c", len(plan.Cells))}
	}
	measures, release, err := o.admit(s, &plan)
	if !measures {
		return err
	}
	defer release()
	if o.out == "" {
		o.out = filepath.Join("results", "runs", time.Now().UTC().Format("20060102T150405Z")+"-self-test")
	}
	test := report.SelfTest{Directory: o.out}
	if test.Identical, err = o.half(ctx, s, args, identicalHalf, 0); err != nil {
		return err
	}
	if base := test.Identical.Judgement.Cells; len(base) == 1 && base[0].Base > 0 {
		test.Injected = injectedOverThreshold * o.threshold
		injected := time.Duration(test.Injected * base[0].Base)
		if test.Slower, err = o.half(ctx, s, args, slowerHalf, injected); err != nil {
			return err
		}
	}
	test.Resample(o.request.Seed)
	if o.format == "json" {
		err = report.SelfTestJSON(s.out, test)
	} else {
		err = report.SelfTestText(s.out, test, terminalWidth(s.out))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "\nresults: %s and %s\n", printable(filepath.Join(o.out, identicalHalf)), printable(filepath.Join(o.out, slowerHalf)))
	return endingOfSelfTest(test)
}

// half is one of the two checks of a self-test.
func (o *checkOptions) half(ctx context.Context, s streams, args []string, name string, injected time.Duration) (report.Check, error) {
	plan, err := scenarios.BuildCheck(o.request, scenarios.Sides{Injected: injected})
	if err != nil {
		return report.Check{}, err
	}
	m := o.measurement
	m.out = filepath.Join(o.out, name)
	this := thisBuild()
	g := gating{measurement: &m, program: args[0], args: args[1:], gate: results.Gate{Threshold: o.threshold, InjectedNS: int64(injected), Base: this, Head: this}}
	file, _, err := g.measure(ctx, s, plan)
	if file == nil || err != nil && !errors.Is(err, scenarios.ErrFailedTrials) {
		return report.Check{}, err
	}
	return report.Judge(file), nil
}

// errBlind says that the gate does not work on this machine.
var errBlind = errors.New("the gate is not to be trusted on this machine")

func endingOfSelfTest(t report.SelfTest) error {
	switch t.Verdict() {
	case gate.Pass:
		return nil
	case gate.Inconclusive:
		return fmt.Errorf("%w: %s", errUndecided, t.Why())
	case gate.Failed:
		return fmt.Errorf("%w: %s", scenarios.ErrFailedTrials, t.Why())
	}
	return fmt.Errorf("%w: %s", errBlind, t.Why())
}
