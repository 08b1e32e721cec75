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

// ProcessCPUTime is the user and system time that this process has used, in
// threads that are and were. Those that run at this moment are behind by up to a
// scheduler tick, but for the calling one.
func ProcessCPUTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// Monotonic is CLOCK_MONOTONIC: comparable between processes of one host,
// unlike time.Now, whose monotonic part starts with the process. It costs a
// system call.
func Monotonic() time.Duration { return clock(unix.CLOCK_MONOTONIC) }

// Usage is what a thread, or all of a process, has used since it began.
type Usage struct {
	// User and System are the CPU time spent outside and inside the kernel, in
	// whole microseconds. Neither ever falls.
	//
	// Note: a kernel with CONFIG_TICK_CPU_ACCOUNTING, and others on CPUs that
	// are not among nohz_full's, looks at each tick (1 to 10 ms) where the
	// thread is, and splits the exact total as these samples are split
	// (cputime_adjust in kernel/sched/cputime.c). So the split is rough over
	// less than some hundred ticks; and the total, which ThreadCPUTime has to
	// the nanosecond, may lag here by a tick.
	User, System time.Duration
	// Switches counts involuntary context switches: how often the kernel gave
	// the thread's CPU to another while it could have gone on.
	Switches int64
	// Sleeps counts voluntary ones: how often it gave its CPU up to wait for
	// something, and so was woken.
	Sleeps int64
}

// ThreadUsage is what the calling thread has used. The caller must be locked to
// its thread.
func ThreadUsage() Usage { return usageOf(unix.RUSAGE_THREAD) }

// ProcessUsage is what all threads of this process together have used.
func ProcessUsage() Usage { return usageOf(unix.RUSAGE_SELF) }

// usageOf is getrusage(2), which neither blocks nor, for those who ask about
// themselves, can fail.
func usageOf(who int) Usage {
	var usage unix.Rusage // on the stack, as in clock
	_, _, _ = unix.RawSyscall(unix.SYS_GETRUSAGE, uintptr(who), uintptr(unsafe.Pointer(&usage)), 0)
	return Usage{
		User:     time.Duration(usage.Utime.Nano()),
		System:   time.Duration(usage.Stime.Nano()),
		Switches: usage.Nivcsw,
		Sleeps:   usage.Nvcsw,
	}
}

// clock is clock_gettime(2), which cannot fail for the clocks above.
func clock(id uintptr) time.Duration {
	var ts unix.Timespec // on the stack, unlike what goes through Entry.syscall
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}
