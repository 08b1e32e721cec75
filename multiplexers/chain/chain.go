//go:build linux

// Package chain is the field's classic benchmark of a multiplexer, as libevent's
// own "bench" has it: n socket pairs in one process, a of them active, and w
// writes of one byte that follow each other around the ring of pairs. There is
// no server and no client, so that what is left is waiting, and one read and
// one write for each byte.
package chain

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// Config is what a chain is made for.
type Config struct {
	Mechanism multiplexers.Mechanism
	Entry     multiplexers.Entry
	Pairs     int
	Active    int // pairs that get a byte to begin with, evenly spaced
	Writes    int // that follow, each caused by a read
}

// Counters counts what an iteration did within its time.
type Counters struct {
	Waits, Events, EmptyWaits int64
	Examined                  int64 // pairs that waits handed to the kernel to look at, wait by wait; 0 where it keeps the set
	Modifies                  int64 // one-shot: one after each event, for the pair to be reported again; 0 for others
	Reads, Writes             int64
}

// Iteration is what came of one.
type Iteration struct {
	Messages int64         // bytes read: Active + Writes
	Elapsed  time.Duration // from before the first wait to after the last read
	CPU      time.Duration // of the calling thread, over the same stretch
	User     time.Duration // the part of CPU outside the kernel, as rough as multiplexers.Usage says
	Counters Counters
	Switches int64 // involuntary context switches of the calling thread
}

// Chain is the ring of pairs. It is owned by one goroutine, which stays on
// one thread during an iteration.
type Chain struct {
	cfg    Config
	mux    multiplexers.Multiplexer
	edge   bool
	once   bool // one-shot: what was reported is modified
	whole  bool // each wait looks at the whole set
	pairs  []pair
	byFD   []int32 // reading end to pair
	events []multiplexers.Event
	buffer []byte

	// Of the iteration in hand:
	left     int // writes to go
	counters Counters
	got      int64   // bytes read
	failed   failure // what went wrong first
	// Edge-triggered, those with input left after their turn are served once
	// more after the next batch.
	queued, again []int32
}

// pair is two connected sockets: what is written to one end is read from the
// other, which is watched.
type pair struct {
	read, write int32
	held        int16 // edge-triggered: bytes read and not yet answered
	more        bool  // edge-triggered: the socket may hold input
	queued      bool
}

// failure is put into words when the loop has let go of its P.
type failure struct {
	doing string
	err   error // nil if nothing has failed
}

var errEnded = errors.New("end of file")

// New makes the pairs and watches one end of each. The caller closes it.
func New(cfg Config) (*Chain, error) {
	if cfg.Active < 1 || cfg.Pairs < cfg.Active || cfg.Writes < 0 {
		return nil, fmt.Errorf("%d active of %d pairs with %d writes: want at least 1 active, no more active than pairs, and no negative writes", cfg.Active, cfg.Pairs, cfg.Writes)
	}
	mux, err := cfg.Mechanism.New(cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Mechanism.Name, err)
	}
	c := &Chain{
		cfg:    cfg,
		mux:    mux,
		edge:   cfg.Mechanism.Trigger == multiplexers.EdgeTriggered,
		once:   cfg.Mechanism.Trigger == multiplexers.OneShot,
		whole:  !cfg.Mechanism.Capabilities.KernelSet,
		pairs:  make([]pair, 0, cfg.Pairs),
		events: make([]multiplexers.Event, cfg.Active),
		buffer: make([]byte, 1),
	}
	if c.edge {
		// A short read is what tells that a socket is empty (epoll(7), Q9), and
		// a read of one byte is never short.
		c.buffer = make([]byte, 64)
		c.queued, c.again = make([]int32, 0, cfg.Pairs), make([]int32, 0, cfg.Pairs)
	}
	for range cfg.Pairs {
		if err := c.add(); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// add makes and watches one pair.
func (c *Chain) add() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("making pair %d of %d: %w", len(c.pairs)+1, c.cfg.Pairs, os.NewSyscallError("socketpair", err))
	}
	for len(c.byFD) <= fds[0] {
		c.byFD = append(c.byFD, -1)
	}
	c.byFD[fds[0]] = int32(len(c.pairs))
	c.pairs = append(c.pairs, pair{read: int32(fds[0]), write: int32(fds[1])})
	return c.mux.Add(fds[0], multiplexers.Readable)
}

// Close gives back all descriptors.
func (c *Chain) Close() error {
	err := c.mux.Close()
	for _, p := range c.pairs {
		err = errors.Join(err, unix.Close(int(p.read)), unix.Close(int(p.write)))
	}
	c.pairs = nil
	return err
}
