//go:build linux

package muxtest

import (
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// finds is what the kernel, asked by poll(2) without any mechanism between,
// finds on a descriptor of which want is wanted.
func (r *rig) finds(fd int, want multiplexers.Interest) multiplexers.Interest {
	var asked int16
	for _, row := range pollBits() {
		if want&row.interest != 0 {
			asked |= row.asked
		}
	}
	set := []unix.PollFd{{Fd: int32(fd), Events: asked}}
	if _, err := unix.Poll(set, 0); err != nil && err != unix.EINTR {
		r.fatalf("poll: %v", err)
	}
	var found multiplexers.Interest
	for _, row := range pollBits() {
		if set[0].Revents&row.found != 0 {
			found |= row.interest
		}
	}
	return found
}

type pollBit struct {
	interest     multiplexers.Interest
	asked, found int16
}

func pollBits() []pollBit {
	return []pollBit{
		{readable, unix.POLLIN, unix.POLLIN},
		{writable, unix.POLLOUT, unix.POLLOUT},
		{hangUp, unix.POLLRDHUP, unix.POLLRDHUP | unix.POLLHUP},
		{failed, 0, unix.POLLERR | unix.POLLNVAL},
	}
}

// settle returns when the kernel finds just this: only then is there something
// for a mechanism to agree with. TCP takes a moment even on the loopback
// interface.
func (r *rig) settle(fd int, want, found multiplexers.Interest) {
	deadline, tick := time.After(patience), time.NewTicker(look)
	defer tick.Stop()
	for {
		got := r.finds(fd, want)
		if got == found {
			return
		}
		select {
		case <-deadline:
			r.fatalf("this kernel differs: it finds %v on descriptor %d, want %v", got, fd, found)
		case <-tick.C:
		}
	}
}
