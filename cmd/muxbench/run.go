//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// errInterrupted ends a run that the user stopped.
var errInterrupted = errors.New("interrupted")

// runOptions are the flags of run.
type runOptions struct {
	request scenarios.Request
	measurement
}

func runCommand(s streams, args []string) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "Measure, save, print the table and draw the charts",
		Long: `Run measures one scenario or several, saves every trial as it ends, prints the
table and draws the charts. Without a scenario it runs "overview", which answers
on this machine which backend to use and from how many connections on.

Each cell of the sweep is measured in blocks of fresh processes. Within a block
the servers of all backends are alive together and take turns, slice by slice,
so that what disturbs the machine disturbs all of them alike. The reference takes
part a second time, as the control arm: what the two differ by is noise.

With --rate, which scenario rate has by itself, the loop is open: messages begin at
times fixed beforehand, whether or not earlier ones have been answered, and their
latency counts from then. That is what users see when a server stalls.

A run ends after a number of blocks, or when the ratios are precise enough
(--precision), or in time (--budget), whichever comes first of those asked for. A
block that the machine has disturbed is measured again.`,
		Example: `  muxbench run
  muxbench run echo -c 1k,10k -r 100 -s 1KiB,10KiB
  muxbench run idle -c 100,1k,10k -a 1% -d 500ms -b poll,epoll-et
  muxbench run connect -c 100,1k,5k,10k,19k -n 6
  muxbench run chain -c 100,1k -a 1 -r 100
  muxbench run rate -c 100 --rate 20%,40%,60%,80%,90%
  muxbench run idle -c 1k -a 100 --slo p99=1ms
  muxbench run echo -c 1k -b epoll-lt --server 'mine=./server --port {port}'
  muxbench run echo -c 1k -b reuseport,epoll-pool,go-net --loops 1,2,4
  muxbench run idle -b epoll-lt --max-events 1,16,128,1024 --wait block,spin
  muxbench run --preset original -c 1k`,
		ValidArgs: scenarioNames(),
		RunE: func(cmd *cobra.Command, names []string) error {
			o.request.Scenarios = names
			if err := settleAsked(cmd, &o.request); err != nil {
				return err
			}
			if cmd.Flags().Changed("blocks") && o.request.Blocks == 0 {
				return &scenarios.Invalid{Flag: "--blocks", Value: "0", Allowed: "at least 1"}
			}
			return o.run(cmd.Context(), s, args)
		},
	}
	f, r := c.Flags(), &o.request
	askFlags(c, r)
	o.flags(f)
	f.StringVar(&r.Preset, "preset", "", "instead of scenarios: another benchmark, original or libevent, or level-or-edge, which has a verdict on those")
	f.Var(servers{&r.Servers}, "server", "an external echo server as one more arm, run by sh; it gets its port as {port} and PORT; in chain a program that runs chains, with {connections}, {active} and {writes}; repeatable")
	f.StringVar(&r.Reference, "reference", "", "the arm that the others are compared with (default: the first backend)")
	f.Var(list[scenarios.Rate]{&r.Sweep.Rates, "rates", parseRate}, "rate", "open loop: offer so many msgs/s over all active connections, such as 10k,50k, or percentages of what each backend does in a closed loop, such as 20%,80%")
	f.Var(list[scenarios.SLO]{&r.Sweep.SLOs, "latencies", parseSLO}, "slo", "open loop: search the highest rate that keeps to this latency, such as p99=1ms")
	f.Var(single[results.Schedule]{&r.Sweep.Schedule, "name", parseSchedule}, "schedule", "when the messages of an open loop begin: poisson or fixed (default poisson)")
	f.IntVarP(&r.Blocks, "blocks", "n", 0, "blocks of fresh processes per cell, with --precision or --budget at most (default 6 to 10 by scenario; in level-or-edge 20, in libevent 6, in original 1; with those two 200)")
	f.Var(single[float64]{&r.Precision, "percentage", parseShare}, "precision", "measure until every ratio of server CPU (in chain of time, in an open loop of p99 or the rate) has a 95% interval of half this width, such as 2%")
	f.DurationVar(&r.Budget, "budget", 0, "begin no block that is not expected to end within this time")
	f.BoolVar(&r.NoControl, "no-control", false, "leave the control arm out: then nobody knows what identical arms would differ by")
	f.Var(list[time.Duration]{&r.Spins, "times", time.ParseDuration}, "spin", "CPU time that the server burns for each message on top, as work would, such as 0s,20us, each an arm of every backend (default 0s; in scaling 20us)")
	for name, values := range map[string][]string{"reference": backendNames(), "preset": presetNames(), "schedule": {string(results.Poisson), string(results.Fixed)}} {
		// It fails for flags that do not exist only.
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return c
}

func (o *runOptions) run(ctx context.Context, s streams, args []string) error {
	plan, err := scenarios.Build(o.request)
	if err != nil {
		return err
	}
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
	summary, shown := present(s, dir)
	if err := errors.Join(measured, shown); err != nil {
		return err
	}
	return trust(summary)
}

// Why a complete run is no answer.
var (
	errUntrusted    = errors.New("figures are not to be trusted")
	errInconclusive = errors.New("the precision asked for was not reached")
)

// trust says whether a run's figures can be.
func trust(s report.Summary) error {
	if reasons := s.Distrust(); len(reasons) > 0 {
		return fmt.Errorf("%w: %s", errUntrusted, strings.Join(reasons, "; "))
	}
	if reasons := s.Imprecise(); len(reasons) > 0 {
		return fmt.Errorf("%w: %s", errInconclusive, strings.Join(reasons, "; "))
	}
	return nil
}
