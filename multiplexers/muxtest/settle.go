//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// settle returns when the kernel finds just this, asked by poll(2) without any
// mechanism between: only then is there something for a mechanism to agree with.
func (r *rig) settle(fd int, want, found multiplexers.Interest) {
	var asked, revents int16
	for _, bit := range pollBits() {
		if want&bit.interest != 0 {
			asked |= bit.asked
		}
	}
	finds := func() (got multiplexers.Interest) {
		revents = r.Finds(fd, asked)
		for _, bit := range pollBits() {
			if revents&bit.found != 0 {
				got |= bit.interest
			}
		}
		return got
	}
	if !r.Until(func() bool { return finds() == found }) {
		r.Differf("poll(2) finds %v (%#x) on descriptor %d, want %v", finds(), revents, fd, found)
	}
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
