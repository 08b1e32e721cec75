//go:build linux

package chain_test

import (
	"runtime"
	"testing"
	"time"

	"muxbench/multiplexers"
)

// An iteration's user time is that of its own thread: no less than what a wait
// within it has burnt, and no more than what the thread has used meanwhile.
func TestUserTime(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const least, patience = 100 * time.Millisecond, 5 * time.Second
	for _, m := range multiplexers.Mechanisms() {
		waits, burnt := 0, time.Duration(0)
		c := ring(t, twist(m, func(w *twisted) {
			w.wait = func(events []multiplexers.Event) (int, error) {
				if waits++; waits == 2 { // the first is before the time
					burnt = burn(t, least, patience)
				}
				return w.Multiplexer.Wait(events, 0)
			}
		}), 3, 1, 10)
		before := multiplexers.ThreadUsage()
		did := iterate(t, c)
		after := multiplexers.ThreadUsage()
		if did.User < burnt || did.User > after.User-before.User {
			t.Errorf("%s: %s of user time, where a wait has burnt %s and the thread has used %s", m.Name, did.User, burnt, after.User-before.User)
		}
	}
}

// burn computes until the thread has that much more user time, and returns how
// much it is.
func burn(t *testing.T, d, patience time.Duration) time.Duration {
	t.Helper()
	before := multiplexers.ThreadUsage().User
	for deadline := time.Now().Add(patience); ; {
		for range 1 << 20 {
		}
		if burnt := multiplexers.ThreadUsage().User - before; burnt >= d {
			return burnt
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s of user time after computing for %s", d, patience)
		}
	}
}
