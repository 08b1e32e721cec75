//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// errInterrupted ends a run that the user stopped.
var errInterrupted = errors.New("interrupted")

// runOptions are the flags of run.
type runOptions struct {
	request scenarios.Request
	labels  [][2]string
	out     string
	dryRun  bool
	quiet   bool

	unwatched bool
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
			if !cmd.Flags().Changed("seed") {
				o.request.Seed = rand.Uint64()
			}
			if cmd.Flags().Changed("blocks") && o.request.Blocks == 0 {
				return &scenarios.Invalid{Flag: "--blocks", Value: "0", Allowed: "at least 1"}
			}
			if cmd.Flags().Changed("budget") && o.request.Budget == 0 {
				return &scenarios.Invalid{Flag: "--budget", Value: "0", Allowed: "a time such as 120s"}
			}
			if cmd.Flags().Changed("duration") && o.request.Sweep.Duration == 0 {
				return &scenarios.Invalid{Flag: "--duration", Value: "0", Allowed: "a time such as 500ms"}
			}
			return o.run(cmd.Context(), s, args)
		},
	}
	f, r := c.Flags(), &o.request
	f.VarP(list[string]{&r.Backends, "names", parseWord}, "backends", "b", "backends to compare, or all (default "+strings.Join(scenarios.DefaultBackends(), ",")+"; see \"muxbench list --verbose\" for scenarios that compare others)")
	f.StringVar(&r.Preset, "preset", "", "instead of scenarios: another benchmark, original or libevent, or level-or-edge, which has a verdict on those")
	f.Var(servers{&r.Servers}, "server", "an external echo server as one more arm, run by sh; it gets its port as {port} and PORT; in chain a program that runs chains, with {connections}, {active} and {writes}; repeatable")
	f.StringVar(&r.Reference, "reference", "", "the arm that the others are compared with (default: the first backend)")
	f.VarP(list[int]{&r.Sweep.Connections, "counts", parseCount}, "connections", "c", "connections, such as 100,1k,10k")
	f.VarP(list[scenarios.Amount]{&r.Sweep.Active, "amounts", parseAmount}, "active", "a", "connections that carry messages: counts or percentages")
	f.VarP(list[int]{&r.Sweep.Rounds, "counts", parseCount}, "rounds", "r", "messages that each active connection exchanges")
	f.DurationVarP(&r.Sweep.Duration, "duration", "d", 0, "measure for this long per arm and block, instead of by rounds")
	f.Var(list[scenarios.Rate]{&r.Sweep.Rates, "rates", parseRate}, "rate", "open loop: offer so many msgs/s over all active connections, such as 10k,50k, or percentages of what each backend does in a closed loop, such as 20%,80%")
	f.Var(list[scenarios.SLO]{&r.Sweep.SLOs, "latencies", parseSLO}, "slo", "open loop: search the highest rate that keeps to this latency, such as p99=1ms")
	f.Var(single[results.Schedule]{&r.Sweep.Schedule, "name", parseSchedule}, "schedule", "when the messages of an open loop begin: poisson or fixed (default poisson)")
	f.VarP(list[int]{&r.Sweep.Sizes, "sizes", parseSize}, "size", "s", "payload of a message, such as 64,1KiB")
	f.Var(list[int]{&r.Sweep.SocketBuffers, "sizes", parseSize}, "socket-buffers", "SO_SNDBUF and SO_RCVBUF of both sides; 0: the kernel's own")
	f.IntVarP(&r.Blocks, "blocks", "n", 0, "blocks of fresh processes per cell, with --precision or --budget at most (default 6 to 10 by scenario; in level-or-edge 20, in libevent 6, in original 1; with those two 200)")
	f.Var(single[float64]{&r.Precision, "percentage", parseShare}, "precision", "measure until every ratio of server CPU (in chain of time, in an open loop of p99 or the rate) has a 95% interval of half this width, such as 2%")
	f.DurationVar(&r.Budget, "budget", 0, "begin no block that is not expected to end within this time")
	f.BoolVar(&r.NoControl, "no-control", false, "leave the control arm out: then nobody knows what identical arms would differ by")
	f.Var(list[multiplexers.Entry]{&r.Entries, "entries", multiplexers.ParseEntry}, "entry", "ways into the kernel, each an arm: raw, runtime (default raw, where a backend has it)")
	f.Var(list[int]{&r.Loops, "counts", parseCount}, "loops", "event loops of "+having(func(b server.Backend) bool { return b.Loops > 0 })+", each an arm (default 2; in scaling 1,2,4, in accept 4)")
	f.Var(list[int]{&r.PoolThreads, "counts", parseCount}, "pool-threads", "threads of "+having(func(b server.Backend) bool { return b.PoolThreads > 0 })+" beside its boss, each an arm (default 2; in scaling 1,2,4)")
	f.Var(list[int]{&r.MaxEvents, "counts", parseCount}, "max-events", "events that a wait may return, such as 1,16,128,1024, each an arm (default 1024; select and poll take all they find)")
	f.Var(list[scenarios.Wait]{&r.Waits, "manners", parseWait}, "wait", "what a wait does that finds nothing, each an arm: block (timeout -1) or spin (timeout 0, again and again) (default block)")
	f.Var(list[server.StateLookup]{&r.Lookups, "ways", parseLookup}, "lookup", "how a loop finds the state of an event's connection, each an arm: descriptor, index (poll's own), map, scan (default descriptor; in lookup all)")
	f.Var(list[scenarios.Interest]{&r.Interests, "manners", parseInterest}, "interest", "what becomes of a level-triggered loop's interest in a connection when a message has come, each an arm: kept, or changed twice a message (default kept; in ctl both)")
	f.Var(list[time.Duration]{&r.Spins, "times", time.ParseDuration}, "spin", "CPU time that the server burns for each message on top, as work would, such as 0s,20us, each an arm of every backend (default 0s; in scaling 20us)")
	f.Var(list[int]{&r.Placement.ServerCPUs, "cpus", parseCPU}, "server-cpus", "CPUs to serve on, one per block in turn, and the others for further threads (default: the first two, in turn, and all that the load has not)")
	f.Var(list[int]{&r.Placement.LoadCPUs, "cpus", parseCPU}, "load-cpus", "CPUs to load from, likewise")
	f.Uint64Var(&r.Seed, "seed", 0, "of all random orders and payloads (default: random, and kept in the result)")
	f.StringVarP(&o.out, "out", "o", "", "directory for the result (default results/runs/TIME-SCENARIO)")
	f.Var(list[[2]string]{&o.labels, "key=value", parseLabel}, "label", "kept in the result; repeatable")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the plan and its estimated time, and measure nothing")
	// For proving what the instrument sees, for choosing how it looks, and for
	// trying it where other work goes on.
	f.DurationVar(&r.Slice, "slice", 0, "least length of a slice")
	f.BoolVar(&o.unwatched, "unwatched", false, "do not watch the machine, so that no block is void")
	for _, hidden := range []string{"slice", "unwatched"} {
		_ = f.MarkHidden(hidden) // it fails for flags that do not exist only
	}
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no plan and no progress")
	for name, values := range map[string][]string{"backends": append(backendNames(), "all"), "entry": {"raw", "runtime"}, "wait": {string(scenarios.WaitBlock), string(scenarios.WaitSpin)}, "lookup": lookupNames(), "interest": {string(scenarios.InterestKept), string(scenarios.InterestChanged)}} {
		// It fails for flags that do not exist only, as below.
		_ = c.RegisterFlagCompletionFunc(name, completesList(values))
	}
	for name, values := range map[string][]string{"reference": backendNames(), "preset": presetNames(), "schedule": {string(results.Poisson), string(results.Fixed)}} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return c
}

