//go:build linux

package lab

import (
	"errors"
	"fmt"
	"strconv"

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

// grouped gives a whole number that is not negative as in "1,234,567".
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// errorOf names an error of the kernel's as in "EINVAL".
func errorOf(err error) string {
	if err == nil {
		return "no error"
	}
	var errno unix.Errno
	if errors.As(err, &errno) && unix.ErrnoName(errno) != "" {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
