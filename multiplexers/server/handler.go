//go:build linux

package server

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	// bufferSize is what one read takes at most, and so the most that is kept
	// for a connection whose peer does not read.
	bufferSize = 64 << 10
	// readsPerTurn bounds how long one connection is served while others
	// wait.
	readsPerTurn = 4
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

// wants is what a connection waits for.
func (c *conn) wants() multiplexers.Interest {
	if len(c.pending) > 0 {
		return multiplexers.Writable
	}
	return multiplexers.Readable
}

// handler serves connections in one thread, and echoes what it reads. It is the
// same for every multiplexer that has connections watched.
type handler struct {
	entry   multiplexers.Entry
	mux     multiplexers.Multiplexer
	trigger multiplexers.Trigger
	steps   int  // of spin, for each read that is echoed
	keeps   bool // a connection keeps its output buffer, since another thread may be the next to have it
	changes bool // interest is dropped while a message is handled
	// spread sends what a connection has said to others as well, instead of a
	// reply; false if the connection has failed. nil: a message is echoed.
	spread func(fd int, message []byte) bool

	buffer   []byte   // of the read in hand
	spare    [][]byte // output buffers that no connection needs now
	spun     uint64   // what the last spin came to, from which the next goes on
	counters Counters
}

func newHandler(j job, mux multiplexers.Multiplexer) handler {
	return handler{
		entry:   j.Entry,
		mux:     mux,
		trigger: j.Backend.Mechanism.Trigger,
		steps:   j.steps,
		changes: j.ChangedInterest,
		spun:    seed,
		buffer:  make([]byte, bufferSize),
	}
}

// initial is what is wanted of a new connection. An edge-triggered one is
// registered once and never modified; HangUp tells a short read that an end of
// file is behind it.
func (h *handler) initial() multiplexers.Interest {
	if h.trigger == multiplexers.EdgeTriggered {
		return multiplexers.Readable | multiplexers.Writable | multiplexers.HangUp
	}
	return multiplexers.Readable
}

// outcome says what is left to do for a connection whose turn is over.
type outcome uint8

const (
	served outcome = iota // nothing
	more                  // edge-triggered: to serve it again, since input may be left
	ended                 // to remove and close it
)

// serve serves one connection: what is left of its reply first, then what it
// sent, up to the turn's budget. One-shot, it is out of action until rearm.
func (h *handler) serve(fd int, c *conn, ready multiplexers.Interest) outcome {
	edge := h.trigger == multiplexers.EdgeTriggered
	if len(c.pending) > 0 {
		if o := h.flush(fd, c); o == ended || len(c.pending) > 0 || !edge {
			return o // a level-triggered set reports unread input by itself, a one-shot one when re-armed
		}
	} else if ready&^multiplexers.Writable == 0 {
		return served // the first edge of a new connection
	}
	for range readsPerTurn {
		h.counters.Reads++
		n, errno := h.entry.Read(fd, h.buffer)
		if errno == unix.EAGAIN {
			h.counters.EAGAIN++
			return served
		}
		if errno != 0 || n == 0 {
			return ended
		}
		h.counters.BytesIn += int64(n)
		if h.steps > 0 {
			h.spun = spin(h.spun, h.steps)
		}
		if h.changes {
			h.rearm(fd, 0)
		}
		// A short read has emptied a stream's queue (epoll(7), Q9), unless an
		// end of file follows, which an edge-triggered set has told already.
		emptied := n < len(h.buffer) && !(edge && ready&(multiplexers.HangUp|multiplexers.Error) != 0)
		if h.spread != nil {
			if !h.spread(fd, h.buffer[:n]) {
				return ended
			}
			if h.changes {
				h.rearm(fd, c.wants())
			}
			if len(c.pending) > 0 || emptied {
				return served
			}
			continue
		}
		// The usual case is written here, in the function that reads: see the
		// note on package multiplexers' transfer.
		h.counters.Writes++
		sent, errno := h.entry.Write(fd, h.buffer[:n])
		h.counters.BytesOut += int64(sent)
		if sent < n {
			return h.keep(fd, c, h.buffer[sent:n], errno)
		}
		if h.changes {
			h.rearm(fd, multiplexers.Readable)
		}
		if emptied {
			return served
		}
	}
	if edge {
		return more
	}
	return served
}

// keep takes what is left of a reply after a write that ended with errno: in part,
// without room for any of it (EAGAIN), or because the connection has failed.
func (h *handler) keep(fd int, c *conn, rest []byte, errno unix.Errno) outcome {
	if !h.writable(errno) {
		return ended
	}
	c.pending = append(h.room(c), rest...)
	h.want(fd, c)
	return served
}

// flush sends what is pending, or a part of it.
func (h *handler) flush(fd int, c *conn) outcome {
	h.counters.Writes++
	n, errno := h.entry.Write(fd, c.pending[c.sent:])
	h.counters.BytesOut += int64(n)
	if !h.writable(errno) {
		return ended
	}
	if c.sent += int32(n); int(c.sent) == len(c.pending) {
		h.recycle(c)
		h.want(fd, c)
	}
	return served
}

// writable says whether more can be written to a connection, now or later, after
// a write that ended with errno.
func (h *handler) writable(errno unix.Errno) bool {
	if errno == unix.EAGAIN {
		h.counters.EAGAIN++
		return true
	}
	return errno == 0
}

// want changes a level-triggered connection's interest. An edge-triggered one
// was registered for everything, and a one-shot one is modified after its turn.
func (h *handler) want(fd int, c *conn) {
	if h.trigger == multiplexers.LevelTriggered {
		h.rearm(fd, c.wants())
	}
}

// rearm has the set watch a connection for what it waits for now. What is ready
// by then is reported again.
func (h *handler) rearm(fd int, wants multiplexers.Interest) {
	h.counters.Modifies++
	_ = h.mux.Modify(fd, wants) // it is watched, so a change has no way to fail
}

// room is an empty buffer for what is left of a reply to a connection, with room
// for whatever one read can take.
func (h *handler) room(c *conn) []byte {
	if cap(c.pending) > 0 {
		return c.pending[:0] // its own
	}
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b
	}
	return make([]byte, 0, bufferSize)
}

// recycle takes a connection's buffer back, if it has one.
func (h *handler) recycle(c *conn) {
	switch {
	case h.keeps:
		c.pending, c.sent = c.pending[:0], 0
	case c.pending != nil:
		h.spare = append(h.spare, c.pending[:0])
		c.pending, c.sent = nil, 0
	}
}
