//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	address netip.AddrPort
	backend string
	entries []multiplexers.Entry // at most one
	buffers int
	cpu     int // negative: none
	choice  scenarios.Choice
	allowed []netip.Prefix
}

func serveCommand(s streams, args []string) *cobra.Command {
	o := serveOptions{backend: "epoll-lt", cpu: -1}
	c := &cobra.Command{
		Use:   "serve [ADDRESS]",
		Short: "Serve one backend to any client, until interrupted",
		Long: `Serve lets one backend echo what any client sends it, on ADDRESS, an IPv4
address and a port (default ` + defaultAddress + `; port 0 lets the kernel
choose). When it listens it prints one line to say where; Ctrl-C ends it, and it
says what was served.

Only addresses of the loopback network 127.0.0.0/8 are listened on, unless
--allow-target names a network that the address is in: who can reach it can use
it.`,
		Example: `  muxbench serve
  muxbench serve 127.0.0.1:0 -b select --cpu 0
  muxbench serve 10.0.0.5:7777 --allow-target 10.0.0.5/32`,
		Args:              oneAddress,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, named []string) error {
			if err := o.check(append(named, defaultAddress)[0]); err != nil {
				return err
			}
			return o.serve(cmd.Context(), s, args[0])
		},
	}
	f := c.Flags()
	f.StringVarP(&o.backend, "backend", "b", o.backend, "what waits for the connections: "+strings.Join(backendNames(), ", "))
	f.Var(list[multiplexers.Entry]{&o.entries, "entry", multiplexers.ParseEntry}, "entry", "way into the kernel: raw, runtime (default: the backend's own, see \"muxbench list --verbose\")")
	f.IntVar(&o.choice.Loops, "loops", 0, "event loops, of backends that have several (default: the backend's own)")
	f.IntVar(&o.choice.PoolThreads, "pool-threads", 0, "threads of a backend that has a pool (default: the backend's own)")
	f.IntVar(&o.choice.MaxEvents, "max-events", 0, "events that a wait may return (default 1024, or as many as select and poll find)")
	f.BoolVar(&o.choice.Spinning, "wait-spin", false, "never sleep in a wait")
	f.Var(single[int]{&o.buffers, "size", parseSize}, "socket-buffers", "SO_SNDBUF and SO_RCVBUF of each connection; 0: the kernel's own")
	f.Var(single[int]{&o.cpu, "cpu", parseCPU}, "cpu", "CPU to pin the event loop to (default: none)")
	f.Lookup("cpu").DefValue = ""
	f.Var(list[netip.Prefix]{&o.allowed, "networks", parseNetwork}, "allow-target", "networks beyond loopback that may be listened in, such as 10.0.0.5/32; repeatable")
	for name, values := range map[string][]string{"backend": backendNames(), "entry": {"raw", "runtime"}} {
		// It fails for flags that do not exist only.
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return c
}

func (o *serveOptions) check(address string) error {
	var err error
	if o.address, err = parseAddress(address, o.allowed); err != nil {
		return err
	}
	b, err := server.Lookup(o.backend)
	if err != nil {
		return &scenarios.Invalid{Flag: "--backend", Value: o.backend, Allowed: "choose among " + strings.Join(backendNames(), ", "), Known: backendNames()}
	}
	if err := b.Probe(); err != nil {
		return fmt.Errorf("serving %s, which this host does not have: %w: choose another --backend", o.backend, err)
	}
	if len(o.entries) > 1 {
		return &scenarios.Invalid{Flag: "--entry", Value: o.entries[1].String(), Allowed: "a server has one way into the kernel"}
	}
	if len(o.entries) == 1 && !b.Enters(o.entries[0]) {
		return &scenarios.Invalid{Flag: "--entry", Value: o.entries[0].String(), Allowed: fmt.Sprintf("%s has %s", b.Name, b.EntryWhy)}
	}
	// The plan of any run knows the bounds.
	asked := scenarios.Request{
		Backends: []string{b.Name}, Sweep: scenarios.Sweep{SocketBuffers: []int{o.buffers}},
		Loops: given(o.choice.Loops), PoolThreads: given(o.choice.PoolThreads), MaxEvents: given(o.choice.MaxEvents),
	}
	if o.choice.Spinning {
		asked.Waits = []scenarios.Wait{scenarios.WaitSpin}
	}
	if _, err := scenarios.Build(asked); err != nil {
		return err
	}
	return checkCPU(o.cpu)
}

