//go:build linux

package muxtest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// look is how often a condition that nothing announces is looked at.
const look = time.Millisecond

// waiter is a wait under way in a thread of its own.
type waiter struct {
	rig     *rig
	tid     int
	ended   chan struct{}
	events  []multiplexers.Event // set when ended is closed, as are those below
	err     error
	elapsed time.Duration
}

// wait begins a wait in another thread.
func (r *rig) wait(timeout time.Duration) *waiter { return r.waitOn(r.mux, timeout) }

// waitOn is the same of any multiplexer.
func (r *rig) waitOn(mux multiplexers.Multiplexer, timeout time.Duration) *waiter {
	w := &waiter{rig: r, ended: make(chan struct{})}
	r.waiters = append(r.waiters, w)
	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(w.ended)
		events := make([]multiplexers.Event, 16)
		tid <- unix.Gettid()
		began := time.Now()
		n, err := mux.Wait(events, timeout)
		w.elapsed = time.Since(began)
		w.events, w.err = events[:n], err
	}()
	w.tid = <-tid
	return w
}

// over says whether the wait has returned.
func (w *waiter) over() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// untilBlocked returns when the thread sleeps in the mechanism's system call,
// and says false if the wait returned instead.
func (w *waiter) untilBlocked() bool {
	deadline, tick := time.After(patience), time.NewTicker(look)
	defer tick.Stop()
	for {
		blocked, err := w.blocked()
		if err != nil {
			w.rig.fatalf("state of thread %d: %v", w.tid, err)
		}
		if blocked {
			return true
		}
		select {
		case <-w.ended:
			return false
		case <-deadline:
			w.rig.fatalf("thread %d is not blocked in %v after %v", w.tid, w.rig.mechanism.Syscalls, patience)
		case <-tick.C:
		}
	}
}

// blocked looks into /proc/PID/task/TID/syscall, which begins with the number
// of the system call that the thread sleeps in, and is "running" if it does not
// sleep (proc_pid_syscall(5)). A thread that sleeps for the Go scheduler sleeps
// in futex(2).
func (w *waiter) blocked() (bool, error) {
	state, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", w.tid))
	if err != nil {
		if w.over() {
			return false, nil // and its thread with it
		}
		return false, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(state)), " ")
	number, err := strconv.Atoi(first)
	if err != nil {
		return false, nil // running
	}
	for _, name := range w.rig.mechanism.Syscalls {
		if waits, ok := numberOf(name); ok && waits == number {
			return true, nil
		}
	}
	return false, nil
}

// numberOf is the number of a system call that waits.
func numberOf(name string) (number int, ok bool) {
	switch name {
	case "pselect6":
		return unix.SYS_PSELECT6, true
	case "ppoll":
		return unix.SYS_PPOLL, true
	case "epoll_pwait":
		return unix.SYS_EPOLL_PWAIT, true
	case "epoll_pwait2":
		return unix.SYS_EPOLL_PWAIT2, true
	}
	return 0, false
}

// signal sends the thread SIGURG, by which the Go runtime asks goroutines to
// yield: what interrupts real waits.
func (w *waiter) signal() {
	if err := unix.Tgkill(os.Getpid(), w.tid, unix.SIGURG); err != nil && err != unix.ESRCH {
		w.rig.fatalf("tgkill: %v", err)
	}
}

// expect wants the wait to have returned, or to return soon, with just these
// events.
func (w *waiter) expect(when string, want ...multiplexers.Event) {
	w.rig.compare(when, w.result(when), want)
}

// result is what the wait has reported, or reports soon.
func (w *waiter) result(when string) []multiplexers.Event {
	select {
	case <-w.ended:
	case <-time.After(patience):
		w.rig.fatalf("%s: the wait does not return", when)
	}
	if w.err != nil {
		w.rig.fatalf("%s: Wait: %v", when, w.err)
	}
	return w.events
}
