//go:build linux && !amd64

package lab

import "golang.org/x/sys/unix"

// hasEpollCreate: the kernel has no such call on architectures that came later.
const hasEpollCreate = false

func epollCreate(int) (fd int, err error) { return -1, unix.ENOSYS }
