//go:build linux

package server

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// bells are what a loop and those who ask it wake each other with: eventfd(2)
// descriptors.
type bells struct {
	wake     int // in the loop's interest set
	unpark   int // that a parked loop sleeps on
	answered int // rung by the loop when it has answered, and when it ends
}

func newBells() (bells, error) {
	var b bells
	var opened []int
	for _, e := range []struct {
		fd    *int
		flags int
	}{{&b.wake, unix.EFD_NONBLOCK}, {&b.unpark, 0}, {&b.answered, 0}} {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|e.flags)
		if err != nil {
			return bells{}, errors.Join(os.NewSyscallError("eventfd2", err), closeAll(opened))
		}
		*e.fd = fd
		opened = append(opened, fd)
	}
	return b, nil
}

// ringBy rings the wake bell from within a thread that serves, and so by its way
// into the kernel. It is open as long as anybody serves.
func (b bells) ringBy(e multiplexers.Entry) {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = e.Write(b.wake, one[:]) // it has room for more than anybody rings
}

func (b bells) close() error { return closeAll([]int{b.wake, b.unpark, b.answered}) }

func closeAll(fds []int) error {
	var errs []error
	for _, fd := range fds {
		errs = append(errs, unix.Close(fd))
	}
	return errors.Join(errs...)
}

// await sleeps until an eventfd(2) has been counted up, and resets it.
//
// Note: it does so in the kernel, where a channel would have the scheduler do it.
// A goroutine that another one wakes is queued on that one's P. If that goes into
// a wait of its own, another thread steals the goroutine from there after a sleep of
// 3 µs (runqgrab in the Go runtime), which takes 10 ms in a process with a timer
// slack of that: each question to a loop took as long, and caches went cold between
// a slice's warm-up and its beginning.
func await(fd int) error {
	var count [8]byte
	for {
		_, err := unix.Read(fd, count[:])
		if err != unix.EINTR {
			return os.NewSyscallError("read from eventfd", err)
		}
	}
}

// ring counts an eventfd up by one.
func ring(fd int) error {
	_, err := unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1))
	return os.NewSyscallError("write to eventfd", err)
}
