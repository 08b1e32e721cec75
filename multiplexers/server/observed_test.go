//go:build linux

package server_test

import (
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// observed is a multiplexer that tells of what the loop does with it. The
// functions run in the loop.
type observed struct {
	multiplexers.Multiplexer
	before         func() error // a wait; an error fails it
	after          func(events []multiplexers.Event)
	added, removed func(fd int)
}

// observe is b with its multiplexer observed by o.
func observe(b server.Backend, o *observed) server.Backend {
	sound := b.Mechanism.New
	b.Mechanism.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
		m, err := sound(e)
		each := *o // of several loops, each has its own
		each.Multiplexer = m
		return &each, err
	}
	return b
}

func (o *observed) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	if o.before != nil {
		if err := o.before(); err != nil {
			return 0, err
		}
	}
	n, err := o.Multiplexer.Wait(events, timeout)
	if o.after != nil && err == nil {
		o.after(events[:n])
	}
	return n, err
}

func (o *observed) Add(fd int, want multiplexers.Interest) error {
	err := o.Multiplexer.Add(fd, want)
	if o.added != nil && err == nil {
		o.added(fd)
	}
	return err
}

func (o *observed) Remove(fd int) error {
	err := o.Multiplexer.Remove(fd)
	if o.removed != nil && err == nil {
		o.removed(fd)
	}
	return err
}
