//go:build linux

package multiplexers_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
)

// patience bounds everything that a test waits for.
const patience = 5 * time.Second

// TestThreadSwitches: a thread that shares its CPU loses it again and again,
// and is told as often as the kernel says elsewhere.
func TestThreadSwitches(t *testing.T) {
	rival(t)
	last := multiplexers.ThreadSwitches()
	for gained, deadline := 0, time.Now().Add(patience); gained < 3; {
		now := multiplexers.ThreadSwitches()
		if now < last {
			t.Fatalf("%d switches after %d", now, last)
		}
		if now > last {
			gained++
		}
		last = now
		if time.Now().After(deadline) {
			t.Fatalf("%d switches after %v beside a thread that spins", now, patience)
		}
	}
	low := multiplexers.ThreadSwitches()
	listed := listedSwitches(t)
	if high := multiplexers.ThreadSwitches(); listed < low || listed > high {
		t.Errorf("from %d to %d switches, where the kernel lists %d", low, high, listed)
	}
}

// listedSwitches is what proc_pid_status(5) has on the calling thread.
func listedSwitches(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	const key = "\nnonvoluntary_ctxt_switches:"
	_, value, _ := strings.Cut(string(status), key)
	var n int64
	if _, err := fmt.Sscan(value, &n); err != nil {
		t.Fatalf("no %q in the thread's status: %v", key, err)
	}
	return n
}

func TestClocksDoNotAllocate(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		_ = multiplexers.ThreadCPUTime()
		_ = multiplexers.Monotonic()
		_ = multiplexers.ThreadSwitches()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// rival has the calling thread share its CPU until the test ends.
func rival(t *testing.T) {
	t.Helper()
	end, err := muxtest.Rival()
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(end)
}
