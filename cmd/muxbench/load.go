//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/results"
	"muxbench/scenarios"
)

// loadOptions are the flags of load.
type loadOptions struct {
	target      netip.AddrPort
	connections int
	active      scenarios.Amount
	rounds      int
	duration    time.Duration
	rate        int // msgs/s of an open loop; 0: a closed one
	schedule    results.Schedule
	size        int
	buffers     int
	cpu         int // negative: none
	seed        uint64
	format      string
	allowed     []netip.Prefix
}

func loadCommand(s streams, args []string) *cobra.Command {
	formats := []string{"text", "json"}
	o := loadOptions{connections: 100, active: scenarios.Amount{Percent: 100}, size: 64, cpu: -1, format: formats[0]}
	c := &cobra.Command{
		Use:   "load ADDRESS",
		Short: "Load any echo server, and say how fast it answers",
		Long: `Load connects to an echo server on ADDRESS, an IPv4 address and a port, and
exchanges messages with it, in a closed loop: each connection sends its next
message when the reply to the last one has come. Every byte is verified. One
message per connection is exchanged beforehand, uncounted. "muxbench serve"
starts a server to try it on.

With --rate the loop is open: messages begin at times fixed beforehand, whether or
not earlier ones have been answered, each on the connection that has been free for
longest, and their latency counts from then. Where none is free, they wait for one.
"lag" is how late the load generator itself was, which spins on its CPU meanwhile.

Only addresses of the loopback network 127.0.0.0/8 are connected to, unless
--allow-target names a network that the address is in. Load only what is yours.
From one host to an address beyond loopback there are some 28,000 connections.`,
		Example: `  muxbench load 127.0.0.1:7777
  muxbench load 127.0.0.1:7777 -c 1k -a 10 -d 5s
  muxbench load 127.0.0.1:7777 -c 1k --rate 20k -d 5s
  muxbench load 127.0.0.1:7777 -c 10 -r 1000 -s 1KiB --format json
  muxbench load 10.0.0.5:7777 --allow-target 10.0.0.5/32`,
		Args:              oneAddress,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, named []string) error {
			if len(named) == 0 {
				return &scenarios.Invalid{Flag: "ADDRESS", Allowed: "the address of an echo server is wanted, such as " + defaultAddress}
			}
			f := cmd.Flags()
			if !f.Changed("seed") {
				o.seed = rand.Uint64()
			}
			if o.schedule != "" && !f.Changed("rate") {
				return &scenarios.Invalid{Flag: "--schedule", Value: string(o.schedule), Allowed: "it is of an open loop: give --rate too"}
			}
			if f.Changed("rate") && f.Changed("rounds") {
				return &scenarios.Invalid{Flag: "--rounds", Allowed: "a rate and a duration say how many messages an open loop has: give --duration"}
			}
			if f.Changed("rate") && o.rate == 0 {
				return &scenarios.Invalid{Flag: "--rate", Value: "0", Allowed: "at least 1 message a second"}
			}
			plan, err := o.plan(named[0], f.Changed("rounds"), f.Changed("duration"), formats)
			if err != nil {
				return err
			}
			return o.load(cmd.Context(), s, args[0], plan.Cells[0])
		},
	}
	f := c.Flags()
	f.VarP(single[int]{&o.connections, "count", parseCount}, "connections", "c", "connections, such as 100 or 10k")
	f.VarP(single[scenarios.Amount]{&o.active, "amount", parseAmount}, "active", "a", "connections that carry messages: a count or a percentage (default: all)")
	f.Lookup("active").DefValue = ""
	f.VarP(single[int]{&o.rounds, "count", parseCount}, "rounds", "r", "messages that each active connection exchanges, instead of a duration")
	f.DurationVarP(&o.duration, "duration", "d", time.Second, "exchange messages for this long")
	f.Var(single[int]{&o.rate, "count", parseCount}, "rate", "open loop: offer so many msgs/s over all active connections, for a duration")
	f.Lookup("rate").DefValue = ""
	f.Var(single[results.Schedule]{&o.schedule, "name", parseSchedule}, "schedule", "when the messages of an open loop begin: poisson or fixed (default poisson)")
	f.VarP(single[int]{&o.size, "size", parseSize}, "size", "s", "payload of a message, such as 64 or 1KiB")
	f.Var(single[int]{&o.buffers, "size", parseSize}, "socket-buffers", "SO_SNDBUF and SO_RCVBUF of each connection; 0: the kernel's own")
	f.Var(single[int]{&o.cpu, "cpu", parseCPU}, "cpu", "CPU to pin the load generator to (default: none)")
	f.Lookup("cpu").DefValue = ""
	f.Uint64Var(&o.seed, "seed", 0, "of the payloads (default: random)")
	f.StringVar(&o.format, "format", o.format, strings.Join(formats, ", "))
	f.Var(list[netip.Prefix]{&o.allowed, "networks", parseNetwork}, "allow-target", "networks beyond loopback that may be connected to, such as 10.0.0.5/32; repeatable")
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// plan is that of a run of one cell, which has the same bounds and takes as
// much of this host.
func (o *loadOptions) plan(address string, byRounds, byDuration bool, formats []string) (scenarios.Plan, error) {
	var err error
	o.target, err = parseAddress(address, o.allowed)
	switch {
	case err != nil:
		return scenarios.Plan{}, err
	case o.target.Port() == 0:
		return scenarios.Plan{}, &scenarios.Invalid{Flag: "ADDRESS", Value: address, Allowed: "a port from 1 to 65535 is wanted"}
	case !slices.Contains(formats, o.format):
		return scenarios.Plan{}, &scenarios.Invalid{Flag: "--format", Value: o.format, Allowed: "choose among " + strings.Join(formats, ", "), Known: formats}
	case byDuration && o.duration == 0:
		return scenarios.Plan{}, &scenarios.Invalid{Flag: "--duration", Value: "0", Allowed: "a time such as 500ms"}
	}
	if err := checkCPU(o.cpu); err != nil {
		return scenarios.Plan{}, err
	}
	sweep := scenarios.Sweep{Connections: []int{o.connections}, Active: []scenarios.Amount{o.active}, Sizes: []int{o.size}, SocketBuffers: []int{o.buffers}}
	if byRounds {
		sweep.Rounds = []int{o.rounds}
	}
	if byDuration || !byRounds {
		sweep.Duration = o.duration
	}
	if o.rate != 0 {
		sweep.Rates = []scenarios.Rate{{PerSecond: float64(o.rate)}}
	}
	sweep.Schedule = o.schedule
	plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{"echo"}, Backends: scenarios.DefaultBackends()[:1], Sweep: sweep, Blocks: 1})
	var invalid *scenarios.Invalid
	if errors.As(err, &invalid) && invalid.Flag == "SCENARIO" {
		invalid.Flag, invalid.Value = "load", "" // it takes too long
	}
	if err != nil {
		return plan, err
	}
	plan.Cells[0].Scenario = "load" // in errors
	limits, err := scenarios.HostLimits(os.DirFS("/"))
	if err != nil {
		return plan, fmt.Errorf("looking up what this host can carry: %w", err)
	}
	if !o.target.Addr().IsLoopback() && o.connections > limits.Ports {
		return plan, fmt.Errorf("load with %d connections: to an address beyond loopback there is one source address, with %d ports: raise them with \"sysctl -w net.ipv4.ip_local_port_range='1024 65535'\", or ask for fewer connections", o.connections, limits.Ports)
	}
	return plan, plan.Fits(limits)
}

