//go:build linux

package loadgen_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// TestExchangeCountsSwitches of its own thread and of the piece alone.
func TestExchangeCountsSwitches(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 50, Active: 50, Size: 64})
		rival(t)
		deadline := time.Now().Add(patience)
		for gained := int64(0); gained == 0; {
			before := multiplexers.ThreadSwitches()
			gained = exchange(t, g, loadgen.Piece{Rounds: 20}).Switches
			if most := multiplexers.ThreadSwitches() - before; gained < 0 || gained > most {
				t.Fatalf("%d switches in a piece, where the thread had %d", gained, most)
			}
			if time.Now().After(deadline) {
				t.Fatalf("no switch within %v beside a thread that spins", patience)
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
