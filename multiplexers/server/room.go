//go:build linux

package server

import (
	"errors"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// mostBehind is how many bytes are kept for a member of a room that does not read.
// Who falls further behind is put out, as chat servers do.
const mostBehind = 1 << 20

// MostSaid is the longest message that a room is sure to deliver to everybody.
const MostSaid = mostBehind

// Rooms says whether the backend can serve a chat room: connections of several
// threads would have to be handed over among them.
func (b Backend) Rooms() bool {
	return b.Multiplexes() && b.Loops == 0 && b.PoolThreads == 0
}

var errNoRoom = errors.New("a chat room: it has several threads, or none of ours, and a room is served by one loop")

// say sends what one member has said to every member, that one too. It says whether
// the speaker is still there.
func (l *loop) say(speaker int, message []byte) bool {
	there := true
	for fd := range l.conns {
		c := &l.conns[fd]
		if !c.open {
			continue
		}
		waited := len(c.pending) > 0
		kept := l.deliver(fd, c, message)
		switch {
		case fd == speaker:
			there = kept // served by who has it ended, or re-armed
		case !kept:
			l.remove(fd, fd)
		case len(c.pending) > 0 && !waited && l.trigger == multiplexers.OneShot:
			l.rearm(fd, c.wants()) // or else it is armed for that, or will be after its turn in this batch
		}
	}
	return there
}

// deliver sends a message to one member, after what that is still to get. It says
// whether the member is still there.
func (l *loop) deliver(fd int, c *conn, message []byte) bool {
	if len(c.pending) > 0 {
		if c.sent > 0 { // or else one who is always behind would have it all kept
			c.pending = append(c.pending[:0], c.pending[c.sent:]...)
			c.sent = 0
		}
		c.pending = append(c.pending, message...)
		return len(c.pending) <= mostBehind
	}
	l.counters.Writes++
	n, errno := l.entry.Write(fd, message)
	l.counters.BytesOut += int64(n)
	switch {
	case n == len(message):
		return true
	case errno != 0 && errno != unix.EAGAIN:
		return false
	}
	return l.keep(fd, c, message[n:], errno) != ended
}
