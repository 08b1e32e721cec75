//go:build linux

package workbench

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EpollControl is epoll_ctl(2), by the system call itself. The event's data is the
// descriptor.
func EpollControl(epoll, op, fd int, events uint32) unix.Errno {
	e := unix.EpollEvent{Events: events, Fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_EPOLL_CTL, uintptr(epoll), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	return errno
}

// EpollWait is epoll_pwait(2), which every architecture has, by the system call itself:
// it is given whatever room and address it is called with. The timeout is in
// milliseconds. Mask are the signals that are blocked meanwhile; nil leaves them.
func EpollWait(epoll int, events *unix.EpollEvent, room, timeout int, mask *unix.Sigset_t) (int, unix.Errno) {
	const sigsetSize = 8 // of the kernel's, in bytes
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(events)), uintptr(room),
		uintptr(timeout), uintptr(unsafe.Pointer(mask)), sigsetSize)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// EventBits names the conditions of poll(2) and epoll(7), whose bits are the same in
// both, and epoll's manners of watching: "IN|HUP", and "0" for none. A bit without a
// name is a hexadecimal number.
func EventBits(events uint32) string {
	var all []string
	for _, known := range [...]struct {
		bit  uint32
		name string
	}{
		{unix.EPOLLIN, "IN"}, {unix.EPOLLPRI, "PRI"}, {unix.EPOLLOUT, "OUT"},
		{unix.EPOLLRDNORM, "RDNORM"}, {unix.EPOLLRDBAND, "RDBAND"}, {unix.EPOLLWRNORM, "WRNORM"}, {unix.EPOLLWRBAND, "WRBAND"},
		{unix.EPOLLMSG, "MSG"}, {unix.EPOLLRDHUP, "RDHUP"}, {unix.EPOLLERR, "ERR"}, {unix.EPOLLHUP, "HUP"}, {unix.POLLNVAL, "NVAL"},
		{unix.EPOLLWAKEUP, "WAKEUP"}, {unix.EPOLLEXCLUSIVE, "EXCLUSIVE"}, {unix.EPOLLONESHOT, "ONESHOT"}, {unix.EPOLLET, "ET"},
	} {
		if events&known.bit != 0 {
			all = append(all, known.name)
			events &^= known.bit
		}
	}
	switch {
	case events != 0:
		all = append(all, fmt.Sprintf("%#x", events))
	case len(all) == 0:
		return "0"
	}
	return strings.Join(all, "|")
}
