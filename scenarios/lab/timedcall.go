//go:build linux

package lab

import (
	"fmt"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// timedCall is a system call that waits for a descriptor.
type timedCall struct {
	name  string
	call  string // by its name in the kernel
	units time.Duration
	// wait returns nil when its timeout has passed or something is ready. A timeout
	// is in whole units; a negative one is none.
	wait func(timeout time.Duration) error
}

// timedCalls wait for reader, or for an epoll instance that watches it. The last is
// not on all kernels.
func timedCalls(reader, epoll int) []timedCall {
	events := make([]unix.EpollEvent, 1)
	return []timedCall{
		{"select", "pselect6", time.Microsecond, func(timeout time.Duration) error {
			var set unix.FdSet
			set.Set(reader)
			var limit *unix.Timeval
			if timeout >= 0 {
				tv := unix.NsecToTimeval(int64(timeout))
				limit = &tv
			}
			_, err := unix.Select(reader+1, &set, nil, nil, limit)
			return err
		}},
		{"poll", "ppoll", time.Millisecond, func(timeout time.Duration) error {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(reader), Events: unix.POLLIN}}, milliseconds(timeout))
			return err
		}},
		{"epoll_wait", "epoll_pwait", time.Millisecond, func(timeout time.Duration) error {
			_, err := unix.EpollWait(epoll, events, milliseconds(timeout))
			return err
		}},
		{"epoll_pwait2", "epoll_pwait2", time.Nanosecond, func(timeout time.Duration) error {
			return epollPwait2(epoll, events, timeout)
		}},
	}
}

func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int(timeout / time.Millisecond)
}

// rounded is d rounded up to whole units.
func rounded(d, units time.Duration) time.Duration { return (d + units - 1) / units * units }

// distinct are those of the timeouts that do not round to the same as one before, the
// shortest first.
func (c timedCall) distinct(timeouts ...time.Duration) []time.Duration {
	var all []time.Duration
	for _, asked := range timeouts {
		if !slices.ContainsFunc(all, func(d time.Duration) bool { return rounded(d, c.units) == rounded(asked, c.units) }) {
			all = append(all, asked)
		}
	}
	slices.Sort(all)
	return all
}

// timing is what came of some waits.
type timing struct {
	least, median time.Duration
	slept         int // of them
}

// String tells how long they lasted.
func (t timing) String() string {
	return fmt.Sprintf("least %s, median %s", lasting(t.least), lasting(t.median))
}

// timed times waits that nothing ends but their timeout. One that a signal ends is
// begun anew.
func (c timedCall) timed(timeout time.Duration) (timing, error) {
	runtime.LockOSThread() // whose sleeps are counted
	defer runtime.UnlockOSThread()
	var t timing
	var all []time.Duration
	for len(all) < samples {
		sleeps, began := multiplexers.ThreadUsage().Sleeps, time.Now()
		err := c.wait(timeout)
		elapsed := time.Since(began)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return t, fmt.Errorf("%s: %w", c.name, err)
		}
		if multiplexers.ThreadUsage().Sleeps > sleeps {
			t.slept++
		}
		all = append(all, elapsed)
	}
	slices.Sort(all)
	t.least, t.median = all[0], all[len(all)/2]
	return t, nil
}

// timed is the same where an error ends the demonstration.
func (s *stage) timed(c timedCall, timeout time.Duration) timing {
	t, err := c.timed(timeout)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return t
}

// epollPwait2 is epoll_pwait2(2) without a signal mask. A negative timeout is none.
func epollPwait2(epoll int, events []unix.EpollEvent, timeout time.Duration) error {
	var limit *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		limit = &ts
	}
	_, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(limit)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
