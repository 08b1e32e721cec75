//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muxbench/results"
	"muxbench/results/gate"
	"muxbench/scenarios"
)

// yardstick is what servers are measured along with for a baseline: hardly any of our
// own code is in it, and what it takes follows the kernel and Go, which a baseline
// names.
const yardstick = "go-net"

// baselineThreshold is what is asked for by default: even on one machine, ratios to
// another kind of server differ by some per cent from day to day.
const baselineThreshold = 0.20

// baselineOptions are the flags of check that are about a file.
type baselineOptions struct {
	file                 string
	update, crossMachine bool
}

func (o *baselineOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.file, "baseline", "", "compare with what this file keeps: ratios to "+yardstick+", of the same machine (threshold then "+fmt.Sprintf("%g%%", 100*baselineThreshold)+")")
	f.BoolVar(&o.update, "update", false, "with --baseline: measure, and write the file")
	f.BoolVar(&o.crossMachine, "cross-machine", false, "with --baseline: judge although the machine is another one")
}

func (o *baselineOptions) settle(c *cobra.Command) error {
	switch {
	case o.file == "" && o.update:
		return &scenarios.Invalid{Flag: "--update", Allowed: "it goes with --baseline"}
	case o.file == "" && o.crossMachine:
		return &scenarios.Invalid{Flag: "--cross-machine", Allowed: "it goes with --baseline"}
	case o.update && o.crossMachine:
		return &scenarios.Invalid{Flag: "--cross-machine", Allowed: "it does not go with --update, which is of this machine"}
	}
	if !o.update {
		return nil
	}
	for _, f := range []struct{ name, why string }{
		{"budget", "which has a fixed number of blocks"}, {"format", "which says what it has written"}, {"inject", "which is of servers as they are"},
	} {
		if c.Flags().Changed(f.name) {
			return &scenarios.Invalid{Flag: "--" + f.name, Allowed: "it does not go with --update, " + f.why}
		}
	}
	return nil
}

// checkFile judges this build by a baseline.
func (o *checkOptions) checkFile(ctx context.Context, s streams, args []string) error {
	baseline, err := results.ReadBaseline(o.baseline.file)
	if err != nil {
		return err
	}
	if baseline.Yardstick != yardstick {
		return fmt.Errorf("the baseline %s has ratios to %q, and this muxbench compares with %s: write it anew with --update", o.baseline.file, baseline.Yardstick, yardstick)
	}
	plan, err := o.planBeside(baseline.Cells, 0)
	if err != nil {
		return err
	}
	kept, err := o.baseline.of(baseline, plan)
	if err != nil {
		return err
	}
	if plan, err = o.planBeside(baseline.Cells, o.injected); err != nil { // what is put in is no option of a server
		return err
	}
	unlike := unlikeMachine(baseline.Environment, scenarios.Environment())
	if len(unlike) > 0 && !o.baseline.crossMachine {
		return fmt.Errorf("%w: this is not the machine, or not the Go, of the baseline %s: %s; write one here with --update, or judge all the same with --cross-machine", errUndecided, o.baseline.file, strings.Join(unlike, "; "))
	}
	measures, release, err := o.admit(s, &plan)
	if !measures {
		return err
	}
	defer release()
	g := gating{measurement: &o.measurement, program: args[0], args: args[1:], gate: results.Gate{
		Threshold: o.threshold, InjectedNS: int64(o.injected), Baseline: kept, Unlike: unlike,
		Base: results.Build{Version: baseline.Version, Go: baseline.Environment.GoVersion}, Head: thisBuild(),
	}}
	file, dir, err := g.measure(ctx, s, plan)
	if file == nil {
		return err
	}
	return presentCheck(s, file, dir, o.format, err)
}

// planBeside is of what was asked for or, where nothing was, of the cells that a baseline
// keeps, if there are any.
func (o *checkOptions) planBeside(kept []results.Kept, injected time.Duration) (scenarios.Plan, error) {
	sides := scenarios.Sides{Yardstick: yardstick, Injected: injected}
	if o.request.Chooses() || len(kept) == 0 {
		return scenarios.BuildCheck(o.request, sides)
	}
	plan, err := scenarios.BuildKept(o.request, kept, sides)
	if err != nil {
		return plan, fmt.Errorf("the baseline %s: %w", o.baseline.file, err)
	}
	return plan, nil
}

