//go:build linux

package multiplexers_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
)

// patience bounds everything that a test waits for.
const patience = 5 * time.Second

// TestThreadUsageCountsSwitches: a thread that shares its CPU loses it again and again,
// and is told as often as the kernel says elsewhere.
func TestThreadUsageCountsSwitches(t *testing.T) {
	rival(t)
	last := multiplexers.ThreadUsage().Switches
	for gained, deadline := 0, time.Now().Add(patience); gained < 3; {
		now := multiplexers.ThreadUsage().Switches
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
	low := multiplexers.ThreadUsage().Switches
	listed := listedSwitches(t, "nonvoluntary_ctxt_switches")
	if high := multiplexers.ThreadUsage().Switches; listed < low || listed > high {
		t.Errorf("from %d to %d switches, where the kernel lists %d", low, high, listed)
	}
}

// TestThreadUsageCountsSleeps: a thread that waits sleeps once for each wait, and the
// kernel lists as many.
func TestThreadUsageCountsSleeps(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const naps = 20
	before := multiplexers.ThreadUsage().Sleeps
	for range naps {
		if _, err := unix.Poll(nil, 1); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
	slept := multiplexers.ThreadUsage().Sleeps - before
	if slept < naps {
		t.Errorf("%d sleeps in %d waits", slept, naps)
	}
	low := multiplexers.ThreadUsage().Sleeps
	listed := listedSwitches(t, "voluntary_ctxt_switches")
	if high := multiplexers.ThreadUsage().Sleeps; listed < low || listed > high {
		t.Errorf("from %d to %d sleeps, where the kernel lists %d", low, high, listed)
	}
}

// listedSwitches is what proc_pid_status(5) has on the calling thread.
func listedSwitches(t *testing.T, name string) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	key := "\n" + name + ":"
	_, value, _ := strings.Cut(string(status), key)
	var n int64
	if _, err := fmt.Sscan(value, &n); err != nil {
		t.Fatalf("no %q in the thread's status: %v", key, err)
	}
	return n
}

// TestThreadUsageSplitsTime: a thread that only computes is told of user time,
// as much as the kernel lists elsewhere, and of no more in all than its clock
// has.
func TestThreadUsageSplitsTime(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	last := multiplexers.ThreadUsage()
	for deadline := time.Now().Add(patience); last.User < 2*last.System+5*listedUnit; {
		now := multiplexers.ThreadUsage()
		if now.User < last.User || now.System < last.System {
			t.Fatalf("%+v after %+v", now, last)
		}
		if all := multiplexers.ThreadCPUTime(); now.User+now.System > all {
			t.Fatalf("%+v of a thread that has used %s", now, all)
		}
		last = now
		if time.Now().After(deadline) {
			t.Fatalf("%+v after computing for %s", last, patience)
		}
		for range 1 << 20 {
		}
	}
	low := multiplexers.ThreadUsage()
	user, system := listedTimes(t)
	high := multiplexers.ThreadUsage()
	if user < low.User.Truncate(listedUnit) || user > high.User || system < low.System.Truncate(listedUnit) || system > high.System {
		t.Errorf("from %+v to %+v, where the kernel lists %s and %s", low, high, user, system)
	}
}

// listedUnit is that of the times in proc_pid_stat(5).
const listedUnit = 10 * time.Millisecond

// listedTimes is what proc_pid_stat(5) has on the calling thread.
func listedTimes(t *testing.T) (user, system time.Duration) {
	t.Helper()
	stat, err := os.ReadFile("/proc/thread-self/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(stat), ") ") // the name may have blanks in it
	times := strings.Fields(fields)[11:13]
	if _, err := fmt.Sscan(strings.Join(times, " "), &user, &system); err != nil {
		t.Fatalf("%q in the thread's stat: %v", times, err)
	}
	return user * listedUnit, system * listedUnit
}

func TestClocksDoNotAllocate(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		_ = multiplexers.ThreadCPUTime()
		_ = multiplexers.Monotonic()
		_ = multiplexers.ThreadUsage()
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
