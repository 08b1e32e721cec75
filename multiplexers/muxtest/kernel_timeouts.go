//go:build linux

package muxtest

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// kernelTimeoutCases are about timeouts as the kernel takes them.
func kernelTimeoutCases() []Case {
	const pwait2 = "epoll_pwait2(2), of Linux 5.11"
	return []Case{
		{ID: "C-028", Title: "negative times, and a billion nanoseconds and more, are EINVAL", Source: "gVisor ppoll, pselect InvalidTimeout", run: badTimes},
		{ID: "C-028/epoll_pwait2", Title: "of epoll_pwait2 too", Takes: pwait2, Source: "LTP epoll_pwait05", run: badTimesOfEpoll},
		{ID: "C-030", Title: "no timeout from 100 ms down to 1 ns turns into an endless wait, nor into less", Source: "LTP epoll_pwait06; kernel d9ec73301099", run: timesEnd},
		{ID: "C-030/epoll_pwait2", Title: "in epoll_pwait2 neither", Takes: pwait2, Source: "LTP epoll_pwait06; kernel d9ec73301099", run: timesOfEpollEnd},
		{ID: "C-034", Title: "ppoll and pselect6 overwrite their timeout with what is left of it", Source: "gVisor ppoll, pselect NullFds; select(2), NOTES", run: timesOverwritten},
		{ID: "C-034/epoll_pwait2", Title: "epoll_pwait2 leaves it alone", Takes: pwait2, Source: "epoll_wait(2)", run: timesOfEpollStand},
	}
}

// timedWait is a system call that waits for an eventfd, with a timeout.
type timedWait struct {
	call string
	wait func(bell int, timeout *unix.Timespec) (int, unix.Errno)
}

func timedWaits() []timedWait {
	return []timedWait{
		{"ppoll", func(bell int, timeout *unix.Timespec) (int, unix.Errno) {
			return pollFDs([]unix.PollFd{{Fd: int32(bell), Events: unix.POLLIN}}, timeout, nil)
		}},
		{"pselect6", func(bell int, timeout *unix.Timespec) (int, unix.Errno) {
			var read unix.FdSet
			read.Set(bell)
			return selectFDs(bell+1, &read, nil, nil, timeout, nil)
		}},
	}
}

// timedEpoll is that of an epoll instance, which watches the bell.
func (r *rig) timedEpoll(bell int) timedWait {
	ep := r.Epoll()
	r.watch(ep, bell, pollIn)
	// Profiles of seccomp(2) that do not know a call answer EPERM, which it never does itself.
	if _, errno := epollWait2(ep, &unix.Timespec{}); errno == unix.ENOSYS || errno == unix.EPERM {
		r.Skipf("needs epoll_pwait2(2): %s", ofErrno(errno))
	}
	return timedWait{"epoll_pwait2", func(_ int, timeout *unix.Timespec) (int, unix.Errno) { return epollWait2(ep, timeout) }}
}

func badTimes(r *rig) {
	bell := r.Counter(1)
	for _, w := range timedWaits() {
		r.refusesTimes(w, bell)
	}
	_, err := unix.Select(0, nil, nil, nil, &unix.Timeval{Sec: -1})
	if err != unix.EINVAL {
		r.Differs("select with a negative time: %v, want EINVAL", err)
	}
}

func badTimesOfEpoll(r *rig) {
	bell := r.Counter(1)
	r.refusesTimes(r.timedEpoll(bell), bell)
}

func (r *rig) refusesTimes(w timedWait, bell int) {
	for _, t := range [...]unix.Timespec{{Sec: -1}, {Nsec: -1}, {Nsec: 1e9}, {Sec: -1, Nsec: 1e9 - 1}} {
		_, errno := w.wait(bell, &t)
		r.refuses(fmt.Sprintf("%s with %d s and %d ns", w.call, t.Sec, t.Nsec), errno, unix.EINVAL)
	}
	n, errno := w.wait(bell, &unix.Timespec{Nsec: 1e9 - 1})
	r.refuses(w.call+" with 999,999,999 ns", errno, 0)
	if n != 1 {
		r.Differs("%s of what is ready returns %d, want 1", w.call, n)
	}
}

func timesEnd(r *rig) {
	bell := r.Counter(0)
	for _, w := range timedWaits() {
		r.endsInTime(w, bell)
	}
}

func timesOfEpollEnd(r *rig) {
	bell := r.Counter(0)
	r.endsInTime(r.timedEpoll(bell), bell)
}

// endsInTime wants waits with nothing to report to end, and none early. An endless one
// is ended by the bell.
func (r *rig) endsInTime(w timedWait, bell int) {
	for timeout := 100 * time.Millisecond; timeout > 0; timeout /= 10 {
		n := -1
		var errno unix.Errno
		timed := r.Aside(func() {
			deadline := time.Now().Add(timeout)
			n, errno = uninterrupted(func() (int, unix.Errno) {
				ts := unix.NsecToTimespec(int64(max(0, time.Until(deadline))))
				return w.wait(bell, &ts)
			})
		}, w.call)
		if !r.endsItself(timed, bell) {
			r.Differf("%s with a timeout of %v lasts more than %v", w.call, timeout, r.Patience)
		}
		r.works(w.call, errno)
		if n != 0 {
			r.Differs("%s of nothing ready returns %d", w.call, n)
		}
		if timed.Elapsed() < timeout {
			r.Differs("%s with a timeout of %v returns after %v", w.call, timeout, timed.Elapsed())
		}
	}
}

// endsItself says whether a thread does. One that does not is ended by the bell.
func (r *rig) endsItself(t *workbench.Thread, bell int) bool {
	if r.Until(t.Over) {
		return true
	}
	r.Ring(bell)
	t.Join("rung")
	return false
}

func timesOverwritten(r *rig) {
	bell := r.Counter(0)
	for _, w := range timedWaits() {
		given := unix.Timespec{Nsec: int64(5 * time.Millisecond)}
		left := given
		_, errno := uninterrupted(func() (int, unix.Errno) { return w.wait(bell, &left) })
		r.works(w.call, errno)
		if left != (unix.Timespec{}) {
			r.Differs("%s has waited in full, and leaves %d s and %d ns", w.call, left.Sec, left.Nsec)
		}
	}
	r.Ring(bell)
	for _, w := range timedWaits() {
		left := unix.Timespec{Sec: 1000}
		_, errno := w.wait(bell, &left)
		r.works(w.call, errno)
		if left.Nano() >= int64(1000*time.Second) || left.Nano() <= 0 {
			r.Differs("%s has not waited, and leaves %d s and %d ns of 1,000 s", w.call, left.Sec, left.Nsec)
		}
	}
}

func timesOfEpollStand(r *rig) {
	bell := r.Counter(0)
	w := r.timedEpoll(bell)
	given := unix.Timespec{Nsec: int64(5 * time.Millisecond)}
	left := given
	_, errno := uninterrupted(func() (int, unix.Errno) { return w.wait(bell, &left) })
	r.works(w.call, errno)
	if left != given {
		r.Differs("epoll_pwait2 has made of %d ns: %d s and %d ns", given.Nsec, left.Sec, left.Nsec)
	}
}
