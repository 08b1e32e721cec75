//go:build linux

package muxtest

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"muxbench/multiplexers"
)

// patience bounds waits for what is to happen, so that a case fails in words
// rather than by the watchdog. Nothing is expected to take a part of it.
const patience = time.Second

// rig is what a case works with: a fresh multiplexer, the descriptors that the
// case opens, and what went wrong.
type rig struct {
	mechanism multiplexers.Mechanism
	bare      bool // one-shot readiness is left as it is
	mux       multiplexers.Multiplexer
	others    []multiplexers.Multiplexer // further ones of the same mechanism
	owned     []int                      // descriptors to close in the end
	waiters   []*waiter                  // waits begun in other threads

	mu       sync.Mutex
	failures []string
}

// try runs a case to its end.
func (r *rig) try(run func(*rig)) {
	defer r.release()
	defer func() {
		// A panic of one multiplexer is a failure of one case.
		if p := recover(); p != nil {
			r.errorf("panic: %v", p)
		}
	}()
	r.mux = r.fresh()
	run(r)
}

// fresh makes a multiplexer. A one-shot one is re-armed after each wait, unless
// the case is about what happens when it is not: to all other cases it is then
// level-triggered.
func (r *rig) fresh() multiplexers.Multiplexer {
	mux, err := r.mechanism.New(multiplexers.Runtime)
	if err != nil {
		r.fatalf("New: %v", err)
	}
	if oneShot(r.mechanism) && !r.bare {
		return rearm(mux)
	}
	return mux
}

// another is a further multiplexer of the mechanism, beside the rig's.
func (r *rig) another() multiplexers.Multiplexer {
	mux := r.fresh()
	r.others = append(r.others, mux)
	return mux
}

// release gives back what the case holds. Multiplexers stay open if a wait is
// still under way: closing its own would not end the wait.
func (r *rig) release() {
	for _, fd := range r.owned {
		closeQuietly(fd)
	}
	for _, w := range r.waiters {
		if !w.over() {
			r.errorf("a wait is still under way at the end")
			return
		}
	}
	if r.mux == nil {
		return
	}
	for _, mux := range append(r.others, r.mux) {
		if err := mux.Close(); err != nil {
			r.errorf("Close: %v", err)
		}
	}
}

func (r *rig) errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// fatalf ends the case.
func (r *rig) fatalf(format string, args ...any) {
	r.errorf(format, args...)
	runtime.Goexit()
}

func (r *rig) failed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.failures)
}

func (r *rig) add(fd int, want multiplexers.Interest) {
	if err := r.mux.Add(fd, want); err != nil {
		r.fatalf("Add(%d, %v): %v", fd, want, err)
	}
}

func (r *rig) modify(fd int, want multiplexers.Interest) {
	if err := r.mux.Modify(fd, want); err != nil {
		r.fatalf("Modify(%d, %v): %v", fd, want, err)
	}
}

func (r *rig) remove(fd int) {
	if err := r.mux.Remove(fd); err != nil {
		r.fatalf("Remove(%d): %v", fd, err)
	}
}

// batch is one wait with room for so many events.
func (r *rig) batch(room int, timeout time.Duration) []multiplexers.Event {
	return r.batchOf(r.mux, room, timeout)
}

// batchOf is the same of any multiplexer.
func (r *rig) batchOf(mux multiplexers.Multiplexer, room int, timeout time.Duration) []multiplexers.Event {
	events := make([]multiplexers.Event, room)
	n, err := mux.Wait(events, timeout)
	if err != nil {
		r.fatalf("Wait: %v", err)
	}
	if n < 0 || n > room {
		r.fatalf("Wait returned %d events of at most %d", n, room)
	}
	return events[:n]
}

// expect waits once, with room for more, and wants just these events. What is
// expected is there already, and every wait looks before it sleeps, so that
// the timeout decides nothing but how soon a failure is known.
func (r *rig) expect(when string, want ...multiplexers.Event) {
	timeout := shortWait
	if len(want) == 0 {
		timeout = 0
	}
	r.compare(when, r.batch(len(want)+16, timeout), want)
}

// compare reports the difference between two sets of events. Where a descriptor's
// place in the set is told, a case of its own looks at it.
func (r *rig) compare(when string, got, want []multiplexers.Event) {
	for i := range got {
		got[i].Index = 0
	}
	byNumber := func(a, b multiplexers.Event) int { return cmp.Compare(a.FD, b.FD) }
	slices.SortFunc(got, byNumber)
	slices.SortFunc(want, byNumber)
	if !slices.Equal(got, want) {
		r.errorf("%s: got %v, want %v", when, got, want)
	}
}

// again is what a second wait reports of a readiness that persists.
func (r *rig) again(events ...multiplexers.Event) []multiplexers.Event {
	if r.bare && oneShot(r.mechanism) || edgeTriggered(r.mechanism) {
		return nil
	}
	return events
}

// shown is how a descriptor which the kernel finds in this state appears
// through the mechanism to those who want want of it. A mechanism that cannot
// report hang-ups and errors shows the one as readable and the other as
// readable and writable (select(2), "Correspondence between select() and
// poll() notifications").
func (r *rig) shown(want, found multiplexers.Interest) multiplexers.Interest {
	if r.mechanism.Capabilities.HangUp {
		return found
	}
	if found&(multiplexers.HangUp|multiplexers.Error) != 0 {
		found |= multiplexers.Readable
	}
	if found&multiplexers.Error != 0 {
		found |= multiplexers.Writable
	}
	return found & want & (multiplexers.Readable | multiplexers.Writable)
}

// ready is the event of a descriptor.
func ready(fd int, found multiplexers.Interest) multiplexers.Event {
	return multiplexers.Event{FD: fd, Ready: found}
}
