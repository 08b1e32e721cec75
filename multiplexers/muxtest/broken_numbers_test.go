//go:build linux

package muxtest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"muxbench/multiplexers"
)

// TestSuiteCatchesBrokenNumbers: what can be wrong about high descriptors, and
// about where they end.
func TestSuiteCatchesBrokenNumbers(t *testing.T) {
	limited := func(m multiplexers.Mechanism) bool { return m.Capabilities.MaxFD > 0 }
	unlimited := func(m multiplexers.Mechanism) bool { return !limited(m) }
	misses := defect{"misses high descriptors", func(m mux) mux { return missesHigh{m} }, onAny, []string{"C-058"}}
	catches(t, limited, []defect{
		misses,
		{"watches one more than it declares", func(m mux) mux { return &exceeds{mux: m} }, onAny, []string{"C-057"}},
		{"watches one less", func(m mux) mux { return &fallsShort{mux: m} }, onAny, []string{"C-057", "C-058"}},
		{"does not say why it refuses", func(m mux) mux { return refusesInOtherWords{m} }, onAny, []string{"C-057"}},
	})
	misses.caughtBy = append(misses.caughtBy, "C-059")
	catches(t, unlimited, []defect{misses})
}

// TestSuiteCatchesWrongPlaces: of those mechanisms that tell a descriptor's place.
func TestSuiteCatchesWrongPlaces(t *testing.T) {
	catches(t, func(m multiplexers.Mechanism) bool { return m.Capabilities.Indexed }, []defect{
		{"tells the place one off", func(m mux) mux { return oneOff{m} }, onAny, []string{"M-017"}},
	})
}

// oneOff counts places from 1 on.
type oneOff struct{ mux }

func (b oneOff) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for i := range events[:n] {
		events[i].Index++
	}
	return n, err
}

// missesHigh does not see the last descriptor of an fd_set and those above.
type missesHigh struct{ mux }

func (b missesHigh) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool { return e.FD >= 1023 })
	return len(kept), err
}

// exceeds accepts the descriptor after the last that it can represent, and
// makes nothing of it.
type exceeds struct {
	mux
	last int
}

func (b *exceeds) Add(fd int, want multiplexers.Interest) error {
	err := b.mux.Add(fd, want)
	if err == nil {
		b.last = max(b.last, fd)
	}
	if errors.Is(err, multiplexers.ErrFDLimit) && fd == b.last+1 {
		return nil
	}
	return err
}

// fallsShort takes the last descriptor of an fd_set for one beyond it.
type fallsShort struct{ mux }

func (b *fallsShort) Add(fd int, want multiplexers.Interest) error {
	if fd == 1023 {
		return multiplexers.ErrFDLimit
	}
	return b.mux.Add(fd, want)
}

// refusesInOtherWords gives the error of one who cannot know the descriptor.
type refusesInOtherWords struct{ mux }

func (b refusesInOtherWords) Add(fd int, want multiplexers.Interest) error {
	err := b.mux.Add(fd, want)
	if errors.Is(err, multiplexers.ErrFDLimit) {
		return errors.New("out of range")
	}
	return err
}
