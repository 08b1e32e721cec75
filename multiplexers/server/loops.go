//go:build linux

package server

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// defaultLoops are as few as share anything.
const defaultLoops = 2

// oneLoop is the backend that has one loop on a mechanism.
func oneLoop(m multiplexers.Mechanism) Backend {
	return Backend{
		Name:           m.Name,
		Summary:        "one loop on " + m.Summary,
		Mechanism:      m,
		Entries:        looping(),
		EntryWhy:       rawLoops,
		OwnDescriptors: true,
		Probe:          m.Probe,
		build:          func(j job) (engine, error) { return buildLoops(j, 1, one) },
	}
}

// exclusive has several loops watch one listener, of which a connection wakes
// one (EPOLLEXCLUSIVE, Linux 4.5): nginx's way before SO_REUSEPORT. A loop that
// is woken accepts one connection, as nginx does unless told otherwise
// (multi_accept), and leaves the others to whoever is woken by them: who
// accepts all takes all.
func exclusive() Backend {
	return Backend{
		Name:           "epoll-exclusive",
		Summary:        "several loops on epoll(7), level-triggered, that watch one listener with EPOLLEXCLUSIVE: a connection wakes one",
		Mechanism:      multiplexers.LevelTriggeredEpoll(),
		Entries:        looping(),
		EntryWhy:       rawLoops,
		Loops:          defaultLoops,
		OwnDescriptors: true,
		Probe:          probeExclusive,
		build:          func(j job) (engine, error) { return buildLoops(j, j.Loops, exclusively) },
	}
}

// sharedListener has several loops watch one listener in the ordinary way: a
// connection wakes all that sleep, and the fastest gets it. It is what servers did
// before there was anything else, and what the others are to be held against. A
// loop accepts one connection for each event, as in exclusive.
func sharedListener() Backend {
	return Backend{
		Name:           "epoll-shared",
		Summary:        "several loops on epoll(7), level-triggered, that watch one listener: a connection wakes all that sleep (the thundering herd)",
		Mechanism:      multiplexers.LevelTriggeredEpoll(),
		Entries:        looping(),
		EntryWhy:       rawLoops,
		Loops:          defaultLoops,
		OwnDescriptors: true,
		Probe:          multiplexers.LevelTriggeredEpoll().Probe,
		build:          func(j job) (engine, error) { return buildLoops(j, j.Loops, one) },
	}
}

// listeners says which of them the loops of a server watch.
type listeners uint8

const (
	one         listeners = iota // all of them the same
	exclusively                  // the same, EPOLLEXCLUSIVE
	each                         // each its own
)

// probeExclusive watches something with EPOLLEXCLUSIVE.
func probeExclusive() error {
	mux, err := multiplexers.LevelTriggeredEpoll().New(multiplexers.Runtime)
	if err != nil {
		return err
	}
	b, err := newBells()
	if err != nil {
		return errors.Join(err, mux.Close())
	}
	return errors.Join(mux.Add(b.wake, multiplexers.Readable|multiplexers.Exclusive), mux.Close(), b.close())
}

// reusePort has several loops, each with a listener of its own at the same
// address (SO_REUSEPORT, Linux 3.9): the kernel deals connections out by a hash
// of their addresses.
func reusePort() Backend {
	return Backend{
		Name:           "reuseport",
		Summary:        "several loops on epoll(7), level-triggered, each with a listener of its own: SO_REUSEPORT deals connections out",
		Mechanism:      multiplexers.LevelTriggeredEpoll(),
		Entries:        looping(),
		EntryWhy:       rawLoops,
		Loops:          defaultLoops,
		OwnDescriptors: true,
		Probe:          multiplexers.LevelTriggeredEpoll().Probe,
		build:          func(j job) (engine, error) { return buildLoops(j, j.Loops, each) },
	}
}

// buildLoops makes n loops, on listeners of their own or on one that they
// share. Each has a descriptor of its own of that: with descriptors of one table
// as well as with those of several, each loop closes what is its own.
func buildLoops(j job, n int, have listeners) (engine, error) {
	e := &crew{settle: j.settle}
	fail := func(err error) (engine, error) { return nil, errors.Join(err, e.discard()) }
	with, original := never, -1
	if have == each {
		with = first
	}
	for i := range n {
		var listener int
		var err error
		switch {
		case i == 0:
			listener, e.at, err = listen(j.Address, j.Backlog, j.SocketBuffers, with)
			original = listener
		case have == each:
			listener, _, err = listen(e.at, j.Backlog, j.SocketBuffers, beside)
		default:
			var errno unix.Errno
			if listener, errno = j.Entry.Duplicate(original); errno != 0 {
				err = errno
			}
		}
		if err != nil {
			return fail(fmt.Errorf("listening on %s: %w", asked(j.Address, e.at), err))
		}
		p, err := newPost()
		if err != nil {
			return fail(errors.Join(err, unix.Close(listener)))
		}
		l, err := newLoop(j, listener, p)
		if err != nil {
			return fail(errors.Join(err, unix.Close(listener), p.close()))
		}
		l.several = n > 1
		if l.several && have != each {
			l.acceptsPerEvent = 1
		}
		if l.several && have == exclusively {
			l.listening |= multiplexers.Exclusive
		}
		if err := l.begin(); err != nil {
			return fail(errors.Join(err, l.close(), p.close()))
		}
		e.crewmen = append(e.crewmen, crewman{thread: l, post: p, role: "loop"})
	}
	return e, nil
}

// asked is the address that was asked for, or where that left the port open the
// one that came of it.
func asked(wanted, got netip.AddrPort) netip.AddrPort {
	if got.IsValid() {
		return got
	}
	return wanted
}
