//go:build linux

package loadgen

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Pace is a stretch of messages that begin at times fixed beforehand: an open
// loop. A message takes the active connection that has been free for longest; if
// none is, it waits for one, and its latency counts from when it was to begin.
type Pace struct {
	Rate     float64 // msgs/s over all active connections; above 0
	Schedule results.Schedule
	Duration time.Duration // in which the messages begin; those that have begun are finished
	Seed     uint64        // of a Poisson schedule's times, which are the same for the same seed
	Record   bool          // put latencies and lags into the histograms
}

// Paced is what came of a Pace.
type Paced struct {
	Messages int64   // completed and verified
	Unsent   int64   // given up before a connection was free for them
	Offered  float64 // msgs/s, as scheduled
	// Elapsed is from the beginning of the schedule to its end or, if that is later,
	// to the last reply less the shortest latency: what a message takes at least is no
	// time that the server was behind.
	Elapsed  time.Duration
	CPU      time.Duration // of the calling thread, which spins
	Switches int64         // involuntary context switches of the calling thread
	Counters results.Counters
	// Latency and Lag are percentiles in ns of this stretch, whether or not its
	// samples are recorded; nil without samples. Latency is of all messages that
	// were due but those of connections that failed: an unsent one is in it with
	// the time that it had waited, which is less than it would have taken.
	Latency, Lag map[results.Metric]float64
	// Rise is the 10th percentile of latency in the last third of the schedule's
	// messages over that in the first; 0 where they are too few to tell. A stall
	// holds up some of them, an overloaded server all. Where the difference is below
	// a thousandth of the duration, it is at most 1: that is no backlog.
	Rise float64
}

const (
	// A stretch that lasts for overtimes of its duration and overtime begins no
	// further message. A server that does half of what it is offered has by then
	// done all of it.
	overtimes = 2
	overtime  = time.Second
)

// LongestPace is how long a Pace of that duration begins messages.
func LongestPace(d time.Duration) time.Duration { return overtimes*d + overtime }

// Pace runs one stretch of an open loop, of at most MaxScheduled messages. The
// calling thread spins meanwhile.
//
// It begins no message later than 2×Duration + 1 s after the first was due: what
// is left then is Unsent, and so is what is left when no connection is. Failures
// are counted in Errors and end their connection, not the stretch. Abort ends it:
// messages in hand are timeouts, and what has not begun is one more. An error
// means that p cannot be, as it cannot in a room, in which case nothing was sent, or that the generator
// itself cannot go on. It allocates before the first message and after the last.
func (g *Generator) Pace(p Pace) (Paced, error) {
	if g.cfg.Room {
		return Paced{}, fmt.Errorf("scheduling messages: %w", errRoom)
	}
	n, err := p.scheduled()
	if err != nil {
		return Paced{}, fmt.Errorf("scheduling messages: %w", err)
	}
	g.open.prepare(p, n, len(g.conns), g.cfg.Active)
	g.cfg.Entry.Hold()
	did, err := g.pace(p.Duration)
	g.cfg.Entry.Release()
	if err != nil {
		return Paced{}, fmt.Errorf("sending messages by schedule: %w", err)
	}
	did.Rise = g.open.summarise(p.Duration, &g.errors.Timeout)
	did.Elapsed = max(p.Duration, did.Elapsed-time.Duration(g.open.latency.Min()))
	did.Latency, did.Lag = results.LatencyValues(g.open.latency), results.LagValues(g.open.lag)
	if p.Record {
		if dropped := g.latency.Merge(g.open.latency) + g.lag.Merge(g.open.lag); dropped > 0 {
			return Paced{}, fmt.Errorf("recording %d messages: the histograms cannot hold %d values", n, dropped)
		}
	}
	return did, nil
}

// Lag is the histogram, in ns, of how much later than it could have been a
// recorded message was sent: than it was due and its connection was free. It
// belongs to the generator.
func (g *Generator) Lag() *hdrhistogram.Histogram { return g.lag }

func (g *Generator) pace(duration time.Duration) (Paced, error) {
	switches := multiplexers.ThreadUsage().Switches
	before, cpu := g.counters, multiplexers.ThreadCPUTime()
	o := &g.open
	o.begin = g.now()
	g.messages, g.outstanding, g.record, g.deadline = 0, 0, false, math.MaxInt64
	g.last = o.begin
	for i := range g.cfg.Active {
		if fd := g.active(i); g.conns[fd].state == idle {
			o.free.push(freed{int32(fd), o.begin})
		}
	}
	o.on = true
	err := g.keepPace(o.begin + LongestPace(duration))
	o.on = false
	if err != nil {
		return Paced{}, err
	}
	return Paced{
		Messages: g.messages,
		Unsent:   int64(len(o.due) - o.next),
		Offered:  float64(len(o.due)) / duration.Seconds(),
		Elapsed:  g.last - o.begin,
		CPU:      multiplexers.ThreadCPUTime() - cpu,
		Switches: multiplexers.ThreadUsage().Switches - switches,
		Counters: g.counters.Minus(before),
	}, nil
}

// keepPace begins messages when they are due, until none is left or none may
// begin, and finishes those that have begun.
//
// It never sleeps, however long it has nothing to do: to be woken takes longer
// than a message may be late, and not always as long.
func (g *Generator) keepPace(end time.Duration) error {
	o := &g.open
	going := true // messages begin
	for {
		if going {
			now := g.sendDue(g.now())
			left, connected := o.next < len(o.due), g.outstanding > 0 || o.free.held > 0
			if going = left && connected && now < end; !going {
				o.giveUp(now)
			}
		}
		if !going && g.outstanding == 0 {
			return nil
		}
		n, aborted, err := g.wait(0)
		if err != nil {
			return err
		}
		if aborted {
			g.giveUp("waiting for a reply")
			if going {
				g.errors.Timeout++
				g.note("waiting to send", errAborted)
				o.giveUp(g.now())
			}
			return nil
		}
		for _, e := range g.events[:n] {
			if e.FD == g.wake {
				continue
			}
			g.handle(e)
			if going {
				g.sendDue(g.last) // the clock was read for the reply: a read costs
			}
		}
	}
}

// sendDue sends what is due by now, as far as connections are free for it, and
// returns what the time is then.
func (g *Generator) sendDue(now time.Duration) time.Duration {
	o := &g.open
	for o.next < len(o.due) && o.free.held > 0 {
		due := o.begin + o.due[o.next]
		if now < due {
			break
		}
		f := o.free.pop()
		fd := int(f.fd)
		c := &g.conns[fd]
		if c.state != idle {
			continue // it has failed since
		}
		o.inHand[fd] = int32(o.next)
		o.late[o.next] = now - max(due, f.since)
		o.next++
		g.outstanding++
		c.left = 1
		g.next(fd, c, due)
		g.send(fd, c)
		now = g.now()
	}
	return now
}
