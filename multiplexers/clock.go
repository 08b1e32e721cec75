//go:build linux

package multiplexers

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ThreadCPUTime is the user and system time that the calling thread has used.
// Read by the thread itself it is exact; from outside it lags by up to a
// scheduler tick. The caller must be locked to its thread.
func ThreadCPUTime() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

// Monotonic is CLOCK_MONOTONIC: comparable between processes of one host,
// unlike time.Now, whose monotonic part starts with the process. It costs a
// system call.
func Monotonic() time.Duration { return clock(unix.CLOCK_MONOTONIC) }

// ThreadSwitches counts the involuntary context switches of the calling thread
// since it began: how often the kernel gave its CPU to another while it could
// have gone on. The caller must be locked to its thread.
//
// getrusage(2) neither blocks nor, for a thread that asks about itself, can
// fail.
func ThreadSwitches() int64 {
	var usage unix.Rusage // on the stack, as in clock
	_, _, _ = unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&usage)), 0)
	return usage.Nivcsw
}

// clock is clock_gettime(2), which cannot fail for the clocks above.
func clock(id uintptr) time.Duration {
	var ts unix.Timespec // on the stack, unlike what goes through Entry.syscall
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}
