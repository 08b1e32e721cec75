//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// checkOptions are the flags of check.
type checkOptions struct {
	request   scenarios.Request
	threshold float64
	injected  time.Duration
	sides     sideOptions
	baseline  baselineOptions
	selfTest  bool
	format    string
	measurement
}

const defaultThreshold = 0.03

func checkCommand(s streams, args []string) *cobra.Command {
	o := checkOptions{threshold: defaultThreshold}
	c := &cobra.Command{
		Use:   "check [SCENARIO...]",
		Short: "Judge whether one build is slower than another, for CI",
		Long: `Check runs the servers of two builds of muxbench, base and head, alive together
and taking turns slice by slice, under one load generator, and says for each gated
cell (a cell of the sweep with one backend) whether the head takes more server CPU
a message: pass, improved, regression, inconclusive or invalid. Without a scenario
it checks "idle" with 10 of 200 connections active and messages of 64 bytes.

It looks up to three times, and stops as soon as it can tell. A slowdown by the
threshold is not passed in silence, and identical builds raise an alarm in less
than one of a hundred checks, however many cells there are. Where the machine's
noise cannot carry the threshold in the time there is, it is widened, to twice of
it at most, and the report begins with that; what is a regression stays. Reads,
writes and registrations a message are compared to the digit. A third server, of the
base once more, shows in each block what identical servers differ by: if that is too much,
the check is invalid.

With --baseline there is no second build: the file keeps what servers took beside a
yardstick ("go-net"), and --update writes it. Without anything else that is said, it
is what the file has that is checked, or measured anew.

With --self-test the gate proves itself on this machine: two identical builds must
pass, and a slowdown that is put in must be found.

Exit status: 0 pass or improved, 99 regression, 3 inconclusive, 4 invalid, 1 it
could not be done, 2 usage, 130 interrupted.`,
		Example: `  muxbench check --base ./muxbench-main
  muxbench check --base ./muxbench-main -b poll,epoll-lt -c 200,1k
  muxbench check echo -c 1k --base ./muxbench-main --threshold 5%
  muxbench check --base-rev main
  muxbench check --baseline baseline.json --update
  muxbench check --baseline baseline.json
  muxbench check --self-test`,
		ValidArgs: scenarioNames(),
		RunE: func(cmd *cobra.Command, names []string) error {
			o.request.Scenarios = names
			if err := settleAsked(cmd, &o.request); err != nil {
				return err
			}
			if err := o.settle(cmd); err != nil {
				return err
			}
			ctx, cancel := untilInterrupted(cmd.Context())
			defer cancel()
			err := o.judge(ctx, s, args)
			if ctx.Err() != nil && err != nil && !decided(err) {
				return fmt.Errorf("%w before anything was measured", errInterrupted)
			}
			return err
		},
	}
	f := c.Flags()
	askFlags(c, &o.request)
	o.flags(f)
	o.sides.flags(c)
	o.baseline.flags(c)
	f.Var(single[float64]{&o.threshold, "percentage", parseShare}, "threshold", "the least slowdown that is one, such as 3%")
	f.Lookup("threshold").DefValue = fmt.Sprintf("%g%%", 100*defaultThreshold) // as it is given
	f.DurationVar(&o.request.Budget, "budget", 0, "begin no block that is not expected to end within this time (default a minute for each gated cell)")
	formatFlag(c, &o.format)
	f.BoolVar(&o.selfTest, "self-test", false, "instead of two builds: whether the gate works on this machine, now")
	// For seeing that it finds what there is to find.
	f.DurationVar(&o.injected, "inject", 0, "CPU time that each message costs the head on top")
	_ = f.MarkHidden("inject") // it fails for flags that do not exist only
	return c
}

// settle refuses what does not go together.
func (o *checkOptions) settle(c *cobra.Command) error {
	if !(o.threshold >= results.MinThreshold && o.threshold <= results.MaxThreshold) {
		return &scenarios.Invalid{Flag: "--threshold", Value: fmt.Sprintf("%g%%", 100*o.threshold), Allowed: fmt.Sprintf("%g%% to %g%% is allowed", 100*results.MinThreshold, 100*results.MaxThreshold)}
	}
	if err := checkFormat(o.format); err != nil {
		return err
	}
	given := o.sides.given()
	if o.baseline.file != "" {
		given = append(given, "--baseline")
		if !c.Flags().Changed("threshold") {
			o.threshold = baselineThreshold
		}
	}
	if o.selfTest {
		given = append(given, "--self-test")
		if o.format != "text" && o.format != "json" {
			return &scenarios.Invalid{Flag: "--format", Value: o.format, Allowed: "a self-test is told as text or json; each of its two results can be printed by \"muxbench report\" in any"}
		}
	}
	switch {
	case len(given) == 0:
		return &scenarios.Invalid{Flag: "--base", Allowed: "say what to judge by: --base BIN, --base-rev REV, --baseline FILE or --self-test"}
	case len(given) > 1:
		return &scenarios.Invalid{Flag: given[1], Allowed: "it does not go with " + given[0]}
	}
	if err := o.baseline.settle(c); err != nil {
		return err
	}
	return o.sides.settle(c)
}

// judge is what check has been asked for.
func (o *checkOptions) judge(ctx context.Context, s streams, args []string) error {
	switch {
	case o.selfTest:
		return o.proveItself(ctx, s, args)
	case o.baseline.update:
		return o.updateFile(ctx, s, args)
	case o.baseline.file != "":
		return o.checkFile(ctx, s, args)
	}
	return o.check(ctx, s, args)
}

// check judges one build by another.
func (o *checkOptions) check(ctx context.Context, s streams, args []string) error {
	g := &gating{measurement: &o.measurement, program: args[0], args: args[1:], gate: results.Gate{Threshold: o.threshold, InjectedNS: int64(o.injected)}}
	plan, err := scenarios.BuildCheck(o.request, scenarios.Sides{Injected: o.injected})
	if err != nil {
		return err // before anything is built
	}
	base, head, err := o.sides.examine(ctx)
	if err != nil {
		return err
	}
	measures, release, err := o.admit(s, &plan)
	if !measures {
		return err
	}
	defer release()
	sides, done, err := o.sides.builds(ctx, s, base, head, o.quiet, &g.gate)
	defer done()
	if err != nil {
		return err
	}
	sides.Injected = o.injected
	if plan, err = scenarios.BuildCheck(o.request, sides); err != nil {
		return err
	}
	file, dir, err := g.measure(ctx, s, plan)
	if file == nil {
		return err
	}
	return presentCheck(s, file, dir, o.format, err)
}

// presentCheck writes a fresh check's report and chart beside it, prints it, and ends as
// it does: incomplete is why it is not complete, if it is not.
func presentCheck(s streams, file *results.File, dir, format string, incomplete error) error {
	c := report.Judge(file)
	written := report.WriteCheckMarkdown(filepath.Join(dir, "report.md"), c)
	_, drawn := report.WriteCharts(filepath.Join(dir, "charts"), c.Charts())
	printed := documentOf(file, dir).print(s, format)
	if printed != nil {
		printed = fmt.Errorf("printing the result, which is kept in %s: %w", dir, printed)
	}
	fmt.Fprintf(s.err, "\nresult: %s\n", printable(dir))
	if err := errors.Join(incomplete, written, drawn, printed); err != nil {
		return err
	}
	return ending(c)
}
