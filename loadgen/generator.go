//go:build linux

// Package loadgen is the load generator: one event loop that opens
// connections to an echo server, exchanges messages over some of them, and
// verifies and times every one. It runs in a process of its own, so that its
// CPU time and its descriptors are apart from the server's.
package loadgen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results"
)

const (
	eventsPerWait = 1024
	bufferSize    = 64 << 10
	// longestLatency is what the histogram holds; whoever drives the
	// generator gives up on it long before.
	longestLatency = time.Hour
	// significantDigits of a recorded latency.
	significantDigits = 3
)

// Config is what a generator is made for.
type Config struct {
	Target      netip.AddrPort // IPv4, of the loopback network or of Allowed
	Allowed     []netip.Prefix // targets beyond the loopback network that may be connected to
	Connections int
	Active      int // connections that carry messages, evenly spaced among all
	Size        int // payload bytes of a message
	Entry       multiplexers.Entry
	// SocketBuffers is as in the server's configuration.
	SocketBuffers int
	Seed          uint64 // of the payload
	// Room is a server that is a chat room: it sends what one connection says to
	// every open one, the speaker too. All connections are active then.
	Room bool
}

// Generator drives one server. It is owned by one goroutine; only Abort may be
// called from another.
//
// Its own readiness notification is edge-triggered epoll, with the server's
// choice of entry: registered once, a connection costs a read, a write and its
// share of a wait per message, whoever serves it.
type Generator struct {
	cfg     Config
	mux     multiplexers.Multiplexer
	wake    int // eventfd: rung by Abort
	sources []unix.RawSockaddrInet4
	target  unix.RawSockaddrInet4
	payload payload
	began   time.Time // origin of this generator's clock

	conns  []conn  // by descriptor
	opened []int32 // descriptors, in the order of connecting; of a Churn none
	events []multiplexers.Event
	buffer []byte
	called uint32 // connections of all Churns

	latency  *hdrhistogram.Histogram
	lag      *hdrhistogram.Histogram
	counters results.Counters
	errors   results.Errors
	first    failure

	// Of the piece in hand:
	outstanding int // connections that have not finished
	messages    int64
	deadline    time.Duration // no message is sent after it, on the generator's clock
	last        time.Duration // when the last reply came
	record      bool
	open        openLoop
	speaker     int // in a room, who speaks next, of opened; kept from piece to piece
}

// failure is what went wrong first. It is put into words by FirstError: package
// fmt takes locks, which a loop that holds its P must not wait for.
type failure struct {
	doing string
	err   error // nil if nothing has failed
}

// conn is the state of one connection.
type conn struct {
	started        time.Duration // of the request in hand, or of connecting
	offset         int32         // of the message in hand, within the payload
	sent, received int32         // bytes of the message in hand
	left           int32         // messages to begin after the one in hand
	number         uint32        // of the message, counted over the connection's life
	state          connState
}

type connState uint8

const (
	closed connState = iota
	connecting
	idle // between messages, or without any
	busy // a message is in hand
)

// New prepares a generator and opens no connection yet. The caller closes it.
func New(cfg Config) (*Generator, error) {
	if err := cfg.permitted(); err != nil {
		return nil, err
	}
	if cfg.Size < 1 || cfg.Active < 1 || cfg.Connections < cfg.Active {
		return nil, fmt.Errorf("%d active of %d connections with %d bytes: want at least 1 byte, 1 active, and no more active than connections",
			cfg.Active, cfg.Connections, cfg.Size)
	}
	if cfg.Room && cfg.Active != cfg.Connections {
		return nil, fmt.Errorf("%d active of %d connections to a room: all of them hear what is said", cfg.Active, cfg.Connections)
	}
	mux, err := multiplexers.NewEdgeTriggered(cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("load generator: %w", err)
	}
	g := &Generator{
		cfg:     cfg,
		mux:     mux,
		sources: sources(cfg.Target.Addr(), cfg.Connections),
		target:  sockaddr(cfg.Target),
		payload: newPayload(cfg.Seed, cfg.Size),
		began:   time.Now(),
		opened:  make([]int32, 0, cfg.Connections),
		events:  make([]multiplexers.Event, eventsPerWait),
		buffer:  make([]byte, bufferSize),
		latency: newHistogram(),
		lag:     newHistogram(),
		open:    openLoop{latency: newHistogram(), lag: newHistogram()},
	}
	if g.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, errors.Join(os.NewSyscallError("eventfd2", err), mux.Close())
	}
	if err := mux.Add(g.wake, multiplexers.Readable); err != nil {
		return nil, errors.Join(err, unix.Close(g.wake), mux.Close())
	}
	return g, nil
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(longestLatency), significantDigits)
}

