//go:build linux

package ctl_test

import (
	"runtime"
	"testing"
	"time"

	"muxbench/multiplexers"
)

// Each time is of its own phase: no less than what an operation in it has burnt.
// CPU and user time are of all phases, and of the iteration's own thread: no more
// than what that has used meanwhile.
func TestTimesAreOfTheirPhases(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			var add, modify, remove, wait used
			armed := false
			once := func(u *used) {
				if armed && *u == (used{}) {
					*u = burn(t)
				}
			}
			c := open(t, twist(m, func(w *twisted) {
				w.add = func(int, multiplexers.Interest) error { once(&add); return nil }
				w.modify = func(int, multiplexers.Interest) error { once(&modify); return nil }
				w.remove = func(int) error { once(&remove); return nil }
				w.wait = func(events []multiplexers.Event, timeout time.Duration) (int, error) {
					once(&wait)
					return w.Multiplexer.Wait(events, timeout)
				}
			}), 3)
			armed = true
			before, began := usedSoFar(), time.Now()
			did := iterate(t, c)
			elapsed, after := time.Since(began), usedSoFar()
			for _, d := range []struct {
				name             string
				got, least, most time.Duration
			}{
				{"add", did.Add, add.cpu, elapsed},
				{"modify", did.Modify, modify.cpu, elapsed},
				{"remove", did.Remove, remove.cpu, elapsed},
				{"empty wait", did.EmptyWait, wait.cpu, elapsed - did.Elapsed},
				{"CPU", did.CPU, add.cpu + modify.cpu + remove.cpu + wait.cpu, after.cpu - before.cpu},
				{"user", did.User, add.user + modify.user + remove.user + wait.user, after.user - before.user},
			} {
				if d.got < d.least || d.got > d.most {
					t.Errorf("%s is %s, want %s to %s", d.name, d.got, d.least, d.most)
				}
			}
		})
	}
}

// used is the CPU time of the calling thread, and the part of it outside the
// kernel.
type used struct{ cpu, user time.Duration }

func usedSoFar() used { return used{multiplexers.ThreadCPUTime(), multiplexers.ThreadUsage().User} }

// burn computes until the thread has some more user time, and returns how much it
// has used.
func burn(t *testing.T) used {
	t.Helper()
	const least, patience = 5 * time.Millisecond, 5 * time.Second
	before := usedSoFar()
	for deadline := time.Now().Add(patience); ; {
		for range 1 << 18 {
		}
		if now := usedSoFar(); now.user-before.user >= least {
			return used{now.cpu - before.cpu, now.user - before.user}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s of user time after computing for %s", least, patience)
		}
	}
}
