//go:build linux

package server

import (
	"errors"
	"net/netip"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// job is what an engine is built for: a configuration with its defaults filled
// in, and the steps of its spin.
type job struct {
	Config
	steps int
}

// settle makes the calling goroutine a thread of the server's, for good, and says
// whether it has a table of descriptors of its own.
func (j job) settle(thread int) (own bool, err error) {
	runtime.LockOSThread()
	var shared error
	if j.Backend.OwnDescriptors {
		shared = j.Entry.OwnDescriptors()
		own = j.Entry == multiplexers.Raw && shared == nil
	}
	if j.Settle == nil {
		return own, nil
	}
	return own, j.Settle(thread, shared)
}

// engine is a threading model at work. Its methods but serve may be called from
// other goroutines, each by one at a time.
type engine interface {
	address() netip.AddrPort
	// serve runs until it is told to stop or fails, and gives back all that it
	// served with.
	serve() error
	// ask has every thread that serves carry out what is asked, and returns
	// their state, summed: ErrStopped if one has ended.
	ask(kind) (Snapshot, error)
	// close gives back what asking took. Nobody serves any more.
	close() error
}

// crew is an engine of a fixed number of threads, each of which can be asked.
type crew struct {
	at      netip.AddrPort
	settle  func(thread int) (own bool, err error)
	crewmen []crewman
}

// crewman is one thread of a crew.
type crewman struct {
	thread
	post *post
	role string
}

// thread is what a crewman does. Its goroutine is locked to a thread of the
// operating system, whose CPU clock is the server's.
type thread interface {
	// run serves until it is told to stop or fails.
	run() error
	// close gives back what it served with, or was to. Called once more in another
	// table of descriptors, it gives back what that has a copy of.
	close() error
}

func (c *crew) address() netip.AddrPort { return c.at }

func (c *crew) serve() error {
	ended := make(chan error, len(c.crewmen))
	for i, m := range c.crewmen {
		go onEndingThread(func() {
			own, err := c.settle(i)
			if err == nil {
				err = m.run()
			}
			if own { // nobody else can give back what is in its table
				err = errors.Join(err, m.close())
			}
			m.post.leave()
			ended <- err
		})
	}
	err := <-ended // told to stop, or failed: no crew goes on without one
	for _, m := range slices.Backward(c.crewmen) {
		if _, failed := m.post.ask(stop); failed != nil && !errors.Is(failed, ErrStopped) {
			err = errors.Join(err, failed)
		}
	}
	for range len(c.crewmen) - 1 {
		err = errors.Join(err, <-ended)
	}
	// What they share, or has been copied into a table of theirs. Only now is
	// nobody served with it any more.
	for _, m := range c.crewmen {
		err = errors.Join(err, m.close())
	}
	return err
}

// onEndingThread does f, which stays locked to its thread, on one that ends with
// its goroutine, and a table of descriptors of its own with it. The process's first
// thread does not: it is kept occupied meanwhile.
func onEndingThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
	runtime.UnlockOSThread()
}

// ask goes through the crew from the first, who knows how many connections are
// open, to the last: what ended those that were not is counted by then.
func (c *crew) ask(k kind) (Snapshot, error) {
	if k == stop {
		_, err := c.crewmen[len(c.crewmen)-1].post.ask(stop) // and then serve stops the others
		return Snapshot{}, err
	}
	var all Snapshot
	threads := make([]Thread, len(c.crewmen))
	for i, m := range c.crewmen {
		s, err := m.post.ask(k)
		if err != nil {
			return Snapshot{}, err
		}
		all = all.plus(s)
		threads[i] = Thread{Role: m.role, Counters: s.Counters, CPU: s.CPU}
	}
	if len(threads) > 1 {
		all.Threads = threads
	}
	return all, nil
}

func (c *crew) close() error {
	var err error
	for _, m := range c.crewmen {
		err = errors.Join(err, m.post.close())
	}
	return err
}

// discard gives back a crew that has never served.
func (c *crew) discard() error {
	var err error
	for _, m := range c.crewmen {
		err = errors.Join(err, m.thread.close())
	}
	return errors.Join(err, c.close())
}

// held has f run undisturbed (multiplexers.Entry.Hold).
func held(e multiplexers.Entry, f func() error) error {
	e.Hold()
	defer e.Release()
	return f()
}
