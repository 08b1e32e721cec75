//go:build linux

package loadgen

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Piece is a stretch of messages on every active connection, each connection
// at its own pace, from silence to silence. In a room it is of messages in turn.
type Piece struct {
	Rounds   int           // messages per active connection, or in a room in all; 0: until Duration is over
	Duration time.Duration // messages in hand by then are finished, and counted
	Record   bool          // put latencies into the histogram
}

// Exchanged is what came of a piece.
type Exchanged struct {
	Messages int64         // completed and verified; in a room each delivery of one
	Elapsed  time.Duration // first send to last reply
	CPU      time.Duration // of the calling thread
	Switches int64         // involuntary context switches of the calling thread
	Counters results.Counters
}

var (
	errAborted  = errors.New("no answer in time")
	errEOF      = errors.New("closed by the peer")
	errMismatch = errors.New("the reply is not what was sent")
)

// Exchange runs one piece. Failures are counted in Errors and end their
// connection, not the piece, but for one in a room (Config.Room), where what is said
// cannot be over any more; an error means that the generator itself cannot go on. It
// does not allocate.
func (g *Generator) Exchange(p Piece) (Exchanged, error) {
	g.cfg.Entry.Hold()
	did, err := g.exchange(p)
	g.cfg.Entry.Release()
	if err != nil {
		return Exchanged{}, fmt.Errorf("exchanging messages: %w", err)
	}
	return did, nil
}

func (g *Generator) exchange(p Piece) (Exchanged, error) {
	switches := multiplexers.ThreadUsage().Switches
	before, cpu := g.counters, multiplexers.ThreadCPUTime()
	began := g.now()
	run := (*Generator).talk
	if g.cfg.Room {
		run = (*Generator).discuss
	}
	if err := run(g, p, began); err != nil {
		return Exchanged{}, err
	}
	return Exchanged{
		Messages: g.messages,
		Elapsed:  g.last - began,
		CPU:      multiplexers.ThreadCPUTime() - cpu,
		Switches: multiplexers.ThreadUsage().Switches - switches,
		Counters: g.counters.Minus(before),
	}, nil
}

// talk has every active connection send its messages and wait for their replies.
func (g *Generator) talk(p Piece, began time.Duration) error {
	g.start(p, began)
	for g.outstanding > 0 {
		if err := g.turn(); err != nil {
			return err
		}
	}
	return nil
}

// begin makes a piece the one in hand, and returns how many rounds it has at most.
func (g *Generator) begin(p Piece, now time.Duration) (rounds int32) {
	g.messages, g.outstanding, g.record = 0, 0, p.Record
	g.last = now
	if p.Rounds == 0 {
		g.deadline = now + p.Duration
		return math.MaxInt32
	}
	g.deadline = math.MaxInt64
	return int32(p.Rounds)
}

// start sends the first message of every active connection.
func (g *Generator) start(p Piece, now time.Duration) {
	rounds := g.begin(p, now)
	for i := range g.cfg.Active {
		fd := g.active(i)
		if c := &g.conns[fd]; c.state == idle {
			g.outstanding++
			c.left = rounds
			g.next(fd, c, g.now())
			g.send(fd, c)
		}
	}
}

// active is one of the active connections, of which 0 is the first.
func (g *Generator) active(i int) int { return int(g.opened[i*len(g.opened)/g.cfg.Active]) }

// turn is one wait and what it brought.
func (g *Generator) turn() error {
	n, aborted, err := g.wait(-1)
	if err != nil {
		return err
	}
	if aborted {
		g.giveUp("waiting for a reply")
	}
	for _, e := range g.events[:n] {
		if e.FD != g.wake {
			g.handle(e)
		}
	}
	return nil
}

// next is a connection's next message, to be sent.
func (g *Generator) next(fd int, c *conn, now time.Duration) {
	c.state = busy
	c.started = now
	c.left--
	c.number++
	c.offset = g.payload.offset(fd, c.number)
	c.sent, c.received = 0, 0
}

