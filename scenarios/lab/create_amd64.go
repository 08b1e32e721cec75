//go:build linux

package lab

import "golang.org/x/sys/unix"

const hasEpollCreate = true

// epollCreate is epoll_create(2), which package unix makes of epoll_create1(2) everywhere.
func epollCreate(size int) (fd int, err error) {
	r, _, errno := unix.Syscall(unix.SYS_EPOLL_CREATE, uintptr(size), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
