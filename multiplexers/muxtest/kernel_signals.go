//go:build linux

package muxtest

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelSignalCases are about waits and the signal by which the Go runtime asks its
// threads to yield, and that does nothing to them: SIGURG.
func kernelSignalCases() []Case {
	return []Case{
		{ID: "C-031/interrupted", Title: "a signal ends a wait with EINTR, though its handler, the Go runtime's, has SA_RESTART", Source: "LTP epoll_wait08, ppoll01; signal(7)", run: endedBySignal},
		{ID: "C-031/masked", Title: "a signal that the wait masks does not, and stays pending until it ends", Source: "LTP epoll_pwait01; gVisor ppoll, pselect SignalMask", run: maskedSignal},
		{ID: "C-033", Title: "a pending signal that the wait unmasks ends it at once", Source: "LTP ppoll01 SEND_SIGINT_RACE_TEST", run: unmaskedSignal},
	}
}

// maskedWait is a system call that waits for a descriptor to be readable, with a mask
// of signals. Ep is an epoll instance that watches it.
type maskedWait struct {
	call string
	wait func(fd, ep int, mask *unix.Sigset_t) (int, unix.Errno)
}

func maskedWaits() []maskedWait {
	return []maskedWait{
		{"ppoll", func(fd, _ int, mask *unix.Sigset_t) (int, unix.Errno) {
			return pollFDs([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, nil, mask)
		}},
		{"pselect6", func(fd, _ int, mask *unix.Sigset_t) (int, unix.Errno) {
			var read unix.FdSet
			read.Set(fd)
			return selectFDs(fd+1, &read, nil, nil, nil, mask)
		}},
		{"epoll_pwait", func(_, ep int, mask *unix.Sigset_t) (int, unix.Errno) {
			got, errno := epollWait(ep, 1, -1, mask)
			return len(got), errno
		}},
	}
}

// urgent is the set of that signal.
func urgent() *unix.Sigset_t {
	return &unix.Sigset_t{Val: [len(unix.Sigset_t{}.Val)]uint64{1 << (unix.SIGURG - 1)}}
}

// quiet makes a counter that is not ready, and an epoll instance that watches it.
func (r *rig) quiet() (bell, ep int) {
	bell, ep = r.Counter(0), r.Epoll()
	r.watch(ep, bell, pollIn)
	return bell, ep
}

func endedBySignal(r *rig) {
	for _, w := range maskedWaits() {
		bell, ep := r.quiet()
		var errno unix.Errno
		t := r.Aside(func() { _, errno = w.wait(bell, ep, nil) }, w.call)
		if t.UntilBlocked() { // or the runtime has sent one
			t.Signal()
		}
		if !r.endsItself(t, bell) {
			r.Differf("%s: a signal does not end it", w.call)
		}
		r.refuses(w.call+" with a signal", errno, unix.EINTR)
	}
}

func maskedSignal(r *rig) {
	for _, w := range maskedWaits() {
		bell, ep := r.quiet()
		var n int
		var errno unix.Errno
		tid := make(chan int, 1)
		t := r.Aside(func() {
			tid <- unix.Gettid()
			n, errno = w.wait(bell, ep, urgent())
		}, w.call)
		asleep := func() {
			if !t.UntilBlocked() {
				r.Differf("%s that masks the signal has ended: %d, %s", w.call, n, ofErrno(errno))
			}
		}
		asleep()
		t.Signal()
		if !r.pends(<-tid) {
			r.Differs("%s: a signal that is masked does not pend", w.call)
		}
		asleep()
		r.Ring(bell)
		t.Join(w.call + " of what has become ready")
		r.works(w.call, errno)
		if n != 1 {
			r.Differs("%s returns %d, want 1", w.call, n)
		}
	}
}

// pends says whether the signal is pending in a thread that is asleep
// (proc_pid_status(5), SigPnd).
func (r *rig) pends(tid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", tid))
	if err != nil {
		r.Skipf("needs to see what signals pend: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if set, ok := strings.CutPrefix(line, "SigPnd:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			if err != nil {
				r.Fatalf("%q: %v", line, err)
			}
			return bits&urgent().Val[0] != 0
		}
	}
	r.Skipf("needs to see what signals pend: /proc does not tell")
	return false
}

func unmaskedSignal(r *rig) {
	for _, w := range maskedWaits() {
		bell, ep := r.quiet()
		var errno unix.Errno
		var setup error
		t := r.Aside(func() {
			var before unix.Sigset_t
			if setup = unix.PthreadSigmask(unix.SIG_BLOCK, urgent(), &before); setup != nil {
				return
			}
			if setup = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGURG); setup == nil {
				_, errno = w.wait(bell, ep, &unix.Sigset_t{})
			}
			setup = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
		}, w.call)
		if !r.endsItself(t, bell) {
			r.Differf("%s: a pending signal that it unmasks does not end it", w.call)
		}
		if setup != nil {
			r.Fatalf("masking and sending a signal: %v", setup)
		}
		r.refuses(w.call+" that unmasks a pending signal", errno, unix.EINTR)
	}
}
