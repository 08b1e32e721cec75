//go:build linux

package loadgen

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Churned is what connections did that came and went.
type Churned struct {
	Connections int64         // that were established, carried a verified message, and were closed
	Elapsed     time.Duration // first connect(2) to last close
	CPU         time.Duration // of the calling thread
	Switches    int64         // involuntary context switches of the calling thread
	Counters    results.Counters
}

// Churn has so many connections alive at once as are configured, each for one
// message: it is opened, the message is sent at once, and when the reply has come
// whole and is verified, it is reset, so that nothing of it stays in TIME_WAIT, and
// the next takes its place. p.Rounds are connections that follow each other in one
// place. Latency is of the whole, from before connect(2) to after the reset.
//
// After a failure none is begun any more; an error means that the generator itself
// cannot go on. No connection is open before and after. It does not allocate, but
// for as many connections as it has not seen before.
func (g *Generator) Churn(p Piece) (Churned, error) {
	if len(g.opened) > 0 {
		return Churned{}, fmt.Errorf("connections that come and go beside %d that stay: disconnect those", len(g.opened))
	}
	g.cfg.Entry.Hold()
	did, err := g.churn(p)
	g.cfg.Entry.Release()
	if err != nil {
		return Churned{}, fmt.Errorf("opening and closing connections, %d at once: %w", g.cfg.Connections, err)
	}
	return did, nil
}

func (g *Generator) churn(p Piece) (Churned, error) {
	switches := multiplexers.ThreadUsage().Switches
	before, cpu := g.counters, multiplexers.ThreadCPUTime()
	began := g.now()
	left, failures := g.begin(p, began), g.errors.Total()
	for range g.cfg.Connections {
		if g.errors.Total() > failures {
			break
		}
		if err := g.visit(left - 1); err != nil {
			return Churned{}, err
		}
	}
	for g.outstanding > 0 {
		n, aborted, err := g.wait(-1)
		if err != nil {
			return Churned{}, err
		}
		if aborted {
			g.giveUp("waiting for a reply")
		}
		for _, e := range g.events[:n] {
			if e.FD == g.wake || !g.visited(e) {
				continue
			}
			if again := g.leave(e.FD); again >= 0 && g.last < g.deadline && g.errors.Total() == failures {
				if err := g.visit(again); err != nil {
					return Churned{}, err
				}
			}
		}
	}
	return Churned{
		Connections: g.messages,
		Elapsed:     g.last - began,
		CPU:         multiplexers.ThreadCPUTime() - cpu,
		Switches:    multiplexers.ThreadUsage().Switches - switches,
		Counters:    g.counters.Minus(before),
	}, nil
}

// visit opens a connection with its message in hand, which over loopback can be
// sent at once, and is followed by so many in its place.
func (g *Generator) visit(left int32) error {
	fd, err := g.dial(busy)
	if err != nil || g.conns[fd].state == closed {
		return err
	}
	c := &g.conns[fd]
	c.left, c.offset = left, g.payload.offset(fd, uint32(g.dialed))
	g.greet(fd, c)
	return nil
}

// greet sends what is left of a message. Before the connection is established there
// is no room for any (EAGAIN); one that is refused shows here as well.
func (g *Generator) greet(fd int, c *conn) {
	g.counters.Writes++
	n, errno := g.cfg.Entry.Write(fd, g.payload.unsent(c.offset, c.sent))
	if c.sent == 0 && errno != 0 && errno != unix.EAGAIN {
		g.fail(fd, &g.errors.Connect, "connecting", errno)
		return
	}
	g.sent(fd, c, n, errno)
}

// visited says whether a connection's message has been answered, after an event.
func (g *Generator) visited(e multiplexers.Event) bool {
	c := &g.conns[e.FD]
	if c.state == busy && c.sent < g.payload.size && e.Ready&^multiplexers.Readable != 0 {
		g.greet(e.FD, c)
	}
	for c.state == busy && e.Ready&^multiplexers.Writable != 0 {
		n := g.take(e.FD, c)
		if c.state == busy && c.received == g.payload.size {
			return true
		}
		if n == 0 || g.emptied(n, e.Ready) {
			break
		}
	}
	return false
}

// leave resets a connection whose message has been answered, and says how many are
// to follow it; negative if none.
func (g *Generator) leave(fd int) (left int32) {
	started, left := g.conns[fd].started, g.conns[fd].left
	g.drop(fd)
	g.outstanding--
	g.messages++
	g.last = g.now()
	if g.record {
		record(g.latency, g.last-started, &g.errors.Timeout)
	}
	return left - 1
}
