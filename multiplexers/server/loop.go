//go:build linux

package server

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	// eventsPerWait is the room for events in a wait, to begin with. What does
	// not fit is reported by the next one.
	eventsPerWait = 1024
	// retryAccepting is the pause after accepting failed for want of something
	// that none of the server's own connections can give back.
	retryAccepting = 100 * time.Millisecond
)

// loop is the event loop: it owns the multiplexer, the listener and, unless they
// are served by a pool, the connections. All its methods run in the goroutine
// that runs run.
type loop struct {
	handler
	post *post
	pool *pool // that serves the connections; nil if the loop does

	whole    bool // each wait looks at the whole set
	spinning bool // no wait blocks
	several  bool // loops there are, and what another closes may be what this one lacks
	grows    bool // the room for events, with the set that each wait looks at

	listener        int
	listening       multiplexers.Interest // of the listener
	acceptsPerEvent int                   // 0: as many as there are
	reserve         int                   // spare descriptor, given up to accept and refuse when there is no other; -1 if lost
	paused          bool                  // accepting is
	pausedAt        time.Duration         // on the clock of multiplexers.Monotonic
	gone            int64                 // connections that the pool had closed when accepting began

	conns    []conn  // by descriptor, or as places says
	places   *places // nil if by descriptor
	open     int
	events   []multiplexers.Event
	requeued []int // edge-triggered connections whose turn ended with input left
	again    []int // the requeued of the batch before, in hand
	closing  []int // removed from the set, to be closed after the batch

	called     int64 // waits that the bell alone ended
	refused    int64
	lastAccept time.Duration
}

// newLoop makes a loop that begins to watch with begin. Listener and post are
// the caller's if it fails.
func newLoop(j job, listener int, p *post) (*loop, error) {
	mux, err := j.Backend.Mechanism.New(j.Entry)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", j.Backend.Name, err)
	}
	whole := !j.Backend.Mechanism.Capabilities.KernelSet
	l := &loop{
		handler:   newHandler(j, mux),
		post:      p,
		whole:     whole,
		spinning:  j.SpinningWaits,
		grows:     whole && j.MaxEvents == 0,
		listener:  listener,
		listening: multiplexers.Readable,
		places:    newPlaces(j.Lookup),
		events:    make([]multiplexers.Event, or(j.MaxEvents, eventsPerWait)),
	}
	if j.Room {
		l.spread = l.say
	}
	var errno unix.Errno
	if l.reserve, errno = l.entry.Duplicate(p.wake); errno != 0 {
		return nil, errors.Join(fmt.Errorf("reserving a descriptor: %w", errno), mux.Close())
	}
	return l, nil
}

// begin watches the listener, as listening says by then, and the post's bell.
func (l *loop) begin() error {
	return errors.Join(l.watch(l.listener, l.listening), l.watch(l.post.wake, multiplexers.Readable))
}

// run serves until it is told to stop, or the multiplexer fails.
func (l *loop) run() error {
	if err := held(l.entry, l.serveAll); err != nil {
		return fmt.Errorf("waiting: %w", err)
	}
	return nil
}

func (l *loop) serveAll() error {
	for {
		if stopped, err := l.turn(); stopped || err != nil {
			return err
		}
	}
}

// turn is one wait and what it brought. It says whether the loop is to end.
func (l *loop) turn() (stopped bool, err error) {
	examined := l.examined() // before the batch changes the set
	n, err := l.mux.Wait(l.events, l.timeout())
	if err != nil {
		return false, err
	}
	if n == 0 && l.paused && l.pauseIsOver() {
		l.resumeAccepting()
	}
	l.again, l.requeued = l.requeued, l.again[:0]
	woken := false
	for _, e := range l.events[:n] {
		switch {
		case e.FD == l.post.wake:
			woken = true
		case e.FD == l.listener:
			l.acceptAll()
		case l.pool != nil:
			l.pool.queue.push(e.FD)
		default:
			place := e.FD
			if l.places != nil {
				if place = l.places.of(e); place < 0 {
					continue
				}
			}
			c := &l.conns[place]
			if !c.open || c.queued {
				continue // ended earlier in this batch, or to be served after it
			}
			if o := l.serve(e.FD, c, e.Ready); o != served || l.trigger == multiplexers.OneShot {
				l.settle(e.FD, place, o)
			}
		}
	}
	for _, fd := range l.again {
		place := l.place(multiplexers.Event{FD: fd})
		if place < 0 {
			continue
		}
		c := &l.conns[place]
		c.queued = false
		if !c.open {
			continue
		}
		if o := l.serve(fd, c, l.initial()); o != served {
			l.settle(fd, place, o)
		}
	}
	l.closeBatch()
	l.count(n, examined, woken)
	if l.pool != nil {
		l.pool.queue.publish()
	}
	if !woken {
		return false, nil
	}
	// Last, so that a snapshot covers the whole batch.
	l.silence()
	if l.paused && l.pool != nil && l.poolHasClosed() {
		l.resumeAccepting()
	}
	return l.post.obey(l.entry, l), nil
}

