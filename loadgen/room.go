//go:build linux

package loadgen

import (
	"time"

	"muxbench/multiplexers"
)

// converse runs a piece in a chat room: one message is in it at a time, and over
// when every connection has it. After a failure the piece ends.
func (g *Generator) converse(p Piece, began time.Duration) error {
	left, failures := g.begin(p, began), g.errors.Total()
	for {
		started := g.now()
		speaker := g.say()
		for g.outstanding > 0 {
			n, aborted, err := g.wait(-1)
			if err != nil {
				return err
			}
			if aborted {
				g.giveUp("waiting for a message in the room")
			}
			for _, e := range g.events[:n] {
				if e.FD != g.wake {
					g.hear(e, speaker)
				}
			}
			if g.errors.Total() > failures {
				g.hush()
				return nil
			}
		}
		g.last = g.now()
		if g.record {
			record(g.latency, g.last-started, &g.errors.Timeout)
		}
		if left--; left == 0 || g.last >= g.deadline {
			return nil
		}
	}
}

// say has the next connection in turn send a message, which all of them are to get.
func (g *Generator) say() (speaker int) {
	speaker = int(g.opened[g.spoken%len(g.opened)])
	g.spoken++
	offset := g.payload.offset(speaker, uint32(g.spoken))
	for _, fd := range g.opened {
		c := &g.conns[fd]
		c.state, c.offset, c.received, c.sent = busy, offset, 0, g.payload.size
	}
	g.outstanding = len(g.opened)
	c := &g.conns[speaker]
	c.sent = 0
	g.send(speaker, c)
	return speaker
}

// hear takes what has come of the message in the room, and sends what the speaker
// could not send before.
func (g *Generator) hear(e multiplexers.Event, speaker int) {
	c := &g.conns[e.FD]
	if e.FD == speaker && c.state == busy && c.sent < g.payload.size && e.Ready&multiplexers.Writable != 0 {
		g.send(e.FD, c)
	}
	for c.state != closed && e.Ready&^multiplexers.Writable != 0 {
		n := g.take(e.FD, c)
		if c.state == busy && c.received == g.payload.size {
			c.state = idle
			g.outstanding--
			g.messages++
		}
		if n == 0 || g.emptied(n, e.Ready) {
			return
		}
	}
}

// hush ends a message that somebody will never get.
func (g *Generator) hush() {
	for _, fd := range g.opened {
		if c := &g.conns[fd]; c.state == busy {
			c.state = idle
		}
	}
	g.outstanding = 0
}
