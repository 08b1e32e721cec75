//go:build linux

package muxtest_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// The multiplexers of this file are each broken in one way, over one that
// works.

type mux = multiplexers.Multiplexer

// roomy takes from a multiplexer all that is ready.
func roomy(m mux, timeout time.Duration) ([]multiplexers.Event, error) {
	events := make([]multiplexers.Event, 256)
	n, err := m.Wait(events, timeout)
	return events[:n], err
}

type forgetsRemove struct{ mux }

func (b forgetsRemove) Remove(fd int) error {
	if err := b.Modify(fd, multiplexers.Readable); err != nil {
		return err
	}
	return nil
}

// starvesHigh fills a short buffer from the lowest descriptor on, every time.
type starvesHigh struct{ mux }

func (b starvesHigh) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	all, err := roomy(b.mux, timeout)
	slices.SortFunc(all, func(x, y multiplexers.Event) int { return cmp.Compare(x.FD, y.FD) })
	return copy(events, all), err
}

// reportsOnce suppresses what the wait before has reported too.
type reportsOnce struct {
	mux
	before map[int]bool
}

func (b *reportsOnce) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	now := make(map[int]bool)
	for _, e := range events[:n] {
		now[e.FD] = true
	}
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool { return b.before[e.FD] })
	b.before = now
	return len(kept), err
}

// losesWhatDoesNotFit takes more edges from the kernel than it hands on.
type losesWhatDoesNotFit struct{ mux }

func (b losesWhatDoesNotFit) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	all, err := roomy(b.mux, timeout)
	return copy(events, all), err
}

// losesEdge drops an edge on a descriptor that it has reported already.
type losesEdge struct {
	mux
	reported map[int]bool
}

func (b *losesEdge) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool {
		lost := b.reported[e.FD]
		b.reported[e.FD] = true
		return lost
	})
	return len(kept), err
}

func (b *losesEdge) Modify(fd int, want multiplexers.Interest) error {
	delete(b.reported, fd)
	return b.mux.Modify(fd, want)
}

// doesNotRearm drops Modify to what is wanted already.
type doesNotRearm struct {
	mux
	wanted map[int]multiplexers.Interest
}

func (b *doesNotRearm) Modify(fd int, want multiplexers.Interest) error {
	if had, ok := b.wanted[fd]; ok && had == want {
		return nil
	}
	b.wanted[fd] = want
	return b.mux.Modify(fd, want)
}

// returnsEarly waits half as long as it is told.
type returnsEarly struct{ mux }

func (b returnsEarly) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	return b.mux.Wait(events, timeout/2)
}

// roundsDown makes a short timeout a poll.
type roundsDown struct{ mux }

func (b roundsDown) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	return b.mux.Wait(events, timeout.Truncate(time.Millisecond))
}

// endsEndless takes a negative timeout for a poll.
type endsEndless struct{ mux }

func (b endsEndless) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	return b.mux.Wait(events, max(0, timeout))
}

// zeroDoesNotPoll takes a timeout of 0 for nothing to do.
type zeroDoesNotPoll struct{ mux }

func (b zeroDoesNotPoll) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	if timeout == 0 {
		return 0, nil
	}
	return b.mux.Wait(events, timeout)
}

// reportsUnwanted asks for everything, whatever is wanted.
type reportsUnwanted struct{ mux }

const everything = multiplexers.Readable | multiplexers.Writable | multiplexers.HangUp

func (b reportsUnwanted) Add(fd int, _ multiplexers.Interest) error {
	return b.mux.Add(fd, everything)
}

func (b reportsUnwanted) Modify(fd int, _ multiplexers.Interest) error {
	return b.mux.Modify(fd, everything)
}

// remembers what is wanted of each descriptor, for those that make the wrong use of it.
type remembers struct {
	mux
	wanted map[int]multiplexers.Interest
}

func remembering(m mux) remembers { return remembers{m, make(map[int]multiplexers.Interest)} }

func (b remembers) Add(fd int, want multiplexers.Interest) error {
	b.wanted[fd] = want
	return b.mux.Add(fd, want)
}

func (b remembers) Modify(fd int, want multiplexers.Interest) error {
	b.wanted[fd] = want
	return b.mux.Modify(fd, want)
}

func (b remembers) Remove(fd int) error {
	delete(b.wanted, fd)
	return b.mux.Remove(fd)
}

// addsToInterest has Modify add to what was wanted.
type addsToInterest struct{ remembers }

func (b addsToInterest) Modify(fd int, want multiplexers.Interest) error {
	b.wanted[fd] |= want
	return b.mux.Modify(fd, b.wanted[fd])
}

// replacesOnAdd takes a second Add for a Modify.
type replacesOnAdd struct{ mux }

func (b replacesOnAdd) Add(fd int, want multiplexers.Interest) error {
	err := b.mux.Add(fd, want)
	if errors.Is(err, unix.EEXIST) {
		return b.mux.Modify(fd, want)
	}
	return err
}

// forgives hides that a descriptor is not watched.
type forgives struct{ mux }

func (b forgives) Remove(fd int) error {
	if err := b.mux.Remove(fd); !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// anonymous errors say what, and not of which descriptor.
type anonymous struct{ mux }

func (b anonymous) Remove(fd int) error {
	err := b.mux.Remove(fd)
	if err == nil {
		return nil
	}
	return fmt.Errorf("remove: %w", unix.ENOENT)
}

// splitsEvents reports reading and writing apart.
type splitsEvents struct{ mux }

func (b splitsEvents) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for i, e := range events[:n] {
		if e.Ready == multiplexers.Readable|multiplexers.Writable && n < len(events) {
			events[i].Ready = multiplexers.Readable
			events[n] = multiplexers.Event{FD: e.FD, Ready: multiplexers.Writable}
			n++
		}
	}
	return n, err
}

// hidesErrors reports an error as a hang-up.
type hidesErrors struct{ mux }

func (b hidesErrors) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for i, e := range events[:n] {
		if e.Ready&multiplexers.Error != 0 {
			events[i].Ready = e.Ready&^multiplexers.Error | multiplexers.HangUp
		}
	}
	return n, err
}

// keepsOpen does not close what it holds in the kernel.
type keepsOpen struct{ mux }

func (keepsOpen) Close() error { return nil }

// panics with a certain descriptor.
type panics struct{ mux }

func (b panics) Modify(fd int, want multiplexers.Interest) error {
	panic(fmt.Sprintf("no place for descriptor %d", fd))
}
