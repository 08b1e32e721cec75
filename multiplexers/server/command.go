//go:build linux

package server

import (
	"encoding/binary"
	"time"

	"muxbench/multiplexers"
)

type kind uint8

const (
	snapshot kind = iota
	park
	stop
)

// command is a request to the loop, put into its channel before its wake
// descriptor is rung, or where it is parked the one that it sleeps on. reply has
// room for the answer: the loop never blocks on it.
type command struct {
	kind  kind
	reply chan Snapshot
}

// obey carries out the command that rang, and says whether the loop is to end.
// Parked, it sleeps until there is another one.
func (l *loop) obey() (stopped bool) {
	l.silence()
	c := <-l.commands // does not block: whoever rings has put it there
	for {
		began := l.answer(c)
		switch c.kind {
		case stop:
			return true
		case snapshot:
			l.unbilled += multiplexers.ThreadCPUTime() - began
			return false
		}
		l.entry.Release()
		_ = await(l.unpark) // open as long as the loop is
		l.entry.Hold()
		c = <-l.commands
		l.unbilled += multiplexers.ThreadCPUTime() - began
	}
}

// answer replies to c, and returns the thread's CPU time when it began.
func (l *loop) answer(c command) (began time.Duration) {
	began = multiplexers.ThreadCPUTime()
	one := [8]byte{}
	binary.NativeEndian.PutUint64(one[:], 1)
	usage := multiplexers.ThreadUsage()
	c.reply <- Snapshot{
		Counters:   l.counters,
		CPU:        began - l.unbilled,
		User:       usage.User,
		Switches:   usage.Switches,
		Open:       l.open,
		Refused:    l.refused,
		LastAccept: l.lastAccept,
	}
	_, _ = l.entry.Write(l.answered, one[:]) // it has room for more than anybody asks
	return began
}

// silence resets the wake descriptor.
func (l *loop) silence() {
	var count [8]byte
	_, _ = l.entry.Read(l.wake, count[:]) // it was rung, so there is no way to fail
}
