//go:build linux && !amd64

package workbench

import "golang.org/x/sys/unix"

// HasEpollCreate: the kernel has no such call on architectures that came later.
const HasEpollCreate = false

// EpollCreate fails with ENOSYS.
func EpollCreate(int) (fd int, err error) { return -1, unix.ENOSYS }
