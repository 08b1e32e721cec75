//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muxbench/report"
	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// checkOptions are the flags of check.
type checkOptions struct {
	request   scenarios.Request
	threshold float64
	injected  time.Duration
	sides     sideOptions
	measurement
}

const defaultThreshold = 0.03

func checkCommand(s streams, args []string) *cobra.Command {
	o := checkOptions{threshold: defaultThreshold}
	c := &cobra.Command{
		Use:   "check [SCENARIO...] --base BIN",
		Short: "Judge whether one build is slower than another, for CI",
		Long: `Check runs the servers of two builds of muxbench, base and head, alive together
and taking turns slice by slice, under one load generator, and says for each gated
cell (a cell of the sweep with one backend) whether the head takes more server CPU
a message: pass, improved, regression, inconclusive or invalid. Without a scenario
it checks "echo" with 200 connections and messages of 64 bytes.

It looks up to three times, and stops as soon as it can tell. A slowdown by the
threshold is not passed in silence, and identical builds raise an alarm in less
than one of a hundred checks, however many cells there are. Reads, writes and
registrations a message are compared to the digit. A third server, of the base once
more, shows in each block what identical servers differ by: if that is too much,
the check is invalid.

Exit status: 0 pass or improved, 99 regression, 3 inconclusive, 4 invalid, 1 it
could not be done, 2 usage, 130 interrupted.`,
		Example: `  muxbench check --base ./muxbench-main
  muxbench check --base ./muxbench-main -b poll,epoll-lt -c 200,1k
  muxbench check idle -c 1k -a 10 --base ./muxbench-main --threshold 5%`,
		ValidArgs: scenarioNames(),
		RunE: func(cmd *cobra.Command, names []string) error {
			o.request.Scenarios = names
			if err := settleAsked(cmd, &o.request); err != nil {
				return err
			}
			return o.check(cmd.Context(), s, args)
		},
	}
	f := c.Flags()
	askFlags(c, &o.request)
	o.flags(f)
	o.sides.flags(f)
	f.Var(single[float64]{&o.threshold, "percentage", parseShare}, "threshold", "the least slowdown that is one, such as 3%")
	f.DurationVar(&o.request.Budget, "budget", 0, "begin no block that is not expected to end within this time (default a minute for each gated cell)")
	// For seeing that it finds what there is to find.
	f.DurationVar(&o.injected, "inject", 0, "CPU time that each message costs the head on top")
	_ = f.MarkHidden("inject") // it fails for flags that do not exist only
	return c
}

// sideOptions say where base and head come from.
type sideOptions struct{ base, head string }

func (o *sideOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.base, "base", "", "the muxbench to compare with")
	f.StringVar(&o.head, "head", "", "the muxbench to judge (default: this one)")
}

func (o *checkOptions) check(ctx context.Context, s streams, args []string) error {
	if !(o.threshold >= results.MinThreshold && o.threshold <= results.MaxThreshold) {
		return &scenarios.Invalid{Flag: "--threshold", Value: fmt.Sprintf("%g%%", 100*o.threshold), Allowed: fmt.Sprintf("%g%% to %g%% is allowed", 100*results.MinThreshold, 100*results.MaxThreshold)}
	}
	sides := scenarios.Sides{Base: []scenarios.Executable{{Path: o.sides.base, Name: filepath.Base(o.sides.base)}}, Injected: o.injected}
	plan, err := scenarios.BuildCheck(o.request, sides)
	if err != nil {
		return err
	}
	if !o.dryRun {
		release, err := scenarios.Lock()
		if err != nil {
			return err
		}
		defer release()
	}
	if err := scenarios.CheckLimits(&plan); err != nil {
		return err
	}
	if o.dryRun {
		return printPlan(s.out, plan)
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, to start workers of it: %w", err)
	}
	if err := plan.TryBuilds(ctx, scenarios.Processes{Program: executable, Args: []string{args[0], "worker"}}); err != nil {
		return err
	}
	run, err := o.record(plan, args[1:])
	if err != nil {
		return err
	}
	run.Planned = 0 // the gate says how many
	run.Gate = &results.Gate{Threshold: o.threshold, InjectedNS: int64(o.injected)}
	dir, measured := o.measure(ctx, s, args[0], plan, run, func(ctx context.Context, runner scenarios.Runner, file *results.Writer) error {
		checker := scenarios.Checker{Runner: runner, Gate: *run.Gate, Looks: func(looks []results.Looks) error { return file.AppendLooks(looks...) }}
		return checker.Check(ctx, plan)
	})
	if dir == "" {
		return measured
	}
	file, err := results.Open(dir)
	if err != nil {
		return errors.Join(measured, err)
	}
	check := report.Judge(file)
	if err := errors.Join(measured, report.CheckText(s.out, check, terminalWidth(s.out))); err != nil {
		return err
	}
	return ending(check)
}

// errRegression says that the head of a check is slower than its base.
var errRegression = errors.New("regression")

// ending is what a check ends with.
func ending(c report.Check) error {
	switch c.Judgement.Verdict {
	case gate.Pass, gate.Improved:
		return nil
	case gate.Regression:
		return errRegression
	case gate.Invalid:
		return errUntrusted
	case gate.Failed:
		return scenarios.ErrFailedTrials
	}
	return errInconclusive
}
