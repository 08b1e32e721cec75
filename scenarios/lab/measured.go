//go:build linux

package lab

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// inPipe is how much a pipe or socket holds that is not read yet, in words.
func inPipe(s *stage, fd int) string { return bytesOf(unread(s, fd)) }

// unread is the same in bytes, by ioctl(2), FIONREAD.
func unread(s *stage, fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		s.Fatalf("ioctl FIONREAD of descriptor %d: %v", fd, err)
	}
	return n
}

// arrives waits until a pipe or socket holds just so much that is not read yet.
func (s *stage) arrives(fd, bytes int) {
	got := 0
	if !s.Until(func() bool { got = unread(s, fd); return got == bytes }) {
		s.Fatalf("descriptor %d holds %s, want %d", fd, bytesOf(got), bytes)
	}
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
	switch {
	case errors.As(err, &errno) && errno == 0:
		return "no error"
	case unix.ErrnoName(errno) != "":
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
