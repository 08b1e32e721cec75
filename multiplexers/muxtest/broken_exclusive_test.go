//go:build linux

package muxtest_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// TestSuiteCatchesBrokenExclusives: what can be wrong about Exclusive. That it
// wakes too many cannot be told: one or more is all that the kernel promises.
// Deafness is shown with one trigger each, since to see that a wait does not
// return takes a second.
func TestSuiteCatchesBrokenExclusives(t *testing.T) {
	exclusive := func(m multiplexers.Mechanism) bool { return m.Capabilities.Exclusive }
	catches(t, exclusive, []defect{
		{"ignores Exclusive", func(m mux) mux { return ignoresExclusive{m} }, onAny, []string{"M-014", "M-016"}},
		{"is deaf to what it watches exclusively", func(m mux) mux { return deafIfExclusive{m} }, onLevel, []string{"C-114", "M-013", "M-014", "M-015"}},
		{"is deaf to the first that it does not", func(m mux) mux { return &deafToFirst{mux: m} }, onEdge, []string{"C-115"}},
		{"a Modify that is refused has removed it", func(m mux) mux { return removesRefused{m} }, onAny, []string{"M-014"}},
	})
}

// ignoresExclusive watches as usual.
type ignoresExclusive struct{ mux }

func (b ignoresExclusive) Add(fd int, want multiplexers.Interest) error {
	return b.mux.Add(fd, want&^multiplexers.Exclusive)
}

func (b ignoresExclusive) Modify(fd int, want multiplexers.Interest) error {
	return b.mux.Modify(fd, want&^multiplexers.Exclusive)
}

// deafIfExclusive wants nothing of what it watches exclusively.
type deafIfExclusive struct{ mux }

func (b deafIfExclusive) Add(fd int, want multiplexers.Interest) error {
	if want&multiplexers.Exclusive != 0 {
		want = multiplexers.Exclusive
	}
	return b.mux.Add(fd, want)
}

// deafToFirst wants nothing of what was added first, unless exclusively. It
// hears the bell that ends a case.
type deafToFirst struct {
	mux
	added bool
}

func (b *deafToFirst) Add(fd int, want multiplexers.Interest) error {
	if !b.added && want&multiplexers.Exclusive == 0 {
		want = 0
	}
	b.added = true
	return b.mux.Add(fd, want)
}

// removesRefused loses a descriptor that cannot be modified.
type removesRefused struct{ mux }

func (b removesRefused) Modify(fd int, want multiplexers.Interest) error {
	err := b.mux.Modify(fd, want)
	if errors.Is(err, unix.EINVAL) {
		return errors.Join(err, b.mux.Remove(fd))
	}
	return err
}
