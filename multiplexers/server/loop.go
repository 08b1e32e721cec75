//go:build linux

package server

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	// eventsPerWait is the room for events in a wait, to begin with. What does
	// not fit is reported by the next one.
	eventsPerWait = 1024
	// bufferSize is what one read takes at most, and so the most that is kept
	// for a connection whose peer does not read.
	bufferSize = 64 << 10
	// readsPerTurn bounds how long one connection is served while others
	// wait.
	readsPerTurn = 4
	// retryAccepting is the pause after accepting failed for want of something
	// that none of the server's own connections can give back.
	retryAccepting = 100 * time.Millisecond
)

// loop is the event loop: it owns the multiplexer, the listener and the
// connections. All its methods run in the goroutine that runs run.
type loop struct {
	entry    multiplexers.Entry
	mux      multiplexers.Multiplexer
	edge     bool
	whole    bool                  // each wait looks at the whole set
	initial  multiplexers.Interest // of a connection
	steps    int                   // of spin, for each read that is echoed
	listener int
	reserve  int // spare descriptor, given up to accept and refuse when there is no other; -1 if lost
	paused   bool
	bells
	commands <-chan command

	conns    []conn // by descriptor
	open     int
	events   []multiplexers.Event
	buffer   []byte   // of the read in hand
	spare    [][]byte // output buffers that no connection needs now
	requeued []int    // edge-triggered connections whose turn ended with input left
	again    []int    // the requeued of the batch before, in hand
	closing  []int    // removed from the set, to be closed after the batch

	spun       uint64 // what the last spin came to, from which the next goes on
	counters   Counters
	refused    int64
	lastAccept time.Duration
	unbilled   time.Duration // CPU time that snapshots took
}

func newLoop(cfg Config, steps, listener int, bells bells, commands <-chan command) (*loop, error) {
	mux, err := cfg.Backend.Mechanism.New(cfg.Entry)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Backend.Name, err)
	}
	l := &loop{
		entry:    cfg.Entry,
		mux:      mux,
		steps:    steps,
		spun:     seed,
		edge:     cfg.Backend.Mechanism.Trigger == multiplexers.EdgeTriggered,
		whole:    !cfg.Backend.Mechanism.Capabilities.KernelSet,
		initial:  multiplexers.Readable,
		listener: listener,
		bells:    bells,
		commands: commands,
		events:   make([]multiplexers.Event, eventsPerWait),
		buffer:   make([]byte, bufferSize),
	}
	if l.edge {
		// Registered once and never modified. HangUp tells a short read that
		// an end of file is behind it.
		l.initial = multiplexers.Readable | multiplexers.Writable | multiplexers.HangUp
	}
	var errno unix.Errno
	if l.reserve, errno = l.entry.Duplicate(bells.wake); errno != 0 {
		return nil, errors.Join(fmt.Errorf("reserving a descriptor: %w", errno), mux.Close())
	}
	for _, fd := range [...]int{listener, bells.wake} {
		if err := mux.Add(fd, multiplexers.Readable); err != nil {
			return nil, errors.Join(err, mux.Close(), unix.Close(l.reserve))
		}
	}
	return l, nil
}

// run serves until it is told to stop, or the multiplexer fails. It stays on
// one thread throughout, whose CPU clock is the server's.
func (l *loop) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l.entry.Hold()
	err := l.serve()
	l.entry.Release()
	if err != nil {
		err = fmt.Errorf("waiting: %w", err)
	}
	return errors.Join(err, l.close())
}

func (l *loop) serve() error {
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
	if n == 0 && l.open == 0 {
		l.resumeAccepting() // the pause is over
	}
	l.again, l.requeued = l.requeued, l.again[:0]
	woken := false
	for _, e := range l.events[:n] {
		switch e.FD {
		case l.wake:
			woken = true
		case l.listener:
			l.acceptAll()
		default:
			l.handle(e.FD, e.Ready)
		}
	}
	for _, fd := range l.again {
		l.conns[fd].queued = false
		l.handle(fd, l.initial)
	}
	l.closeBatch()
	l.count(n, examined, woken)
	// Last, so that a snapshot covers the whole batch.
	return woken && l.obey(), nil
}

// timeout of the next wait: none, unless there is input in hand, or nothing
// else could ever end a pause in accepting.
func (l *loop) timeout() time.Duration {
	switch {
	case len(l.requeued) > 0:
		return 0
	case l.paused && l.open == 0:
		return retryAccepting
	}
	return -1
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

func (l *loop) close() error {
	err := l.mux.Close()
	for fd := range l.conns {
		if l.conns[fd].open {
			unix.Close(fd)
		}
	}
	for _, fd := range [...]int{l.listener, l.reserve} {
		if fd >= 0 {
			err = errors.Join(err, unix.Close(fd))
		}
	}
	return err
}
