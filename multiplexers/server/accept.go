//go:build linux

package server

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// acceptAll accepts until nobody is left in the queue, as an edge-triggered
// listener demands and every other gains by, or up to acceptsPerEvent: a
// level-triggered listener is then reported again.
func (l *loop) acceptAll() {
	before := l.counters.Accepts
	l.counters.ListenerEvents++
	if l.pool != nil {
		l.gone = l.pool.gone.Load()
	}
	for l.acceptsPerEvent == 0 || l.counters.Accepts < before+int64(l.acceptsPerEvent) {
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
			l.counters.EmptyAccepts++
			if l.counters.Accepts == before {
				l.counters.SpuriousAccepts++
			}
		default:
			if ofConnection(errno) {
				continue
			}
			l.pauseAccepting()
		}
		break
	}
	if l.counters.Accepts > before {
		l.lastAccept = multiplexers.Monotonic()
	}
	if l.trigger == multiplexers.OneShot && !l.paused {
		l.counters.Modifies++
		_ = l.mux.Modify(l.listener, l.listening) // it is watched, so a change has no way to fail
	}
}

// ofConnection says that an error of accept(2) is of the connection, not of the
// listener ("Error handling" there): the next one may be well.
func ofConnection(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNABORTED, unix.EPERM, unix.EPROTO, unix.ENOPROTOOPT, unix.EOPNOTSUPP,
		unix.ENETDOWN, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENONET:
		return true
	}
	return false
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
	l.reserve, _ = l.entry.Duplicate(l.post.wake)
	return errno
}

// pauseAccepting stops watching the listener until a connection ends, or for a
// while if there is none: asking again at once would spin.
//
// It is removed and added again because a listener that loops share cannot be
// modified (EPOLLEXCLUSIVE, epoll_ctl(2)).
func (l *loop) pauseAccepting() {
	if !l.paused && l.unwatch(l.listener) == nil {
		l.paused, l.pausedAt = true, multiplexers.Monotonic()
		if l.pool != nil {
			l.pool.told.Store(true)
			if l.poolHasClosed() {
				l.post.ringBy(l.entry) // nobody will who has closed it before that
			}
		}
	}
}

func (l *loop) resumeAccepting() {
	if l.reserve < 0 {
		l.reserve, _ = l.entry.Duplicate(l.post.wake)
	}
	if l.paused && l.watch(l.listener, l.listening) == nil {
		l.paused = false
		if l.pool != nil {
			l.pool.told.Store(false)
		}
	}
}

// poolHasClosed says whether a connection has ended since accepting failed, where
// a pool closes them.
func (l *loop) poolHasClosed() bool { return l.pool.gone.Load() != l.gone }
