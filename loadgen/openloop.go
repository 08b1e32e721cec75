//go:build linux

package loadgen

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// openLoop is the state of the Pace in hand. Its buffers are kept from one to the
// next and only grow: with raw entry nobody collects those that were left.
type openLoop struct {
	on     bool
	due    []time.Duration // when each message is to begin, from the beginning
	waited []time.Duration // the latency of each, or unanswered
	late   []time.Duration // the send lag of each, up to next
	inHand []int32         // the message of each connection, by descriptor
	free   queue
	next   int           // message to begin
	begin  time.Duration // on the generator's clock
	// Of this Pace alone, whether or not it is recorded:
	latency, lag *hdrhistogram.Histogram
}

const (
	unanswered time.Duration = -1
	// Paced.Rise compares the lowest percentile of the fewest latencies or more.
	lowest, fewest = 10, 30
	// What rises by less than this part of the duration is no backlog, but a machine
	// whose wake-ups take longer now: a server that does 99.8 % of what it is offered
	// is behind by more.
	leastBehind = 1000
)

// prepare allocates and computes all that the loop needs for n messages, and
// touches it: nothing of this may take time while the loop runs.
func (o *openLoop) prepare(p Pace, n, descriptors, active int) {
	o.due = resized(o.due, n)
	p.fill(o.due)
	o.waited = resized(o.waited, n)
	for i := range o.waited {
		o.waited[i] = unanswered
	}
	o.late = resized(o.late, n)
	clear(o.late)
	o.inHand = resized(o.inHand, descriptors)
	clear(o.inHand)
	o.free.reset(active)
	o.next = 0
}

// resized has n elements, of any value, in the same memory if that suffices.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// answered takes note of a verified reply and frees the connection.
func (o *openLoop) answered(fd int, latency, now time.Duration) {
	o.waited[o.inHand[fd]] = latency
	o.free.push(freed{int32(fd), now})
}

// giveUp leaves the messages that have not begun to themselves, and counts those
// that were due: each has waited for as long as this at least.
func (o *openLoop) giveUp(now time.Duration) {
	now -= o.begin
	for i := o.next; i < len(o.due) && o.due[i] <= now; i++ {
		o.waited[i] = now - o.due[i]
	}
}

// summarise puts the latencies into their histogram, counts those that it cannot
// hold, and gives Paced.Rise of a Pace of that duration.
func (o *openLoop) summarise(duration time.Duration, tooLong *int64) (rise float64) {
	o.lag.Reset()
	recordAll(o.lag, o.late[:o.next], tooLong)
	third := len(o.waited) / 3
	counted := int64(0) // with all of them
	o.latency.Reset()
	recordAll(o.latency, o.waited[len(o.waited)-third:], &counted)
	last, enough := o.latency.ValueAtQuantile(lowest), o.latency.TotalCount() >= fewest
	o.latency.Reset()
	recordAll(o.latency, o.waited[:third], tooLong)
	if first := o.latency.ValueAtQuantile(lowest); first > 0 && enough && o.latency.TotalCount() >= fewest {
		rise = float64(last) / float64(first)
		if time.Duration(last-first) < duration/leastBehind {
			rise = min(1, rise)
		}
	}
	recordAll(o.latency, o.waited[third:], tooLong)
	return rise
}

// recordAll puts durations into a histogram, but for those that are none.
func recordAll(h *hdrhistogram.Histogram, all []time.Duration, tooLong *int64) {
	for _, d := range all {
		if d != unanswered {
			record(h, d, tooLong)
		}
	}
}

// freed is a connection without a message in hand.
type freed struct {
	fd    int32
	since time.Duration
}

// queue holds the free connections, the one that has been free for longest first.
// One that has failed since stays in it.
type queue struct {
	ring        []freed // as long as there are active connections
	first, held int
}

func (q *queue) reset(most int) {
	q.ring = resized(q.ring, most)
	q.first, q.held = 0, 0
}

func (q *queue) push(f freed) {
	at := q.first + q.held
	if at >= len(q.ring) {
		at -= len(q.ring)
	}
	q.ring[at] = f
	q.held++
}

func (q *queue) pop() freed {
	f := q.ring[q.first]
	q.held--
	if q.first++; q.first == len(q.ring) {
		q.first = 0
	}
	return f
}
