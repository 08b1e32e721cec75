//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"muxbench/results"
	"muxbench/scenarios"
)

// measurement is how commands measure that keep a result, whatever it is of.
type measurement struct {
	labels    [][2]string
	out       string
	dryRun    bool
	quiet     bool
	unwatched bool
}

func (o *measurement) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.out, "out", "o", "", "directory for the result (default results/runs/TIME-SCENARIO)")
	f.Var(list[[2]string]{&o.labels, "key=value", parseLabel}, "label", "kept in the result; repeatable")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the plan and its estimated time, and measure nothing")
	f.BoolVar(&o.unwatched, "unwatched", false, "do not watch the machine, so that no block is void")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no plan and no progress")
	_ = f.MarkHidden("unwatched") // for trying it where other work goes on; it fails for flags that do not exist only
}

// admit refuses a plan that this host cannot carry, and keeps other measurements away
// until release is called. With --dry-run it prints the plan instead, and nothing is
// measured.
func (o *measurement) admit(s streams, plan *scenarios.Plan) (measures bool, release func(), err error) {
	release = func() {}
	if !o.dryRun {
		// First: another run takes of what the limits leave.
		if release, err = scenarios.Lock(); err != nil {
			return false, nil, err
		}
	}
	if err := scenarios.CheckLimits(plan); err != nil {
		release()
		return false, nil, err
	}
	if o.dryRun {
		return false, nil, printPlan(s.out, *plan)
	}
	return true, release, nil
}

// record is what a result file begins with.
func (o *measurement) record(plan scenarios.Plan, args []string) (results.Run, error) {
	run := results.Run{
		Version:     version(),
		Scenario:    plan.Scenario,
		Started:     time.Now().UTC(),
		Args:        args,
		Seed:        plan.Seed,
		Planned:     plan.Trials(),
		Cells:       len(plan.Cells),
		Labels:      map[string]string{},
		Commands:    plan.Commands,
		Published:   plan.Published,
		Precision:   plan.Precision,
		BudgetNS:    int64(plan.Budget),
		Findings:    scenarios.Findings(os.DirFS("/"), plan.Placement),
		Environment: scenarios.Environment(),
	}
	if o.unwatched {
		run.Findings = append(run.Findings, results.Finding{Check: "unwatched", Text: "The machine was not watched: no block is void, whatever happened.", Fix: "leave --unwatched out"})
	}
	for _, l := range o.labels {
		if _, twice := run.Labels[l[0]]; twice {
			return run, &scenarios.Invalid{Flag: "--label", Value: l[0], Allowed: "give each key once"}
		}
		run.Labels[l[0]] = l[1]
	}
	return run, nil
}

// measure has a runner measure into a new result file until ctx is cancelled or the
// user interrupts. It returns the result's directory, which is empty if there is none,
// and why it is not complete.
func (o *measurement) measure(ctx context.Context, s streams, program string, plan scenarios.Plan, run results.Run,
	measure func(context.Context, scenarios.Runner, *results.Writer) error,
) (dir string, err error) {
	executable, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program, to start workers of it: %w", err)
	}
	file, err := create(o.out, run)
	if err != nil {
		return "", err
	}
	dir = filepath.Dir(file.Path())
	// The first interrupt ends the run, with all that was measured kept; a
	// second one ends the process at once, and with it the workers.
	ctx, cancel := signal.NotifyContext(ctx, interrupts()...)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		cancel()
		fmt.Fprintf(s.err, "\nmuxbench: stopping; what was measured is kept in %s. Interrupt again to end at once.\n", printable(dir))
	})()
	// Nobody has to read the progress. When measuring is over, SIGPIPE ends the
	// process again, as is usual.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	progress := newProgress(s.err, o.quiet)
	if !o.quiet {
		_ = printPlan(s.err, plan) // who does not read it can measure all the same
	}
	measured := measure(ctx, scenarios.Runner{
		Launcher: scenarios.Processes{Program: executable, Args: []string{program, "worker"}},
		Machine:  o.machine(),
		Record:   func(trials []results.Trial) error { return file.Append(trials...) },
		Progress: progress.step,
	}, file)
	progress.end()
	if ctx.Err() != nil {
		measured = fmt.Errorf("%w: what was measured is kept in %s", errInterrupted, dir)
	}
	return dir, errors.Join(measured, file.Close())
}

// create starts the result file in dir or, where none was asked for, in one that
// is named after the run, and holds none already.
func create(dir string, run results.Run) (*results.Writer, error) {
	if dir != "" {
		return results.Create(dir, run)
	}
	name := filepath.Join("results", "runs", run.Started.Format("20060102T150405Z")+"-"+strings.ReplaceAll(run.Scenario, " ", "-"))
	file, err := results.Create(name, run)
	for n := 2; errors.Is(err, results.ErrHoldsRun); n++ { // another one of the same second
		file, err = results.Create(fmt.Sprintf("%s-%d", name, n), run)
	}
	return file, err
}

// untilInterrupted is ctx until the user interrupts, who ends the process at once by doing so
// again, and with it its workers.
func untilInterrupted(ctx context.Context) (until context.Context, cancel func()) {
	until, cancelled := signal.NotifyContext(ctx, interrupts()...)
	stop := context.AfterFunc(until, cancelled)
	return until, func() {
		stop()
		cancelled()
	}
}

// interrupts are the signals that stop a run, but for those that this process
// was started to ignore, in the background or by nohup(1).
func interrupts() []os.Signal {
	all := []os.Signal{syscall.SIGTERM}
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// machine is watched, unless this is no measurement.
func (o *measurement) machine() scenarios.Machine {
	if o.unwatched {
		return scenarios.Unwatched{}
	}
	return scenarios.ThisMachine()
}