// settle does what is left to do for a connection whose turn is over.
func (l *loop) settle(fd, place int, o outcome) {
	c := &l.conns[place]
	switch {
	case o == ended:
		l.remove(fd, place)
	case o == more:
		c.queued = true
		l.requeued = append(l.requeued, fd)
	default:
		l.rearm(fd, c.wants())
	}
}

// timeout of the next wait: none, unless there is input in hand, or nothing
// else could ever end a pause in accepting.
func (l *loop) timeout() time.Duration {
	switch {
	case l.spinning || len(l.requeued) > 0:
		return 0
	case l.paused && (l.several || l.alone()):
		return retryAccepting
	}
	return -1
}

// pauseIsOver says, of a wait that found nothing, that its timeout has passed.
// One that spins has none.
func (l *loop) pauseIsOver() bool {
	return (l.several || l.alone()) && (!l.spinning || multiplexers.Monotonic()-l.pausedAt >= retryAccepting)
}

// alone says that no connection is open.
func (l *loop) alone() bool { return l.connections() == 0 }

// connections is how many are open.
func (l *loop) connections() int {
	if l.pool != nil {
		return l.open - int(l.pool.gone.Load())
	}
	return l.open
}

// examined is how many descriptors the next wait hands to the kernel to look at:
// those of which anything is wanted, unless the kernel keeps the set.
func (l *loop) examined() int {
	switch {
	case !l.whole:
		return 0
	case l.paused:
		return l.open + 1 // the control descriptor
	}
	return l.open + 2 // and the listener
}

// count leaves out the control descriptor, and a wait that woke for it alone.
func (l *loop) count(n, examined int, woken bool) {
	if woken {
		if n--; n == 0 {
			l.called++
			return
		}
	}
	l.counters.Waits++
	l.counters.Events += int64(n)
	l.counters.Examined += int64(examined)
	if n == 0 {
		l.counters.EmptyWaits++
	}
}

// add takes in an accepted connection.
func (l *loop) add(fd int) {
	if l.pool != nil {
		l.addToPool(fd)
		return
	}
	l.counters.Adds++
	if err := l.mux.Add(fd, l.initial()); err != nil {
		l.turnAway(fd)
		return
	}
	l.conns[l.enter(fd)].open = true
	l.open++
	if l.grows && l.open > len(l.events) {
		// A wait that costs a look at every descriptor is to yield all that is
		// ready. Where the kernel has a list of those, a short batch costs
		// nothing, and stays in the cache.
		l.events = make([]multiplexers.Event, 2*len(l.events))
	}
}

// turnAway closes a connection that cannot be served.
func (l *loop) turnAway(fd int) {
	l.refused++
	l.entry.Close(fd)
}

// remove ends a connection; its descriptor is closed after the batch.
func (l *loop) remove(fd, place int) {
	c := &l.conns[place]
	l.recycle(c)
	c.open = false
	l.open--
	l.counters.Removes++
	_ = l.mux.Remove(fd) // it is watched, so removal has no way to fail
	l.leave(place)
	l.closing = append(l.closing, fd)
}

// closeBatch closes what the batch removed. Only now may a number be used
// again: no event of the batch can meet another connection under it.
func (l *loop) closeBatch() {
	for _, fd := range l.closing {
		l.entry.Close(fd) // errors of a socket's close concern data that the peer gave up
	}
	if len(l.closing) > 0 {
		l.closing = l.closing[:0]
		l.resumeAccepting()
	}
}

// silence resets the wake descriptor.
func (l *loop) silence() {
	var count [8]byte
	_, _ = l.entry.Read(l.post.wake, count[:]) // it was rung, so there is no way to fail
	if l.trigger == multiplexers.OneShot {
		_ = l.mux.Modify(l.post.wake, multiplexers.Readable) // it is watched, so a change has no way to fail
	}
}

// state is the loop's, for a snapshot.
func (l *loop) state() Snapshot {
	c := l.counters
	if l.pool != nil {
		c.Futexes = l.pool.queue.woken
	}
	return Snapshot{Counters: c, Sleeps: -l.called, Open: l.connections(), Refused: l.refused, LastAccept: l.lastAccept}
}

func (l *loop) close() error {
	err := l.mux.Close()
	for place := range l.conns {
		if l.conns[place].open {
			unix.Close(l.fd(place))
		}
	}
	l.conns = nil // another table has none of them
	if l.pool != nil {
		l.pool.closeAll()
	}
	for _, fd := range [...]int{l.listener, l.reserve} {
		if fd >= 0 {
			err = errors.Join(err, unix.Close(fd))
		}
	}
	return err
}
