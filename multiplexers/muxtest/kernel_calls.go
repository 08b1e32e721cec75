//go:build linux

package muxtest

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// The system calls of cases about the kernel. They are entered through the Go
// scheduler, so that one that blocks holds up nobody, and those are used that every
// architecture has: epoll_pwait(2), ppoll(2) and pselect6(2).

// conditions are those that poll(2) and epoll(7) are asked for, and find. They have
// the same bits in both.
type conditions uint32

const (
	pollIn    conditions = unix.EPOLLIN
	pollPri   conditions = unix.EPOLLPRI
	pollOut   conditions = unix.EPOLLOUT
	pollErr   conditions = unix.EPOLLERR
	pollHup   conditions = unix.EPOLLHUP
	pollRDHup conditions = unix.EPOLLRDHUP

	// Those that follow are no conditions but manners of watching, and epoll's alone.
	once   conditions = unix.EPOLLONESHOT
	edge   conditions = unix.EPOLLET
	shared conditions = unix.EPOLLEXCLUSIVE
)

// String gives the set as in "IN|HUP", and "0" for the empty one.
func (c conditions) String() string { return workbench.EventBits(uint32(c)) }

// found is what an epoll instance reports of a descriptor.
type found struct {
	fd         int
	conditions conditions
}

func (f found) String() string { return fmt.Sprintf("%d:%v", f.fd, f.conditions) }

// uninterrupted makes a call until it is no signal that ends it: the Go runtime sends
// its threads some.
func uninterrupted[T any](call func() (T, unix.Errno)) (T, unix.Errno) {
	for {
		result, errno := call()
		if errno != unix.EINTR {
			return result, errno
		}
	}
}

// epollControl is epoll_ctl(2). Of a descriptor that is reported, its number is told.
func epollControl(ep, op, fd int, asked conditions) unix.Errno {
	return workbench.EpollControl(ep, op, fd, uint32(asked))
}

// epollWait is epoll_pwait(2) with room for so many events, and a timeout in
// milliseconds. Mask are the signals that are blocked meanwhile; nil leaves them.
func epollWait(ep, room, timeout int, mask *unix.Sigset_t) ([]found, unix.Errno) {
	events := make([]unix.EpollEvent, room)
	n, errno := workbench.EpollWait(ep, unsafe.SliceData(events), room, timeout, mask)
	if errno != 0 {
		return nil, errno
	}
	got := make([]found, n)
	for i := range got {
		got[i] = found{int(events[i].Fd), conditions(events[i].Events)}
	}
	return got, 0
}

// sigsetSize is the size of a set of signals in the kernel, in bytes.
const sigsetSize = 8

// epollWait2 is epoll_pwait2(2), of Linux 5.11, with room for one event.
func epollWait2(ep int, timeout *unix.Timespec) (int, unix.Errno) {
	var e unix.EpollEvent
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&e)), 1,
		uintptr(unsafe.Pointer(timeout)), 0, 0)
	return int(n), errno
}

// pollFDs is ppoll(2). A timeout of nil is for ever; mask is as in epollWait.
func pollFDs(set []unix.PollFd, timeout *unix.Timespec, mask *unix.Sigset_t) (int, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(set))), uintptr(len(set)),
		uintptr(unsafe.Pointer(timeout)), uintptr(unsafe.Pointer(mask)), sigsetSize, 0)
	return int(n), errno
}

// selectFDs is pselect6(2). A timeout of nil is for ever; mask is as in epollWait.
func selectFDs(nfds int, read, write, except *unix.FdSet, timeout *unix.Timespec, mask *unix.Sigset_t) (int, unix.Errno) {
	signals := struct {
		set  *unix.Sigset_t
		size uintptr
	}{mask, sigsetSize}
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(read)), uintptr(unsafe.Pointer(write)),
		uintptr(unsafe.Pointer(except)), uintptr(unsafe.Pointer(timeout)), uintptr(unsafe.Pointer(&signals)))
	return int(n), errno
}

// refuses wants a call to have failed so; 0 is not at all.
func (r *rig) refuses(call string, got, want unix.Errno) {
	if got != want {
		r.Differs("%s: %s, want %s", call, ofErrno(got), ofErrno(want))
	}
}

// works wants a call that the rest depends on not to have failed.
func (r *rig) works(call string, errno unix.Errno) {
	if errno != 0 {
		r.Differf("%s: %s", call, ofErrno(errno))
	}
}

func ofErrno(errno unix.Errno) string {
	if errno == 0 {
		return "no error"
	}
	return unix.ErrnoName(errno)
}

// watch has an epoll instance watch a descriptor for what is asked.
func (r *rig) watch(ep, fd int, asked conditions) {
	r.works(fmt.Sprintf("epoll_ctl ADD of descriptor %d for %v", fd, asked), epollControl(ep, unix.EPOLL_CTL_ADD, fd, asked))
}

// rewatch has it watch the descriptor for something else.
func (r *rig) rewatch(ep, fd int, asked conditions) {
	r.works(fmt.Sprintf("epoll_ctl MOD of descriptor %d to %v", fd, asked), epollControl(ep, unix.EPOLL_CTL_MOD, fd, asked))
}

// unwatch has it do so no longer.
func (r *rig) unwatch(ep, fd int) {
	r.works(fmt.Sprintf("epoll_ctl DEL of descriptor %d", fd), epollControl(ep, unix.EPOLL_CTL_DEL, fd, 0))
}

// take is what an epoll instance reports at once, with room for so many.
func (r *rig) take(ep, room int) []found {
	got, errno := uninterrupted(func() ([]found, unix.Errno) { return epollWait(ep, room, 0, nil) })
	r.works("epoll_pwait", errno)
	return got
}

// reports wants an epoll instance to report just this at once.
func (r *rig) reports(when string, ep int, want ...found) {
	got := r.take(ep, len(want)+16)
	byNumber := func(a, b found) int { return cmp.Compare(a.fd, b.fd) }
	slices.SortFunc(got, byNumber)
	slices.SortFunc(want, byNumber)
	if !slices.Equal(got, want) {
		r.Differs("%s: epoll reports %v, want %v", when, got, want)
	}
}

// polls wants poll(2) to find just this on a descriptor at once.
func (r *rig) polls(when string, fd int, asked, want conditions) {
	if got := conditions(r.Finds(fd, int16(asked))); got != want {
		r.Differs("%s: poll finds %v, want %v", when, got, want)
	}
}

// selects is what select(2) finds at once on a descriptor that is in all three sets:
// "r" readable, "w" writable, "x" exceptional.
func (r *rig) selects(fd int) string {
	var sets [3]unix.FdSet
	for i := range sets {
		sets[i].Set(fd) // left alone where the call is interrupted
	}
	n, errno := uninterrupted(func() (int, unix.Errno) {
		return selectFDs(fd+1, &sets[0], &sets[1], &sets[2], &unix.Timespec{}, nil)
	})
	r.works("pselect6", errno)
	finds := ""
	for i, name := range "rwx" {
		if sets[i].IsSet(fd) {
			finds += string(name)
		}
	}
	if n != len(finds) {
		r.Differs("select returns %d, and leaves %d bits", n, len(finds))
	}
	return finds
}
