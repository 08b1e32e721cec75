//go:build linux

package server_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// TestSnapshotCountsSwitches of the loop's own thread: what a snapshot says
// lies between what the thread finds before its wait and before the next one.
func TestSnapshotCountsSwitches(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		var once sync.Once
		var found atomic.Int64
		s := start(t, config(observe(b, &observed{before: func() error {
			once.Do(func() { rival(t) })
			found.Store(multiplexers.ThreadSwitches())
			return nil
		}})))
		snapshot(t, s) // the loop has waited
		for range 10 {
			low := found.Load()
			snap := snapshot(t, s)
			snapshot(t, s) // the loop has waited once more
			if high := found.Load(); low == 0 || snap.Switches < low || snap.Switches > high {
				t.Errorf("%d switches, where the thread found %d before and %d after", snap.Switches, low, high)
			}
		}
	})
}

// rival has the calling thread share one CPU, until the test ends, with
// another that spins. Threads end with their goroutines here, because neither
// is unlocked: their affinity goes with them.
func rival(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(4, procs)) // with one P they would take turns without the kernel
	runtime.LockOSThread()
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Error(err)
		return
	}
	cpu := 0
	for !allowed.IsSet(cpu) {
		cpu++
	}
	one.Set(cpu)
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Error(err)
		}
		for !over.Load() {
		}
	}()
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Error(err)
	}
	t.Cleanup(func() {
		over.Store(true)
		<-ended
		runtime.GOMAXPROCS(procs)
	})
	deadline := time.Now().Add(patience)
	for multiplexers.ThreadSwitches() == 0 {
		if time.Now().After(deadline) {
			t.Errorf("a thread that shares its CPU with another keeps it for %v", patience)
			return
		}
	}
}