// having are the backends that have something, in words.
func having(has func(server.Backend) bool) string { return strings.Join(scenarios.Having(has), ", ") }

func (o *runOptions) run(ctx context.Context, s streams, args []string) error {
	plan, err := scenarios.Build(o.request)
	if err != nil {
		return err
	}
	if !o.dryRun {
		// First: another run takes of what the limits leave.
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
	run := results.Run{
		Version:     version(),
		Scenario:    plan.Scenario,
		Started:     time.Now().UTC(),
		Args:        args[1:],
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
			return &scenarios.Invalid{Flag: "--label", Value: l[0], Allowed: "give each key once"}
		}
		run.Labels[l[0]] = l[1]
	}
	file, err := create(o.out, run)
	if err != nil {
		return err
	}
	dir := filepath.Dir(file.Path())
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
	measured := o.measure(ctx, s, args[0], plan, file)
	signal.Reset(syscall.SIGPIPE)
	if err := file.Close(); err != nil {
		return errors.Join(measured, err)
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
func (o *runOptions) machine() scenarios.Machine {
	if o.unwatched {
		return scenarios.Unwatched{}
	}
	return scenarios.ThisMachine()
}

// measure runs the plan until ctx is cancelled.
func (o *runOptions) measure(ctx context.Context, s streams, program string, plan scenarios.Plan, file *results.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, to start workers of it: %w", err)
	}
	progress := newProgress(s.err, o.quiet)
	if !o.quiet {
		_ = printPlan(s.err, plan) // who does not read it can measure all the same
	}
	runner := scenarios.Runner{
		Launcher: scenarios.Processes{Program: executable, Args: []string{program, "worker"}},
		Machine:  o.machine(),
		Record:   func(trials []results.Trial) error { return file.Append(trials...) },
		Progress: progress.step,
	}
	err = runner.Run(ctx, plan)
	progress.end()
	if ctx.Err() != nil {
		return fmt.Errorf("%w: what was measured is kept in %s", errInterrupted, filepath.Dir(file.Path()))
	}
	return err
}
