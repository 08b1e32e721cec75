//go:build linux

// Package ctl measures what it costs to change an interest set: to register
// descriptors, to change what is wanted of them, and to remove them, among many
// that are watched. There is no server and no client, and nothing is exchanged.
//
// epoll pays by a system call for each (epoll_ctl(2)); select and poll keep their
// sets in the program, where a change costs next to nothing, and hand them to the
// kernel in every wait. What such a wait costs is measured beside.
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
	// Changes is how many descriptors are added, changed and removed in an iteration.
	Changes = 256
	// emptyWaits is how many waits an iteration has that find nothing.
	emptyWaits = 4
)

// Config is what a Set is made for.
type Config struct {
	Mechanism multiplexers.Mechanism
	Entry     multiplexers.Entry
	Watched   int // descriptors that are watched all the time, 1 or more
}

// Counters counts what an iteration did within its time.
type Counters struct {
	Waits, EmptyWaits       int64
	Examined                int64 // descriptors that waits handed to the kernel to look at, wait by wait; 0 where it keeps the set
	Adds, Modifies, Removes int64
}

// Iteration is what came of one.
type Iteration struct {
	Changes             int64         // descriptors that were added, then changed, then removed
	Add, Modify, Remove time.Duration // of all of them
	EmptyWaits          int64         // waits with a timeout of 0 that found nothing among the watched
	EmptyWait           time.Duration // of all of them
	CPU                 time.Duration // of the calling thread, over all that
	User                time.Duration // the part of CPU outside the kernel, as rough as multiplexers.Usage says
	Switches            int64         // involuntary context switches of the calling thread
	Counters            Counters
}

// Elapsed is the time of all changes.
func (i Iteration) Elapsed() time.Duration { return i.Add + i.Modify + i.Remove }

// Set is an interest set of silent descriptors, ends of Unix socket pairs. It is
// owned by one goroutine, which stays on one thread during an iteration.
type Set struct {
	cfg      Config
	mux      multiplexers.Multiplexer
	ends     []int32 // both of each pair
	changing []int32 // of those, that come and go: the last ones, so they have the highest numbers
	events   []multiplexers.Event

	// failed is put into words when the loop has let go of its P.
	failed failure
}

type failure struct {
	doing string
	err   error // nil if nothing has failed
}

var errReady = errors.New("a descriptor is ready to which nobody has written")

// New makes the descriptors and watches those that stay. The caller closes it.
func New(cfg Config) (*Set, error) {
	if cfg.Watched < 1 {
		return nil, fmt.Errorf("a set of %d descriptors: want 1 or more to be watched", cfg.Watched)
	}
	mux, err := cfg.Mechanism.New(cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Mechanism.Name, err)
	}
	s := &Set{cfg: cfg, mux: mux, events: make([]multiplexers.Event, 16)}
	all := cfg.Watched + Changes
	for len(s.ends) < all {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making descriptor %d of %d: %w", len(s.ends)+1, all, os.NewSyscallError("socketpair", err)), s.Close())
		}
		s.ends = append(s.ends, int32(fds[0]), int32(fds[1]))
	}
	for _, fd := range s.ends[:cfg.Watched] {
		if err := mux.Add(int(fd), multiplexers.Readable); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.changing = s.ends[cfg.Watched:all]
	return s, nil
}

// Close gives back all descriptors.
func (s *Set) Close() error {
	err := s.mux.Close()
	for _, fd := range s.ends {
		err = errors.Join(err, unix.Close(int(fd)))
	}
	s.ends, s.changing = nil, nil
	return err
}

// Iterate adds the changing descriptors for reading, changes each to nothing, as
// servers do that drop their interest in a connection while they handle what came
// of it, and removes each; then it waits a few times for nothing. It does not
// allocate. After an error the set is of no more use.
func (s *Set) Iterate() (Iteration, error) {
	s.cfg.Entry.Hold()
	did := s.iterate()
	s.cfg.Entry.Release()
	if s.failed.err != nil {
		return Iteration{}, fmt.Errorf("a set of %d watched, %s: %w", s.cfg.Watched, s.failed.doing, s.failed.err)
	}
	return did, nil
}

func (s *Set) iterate() Iteration {
	usage, cpu := multiplexers.ThreadUsage(), multiplexers.ThreadCPUTime()
	began := multiplexers.Monotonic()
	for _, fd := range s.changing {
		if err := s.mux.Add(int(fd), multiplexers.Readable); err != nil {
			s.fail("adding", err)
		}
	}
	added := multiplexers.Monotonic()
	for _, fd := range s.changing {
		if err := s.mux.Modify(int(fd), 0); err != nil {
			s.fail("changing", err)
		}
	}
	modified := multiplexers.Monotonic()
	for _, fd := range s.changing {
		if err := s.mux.Remove(int(fd)); err != nil {
			s.fail("removing", err)
		}
	}
	removed := multiplexers.Monotonic()
	for range emptyWaits {
		switch n, err := s.mux.Wait(s.events, 0); {
		case err != nil:
			s.fail("waiting", err)
		case n > 0:
			s.fail("waiting", errReady)
		}
	}
	waited := multiplexers.Monotonic()
	cpu = multiplexers.ThreadCPUTime() - cpu
	used := multiplexers.ThreadUsage()
	did := Iteration{
		Changes: Changes, Add: added - began, Modify: modified - added, Remove: removed - modified,
		EmptyWaits: emptyWaits, EmptyWait: waited - removed,
		CPU: cpu, User: used.User - usage.User, Switches: used.Switches - usage.Switches,
		Counters: Counters{Waits: emptyWaits, EmptyWaits: emptyWaits, Adds: Changes, Modifies: Changes, Removes: Changes},
	}
	if !s.cfg.Mechanism.Capabilities.KernelSet {
		did.Counters.Examined = emptyWaits * int64(s.cfg.Watched)
	}
	return did
}

// fail keeps the first failure.
func (s *Set) fail(doing string, err error) {
	if s.failed.err == nil {
		s.failed = failure{doing, err}
	}
}