// given is a number as a list of values, empty if it was not.
func given(n int) []int {
	if n == 0 {
		return nil
	}
	return []int{n}
}

// entry is the way into the kernel that was asked for, or the backend's own.
func (o *serveOptions) entry() multiplexers.Entry {
	if len(o.entries) > 0 {
		return o.entries[0]
	}
	b, err := server.Lookup(o.backend)
	if err != nil {
		return multiplexers.Runtime // of a backend that check has refused
	}
	return b.Entries[0]
}

// serve starts the worker, and ends it when interrupted.
func (o *serveOptions) serve(ctx context.Context, s streams, program string) (err error) {
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	spec := scenarios.NewSpec(scenarios.ServerRole, o.entry())
	spec.Choice, spec.Backend, spec.Listen, spec.SocketBuffers, spec.CPU = o.choice, o.backend, o.address, o.buffers, o.cpu
	worker, ready, err := startWorker(ctx, program, spec)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w before %s was served on %s", errInterrupted, o.backend, o.address)
	case err != nil:
		return fmt.Errorf("serving %s on %s: %w", o.backend, o.address, err)
	}
	serving := fmt.Sprintf("%s on %s", o.backend, ready.Address)
	defer func() { err = stopWorker(worker, err, "serving "+serving) }()
	if _, err := fmt.Fprintf(s.out, "serving %s\n", serving); err != nil {
		return err
	}
	last, err := untilEnded(ctx, worker)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "served %s: %s\n", serving, served(o.backend, last))
	return err
}

// untilEnded waits until ctx is cancelled or the worker has died, and returns the
// server's last state.
func untilEnded(ctx context.Context, worker scenarios.Worker) (scenarios.ServerState, error) {
	select {
	case <-ctx.Done():
	case <-worker.Ended():
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), workerPatience, errors.New("the server has not answered for "+workerPatience.String()))
	defer cancel()
	reply, err := worker.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
	switch {
	case err != nil:
		return scenarios.ServerState{}, err
	case reply.Server == nil:
		return scenarios.ServerState{}, errors.New("asking for a snapshot: no answer in the reply")
	}
	return *reply.Server, nil
}

// served says what a server has done, as far as its backend counts it. What a
// message is, only its clients know.
func served(backend string, s scenarios.ServerState) string {
	b, err := server.Lookup(backend)
	c := s.Counters
	text := fmt.Sprintf("%s accepted, %s bytes in, %s bytes out", counted(int(c.Accepts), "connection"), grouped(float64(c.BytesIn)), grouped(float64(c.BytesOut)))
	multiplexes := err == nil && b.Multiplexes()
	if multiplexes || b.ThreadEach {
		text += fmt.Sprintf(", %s reads, %s writes", grouped(float64(c.Reads)), grouped(float64(c.Writes)))
	}
	if multiplexes {
		text += fmt.Sprintf(", %s waits", grouped(float64(c.Waits)))
	}
	text += fmt.Sprintf(", %s of server CPU time", s.CPU.Round(time.Microsecond))
	if s.Refused > 0 {
		text += fmt.Sprintf("; %s refused %s", counted(int(s.Refused), "connection"), wanting(b))
	}
	return text
}

// wanting is what a server was in want of that has refused connections, and how to
// have more of it.
func wanting(b server.Backend) string {
	if b.ThreadEach {
		return "for want of descriptors or threads: raise \"ulimit -Hn\", and see \"muxbench list --verbose\" for what limits threads"
	}
	return "for want of descriptors: raise \"ulimit -Hn\""
}
