//go:build linux

package scenarios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is the CPU time that processes have used, user and system, by process.
type Usage map[int]time.Duration

// Since is what was used between two readings. A process that has begun since
// then counts whole; one that has ended took what it used with it.
func (u Usage) Since(before Usage) (time.Duration, error) {
	for pid := range before {
		if _, lives := u[pid]; !lives {
			return 0, fmt.Errorf("process %d of the server has ended within a slice: its CPU time cannot be read", pid)
		}
	}
	var total time.Duration
	for pid, used := range u {
		total += used - before[pid]
	}
	return total, nil
}

// usageOf reads the CPU clocks of a process and all its descendants from
// outside, when all their threads sleep: the clock of a thread that runs is
// behind by up to a scheduler tick, 4 ms.
func usageOf(ctx context.Context, root int) (Usage, error) {
	const pause = 50 * time.Microsecond
	for {
		processes, awake, err := family(root)
		if err != nil {
			return nil, err
		}
		if !awake {
			return clocks(processes)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("reading the server's CPU time from outside: it does not go to sleep while it has nothing to do: %w", context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

func clocks(processes []int) (Usage, error) {
	u := make(Usage, len(processes))
	for _, pid := range processes {
		var ts unix.Timespec
		if err := unix.ClockGettime(processClock(pid), &ts); err != nil {
			return nil, fmt.Errorf("reading the CPU clock of process %d: %w", pid, os.NewSyscallError("clock_gettime", err))
		}
		u[pid] = time.Duration(ts.Nano())
	}
	return u, nil
}

// processClock is the clock of a process's CPU time, of all its threads that
// are and were: clock_getcpuclockid(3), MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED
// in the kernel's posix-timers.h.
func processClock(pid int) int32 { return int32(^pid)<<3 | 2 }

// family is a process and its descendants, and whether any of their threads is
// awake. One that comes or goes meanwhile counts as awake: it is to be asked again.
func family(root int) (processes []int, awake bool, err error) {
	processes = []int{root}
	for i := 0; i < len(processes); i++ {
		threads, err := os.ReadDir(filepath.Join(procOf(processes[i]), "task"))
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			return processes, true, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("reading the state of the server's process %d: %w", processes[i], err)
		}
		for _, t := range threads {
			at := filepath.Join(procOf(processes[i]), "task", t.Name())
			children, err := os.ReadFile(filepath.Join(at, "children"))
			if err != nil {
				if _, gone := os.Stat(at); gone != nil {
					return processes, true, nil
				}
				return nil, false, fmt.Errorf("reading which processes the server has started (a kernel without CONFIG_PROC_CHILDREN does not tell): %w", err)
			}
			awake = awake || runs(at)
			for field := range strings.FieldsSeq(string(children)) {
				if pid, err := strconv.Atoi(field); err == nil {
					processes = append(processes, pid)
				}
			}
		}
	}
	return processes, awake, nil
}

// runs says whether a thread runs or is about to. One that has ended does not.
func runs(task string) bool {
	stat, err := os.ReadFile(filepath.Join(task, "stat"))
	if err != nil {
		return false
	}
	// The name before the state may hold anything (proc_pid_stat(5)).
	state := stat[bytes.LastIndexByte(stat, ')')+1:]
	state = bytes.TrimLeft(state, " ")
	return len(state) > 0 && (state[0] == 'R' || state[0] == 'D')
}

func procOf(pid int) string { return filepath.Join("/proc", strconv.Itoa(pid)) }

// familyBytes is the resident memory of a process and its descendants.
func familyBytes(root int) int64 {
	processes, _, err := family(root)
	if err != nil {
		return 0
	}
	var total int64
	for _, pid := range processes {
		total += residentBytes(procOf(pid))
	}
	return total
}