// load drives one worker through one recorded exchange, and prints what came
// of it.
func (o *loadOptions) load(ctx context.Context, s streams, program string, cell results.Cell) (err error) {
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	spec := scenarios.NewSpec(scenarios.LoadRole, multiplexers.Raw)
	spec.Target, spec.Allowed, spec.SocketBuffers, spec.CPU, spec.Seed = o.target, o.allowed, o.buffers, o.cpu, o.seed
	spec.Connections, spec.Active, spec.Size = cell.Connections, cell.Active, cell.Size
	worker, _, err := startWorker(ctx, program, spec)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w before anything was sent to %s", errInterrupted, o.target)
	case err != nil:
		return fmt.Errorf("load of %s: %w", o.target, err)
	}
	defer func() { err = stopWorker(worker, err, fmt.Sprintf("load of %s", o.target)) }()
	connected, err := ask(ctx, worker, cell, scenarios.Command{Do: scenarios.DoConnect})
	if err != nil {
		return err
	}
	if _, err := ask(ctx, worker, cell, scenarios.Command{Do: scenarios.DoExchange, Rounds: 1}); err != nil {
		return err
	}
	did, err := ask(ctx, worker, cell, o.window(cell))
	if err != nil {
		return err
	}
	latency, err := ask(ctx, worker, cell, scenarios.Command{Do: scenarios.DoReport})
	if err != nil {
		return err
	}
	m := newMeasured(o, cell, connected, did, latency)
	if o.format == "json" {
		return m.json(s.out)
	}
	return m.text(s.out)
}

