//go:build linux

// Package server is the server under test: one event loop, one connection type
// and one handler for every multiplexer, so that the waiting is the only
// difference between two backends. It echoes what it reads.
//
// A backend is a multiplexer, its trigger mode and a threading model. To add a
// multiplexer, add it to package multiplexers: its backend with one loop comes
// by itself. To add a threading model, write a file with a function that
// describes it, as reusePort does, and an engine if none of those here will do,
// and put a line into Backends. What differs about it is said in its Backend:
// plan, workers, lists, limits and tests go by that, and none asks for a name.
package server

import (
	"fmt"
	"slices"

	"muxbench/multiplexers"
)

// Backend is a named server configuration: a multiplexer with its trigger
// mode, and a threading model.
type Backend struct {
	Name, Summary string
	// Mechanism is what its loops wait with. Its name is empty where there are
	// no loops of ours.
	Mechanism multiplexers.Mechanism
	// Entries are the ways into the kernel that it can be served by, the one to
	// be measured first, and EntryWhy says why those.
	Entries  []multiplexers.Entry
	EntryWhy string
	// Loops and PoolThreads are how many there are unless Config has it
	// otherwise, and 0 where that is no choice: with one loop, or none.
	Loops, PoolThreads int
	// OwnDescriptors: entering raw, each of its threads has a table of
	// descriptors of its own (multiplexers.Entry.OwnDescriptors).
	OwnDescriptors bool
	// ThreadEach: a thread for each connection, so that the host's limit of
	// threads is one of connections (HostThreads).
	ThreadEach bool
	// Ps is how many of the Go scheduler's (GOMAXPROCS) it is served best by on
	// one CPU, where its threads come and go.
	Ps int
	// PerConnection is what the process holds for a connection beside what a
	// loop does, in bytes: stacks and buffers.
	PerConnection int64
	// Probe says why it is unavailable on this host; nil if it is available.
	Probe func() error

	build func(job) (engine, error)
}

// Backends lists the backends, in the order in which they are to be shown. The
// caller owns the slice.
func Backends() []Backend {
	var all []Backend
	for _, m := range multiplexers.Mechanisms() {
		all = append(all, oneLoop(m))
	}
	return append(all,
		sharedListener(),
		exclusive(),
		reusePort(),
		pooled(),
		goNet(),
		threadEach(),
	)
}

// Lookup finds a backend by its name.
func Lookup(name string) (Backend, error) {
	for _, b := range Backends() {
		if b.Name == name {
			return b, nil
		}
	}
	return Backend{}, fmt.Errorf("backend %q is unknown", name)
}

// Multiplexes says that it has loops of ours: what they wait with, how many
// events they take at once and how they wait can be chosen.
func (b Backend) Multiplexes() bool { return b.Mechanism.New != nil }

// ChangesInterest says whether it can change what it wants of a connection for each
// message: an edge-triggered one is registered once by its nature, and a one-shot
// one is changed in any case.
func (b Backend) ChangesInterest() bool {
	return b.Multiplexes() && b.PoolThreads == 0 && b.Mechanism.Trigger == multiplexers.LevelTriggered
}

// Enters says whether it can be served by e.
func (b Backend) Enters(e multiplexers.Entry) bool { return slices.Contains(b.Entries, e) }

// Threads is how many threads serve with so many loops or pool threads, of
// which 0 stands for the backend's own number. It is 0 where they come and go.
func (b Backend) Threads(loops, poolThreads int) int {
	switch {
	case !b.Multiplexes():
		return 0
	case b.PoolThreads > 0:
		return 1 + or(poolThreads, b.PoolThreads)
	case b.Loops > 0:
		return or(loops, b.Loops)
	}
	return 1
}

// or is n, or what stands for it where it is 0.
func or(n, instead int) int {
	if n == 0 {
		return instead
	}
	return n
}

// Why raw is for loops, and runtime for those that are of the Go runtime.
const (
	rawLoops = "raw, as in C: a thread that loops needs nothing of the Go scheduler; runtime shows what an ordinary Go program gets"
	rawPool  = "raw, as in C: its threads sleep in futex(2) and share their table of descriptors, as threads do, so that each call takes a reference to its file"
	noLoops  = "runtime: it is made of what the Go scheduler does"
	blocking = "runtime: a thread that blocks in a raw call keeps its P, and there would have to be one for each connection"
)

// looping are the entries of backends that loop.
func looping() []multiplexers.Entry {
	return []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime}
}
