//go:build linux

package muxtest

import "time"

// signalCases are about waits that a signal cuts short. No such wait is
// restarted by the kernel, whatever SA_RESTART says (signal(7), "Interruption
// of system calls and library functions by signal handlers").
func signalCases() []Case {
	return []Case{
		{ID: "C-032", Tier: "P", Title: "signals neither end a wait nor lengthen it", Source: "polling concurrent_interruption, libuv eintr_handling", run: interrupted},
	}
}

// interrupted signals a wait for as long as it lasts. One that begins anew
// after a signal lasts as long as there are signals. The timeout is well above
// what passes between two of them, on a busy host too.
func interrupted(r *rig) {
	const timeout = 200 * time.Millisecond
	reader, _ := r.pipe()
	r.add(reader, readable)
	w := r.wait(timeout)
	deadline := time.After(patience)
	for signals := 0; w.untilBlocked(); signals++ {
		w.signal()
		select {
		case <-deadline:
			// The last signal was the last: this wait has an end.
			r.errorf("a wait of %v has lasted %v and %d signals", timeout, patience, signals)
			deadline = nil
			<-w.ended
		default:
		}
	}
	w.expect("interrupted")
	if w.elapsed < timeout {
		r.errorf("interrupted, a wait of %v returned after %v", timeout, w.elapsed)
	}
}
