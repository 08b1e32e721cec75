//go:build linux

package main

import (
	"math/rand/v2"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

// askFlags are the flags that choose cells, arms and CPUs, of every command that
// measures a sweep.
func askFlags(c *cobra.Command, r *scenarios.Request) {
	f := c.Flags()
	f.VarP(list[string]{&r.Backends, "names", parseWord}, "backends", "b", "backends to compare, or all (default "+strings.Join(scenarios.DefaultBackends(), ",")+"; see \"muxbench list --verbose\" for scenarios that compare others)")
	f.VarP(list[int]{&r.Sweep.Connections, "counts", parseCount}, "connections", "c", "connections, such as 100,1k,10k")
	f.VarP(list[scenarios.Amount]{&r.Sweep.Active, "amounts", parseAmount}, "active", "a", "connections that carry messages: counts or percentages")
	f.VarP(list[int]{&r.Sweep.Rounds, "counts", parseCount}, "rounds", "r", "messages that each active connection exchanges")
	f.DurationVarP(&r.Sweep.Duration, "duration", "d", 0, "measure for this long per arm and block, instead of by rounds")
	f.VarP(list[int]{&r.Sweep.Sizes, "sizes", parseSize}, "size", "s", "payload of a message, such as 64,1KiB")
	f.Var(list[int]{&r.Sweep.SocketBuffers, "sizes", parseSize}, "socket-buffers", "SO_SNDBUF and SO_RCVBUF of both sides; 0: the kernel's own")
	f.Var(list[multiplexers.Entry]{&r.Entries, "entries", multiplexers.ParseEntry}, "entry", "ways into the kernel, each an arm: raw, runtime (default raw, where a backend has it)")
	f.Var(list[int]{&r.Loops, "counts", parseCount}, "loops", "event loops of "+having(func(b server.Backend) bool { return b.Loops > 0 })+", each an arm (default 2; in scaling 1,2,4, in accept 4)")
	f.Var(list[int]{&r.PoolThreads, "counts", parseCount}, "pool-threads", "threads of "+having(func(b server.Backend) bool { return b.PoolThreads > 0 })+" beside its boss, each an arm (default 2; in scaling 1,2,4)")
	f.Var(list[int]{&r.MaxEvents, "counts", parseCount}, "max-events", "events that a wait may return, such as 1,16,128,1024, each an arm (default 1024; select and poll take all they find)")
	f.Var(list[scenarios.Wait]{&r.Waits, "manners", parseWait}, "wait", "what a wait does that finds nothing, each an arm: block (timeout -1) or spin (timeout 0, again and again) (default block)")
	f.Var(list[server.StateLookup]{&r.Lookups, "ways", parseLookup}, "lookup", "how a loop finds the state of an event's connection, each an arm: descriptor, index (poll's own), map, scan (default descriptor; in lookup all)")
	f.Var(list[scenarios.Interest]{&r.Interests, "manners", parseInterest}, "interest", "what becomes of a level-triggered loop's interest in a connection when a message has come, each an arm: kept, or changed twice a message (default kept; in ctl both)")
	f.Var(list[int]{&r.Placement.ServerCPUs, "cpus", parseCPU}, "server-cpus", "CPUs to serve on, one per block in turn, and the others for further threads (default: the first two, in turn, and all that the load has not)")
	f.Var(list[int]{&r.Placement.LoadCPUs, "cpus", parseCPU}, "load-cpus", "CPUs to load from, likewise")
	f.Uint64Var(&r.Seed, "seed", 0, "of all random orders and payloads (default: random, and kept in the result)")
	f.DurationVar(&r.Slice, "slice", 0, "least length of a slice")
	_ = f.MarkHidden("slice") // for choosing how it looks; it fails for flags that do not exist only
	for name, values := range map[string][]string{"backends": append(backendNames(), "all"), "entry": {"raw", "runtime"}, "wait": {string(scenarios.WaitBlock), string(scenarios.WaitSpin)}, "lookup": lookupNames(), "interest": {string(scenarios.InterestKept), string(scenarios.InterestChanged)}} {
		// It fails for flags that do not exist only, as elsewhere.
		_ = c.RegisterFlagCompletionFunc(name, completesList(values))
	}
}

// settleAsked refuses what a flag's value alone cannot tell from its absence, and
// chooses a seed where none is given.
func settleAsked(c *cobra.Command, r *scenarios.Request) error {
	f := c.Flags()
	if !f.Changed("seed") {
		r.Seed = rand.Uint64()
	}
	if f.Changed("budget") && r.Budget == 0 {
		return &scenarios.Invalid{Flag: "--budget", Value: "0", Allowed: "a time such as 120s"}
	}
	if f.Changed("duration") && r.Sweep.Duration == 0 {
		return &scenarios.Invalid{Flag: "--duration", Value: "0", Allowed: "a time such as 500ms"}
	}
	return nil
}

// having are the backends that have something, in words.
func having(has func(server.Backend) bool) string { return strings.Join(scenarios.Having(has), ", ") }
