//go:build linux

package muxtest

import (
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// waiter is a wait of a multiplexer under way in a thread of its own.
type waiter struct {
	*workbench.Thread
	rig    *rig
	events []multiplexers.Event // set when it has ended, as is err
	err    error
}

// wait begins a wait in another thread.
func (r *rig) wait(timeout time.Duration) *waiter { return r.waitOn(r.mux, timeout) }

// waitOn is the same of any multiplexer.
func (r *rig) waitOn(mux multiplexers.Multiplexer, timeout time.Duration) *waiter {
	w := &waiter{rig: r}
	w.Thread = r.Aside(func() { w.wait(mux, timeout) }, r.subject.mechanism.Syscalls...)
	return w
}

// wait is what its thread does.
func (w *waiter) wait(mux multiplexers.Multiplexer, timeout time.Duration) {
	events := make([]multiplexers.Event, 16)
	n, err := mux.Wait(events, timeout)
	w.events, w.err = events[:n], err
}

// expect wants the wait to have returned, or to return soon, with just these
// events.
func (w *waiter) expect(when string, want ...multiplexers.Event) {
	w.rig.compare(when, w.result(when), want)
}

// result is what the wait has reported, or reports soon.
func (w *waiter) result(when string) []multiplexers.Event {
	w.Join(when + ": waiting")
	if w.err != nil {
		w.rig.Fatalf("%s: Wait: %v", when, w.err)
	}
	return w.events
}
