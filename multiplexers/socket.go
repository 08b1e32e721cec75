//go:build linux

package multiplexers

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Accept is accept4(2) of one connection, non-blocking and close-on-exec.
func (e Entry) Accept(listener int) (fd int, errno unix.Errno) {
	r, errno := e.syscall(unix.SYS_ACCEPT4, uintptr(listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), 0
}

// Close is close(2).
func (e Entry) Close(fd int) unix.Errno {
	_, errno := e.syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0, 0, 0, 0)
	return errno
}

// Operations of futex(2) between threads of one process, as in the kernel's
// linux/futex.h: 128 is FUTEX_PRIVATE_FLAG.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// SleepOn is futex(2), FUTEX_WAIT: it sleeps until a WakeOn of the word, unless
// the word has another value than seen. It may return without reason, and whoever
// is back looks again.
func (e Entry) SleepOn(word *atomic.Uint32, seen uint32) {
	_, _ = e.syscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(seen), 0, 0, 0)
}

// WakeOn is futex(2), FUTEX_WAKE: it wakes up to n of this process's threads that
// sleep on the word.
func (e Entry) WakeOn(word *atomic.Uint32, n int) {
	_, _ = e.syscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, uintptr(n), 0, 0, 0)
}

// SetOption is setsockopt(2) with an integer value. It never blocks, and so is
// a raw call with either entry, as epoll_ctl(2) is: its argument then stays on
// the stack.
func (e Entry) SetOption(fd, level, option, value int) unix.Errno {
	v := int32(value)
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	return errno
}

// Duplicate is fcntl(2) with F_DUPFD_CLOEXEC: a second descriptor for fd's
// open file.
func (e Entry) Duplicate(fd int) (int, unix.Errno) {
	r, errno := e.syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 0, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), 0
}

// Connect makes a non-blocking TCP socket, bound to the source address and a
// port of the kernel's choice, and starts connecting it to the target:
// EINPROGRESS is success, with errno 0. buffers is as for SetBuffers, or 0 for
// the kernel's own. The socket belongs to the caller even if errno is not 0,
// unless fd is -1.
//
// IP_BIND_ADDRESS_NO_PORT (Linux 4.2) leaves the choice of the port to
// connect(2), which may use one again for another target; bind(2) alone would
// have to find a port that nobody uses at all. Towards loopback addresses the
// socket has the simplest congestion control.
func (e Entry) Connect(from, to *unix.RawSockaddrInet4, buffers int) (fd int, errno unix.Errno) {
	r, errno := e.syscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	fd = int(r)
	errno = e.SetOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if to.Addr[0] == loopback {
		e.simplestCongestionControl(fd)
	}
	if errno == 0 && buffers > 0 {
		errno = e.SetBuffers(fd, buffers)
	}
	if errno == 0 {
		errno = e.SetOption(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	if errno == 0 {
		_, errno = e.syscall(unix.SYS_BIND, r, uintptr(unsafe.Pointer(from)), unsafe.Sizeof(*from), 0, 0, 0)
	}
	if errno == 0 {
		_, errno = e.syscall(unix.SYS_CONNECT, r, uintptr(unsafe.Pointer(to)), unsafe.Sizeof(*to), 0, 0, 0)
	}
	if errno == unix.EINPROGRESS {
		errno = 0
	}
	return fd, errno
}

// loopback is the first byte of the network's addresses.
const loopback = 127

// simplestCongestionControl chooses Reno, which every kernel has, and every user
// may choose unless the host's administrator has it otherwise; then the host's
// own choice stays.
//
// Note: within a host nothing is ever congested, and all that the others do is
// work. Where the host's choice is BBR, which paces what it sends, a load
// generator with Reno had 25 % more throughput with 50 connections.
func (e Entry) simplestCongestionControl(fd int) {
	name := [...]byte{'r', 'e', 'n', 'o'}
	_, _, _ = unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name), 0)
}

// SetBuffers asks for send and receive buffers of this many bytes, which the
// kernel doubles for its own accounting and bounds by net.core.wmem_max and
// rmem_max (socket(7)).
func (e Entry) SetBuffers(fd, bytes int) unix.Errno {
	if errno := e.SetOption(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bytes); errno != 0 {
		return errno
	}
	return e.SetOption(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

// Reset closes a connection with a reset instead of a farewell, so that no
// TIME_WAIT is left of it.
func (e Entry) Reset(fd int) unix.Errno {
	linger := unix.Linger{Onoff: 1}
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&linger)), unsafe.Sizeof(linger), 0)
	if closing := e.Close(fd); closing != 0 {
		return closing
	}
	return errno
}

// PendingError is the error waiting on a socket (SO_ERROR, socket(7)), which
// is taken from it, or ECONNRESET if there is none: for sockets that reported
// an error or a hang-up.
func (e Entry) PendingError(fd int) unix.Errno {
	code, size := new(int32), new(uint32)
	*size = uint32(unsafe.Sizeof(*code))
	_, errno := e.syscall(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR, uintptr(unsafe.Pointer(code)), uintptr(unsafe.Pointer(size)), 0)
	if errno == 0 && *code != 0 {
		return unix.Errno(*code)
	}
	return unix.ECONNRESET
}