// of is what the baseline keeps of a plan's cells: all of them, measured in the same
// way.
func (o *baselineOptions) of(b results.Baseline, plan scenarios.Plan) ([]results.Kept, error) {
	var kept []results.Kept
	for _, c := range plan.Cells {
		k, ok := b.Find(c)
		if !ok {
			var has []string
			for _, k := range b.Cells {
				has = append(has, describeCell(k.Cell))
			}
			return nil, &scenarios.Invalid{Flag: "--baseline", Value: o.file, Allowed: fmt.Sprintf("it has nothing of %s. It has %s. Ask for those with the same flags, or write the file anew with --update", describeCell(c), strings.Join(has, "; "))}
		}
		if options := plan.OptionsOf(c); !k.SameOptions(options) {
			return nil, &scenarios.Invalid{Flag: "--baseline", Value: o.file, Allowed: fmt.Sprintf("%s had the options %s there, and has %s here: ask for the same, or write the file anew with --update", c.Subject, optionText(k.Options), optionText(options))}
		}
		kept = append(kept, k)
	}
	return kept, nil
}

func optionText(options map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(options)) {
		all = append(all, key+"="+options[key])
	}
	return strings.Join(all, " ")
}

// unlikeMachine is in what two machines differ that makes ratios to the yardstick differ,
// the Go that compiled it among that.
func unlikeMachine(kept, here results.Environment) []string {
	var all []string
	for _, d := range kept.Differences(here) {
		if d.Bearing != results.OfSetting {
			all = append(all, fmt.Sprintf("%s: %q in the baseline, %q here", d.Field, d.A, d.B))
		}
	}
	return all
}

// updateFile measures servers along with the yardstick, and keeps their ratios: of what
// was asked for or, where nothing was, of the cells that the file has. A measurement that
// is not complete, or not to be trusted, is no baseline.
func (o *checkOptions) updateFile(ctx context.Context, s streams, args []string) error {
	replaced, err := results.Replaced(o.baseline.file) // before it takes a minute to measure
	if err != nil {
		return err
	}
	var cells []results.Kept
	if replaced != nil {
		cells = replaced.Cells
	}
	plan, err := o.planBeside(cells, 0)
	if err != nil {
		return err
	}
	plan.Blocks, plan.Budget = 2*gate.Pilot(len(plan.Cells)), 0
	measures, release, err := o.admit(s, &plan)
	if !measures {
		return err
	}
	defer release()
	run, err := o.record(plan, args[1:])
	if err != nil {
		return err
	}
	dir, measured := o.measure(ctx, s, args[0], plan, run, func(ctx context.Context, runner scenarios.Runner, _ *results.Writer) error {
		return runner.Run(ctx, plan)
	})
	if dir == "" {
		return measured
	}
	file, err := results.Open(dir)
	if err != nil {
		return errors.Join(measured, err)
	}
	kept, why := gate.Keep(gate.Judge(results.Gate{Threshold: o.threshold}, nil, file.Trials), func(c gate.Cell) map[string]string { return plan.OptionsOf(c.Cell) })
	switch {
	case errors.Is(measured, errInterrupted):
		return fmt.Errorf("no baseline is written: %w", measured)
	case measured != nil:
		return fmt.Errorf("no baseline is written: %w: %s; the measurement is kept in %s", measured, why, dir)
	case why != "":
		return fmt.Errorf("no baseline is written: %w: %s; they are kept in %s", errUntrusted, why, dir)
	}
	baseline := results.Baseline{Version: version(), Environment: file.Run.Environment, Yardstick: yardstick, Cells: kept}
	if err := baseline.Write(o.baseline.file); err != nil {
		return err
	}
	for _, k := range kept {
		fmt.Fprintf(s.out, "%s: × %s %.3f (%.3f–%.3f, %s)\n", describeCell(k.Cell), yardstick, k.Ratio, k.Low, k.High, counted(k.Blocks, "block"))
	}
	if replaced != nil {
		for _, k := range replaced.Cells {
			if _, ok := baseline.Find(k.Cell); !ok {
				fmt.Fprintf(s.err, "! %s: the file had it, and has it no more: without -b, -c and the like all that it has is measured anew\n", describeCell(k.Cell))
			}
		}
	}
	fmt.Fprintf(s.err, "\nbaseline: %s\nresult: %s\n", printable(o.baseline.file), printable(dir))
	return nil
}
