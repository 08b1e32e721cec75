//go:build linux

package server

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muxbench/multiplexers"
)

// Config is what a server is started with.
type Config struct {
	Backend Backend
	Entry   multiplexers.Entry
	Address netip.AddrPort // IPv4, to listen on; port 0 lets the kernel choose
	// Loops and PoolThreads are how many there are, in backends that have the
	// choice; 0 is the backend's own number.
	Loops, PoolThreads int
	// MaxEvents is how many events a wait may return, in backends that have a
	// multiplexer. 0 is 1,024, and where a wait costs a look at the whole set as
	// many as are watched.
	MaxEvents int
	// SpinningWaits has no wait block: a loop that finds nothing asks again, and
	// takes all of its CPU. A pool's threads sleep all the same.
	SpinningWaits bool
	// Lookup is how a loop finds a connection's state, one of the backend's
	// Lookups; empty is its own.
	Lookup StateLookup
	// ChangedInterest: interest in reading is dropped when a message has come and
	// taken up again when it is answered, in backends of which ChangesInterest
	// holds. Otherwise it is registered once, and changed only while output is
	// pending.
	ChangedInterest bool
	// Room: what a connection says goes to every connection, that one too, in
	// backends of which Rooms holds. A message of more than MostSaid bytes may have
	// members put out who are slow to read it.
	Room bool
	// Backlog is how long a listener's queue of connections may be that are not
	// accepted yet (listen(2)), which the host cuts to net.core.somaxconn; 0 is the
	// longest. Backend go-net always has that: package net leaves no choice.
	Backlog int
	// SocketBuffers sets SO_SNDBUF and SO_RCVBUF of each connection, in bytes
	// before the kernel doubles them (socket(7)). 0 leaves both to the
	// kernel's own tuning.
	SocketBuffers int
	// Spin is CPU time that the server burns on top for each read that it
	// echoes, before it writes the reply: a stand-in for work. That is once a
	// message, where a message fits one read (64 KiB) and comes alone and whole.
	// 0 is none; New refuses less, and more than MaxSpin.
	//
	// It is turned into a number of steps once, by New, at the speed that the
	// CPU has then: on a slower CPU it takes longer, as real work does. A processor
	// that works ahead hides some 35 ns of it between the system calls around it.
	Spin time.Duration
	// Settle, if not nil, is called in each thread of a crew before it serves,
	// at once with those of others, with its number from 0 on, and why it has
	// no descriptors of its own, if it was to have them. An error of it ends
	// Serve.
	Settle func(thread int, shared error) error
}

// Bounds of what Config may ask for.
const (
	MaxLoops     = 1024
	MaxMaxEvents = 1 << 20
)

// complete is the configuration with its defaults filled in.
func (c Config) complete() (Config, error) {
	for _, o := range []struct {
		noun        string
		asked, most int
		choice      bool
	}{
		{"loops", c.Loops, MaxLoops, c.Backend.Loops > 0},
		{"pool threads", c.PoolThreads, MaxLoops, c.Backend.PoolThreads > 0},
		{"events for a wait", c.MaxEvents, MaxMaxEvents, c.Backend.Multiplexes()},
	} {
		switch {
		case o.asked == 0:
		case !o.choice:
			return c, fmt.Errorf("backend %s: %d %s: it has no such choice", c.Backend.Name, o.asked, o.noun)
		case o.asked < 0 || o.asked > o.most:
			return c, fmt.Errorf("backend %s: %d %s: want from 1 to %d", c.Backend.Name, o.asked, o.noun, o.most)
		}
	}
	if c.SpinningWaits && !c.Backend.Multiplexes() {
		return c, fmt.Errorf("backend %s: waits that spin: it has no loop of ours", c.Backend.Name)
	}
	switch lookups := c.Backend.Lookups(); {
	case c.Lookup != "" && !slices.Contains(lookups, c.Lookup):
		return c, fmt.Errorf("backend %s: state found by %s: it has the choice of %v", c.Backend.Name, c.Lookup, lookups)
	case c.ChangedInterest && !c.Backend.ChangesInterest():
		return c, fmt.Errorf("backend %s: interest changed for each message: it is not a loop's, or not level-triggered", c.Backend.Name)
	case c.Room && !c.Backend.Rooms():
		return c, fmt.Errorf("backend %s: %w", c.Backend.Name, errNoRoom)
	case c.Room && newPlaces(c.Lookup) != nil:
		return c, fmt.Errorf("backend %s: state found by %s: a room finds it by descriptor", c.Backend.Name, c.Lookup)
	case c.Backlog < 0 || c.Backlog > backlog:
		return c, fmt.Errorf("a backlog of %d: want from 1 to %d, or 0 for the longest", c.Backlog, backlog)
	}
	if !c.Backend.Enters(c.Entry) {
		return c, fmt.Errorf("backend %s: it cannot enter %s, but %s", c.Backend.Name, c.Entry, c.Backend.EntryWhy)
	}
	c.Loops, c.PoolThreads = or(c.Loops, c.Backend.Loops), or(c.PoolThreads, c.Backend.PoolThreads)
	c.Backlog = or(c.Backlog, backlog)
	return c, nil
}

