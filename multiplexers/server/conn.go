//go:build linux

package server

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// conn is the state of one connection, found by its descriptor. An idle one
// has no buffer.
type conn struct {
	open bool
	// queued: its turn ended with input left. It is served once, after the next
	// batch, however many events that brings.
	queued bool
	// pending is the part of a reply that did not fit into the socket, in a
	// buffer of its own. While there is any, nothing is read from the
	// connection: its peer is to drain first.
	pending []byte
	sent    int32 // bytes of pending that are sent already
}

// add takes in an accepted connection.
func (l *loop) add(fd int) {
	if fd >= len(l.conns) {
		l.conns = append(l.conns, make([]conn, fd+1-len(l.conns))...)
	}
	l.counters.Adds++
	if err := l.mux.Add(fd, l.initial); err != nil {
		l.refused++
		l.entry.Close(fd)
		return
	}
	l.conns[fd].open = true
	l.open++
	if l.whole && l.open > len(l.events) {
		// A wait that costs a look at every descriptor is to yield all that is
		// ready. Where the kernel has a list of those, a short batch costs
		// nothing, and stays in the cache.
		l.events = make([]multiplexers.Event, 2*len(l.events))
	}
}

// remove ends a connection; its descriptor is closed after the batch.
func (l *loop) remove(fd int) {
	c := &l.conns[fd]
	l.recycle(c)
	c.open = false
	l.open--
	l.counters.Removes++
	_ = l.mux.Remove(fd) // it is watched, so removal has no way to fail
	l.closing = append(l.closing, fd)
}

// handle serves one connection: what is left of its reply first, then what it
// sent, up to the turn's budget.
func (l *loop) handle(fd int, ready multiplexers.Interest) {
	c := &l.conns[fd]
	if !c.open || c.queued {
		return // ended earlier in this batch, or to be served after it
	}
	if len(c.pending) > 0 {
		if !l.flush(fd, c) || !l.edge {
			return // a level-triggered set reports unread input by itself
		}
	} else if ready&^multiplexers.Writable == 0 {
		return // the first edge of a new connection
	}
	for range readsPerTurn {
		l.counters.Reads++
		n, errno := l.entry.Read(fd, l.buffer)
		if errno == unix.EAGAIN {
			l.counters.EAGAIN++
			return
		}
		if errno != 0 || n == 0 {
			l.remove(fd)
			return
		}
		l.counters.BytesIn += int64(n)
		if l.steps > 0 {
			l.spun = spin(l.spun, l.steps)
		}
		// The usual case is written here, in the function that reads: see the
		// note on package multiplexers' transfer.
		l.counters.Writes++
		sent, errno := l.entry.Write(fd, l.buffer[:n])
		l.counters.BytesOut += int64(sent)
		if sent < n {
			l.keep(fd, c, l.buffer[sent:n], errno)
			return
		}
		// A short read has emptied a stream's queue (epoll(7), Q9), unless an
		// end of file follows, which an edge-triggered set has told already.
		ended := l.edge && ready&(multiplexers.HangUp|multiplexers.Error) != 0
		if n < len(l.buffer) && !ended {
			return
		}
	}
	if l.edge {
		c.queued = true
		l.requeued = append(l.requeued, fd)
	}
}

// keep takes what is left of a reply after a write that ended with errno: in part,
// without room for any of it (EAGAIN), or because the connection has failed.
func (l *loop) keep(fd int, c *conn, rest []byte, errno unix.Errno) {
	if !l.writable(fd, errno) {
		return
	}
	c.pending = append(l.spareBuffer(), rest...)
	l.want(fd, multiplexers.Writable)
}

// flush sends what is pending, and returns whether that is all of it.
func (l *loop) flush(fd int, c *conn) bool {
	l.counters.Writes++
	n, errno := l.entry.Write(fd, c.pending[c.sent:])
	l.counters.BytesOut += int64(n)
	if !l.writable(fd, errno) {
		return false
	}
	if c.sent += int32(n); int(c.sent) < len(c.pending) {
		return false
	}
	l.recycle(c)
	l.want(fd, multiplexers.Readable)
	return true
}

// writable says whether more can be written to a connection, now or later, after
// a write that ended with errno. One on which it failed is removed.
func (l *loop) writable(fd int, errno unix.Errno) bool {
	switch errno {
	case 0:
		return true
	case unix.EAGAIN:
		l.counters.EAGAIN++
		return true
	}
	l.remove(fd)
	return false
}

// want changes a level-triggered connection's interest. An edge-triggered one
// was registered for everything.
func (l *loop) want(fd int, interest multiplexers.Interest) {
	if l.edge {
		return
	}
	l.counters.Modifies++
	_ = l.mux.Modify(fd, interest) // it is watched, so a change has no way to fail
}

// spareBuffer is an empty buffer with room for whatever one read can take.
func (l *loop) spareBuffer() []byte {
	if n := len(l.spare); n > 0 {
		b := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return b
	}
	return make([]byte, 0, bufferSize)
}

func (l *loop) recycle(c *conn) {
	if c.pending != nil {
		l.spare = append(l.spare, c.pending[:0])
		c.pending, c.sent = nil, 0
	}
}
