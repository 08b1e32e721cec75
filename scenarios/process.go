//go:build linux

package scenarios

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pin confines the calling thread to a CPU, and the calling goroutine to the
// thread, for good. A negative CPU confines nothing. The rest of the process
// is left to find itself another place: what the Go runtime does in passing is
// not the loop's cost.
func pin(cpu int) error {
	if cpu < 0 {
		return nil
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning to CPU %d: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}

// residentBytes is the process's resident memory, or 0 where /proc does not
// tell. smaps_rollup is exact where statm may be off by megabytes (since Linux
// 6.2 its counters are kept per CPU).
func residentBytes() int64 {
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(rollup)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Rss:" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