// Counters counts what the event loop did. A wait that woke for nothing but
// the loop's control descriptor is not counted, nor is reading that
// descriptor.
type Counters struct {
	Waits, Events, EmptyWaits int64
	Examined                  int64 // descriptors that waits handed to the kernel to look at, wait by wait; 0 where it keeps the set
	Adds, Modifies, Removes   int64
	Accepts                   int64
	Reads, Writes             int64 // calls, those that got EAGAIN included
	EAGAIN                    int64 // reads, writes and accepts that would have blocked
	BytesIn, BytesOut         int64
	Futexes                   int64 // futex(2) calls: threads of a pool that sleep, and those who wake them
	// ListenerEvents are those of a listener, and SpuriousAccepts of them those at
	// which nobody was left to accept.
	ListenerEvents, SpuriousAccepts int64
	EmptyAccepts                    int64 // accept calls that got EAGAIN: after the last one, or in vain
}

// plus returns the sum of c and d, field by field.
func (c Counters) plus(d Counters) Counters {
	c.Waits += d.Waits
	c.Events += d.Events
	c.EmptyWaits += d.EmptyWaits
	c.Examined += d.Examined
	c.Adds += d.Adds
	c.Modifies += d.Modifies
	c.Removes += d.Removes
	c.Accepts += d.Accepts
	c.Reads += d.Reads
	c.Writes += d.Writes
	c.EAGAIN += d.EAGAIN
	c.BytesIn += d.BytesIn
	c.BytesOut += d.BytesOut
	c.Futexes += d.Futexes
	c.ListenerEvents += d.ListenerEvents
	c.SpuriousAccepts += d.SpuriousAccepts
	c.EmptyAccepts += d.EmptyAccepts
	return c
}

// Snapshot is the state of a server, each of its threads between two batches.
type Snapshot struct {
	// Counters is the sum over all threads. A backend without loops of ours
	// fills in of them what it knows: one that leaves its calls to package net
	// counts neither reads nor writes.
	Counters Counters
	// CPU is user and system time of the threads that serve, less what answering
	// took. The wait that a snapshot ended is in it, though not in Counters:
	// a second snapshot right after tells what that costs. Where threads come and
	// go it is the whole process's, with what answering takes in it as well.
	CPU time.Duration
	// User is their user time since they began, as rough as
	// multiplexers.Usage says. What answering took is in it: the kernel's split
	// of so short a stretch says nothing.
	User time.Duration
	// Switches counts their involuntary context switches: the kernel gave their
	// CPU to another, which may be one of them.
	Switches int64
	// Sleeps counts their voluntary ones, but for one in each wait that was ended by
	// nothing but a snapshot: how often they went to sleep, and were woken. Parking
	// is one more. A thread that was still awake when it was asked did not sleep, and
	// so has one too few.
	Sleeps  int64
	Open    int   // connections
	Refused int64 // connections closed at once for want of a descriptor or a thread
	// LastAccept is when the last connection was accepted, on the clock of
	// multiplexers.Monotonic; 0 if none was.
	LastAccept time.Duration
	// Threads has the part of each thread, where there are several of a fixed
	// number.
	Threads []Thread
}

// Thread is the part that one thread has in a snapshot.
type Thread struct {
	Role     string // "loop", "boss", "pool"
	Counters Counters
	CPU      time.Duration
}

// plus returns the sum of s and t, of two threads.
func (s Snapshot) plus(t Snapshot) Snapshot {
	s.Counters = s.Counters.plus(t.Counters)
	s.CPU += t.CPU
	s.User += t.User
	s.Switches += t.Switches
	s.Sleeps += t.Sleeps
	s.Open += t.Open
	s.Refused += t.Refused
	s.LastAccept = max(s.LastAccept, t.LastAccept)
	return s
}

// ErrStopped is returned by Snapshot and Park once the server has ended.
var ErrStopped = errors.New("server has stopped")

// Server is a listening server. Serve runs its threads; the other methods may be
// called from other goroutines, each by one at a time.
type Server struct {
	engine engine
	ended  chan struct{}
	once   sync.Once
}

// New listens on cfg.Address. The caller runs Serve, and calls Close in the end
// even if Serve failed.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	steps, err := stepsFor(cfg.Spin)
	if err != nil {
		return nil, err
	}
	e, err := cfg.Backend.build(job{cfg, steps})
	if err != nil {
		return nil, err
	}
	return &Server{engine: e, ended: make(chan struct{})}, nil
}

// Address is where the server listens.
func (s *Server) Address() netip.AddrPort { return s.engine.address() }

// Serve serves until Close is called or a thread fails, then closes the listener
// and every connection. The threads are its own: the caller's goroutine waits.
func (s *Server) Serve() error {
	defer close(s.ended)
	return s.engine.serve()
}

// Snapshot asks the server for its state, and wakes it if it is parked. While
// clients are quiescent the snapshot covers all they sent, to the digit.
func (s *Server) Snapshot() (Snapshot, error) { return s.engine.ask(snapshot) }

// Park is Snapshot, after which the server serves nobody and sleeps, costing
// nothing, until the next Snapshot or Close. A backend without loops of ours
// sleeps as long as clients are silent, and serves those that are not.
func (s *Server) Park() (Snapshot, error) { return s.engine.ask(park) }

// Close ends the server, waits until Serve has returned, and gives back its last
// descriptors; what threads have copies of in tables of their own goes with them, a
// moment later. Every call after the first does nothing.
func (s *Server) Close() {
	s.once.Do(func() {
		_, _ = s.engine.ask(stop)
		<-s.ended
		_ = s.engine.close() // nobody is left to be told
	})
}
