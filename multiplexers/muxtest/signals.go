//go:build linux

package muxtest

import (
	"time"
)

// signalCases are about waits that a signal cuts short. No such wait is
// restarted by the kernel, whatever SA_RESTART says (signal(7), "Interruption
// of system calls and library functions by signal handlers").
func signalCases() []Case {
	return []Case{
		{ID: "C-032", Tier: Contract, Title: "signals neither end a wait nor lengthen it", Source: "polling concurrent_interruption, libuv eintr_handling", run: interrupted},
	}
}

// interrupted has a wait get signals for as long as it lasts, much more often than its
// timeout. One that begins anew after a signal lasts as long as there are signals.
func interrupted(r *rig) {
	const timeout, every = 200 * time.Millisecond, 5 * time.Millisecond
	reader, _ := r.Pipe()
	r.add(reader, readable)
	w := &waiter{rig: r}
	var stop func()
	w.Thread, stop = r.AsideSignalled(every, func() { w.wait(r.mux, timeout) }, r.subject.mechanism.Syscalls...)
	defer stop()
	select {
	case <-w.Ended():
	case <-time.After(r.Patience):
		r.Errorf("a wait of %v that gets a signal every %v has lasted %v", timeout, every, r.Patience)
		stop()
	}
	w.expect("interrupted")
	if w.Elapsed() < timeout {
		r.Errorf("interrupted, a wait of %v returned after %v", timeout, w.Elapsed())
	}
}