// window is the exchange that is recorded.
func (o *loadOptions) window(cell results.Cell) scenarios.Command {
	c := scenarios.Command{Do: scenarios.DoExchange, Rounds: cell.Rounds, Duration: time.Duration(cell.DurationNS), Record: true}
	if cell.Open() {
		c.Do, c.Rate, c.Schedule, c.Seed = scenarios.DoPace, cell.Rate, cell.Schedule, o.seed
	}
	return c
}

// ask sends the worker a command. A failure of any message is one of the load.
func ask(ctx context.Context, w scenarios.Worker, cell results.Cell, c scenarios.Command) (scenarios.LoadState, error) {
	// What a slow server may take; by duration, for the messages in hand at its end.
	messages := time.Duration(max(1, c.Rounds)) * time.Duration(cell.Active)
	limit := workerPatience + time.Duration(cell.Connections)*time.Millisecond + messages*(time.Millisecond+20*time.Nanosecond*time.Duration(cell.Size)) + loadgen.LongestPace(c.Duration)
	bounded, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %s", limit))
	defer cancel()
	reply, err := w.Do(bounded, c)
	switch {
	case err != nil && ctx.Err() != nil:
		return scenarios.LoadState{}, interrupted(w, cell, c)
	case err != nil:
		return scenarios.LoadState{}, fmt.Errorf("%s: %w", c.Do, err)
	case reply.Load == nil:
		return scenarios.LoadState{}, fmt.Errorf("%s: no answer in the reply", c.Do)
	case reply.Load.Errors.Total() > 0:
		return scenarios.LoadState{}, fmt.Errorf("%s: %d failed (%s), the first %s: %s", c.Do, reply.Load.Errors.Total(), classes(reply.Load.Errors), reply.Load.FirstError, remedy(reply.Load.Errors))
	}
	return *reply.Load, nil
}

// interrupted aborts a command. An abort has no answer of its own: what comes
// is what the command has done until then.
func interrupted(w scenarios.Worker, cell results.Cell, c scenarios.Command) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoAbort})
	switch {
	case err != nil || reply.Load == nil:
		return errInterrupted
	case c.Do == scenarios.DoConnect:
		return fmt.Errorf("%w with %d of %d connections established", errInterrupted, reply.Load.Established, cell.Connections)
	case !c.Record:
		return fmt.Errorf("%w before anything was measured", errInterrupted)
	}
	failures := reply.Load.Errors
	failures.Timeout = 0 // those are the abort's doing
	text := ""
	if failures.Total() > 0 {
		text = fmt.Sprintf("; failed: %s, the first %s", classes(failures), reply.Load.FirstError)
	}
	return fmt.Errorf("%w after %s messages in %s%s", errInterrupted, grouped(float64(reply.Load.Messages)), reply.Load.Elapsed.Round(time.Millisecond), text)
}

// classes counts failures by class.
func classes(e results.Errors) string {
	var all []string
	for _, class := range []struct {
		name string
		n    int64
	}{{"connect", e.Connect}, {"read", e.Read}, {"write", e.Write}, {"reset", e.Reset}, {"timeout", e.Timeout}, {"mismatch", e.Mismatch}} {
		if class.n > 0 {
			all = append(all, fmt.Sprintf("%s %d", class.name, class.n))
		}
	}
	return strings.Join(all, ", ")
}

// remedy is what to look at after such failures.
func remedy(e results.Errors) string {
	switch {
	case e.Mismatch > 0:
		return "is it an echo server, that answers with what it is sent and nothing else?"
	case e.Connect > 0:
		return "is a server listening there? \"muxbench serve\" starts one"
	case e.Timeout > 0:
		return "does the server echo, and at once? Ask for fewer connections, or smaller messages"
	}
	return "the server has closed connections: look at what it says, and at its limit of descriptors"
}
