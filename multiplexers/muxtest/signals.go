//go:build linux

package muxtest

import (
	"time"

	"muxbench/multiplexers/workbench"
)

// signalCases are about waits that a signal cuts short. No such wait is
// restarted by the kernel, whatever SA_RESTART says (signal(7), "Interruption
// of system calls and library functions by signal handlers").
func signalCases() []Case {
	return []Case{
		{ID: "C-032", Tier: Contract, Title: "signals neither end a wait nor lengthen it", Source: "polling concurrent_interruption, libuv eintr_handling", run: interrupted},
	}
}

// interrupted signals a wait for as long as it lasts. One that begins anew
// after a signal lasts as long as there are signals. The timeout is well above
// what passes between two of them, on a busy host too.
func interrupted(r *rig) {
	const timeout = 200 * time.Millisecond
	reader, _ := r.Pipe()
	r.add(reader, readable)
	w := r.wait(timeout)
	deadline := time.After(workbench.Patience)
	for signals := 0; w.UntilBlocked(); signals++ {
		w.Signal()
		select {
		case <-deadline:
			// The last signal was the last: this wait has an end.
			r.Errorf("a wait of %v has lasted %v and %d signals", timeout, workbench.Patience, signals)
			deadline = nil
			<-w.Ended()
		default:
		}
	}
	w.expect("interrupted")
	if w.Elapsed() < timeout {
		r.Errorf("interrupted, a wait of %v returned after %v", timeout, w.Elapsed())
	}
}
