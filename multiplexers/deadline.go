//go:build linux

package multiplexers

import (
	"time"

	"golang.org/x/sys/unix"
)

// deadline remembers when a wait is over, so that one that a signal cut short
// goes on for the rest. The zero value is no deadline.
type deadline struct{ at time.Time }

func deadlineAfter(timeout time.Duration) deadline {
	if timeout <= 0 {
		return deadline{} // polls and endless waits read no clock
	}
	return deadline{time.Now().Add(timeout)}
}

// remaining is what is left of timeout: itself if it is not positive, never
// less than 0 otherwise.
func (d deadline) remaining(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return timeout
	}
	return max(0, time.Until(d.at))
}

// timespecOf fills ts for select and poll and returns it, or nil where there is
// no timeout. The kernel overwrites ts with what was left of it, so it is
// filled before each call (select(2), NOTES; poll(2), on ppoll).
func timespecOf(ts *unix.Timespec, timeout time.Duration) *unix.Timespec {
	if timeout < 0 {
		return nil
	}
	*ts = unix.NsecToTimespec(int64(timeout))
	return ts
}
