//go:build linux

package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// inPipe is how much a pipe or socket holds that is not read yet, by ioctl(2), FIONREAD.
func inPipe(s *stage, fd int) string {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		s.Fatalf("ioctl FIONREAD of descriptor %d: %v", fd, err)
	}
	return bytesOf(n)
}

func bytesOf(n int) string { return fmt.Sprintf("%d %s", n, plural(n, "byte")) }
