//go:build linux

package loadgen

import (
	"errors"
	"time"

	"muxbench/multiplexers"
)

var errRoom = errors.New("the server is a room, where one message is said after the other")

// discuss is a piece in a room. One message is in it at a time: the connections
// speak in turn, and the next one does when the last has heard all of it.
//
// The message in hand is that of the speaker's conn, in which also how much has been
// said of it. Of a listener's conn only received counts, and that it is busy: it
// lacks bytes.
func (g *Generator) discuss(p Piece, began time.Duration) error {
	rounds, failures := g.begin(p, began), g.errors.Total()
	if !g.assembled() {
		return nil
	}
	for ; rounds > 0 && g.last < g.deadline; rounds-- {
		speaker := int(g.opened[g.speaker])
		g.say(speaker)
		for g.outstanding > 0 && g.errors.Total() == failures {
			n, aborted, err := g.wait(-1)
			if err != nil {
				return err
			}
			if aborted {
				g.giveUp("waiting for what was said")
				return nil
			}
			// To the end, even if the message is over before: what they tell is not
			// told again.
			for _, e := range g.events[:n] {
				if e.FD != g.wake && g.errors.Total() == failures {
					g.hear(e, speaker)
				}
			}
		}
		if g.errors.Total() > failures {
			return nil
		}
		if g.speaker++; g.speaker == len(g.opened) {
			g.speaker = 0
		}
	}
	return nil
}

// assembled says whether there are connections and none of them has failed, or
// lacks part of an earlier message because another has.
func (g *Generator) assembled() bool {
	for _, fd := range g.opened {
		if g.conns[fd].state != idle {
			return false
		}
	}
	return len(g.opened) > 0
}

// say begins a message.
func (g *Generator) say(speaker int) {
	for _, fd := range g.opened {
		c := &g.conns[fd]
		c.state, c.received = busy, 0
	}
	g.outstanding = len(g.opened)
	c := &g.conns[speaker]
	c.left = 1
	g.next(speaker, c, g.now())
	g.send(speaker, c)
}

// hear goes on with what is being said, and reads and verifies what has come of it.
func (g *Generator) hear(e multiplexers.Event, speaker int) {
	said := &g.conns[speaker]
	if e.FD == speaker && said.sent < g.payload.size && e.Ready&multiplexers.Writable != 0 {
		g.send(speaker, said)
	}
	c := &g.conns[e.FD]
	if c.state == closed || e.Ready&^multiplexers.Writable == 0 {
		return
	}
	for {
		g.counters.Reads++
		n, errno := g.cfg.Entry.Read(e.FD, g.buffer)
		if errno != 0 || n == 0 {
			g.unread(e.FD, errno)
			return
		}
		g.counters.BytesIn += int64(n)
		if c.received+int32(n) > said.sent || !g.payload.verify(said.offset, c.received, g.buffer[:n]) {
			g.fail(e.FD, &g.errors.Mismatch, "verifying what was said", errMismatch)
			return
		}
		c.received += int32(n)
		if c.received == g.payload.size {
			g.heard(c, said)
		}
		// A short read has emptied the queue, as in receive.
		if n < len(g.buffer) && e.Ready&(multiplexers.HangUp|multiplexers.Error) == 0 {
			return
		}
	}
}

// heard takes note of a delivery, and of the message if it was the last one.
func (g *Generator) heard(c, said *conn) {
	c.state = idle
	g.messages++
	if g.outstanding--; g.outstanding > 0 {
		return
	}
	g.last = g.now()
	if g.record {
		record(g.latency, g.last-said.started, &g.errors.Timeout)
	}
}
