//go:build linux

// Package ctl measures what it costs to change an interest set: to add, to
// modify and to remove descriptors beside those that are watched all along, in
// one process and with no message, so that nothing else is left. Where the
// kernel keeps the set each change is a system call (epoll_ctl(2)); elsewhere it
// is a few stores, and what it spares is paid in every wait. So waits that find
// nothing are measured as well.
package ctl

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	// Changes is how many descriptors an iteration adds, modifies and removes.
	Changes = 256
	// Waits is how many waits it then makes.
	Waits = 8
)

// Config is what a Ctl is made for.
type Config struct {
	Mechanism multiplexers.Mechanism
	Entry     multiplexers.Entry
	Watched   int // descriptors in the set all along, from 1 up
}

// Counters counts what an iteration did.
type Counters struct {
	Waits, EmptyWaits       int64
	Examined                int64 // descriptors that waits handed to the kernel to look at, wait by wait; 0 where it keeps the set
	Adds, Modifies, Removes int64
}

// Iteration is what came of one. Times are wall-clock time, but for CPU and
// User.
type Iteration struct {
	Changes             int64         // descriptors that were added, modified and removed, once each
	Add, Modify, Remove time.Duration // of all of them
	EmptyWaits          int64         // waits that found nothing, with Watched descriptors in the set and no more
	EmptyWait           time.Duration // of all of them
	Elapsed             time.Duration // Add, Modify and Remove
	CPU                 time.Duration // of the calling thread, over the changes and the waits
	User                time.Duration // the part of CPU outside the kernel, as rough as multiplexers.Usage says
	Counters            Counters
	Switches            int64 // involuntary context switches of the calling thread, over the same stretch as CPU
}

// Ctl is a multiplexer, the descriptors that it watches and those that it is to
// add and remove. It is owned by one goroutine, which stays on one thread during
// an iteration.
type Ctl struct {
	cfg    Config
	mux    multiplexers.Multiplexer
	ends   []int // of all socket pairs, in the order in which they were made
	events []multiplexers.Event

	// Of the iteration in hand:
	counters Counters
	failed   failure // what went wrong, after which nothing is done
}

// failure is put into words when the loop has let go of its P.
type failure struct {
	doing  string
	number int64 // of the change or the wait that it was at, from 1
	err    error // nil if nothing has failed
}

// New makes the descriptors, watches Watched of them, and runs one iteration, so
// that whatever grows with the set has grown. The caller closes it.
//
// All are ends of Unix stream socket pairs. Nothing is ever sent, so that none is
// readable, and none is closed before Close, so that none hangs up. Both ends of
// a pair are of use: n watched descriptors take n, and Changes more are there to
// be added. Those are made last and so have the highest numbers (a new one is the
// lowest that is free), as the latest connections of a server have. It matters to
// select, whose waits cost what the highest watched number says; here they come
// when the set has shrunk again.
func New(cfg Config) (*Ctl, error) {
	if cfg.Watched < 1 {
		return nil, fmt.Errorf("%d descriptors watched: want at least 1", cfg.Watched)
	}
	mux, err := cfg.Mechanism.New(cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Mechanism.Name, err)
	}
	c := &Ctl{
		cfg:    cfg,
		mux:    mux,
		ends:   make([]int, 0, cfg.Watched+Changes+1),
		events: make([]multiplexers.Event, 1), // any event is one too many
	}
	err = c.open()
	if err == nil {
		err = c.watch()
	}
	if err == nil {
		_, err = c.Iterate()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// open makes the socket pairs. If Watched is odd, one end is left over.
func (c *Ctl) open() error {
	for len(c.ends) < c.cfg.Watched+Changes {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("making descriptors %d and %d of %d: %w", len(c.ends)+1, len(c.ends)+2, c.cfg.Watched+Changes, os.NewSyscallError("socketpair", err))
		}
		c.ends = append(c.ends, fds[0], fds[1])
	}
	return nil
}

// watch adds those descriptors that stay in the set.
func (c *Ctl) watch() error {
	for i, fd := range c.ends[:c.cfg.Watched] {
		if err := c.mux.Add(fd, multiplexers.Readable); err != nil {
			return fmt.Errorf("watching descriptor %d of %d: %w", i+1, c.cfg.Watched, err)
		}
	}
	return nil
}

// changing are the descriptors that an iteration adds and removes.
func (c *Ctl) changing() []int { return c.ends[c.cfg.Watched:][:Changes] }

// Close gives back all descriptors.
func (c *Ctl) Close() error {
	err := c.mux.Close()
	for _, fd := range c.ends {
		err = errors.Join(err, unix.Close(fd))
	}
	c.ends = nil
	return err
}
