//go:build linux

// Package multiplexers holds Linux's ways to wait for many descriptors behind
// one contract: one file per mechanism, the table of them, and the two ways
// into the kernel that each can be built on. The interface lives beside its
// implementations because their agreement is what the package is for.
//
// To add a mechanism, write its file and a line in Mechanisms. Its server, its
// arms, its tests and its cases of conformance follow from the Mechanism: what
// differs about it is said there, and nowhere asked by name.
//
// Mechanisms agree on errors and on normalised readiness. Where one cannot
// know something, or the kernel treats it differently, its Capabilities say so
// and nothing is emulated.
package multiplexers

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Interest is a set of conditions: those wanted of a descriptor, or those an
// event found.
type Interest uint8

const (
	// Readable: read(2) or accept(2) would not block, an end of file included.
	Readable Interest = 1 << iota
	// Writable: write(2) would not block, or would fail at once.
	Writable
	// HangUp: the peer has closed its writing side (EPOLLRDHUP, POLLRDHUP;
	// only if wanted) or both sides are closed (EPOLLHUP, POLLHUP; always).
	HangUp
	// Error: an error is pending on the descriptor. Always reported.
	Error
	// Exclusive is no condition but a manner of waiting, for Add alone and only
	// beside Capabilities.Exclusive: of several multiplexers that watch the same
	// file so, an event wakes one or more, and not all (EPOLLEXCLUSIVE, Linux
	// 4.5). What is watched so cannot be modified, only removed and added again,
	// and not watched for HangUp as well (EINVAL; epoll_ctl(2), ERRORS).
	Exclusive
)

// String gives the set as in "Readable|Writable", and "0" for the empty one.
func (i Interest) String() string {
	s := ""
	for bit, name := range [...]string{"Readable", "Writable", "HangUp", "Error", "Exclusive"} {
		if i&(1<<bit) == 0 {
			continue
		}
		if s != "" {
			s += "|"
		}
		s += name
	}
	if s == "" {
		return "0"
	}
	return s
}

// Event is one ready descriptor and what it is ready for.
type Event struct {
	FD    int
	Ready Interest
	// Index is the place of the descriptor in the multiplexer's own array when the
	// wait returned, where Capabilities.Indexed holds; 0 elsewhere.
	Index int32
}

// ErrFDLimit is returned by Add for a descriptor above what the mechanism can
// represent (Capabilities.MaxFD).
var ErrFDLimit = errors.New("descriptor beyond what the multiplexer can represent")

// Multiplexer watches a set of descriptors. It is owned by one goroutine; no
// two of its methods may run at once, except where
// Capabilities.ConcurrentModify allows Add, Modify and Remove at any time.
//
// It never closes a watched descriptor. Errors of Add, Modify and Remove wrap
// the errno and name the descriptor. Descriptors are the caller's to keep open
// while they are watched: what a mechanism makes of a number that is not open
// is the kernel's affair (EBADF from epoll at once; from select in the wait; an
// Error event from poll).
type Multiplexer interface {
	// Add watches fd: EEXIST if it is watched already, EBADF if it cannot be
	// a descriptor, ErrFDLimit if it cannot be represented.
	Add(fd int, want Interest) error
	// Modify replaces what is wanted of fd: ENOENT if it is not watched. It
	// re-arms edge-triggered and one-shot descriptors: what is ready by then
	// is reported again.
	Modify(fd int, want Interest) error
	// Remove stops watching fd: ENOENT if it is not watched. Call it before
	// close(2): what an open file description does after the close of one of
	// its descriptors differs between mechanisms.
	Remove(fd int) error
	// Wait blocks until a descriptor is ready or the timeout has passed, and
	// fills events from the front with at most one event per descriptor. A
	// negative timeout blocks for as long as it takes, 0 polls, a positive
	// one is rounded up to the mechanism's precision. Signals do not end a
	// wait: it goes on for what is left of the timeout. Where more are ready
	// than fit, later calls report the others first, so that none is starved.
	// events must not be empty. Wait does not allocate once it has seen its
	// largest buffer.
	Wait(events []Event, timeout time.Duration) (int, error)
	// Close gives back what the multiplexer holds in the kernel.
	Close() error
}

// Trigger says when a readiness that persists is reported.
type Trigger uint8

const (
	// LevelTriggered: by every wait, for as long as it persists.
	LevelTriggered Trigger = iota
	// EdgeTriggered: once, until there is new activity or a Modify.
	EdgeTriggered
	// OneShot: once, until a Modify, whatever happens meanwhile; hang-ups and
	// errors are no exception (epoll_ctl(2), EPOLLONESHOT).
	OneShot
)

// String gives the field's term for t.
func (t Trigger) String() string {
	switch t {
	case EdgeTriggered:
		return "edge-triggered"
	case OneShot:
		return "one-shot"
	}
	return "level-triggered"
}

// Capabilities says in what a mechanism differs from the others.
type Capabilities struct {
	MaxFD            int  // highest descriptor it can watch; 0: as high as descriptors go
	HangUp           bool // reports HangUp and Error; without it they show as Readable and Writable
	ConcurrentModify bool // Add, Modify and Remove may run in several threads at once, and during a Wait, in which they take effect
	Exclusive        bool // understands Exclusive
	SubMillisecond   bool // timeouts finer than a millisecond
	RegularFiles     bool // regular files are watched, and always ready; without it Add fails with EPERM
	// Indexed: the set is a dense array, and events tell a descriptor's place in it.
	// Add appends an entry, and Remove moves the last one into the gap.
	Indexed   bool
	KernelSet bool // keeps the interest set in the kernel: each Add, Modify and Remove is a system call
}

// Mechanism describes one multiplexer of this package.
type Mechanism struct {
	Name, Summary string
	Syscalls      []string // issued here, by their names in the kernel
	Trigger       Trigger
	Capabilities  Capabilities
	// New makes a multiplexer that enters the kernel by e.
	New func(e Entry) (Multiplexer, error)
	// Probe says why the mechanism is unavailable on this host; nil if it is
	// available.
	Probe func() error
}

// Mechanisms lists every multiplexer of this package, in the order in which
// they are to be shown. The caller owns the slice.
func Mechanisms() []Mechanism {
	return []Mechanism{
		selectMechanism(unlimited),
		selectMechanism(fdSetSize),
		pollMechanism(),
		epollMechanism(LevelTriggered),
		epollMechanism(EdgeTriggered),
		epollMechanism(OneShot),
	}
}

// setError is the error of an operation on the interest set. It is put into
// words by whoever reads it: package fmt takes locks, which a loop that holds
// its P (Entry.Hold) must not wait for.
type setError struct {
	mechanism, op string
	fd            int
	errno         error
}

func (e *setError) Error() string {
	hint := ""
	switch {
	case errors.Is(e.errno, unix.ENOSPC):
		hint = ": raise the sysctl fs.epoll.max_user_watches"
	case errors.Is(e.errno, ErrFDLimit):
		hint = fmt.Sprintf(": an fd_set has room for numbers below %d (FD_SETSIZE)", fdSetSize)
	}
	return fmt.Sprintf("%s: %s descriptor %d: %v%s", e.mechanism, e.op, e.fd, e.errno, hint)
}

func (e *setError) Unwrap() error { return e.errno }

// probe makes and closes one multiplexer.
func probe(newMux func(Entry) (Multiplexer, error)) func() error {
	return func() error {
		m, err := newMux(Runtime)
		if err != nil {
			return err
		}
		return m.Close()
	}
}