// permitted refuses a target that nobody has named as his to load. The user's
// command refuses it too: this is the last door before a network.
func (cfg Config) permitted() error {
	target := cfg.Target.Addr()
	contains := func(p netip.Prefix) bool { return p.Contains(target) }
	switch {
	case !target.Is4():
		return fmt.Errorf("target %s is not an IPv4 address: give one of the loopback network, such as 127.0.0.1:7777", cfg.Target)
	case target.IsLoopback() || slices.ContainsFunc(cfg.Allowed, contains):
		return nil
	}
	return fmt.Errorf("target %s is beyond the loopback network 127.0.0.0/8, and not in the networks allowed %v: allow %s/32 if it may be loaded", cfg.Target, cfg.Allowed, target)
}

// Abort makes the Connect, Burst, Churn, Exchange or Pace that is under way, or the
// next one, give up: what is missing then is counted as a timeout.
func (g *Generator) Abort() error {
	_, err := unix.Write(g.wake, binary.NativeEndian.AppendUint64(nil, 1))
	return os.NewSyscallError("write to eventfd", err)
}

// Errors counts the failures since the generator was made.
func (g *Generator) Errors() results.Errors { return g.errors }

// FirstError describes the first failure; nil if there was none.
func (g *Generator) FirstError() error {
	if g.first.err == nil {
		return nil
	}
	return fmt.Errorf("%s on a connection of %d: %w", g.first.doing, g.cfg.Connections, g.first.err)
}

// Latency is the histogram, in ns, of what was recorded since the generator
// was made. It belongs to the generator.
func (g *Generator) Latency() *hdrhistogram.Histogram { return g.latency }

// Close resets all connections and gives back every descriptor.
func (g *Generator) Close() error {
	g.Disconnect()
	return errors.Join(g.mux.Close(), unix.Close(g.wake))
}

// now is the time on the generator's clock, read without a system call.
func (g *Generator) now() time.Duration { return time.Since(g.began) }

// wait collects events, and says whether Abort was called.
func (g *Generator) wait(timeout time.Duration) (n int, aborted bool, err error) {
	n, err = g.mux.Wait(g.events, timeout)
	if err != nil {
		return 0, false, err
	}
	g.counters.Waits++
	g.counters.Events += int64(n)
	if n == 0 {
		g.counters.EmptyWaits++
	}
	for i := range g.events[:n] {
		if g.events[i].FD == g.wake {
			_, _ = g.cfg.Entry.Read(g.wake, g.buffer[:8])
			aborted = true
		}
	}
	return n, aborted, nil
}

// fail counts a failure in its class, keeps the first one in words, and ends
// the connection.
func (g *Generator) fail(fd int, class *int64, doing string, err error) {
	*class++
	g.note(doing, err)
	c := &g.conns[fd]
	if c.state == busy || c.state == connecting {
		g.outstanding--
	}
	if c.state != closed {
		g.drop(fd)
	}
}

// note keeps the first failure.
func (g *Generator) note(doing string, err error) {
	if g.first.err == nil {
		g.first = failure{doing, err}
	}
}

// drop resets a connection.
func (g *Generator) drop(fd int) {
	g.conns[fd] = conn{}
	g.counters.Removes++
	_ = g.mux.Remove(fd) // it is watched, so removal has no way to fail
	g.cfg.Entry.Reset(fd)
}

// Disconnect resets every connection, so that none is left in TIME_WAIT.
func (g *Generator) Disconnect() {
	g.cfg.Entry.Hold()
	defer g.cfg.Entry.Release()
	for fd := range g.conns {
		if g.conns[fd].state != closed {
			g.drop(fd)
		}
	}
	g.opened, g.speaker = g.opened[:0], 0
}