// send writes what is left of the message. What does not fit waits for
// writability, which an edge-triggered set reports without being asked.
func (g *Generator) send(fd int, c *conn) {
	g.counters.Writes++
	n, errno := g.cfg.Entry.Write(fd, g.payload.unsent(c.offset, c.sent))
	g.sent(fd, c, n, errno)
}

// sent takes note of a write.
func (g *Generator) sent(fd int, c *conn, n int, errno unix.Errno) {
	switch errno {
	case 0:
		g.counters.BytesOut += int64(n)
		c.sent += int32(n)
	case unix.EAGAIN:
		g.counters.EAGAIN++
	case unix.EPIPE, unix.ECONNRESET:
		g.fail(fd, &g.errors.Reset, "writing", errno)
	default:
		g.fail(fd, &g.errors.Write, "writing", errno)
	}
}

func (g *Generator) handle(e multiplexers.Event) {
	c := &g.conns[e.FD]
	if c.state == busy && c.sent < g.payload.size && e.Ready&multiplexers.Writable != 0 {
		g.send(e.FD, c)
	}
	if c.state != closed && e.Ready&^multiplexers.Writable != 0 {
		g.receive(e.FD, c, e.Ready)
	}
}

// receive reads what has come, verifies it, and begins the connection's next
// message when one is complete.
func (g *Generator) receive(fd int, c *conn, ready multiplexers.Interest) {
	for {
		g.counters.Reads++
		n, errno := g.cfg.Entry.Read(fd, g.buffer)
		if errno != 0 || n == 0 {
			g.unread(fd, errno)
			return
		}
		g.counters.BytesIn += int64(n)
		if c.state != busy || c.received+int32(n) > c.sent || !g.payload.verify(c.offset, c.received, g.buffer[:n]) {
			g.fail(fd, &g.errors.Mismatch, "verifying a reply", errMismatch)
			return
		}
		c.received += int32(n)
		if c.received == g.payload.size && g.complete(fd, c) {
			// Sent here, in the function that reads: see the note on package
			// multiplexers' transfer.
			g.counters.Writes++
			n, errno := g.cfg.Entry.Write(fd, g.payload.unsent(c.offset, 0))
			g.sent(fd, c, n, errno)
		}
		// A short read has emptied the queue (epoll(7), Q9), unless an end of
		// file follows.
		if c.state == closed || n < len(g.buffer) && ready&(multiplexers.HangUp|multiplexers.Error) == 0 {
			return
		}
	}
}

// unread takes note of a read that brought nothing: the end of file if errno is 0.
func (g *Generator) unread(fd int, errno unix.Errno) {
	switch errno {
	case unix.EAGAIN:
		g.counters.EAGAIN++
	case unix.ECONNRESET, unix.EPIPE:
		g.fail(fd, &g.errors.Reset, "reading", errno)
	case 0:
		g.fail(fd, &g.errors.Reset, "reading", errEOF)
	default:
		g.fail(fd, &g.errors.Read, "reading", errno)
	}
}

// complete takes note of a verified reply, and says whether the connection has
// another message, which is then its next one.
func (g *Generator) complete(fd int, c *conn) bool {
	now := g.now()
	g.messages++
	g.last = now
	if g.record {
		record(g.latency, now-c.started, &g.errors.Timeout)
	}
	if c.left == 0 || now >= g.deadline {
		c.state = idle
		g.outstanding--
		if g.open.on {
			g.open.answered(fd, now-c.started, now)
		}
		return false
	}
	g.next(fd, c, now)
	return true
}

// record puts a duration into a histogram, and counts one that it cannot hold.
// The histogram is not asked for one: to refuse it uses package fmt (see failure).
func record(h *hdrhistogram.Histogram, d time.Duration, tooLong *int64) {
	if d > longestLatency || h.RecordValue(int64(d)) != nil {
		*tooLong++
	}
}

// giveUp counts every connection that is not done as a timeout.
func (g *Generator) giveUp(doing string) {
	for fd := range g.conns {
		if s := g.conns[fd].state; s == busy || s == connecting {
			g.fail(fd, &g.errors.Timeout, doing, errAborted)
		}
	}
}
