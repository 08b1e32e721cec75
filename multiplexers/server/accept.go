//go:build linux

package server

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// acceptAll accepts until nobody is left in the queue, as an edge-triggered
// listener demands and every other gains by.
func (l *loop) acceptAll() {
	before := l.counters.Accepts
	for {
		fd, errno := l.entry.Accept(l.listener)
		if errno == unix.EMFILE || errno == unix.ENFILE {
			if errno = l.refuse(errno); errno == 0 {
				continue
			}
		}
		switch errno {
		case 0:
			l.counters.Accepts++
			l.add(fd)
			continue
		case unix.EAGAIN:
			l.counters.EAGAIN++
		case unix.ECONNABORTED, unix.EPERM, unix.EPROTO, unix.ENOPROTOOPT, unix.EOPNOTSUPP,
			unix.ENETDOWN, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENONET:
			// Errors of the connection, not of the listener (accept(2),
			// "Error handling"): the next one may be well.
			continue
		default:
			l.pauseAccepting()
		}
		break
	}
	if l.counters.Accepts > before {
		l.lastAccept = multiplexers.Monotonic()
	}
}

// refuse accepts one connection on the reserve descriptor and closes it, so
// that its client knows, and a full descriptor table does not leave the
// listener ready for ever. It returns the outcome of that, or lacking if there
// is no reserve.
//
// Nobody may be waiting (EAGAIN): accept4(2) looks for a free number before it
// looks into the queue, so the last connection that fits is followed by EMFILE.
func (l *loop) refuse(lacking unix.Errno) unix.Errno {
	if l.reserve < 0 {
		return lacking
	}
	l.entry.Close(l.reserve)
	fd, errno := l.entry.Accept(l.listener)
	if errno == 0 {
		l.refused++
		l.entry.Close(fd)
	}
	l.reserve, _ = l.entry.Duplicate(l.wake)
	return errno
}

// pauseAccepting stops watching the listener until a connection ends, or for a
// while if there is none: asking again at once would spin.
func (l *loop) pauseAccepting() {
	if !l.paused && l.mux.Modify(l.listener, 0) == nil {
		l.paused = true
	}
}

func (l *loop) resumeAccepting() {
	if l.reserve < 0 {
		l.reserve, _ = l.entry.Duplicate(l.wake)
	}
	if l.paused && l.mux.Modify(l.listener, multiplexers.Readable) == nil {
		l.paused = false
	}
}
