//go:build linux

package muxtest

import (
	"cmp"
	"slices"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// rig is what a case works with: a bench, what the case is about and, where that is a
// mechanism, a fresh multiplexer of it.
type rig struct {
	*workbench.Bench
	subject Subject
	bare    bool   // one-shot readiness is left as it is
	seed    uint64 // of random moves; 0 in a case that makes none
	mux     multiplexers.Multiplexer
}

// begin makes what a case about the subject begins with.
func (r *rig) begin() {
	if r.subject.Tier == Contract {
		r.mux = r.another()
	}
}

// fresh makes a multiplexer. A one-shot one is re-armed after each wait, unless
// the case is about what happens when it is not: to all other cases it is then
// level-triggered.
func (r *rig) fresh() multiplexers.Multiplexer {
	mux, err := r.subject.mechanism.New(multiplexers.Runtime)
	if err != nil {
		r.Fatalf("New: %v", err)
	}
	if oneShot.met(r.subject) && !r.bare {
		return rearm(mux)
	}
	return mux
}

// another is a further multiplexer of the mechanism, beside the rig's. It is closed
// in the end.
func (r *rig) another() multiplexers.Multiplexer {
	mux := r.fresh()
	r.Defer(func() {
		if err := mux.Close(); err != nil {
			r.Errorf("Close: %v", err)
		}
	})
	return mux
}

func (r *rig) add(fd int, want multiplexers.Interest) {
	if err := r.mux.Add(fd, want); err != nil {
		r.Fatalf("Add(%d, %v): %v", fd, want, err)
	}
}

func (r *rig) modify(fd int, want multiplexers.Interest) {
	if err := r.mux.Modify(fd, want); err != nil {
		r.Fatalf("Modify(%d, %v): %v", fd, want, err)
	}
}

func (r *rig) remove(fd int) {
	if err := r.mux.Remove(fd); err != nil {
		r.Fatalf("Remove(%d): %v", fd, err)
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
		r.Fatalf("Wait: %v", err)
	}
	if n < 0 || n > room {
		r.Fatalf("Wait returned %d events of at most %d", n, room)
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
		r.Errorf("%s: got %v, want %v", when, got, want)
	}
}

// again is what a second wait reports of a readiness that persists.
func (r *rig) again(events ...multiplexers.Event) []multiplexers.Event {
	if r.bare && oneShot.met(r.subject) || edgeTriggered.met(r.subject) {
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
	if r.subject.mechanism.Capabilities.HangUp {
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
