//go:build linux

package muxtest_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// TestSuiteCatchesBrokenStreams: what a multiplexer can do to the streams that it
// watches, or believe of them.
func TestSuiteCatchesBrokenStreams(t *testing.T) {
	catches(t, all, []defect{
		{"takes for ready what is wanted", func(m mux) mux { return assumesReady{remembering(m)} }, onAny, []string{"C-165", "C-170", "C-175"}},
		{"Remove shuts the stream down", func(m mux) mux { return shutsDown{m} }, onAny, []string{"C-134"}},
		{"Remove throws away what is unread", func(m mux) mux { return throwsAway{m} }, onAny, []string{"C-134"}},
		{"starves high descriptors for good", func(m mux) mux { return starvesHigh{m} }, onEdge, []string{"C-150"}},
	})
	// That an end does not come takes seconds to see.
	catches(t, all, []defect{
		{"keeps a duplicate of what it watched", func(m mux) mux { return &keepsDuplicate{mux: m} }, onEdge, []string{"C-133"}},
	})
}

// TestSuiteCatchesBrokenConcurrency is about mechanisms that allow changes during a
// wait. Where a defect is that something does not come, one trigger has to do.
func TestSuiteCatchesBrokenConcurrency(t *testing.T) {
	concurrent := func(m multiplexers.Mechanism) bool { return m.Capabilities.ConcurrentModify }
	catches(t, concurrent, []defect{
		{"removes during a wait when that is over", func(m mux) mux { return &removesLater{mux: m} }, onAny, []string{"C-119"}},
		{"loses a Modify during a wait", func(m mux) mux { return &losesModify{mux: m} }, onEdge, []string{"C-085", "C-120"}},
		{"refuses changes during a wait", func(m mux) mux { return &busy{mux: m} }, onAny, []string{"C-119", "C-120"}},
	})
}

// assumesReady reports what is wanted, where there is room for more than is ready.
type assumesReady struct{ remembers }

func (b assumesReady) Wait(events []multiplexers.Event, _ time.Duration) (int, error) {
	n, err := b.mux.Wait(events, 0)
	for fd, want := range b.wanted {
		want &= multiplexers.Readable | multiplexers.Writable
		known := slices.ContainsFunc(events[:n], func(e multiplexers.Event) bool { return e.FD == fd })
		if want != 0 && !known && n < len(events) {
			events[n] = multiplexers.Event{FD: fd, Ready: want}
			n++
		}
	}
	return n, err
}

// shutsDown takes nobody's further interest for the end of the stream.
type shutsDown struct{ mux }

func (b shutsDown) Remove(fd int) error {
	return errors.Join(b.mux.Remove(fd), unix.Shutdown(fd, unix.SHUT_RDWR))
}

// throwsAway reads what nobody is interested in any more.
type throwsAway struct{ mux }

func (b throwsAway) Remove(fd int) error {
	err := b.mux.Remove(fd)
	_, _ = unix.Read(fd, make([]byte, 64)) // there may be nothing
	return err
}

// keepsDuplicate holds the files that it was given, until it is closed.
type keepsDuplicate struct {
	mux
	kept []int
}

func (b *keepsDuplicate) Add(fd int, want multiplexers.Interest) error {
	second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	b.kept = append(b.kept, second)
	return b.mux.Add(fd, want)
}

func (b *keepsDuplicate) Close() error {
	err := b.mux.Close()
	for _, fd := range b.kept {
		err = errors.Join(err, unix.Close(fd))
	}
	return err
}

// removesLater does what it is told during a wait when the wait is over.
type removesLater struct {
	mux
	waiting atomic.Bool
	later   atomic.Int64 // the descriptor, or 0
}

func (b *removesLater) Remove(fd int) error {
	if b.waiting.Load() {
		b.later.Store(int64(fd))
		return nil
	}
	return b.mux.Remove(fd)
}

func (b *removesLater) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	b.waiting.Store(true)
	n, err := b.mux.Wait(events, timeout)
	b.waiting.Store(false)
	if fd := b.later.Swap(0); fd != 0 {
		err = errors.Join(err, b.mux.Remove(int(fd)))
	}
	return n, err
}

// losesModify modifies nothing while it waits.
type losesModify struct {
	mux
	waiting atomic.Bool
}

func (b *losesModify) Modify(fd int, want multiplexers.Interest) error {
	if b.waiting.Load() {
		return nil
	}
	return b.mux.Modify(fd, want)
}

func (b *losesModify) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	b.waiting.Store(true)
	defer b.waiting.Store(false)
	return b.mux.Wait(events, timeout)
}

// busy has one thing done at a time.
type busy struct {
	mux
	waiting atomic.Bool
}

func (b *busy) Modify(fd int, want multiplexers.Interest) error {
	if b.waiting.Load() {
		return unix.EBUSY
	}
	return b.mux.Modify(fd, want)
}

func (b *busy) Remove(fd int) error {
	if b.waiting.Load() {
		return unix.EBUSY
	}
	return b.mux.Remove(fd)
}

func (b *busy) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	b.waiting.Store(true)
	defer b.waiting.Store(false)
	return b.mux.Wait(events, timeout)
}
