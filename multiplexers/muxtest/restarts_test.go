//go:build linux

package muxtest_test

import (
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// careless is poll(2) for reading alone, and careless with signals: it begins
// a wait that was interrupted anew, or else hands the interruption on.
type careless struct {
	set     []unix.PollFd
	restart bool
}

func (b *careless) Add(fd int, _ multiplexers.Interest) error {
	b.set = append(b.set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	return nil
}

func (b *careless) Modify(int, multiplexers.Interest) error { return nil }

func (b *careless) Remove(int) error {
	b.set = nil
	return nil
}

func (b *careless) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	for {
		ts := unix.NsecToTimespec(int64(timeout))
		n, err := unix.Ppoll(b.set, &ts, nil)
		if err == unix.EINTR && b.restart {
			continue
		}
		if err != nil {
			return 0, err
		}
		for i := range n {
			events[i] = multiplexers.Event{FD: int(b.set[i].Fd), Ready: multiplexers.Readable}
		}
		return n, nil
	}
}

func (b *careless) Close() error { return nil }
