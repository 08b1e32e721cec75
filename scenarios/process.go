//go:build linux

package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// settle makes the calling goroutine a loop's own, for good: on one thread,
// pinned to a CPU, and entering raw with descriptors of its own. Where that last
// is forbidden, as in many containers, shared says so.
func settle(entry multiplexers.Entry, cpu int) (shared string, err error) {
	runtime.LockOSThread()
	if err := entry.OwnDescriptors(); err != nil {
		shared = err.Error()
	}
	return shared, pin(cpu)
}

// pin confines the calling thread to a CPU. A negative one confines nothing. The
// rest of the process is left to find itself another place: what the Go runtime
// does in passing is not the loop's cost.
func pin(cpu int) error {
	if cpu < 0 {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning to CPU %d: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}

// self is this process in /proc.
const self = "/proc/self"

// residentBytes is the resident memory of a process, given by its directory, or
// 0 where /proc does not tell. smaps_rollup is exact where statm may be off by
// megabytes (since Linux 6.2 its counters are kept per CPU).
func residentBytes(proc string) int64 {
	rollup, err := os.ReadFile(filepath.Join(proc, "smaps_rollup"))
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

// queue tells how long a thread of this process has been ready to run and had no
// CPU: the second figure of its schedstat, in ns (sched-stats in the kernel's
// documentation). Reading it enters no loop. Where the kernel does not keep it,
// it is 0, and so it is of thread 0, which is none.
type queue struct{ file *os.File }

func watchQueue(thread int) queue {
	if thread == 0 {
		return queue{}
	}
	file, err := os.Open(filepath.Join(self, "task", strconv.Itoa(thread), "schedstat"))
	if err != nil {
		return queue{}
	}
	return queue{file}
}

func (q queue) waited() time.Duration {
	if q.file == nil {
		return 0
	}
	var text [100]byte
	n, _ := q.file.ReadAt(text[:], 0) // short, at the end of the file
	fields := strings.Fields(string(text[:n]))
	if len(fields) < 2 {
		return 0
	}
	waited, _ := strconv.ParseInt(fields[1], 10, 64)
	return time.Duration(waited)
}

// world tells how often the Go runtime of this process has stopped the world. It
// may be asked while a loop holds its P: unlike runtime.ReadMemStats, package
// runtime/metrics does not stop the world itself. Asking again takes no memory,
// which nobody would collect. It is owned by one goroutine.
type world []metrics.Sample

func watchWorld() world {
	return world{{Name: "/sched/pauses/total/gc:seconds"}, {Name: "/sched/pauses/total/other:seconds"}}
}

// stops is their number since the process began.
func (w world) stops() int64 {
	metrics.Read(w)
	var stops uint64
	for _, s := range w {
		if s.Value.Kind() != metrics.KindFloat64Histogram {
			continue // unknown to this version of Go
		}
		for _, n := range s.Value.Float64Histogram().Counts {
			stops += n
		}
	}
	return int64(stops)
}
