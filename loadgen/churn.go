//go:build linux

package loadgen

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Churned is what came of a Churn.
type Churned struct {
	Connections int64         // that carried their message, which was verified, and were reset
	First, Last time.Duration // first connect(2) and last of their resets, on the clock of multiplexers.Monotonic
	Elapsed     time.Duration // from the one to the other
	CPU         time.Duration // of the calling thread
	Switches    int64         // involuntary context switches of the calling thread
	Counters    results.Counters
}

var errStillOpen = errors.New("there are connections: disconnect them first")

// Churn opens connections that carry one message each. As many as are configured
// are alive at once; each is reset as soon as its reply is verified, so that
// nothing is left in TIME_WAIT, and followed by another. p.Rounds is how often,
// the first one included; by p.Duration, no connection is begun after it, and those
// in hand are finished. The latency of each is from before its connect(2) to after
// its reset.
//
// Failures are counted in Errors and end their connection; after the first, none
// is begun any more. Abort ends it, and what is open then is a timeout each. An
// error means that there are connections already or the server is a room, in which
// case nothing was done, or that the generator itself cannot go on; then too, none
// is left that it began. It does not allocate, but for descriptors higher than any
// before.
func (g *Generator) Churn(p Piece) (Churned, error) {
	var did Churned
	var err error
	switch {
	case g.cfg.Room:
		err = errRoom
	case len(g.opened) > 0:
		err = errStillOpen
	default:
		g.cfg.Entry.Hold()
		did, err = g.churn(p)
		g.cfg.Entry.Release()
	}
	if err != nil {
		return Churned{}, fmt.Errorf("opening a connection for each message: %w", err)
	}
	return did, nil
}

func (g *Generator) churn(p Piece) (Churned, error) {
	switches := multiplexers.ThreadUsage().Switches
	before, cpu := g.counters, multiplexers.ThreadCPUTime()
	first, began := multiplexers.Monotonic(), g.now()
	if err := g.keepCalling(g.begin(p, began), began); err != nil {
		g.Disconnect()
		return Churned{}, err
	}
	elapsed := g.last - began
	return Churned{
		Connections: g.messages,
		First:       first,
		Last:        first + elapsed,
		Elapsed:     elapsed,
		CPU:         multiplexers.ThreadCPUTime() - cpu,
		Switches:    multiplexers.ThreadUsage().Switches - switches,
		Counters:    g.counters.Minus(before),
	}, nil
}

// keepCalling begins so many connections in each of the slots, one after the
// other, and finishes those that have begun.
func (g *Generator) keepCalling(rounds int32, now time.Duration) error {
	failures := g.errors.Total()
	for empty := g.cfg.Connections; ; now = g.now() {
		if now >= g.deadline || g.errors.Total() > failures {
			empty = 0
		}
		if empty > 0 {
			empty--
			if err := g.speakUp(rounds); err != nil {
				return err
			}
		}
		if empty == 0 && g.outstanding == 0 {
			return nil
		}
		// As in connecting, those that are there do not wait for their successors.
		timeout := time.Duration(-1)
		if empty > 0 {
			timeout = 0
		}
		n, aborted, err := g.wait(timeout)
		if err != nil {
			return err
		}
		if aborted {
			g.giveUp("waiting for a reply")
			return nil
		}
		for _, e := range g.events[:n] {
			left, over := g.attend(e)
			if !over || left == 0 || g.last >= g.deadline || g.errors.Total() > failures {
				continue
			}
			// Its descriptor may be the one that has just been closed, of which
			// this batch has no further event.
			if err := g.speakUp(left); err != nil {
				return err
			}
		}
	}
}

// speakUp begins a connection, the first of so many in its slot, and writes its
// message at once: over loopback it is mostly established when connect(2) returns.
func (g *Generator) speakUp(rounds int32) error {
	fd, errno, err := g.call(int(g.called))
	if err != nil {
		return err
	}
	c := &g.conns[fd]
	c.left = rounds - 1
	c.offset = g.payload.offset(fd, g.called)
	g.called++
	n := 0
	if errno == 0 {
		g.counters.Writes++
		n, errno = g.cfg.Entry.Write(fd, g.payload.unsent(c.offset, 0))
	}
	// Watched only now, and for writability only if it is wanted: otherwise each
	// connection would be reported as writable before it has a reply.
	want := multiplexers.Readable | multiplexers.HangUp
	if n < int(g.payload.size) {
		want |= multiplexers.Writable
	}
	if err := g.watch(fd, want); err != nil {
		return err
	}
	g.spoke(fd, c, n, errno)
	return nil
}

// spoke takes note of a connect(2) that failed, or of a write.
func (g *Generator) spoke(fd int, c *conn, n int, errno unix.Errno) {
	switch errno {
	case 0:
		c.state = busy
	case unix.EAGAIN, unix.EPIPE, unix.ECONNRESET: // it is not yet established, or has been
	default:
		if c.state == connecting {
			g.fail(fd, &g.errors.Connect, "connecting", errno)
			return
		}
	}
	g.sent(fd, c, n, errno)
}

// attend goes on with a connection, and says whether it is over, and how many are
// left in its slot then.
func (g *Generator) attend(e multiplexers.Event) (left int32, over bool) {
	if e.FD == g.wake {
		return 0, false
	}
	c := &g.conns[e.FD]
	// A connection that has failed reports an error or a hang-up, which the write
	// puts into an errno.
	if c.state != closed && c.sent < g.payload.size && e.Ready&^multiplexers.Readable != 0 {
		g.counters.Writes++
		n, errno := g.cfg.Entry.Write(e.FD, g.payload.unsent(c.offset, c.sent))
		g.spoke(e.FD, c, n, errno)
	}
	if c.state != busy || e.Ready&^multiplexers.Writable == 0 {
		return 0, false
	}
	for {
		g.counters.Reads++
		n, errno := g.cfg.Entry.Read(e.FD, g.buffer)
		if errno != 0 || n == 0 {
			g.unread(e.FD, errno)
			return 0, false
		}
		g.counters.BytesIn += int64(n)
		if c.received+int32(n) > c.sent || !g.payload.verify(c.offset, c.received, g.buffer[:n]) {
			g.fail(e.FD, &g.errors.Mismatch, "verifying a reply", errMismatch)
			return 0, false
		}
		c.received += int32(n)
		if c.received == g.payload.size {
			return g.hangUp(e.FD, c), true
		}
		// A short read has emptied the queue, as in receive.
		if n < len(g.buffer) && e.Ready&(multiplexers.HangUp|multiplexers.Error) == 0 {
			return 0, false
		}
	}
}

// hangUp resets a connection whose reply is verified, and returns how many are
// left in its slot.
func (g *Generator) hangUp(fd int, c *conn) (left int32) {
	left, started := c.left, c.started
	g.outstanding--
	g.drop(fd)
	g.messages++
	g.last = g.now()
	if g.record {
		record(g.latency, g.last-started, &g.errors.Timeout)
	}
	return left
}
