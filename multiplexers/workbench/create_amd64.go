//go:build linux

package workbench

import "golang.org/x/sys/unix"

// HasEpollCreate says whether the kernel has epoll_create(2).
const HasEpollCreate = true

// EpollCreate is epoll_create(2), which package unix makes of epoll_create1(2)
// everywhere. The descriptor is the caller's to close.
func EpollCreate(size int) (fd int, err error) {
	r, _, errno := unix.Syscall(unix.SYS_EPOLL_CREATE, uintptr(size), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
