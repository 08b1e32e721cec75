//go:build linux

package muxtest_test

import (
	"testing"
	"time"

	"muxbench/multiplexers"
)

// TestSuiteCatchesBrokenOneShots: what can be wrong about firing once and being
// re-armed fails the cases that are about it, which leave the multiplexer to
// itself, and where it amounts to losing events others as well, which re-arm.
func TestSuiteCatchesBrokenOneShots(t *testing.T) {
	wants := func() map[int]multiplexers.Interest { return make(map[int]multiplexers.Interest) }
	fired := func() map[int]bool { return make(map[int]bool) }
	catches(t, all, []defect{
		{"re-arms by itself", func(m mux) mux { return armsItself{remembering(m)} }, onOneShot, []string{"C-067", "C-083", "C-084", "C-095", "C-096", "C-098", "C-099", "M-010", "M-011", "M-012"}},
		{"Modify does not re-arm", func(m mux) mux { return &staysSilent{m, fired()} }, onOneShot, []string{"C-084", "C-096", "C-098", "C-099", "M-009", "M-012", "C-075", "C-076", "C-079"}},
		{"Modify to the same does not re-arm", func(m mux) mux { return &doesNotRearm{m, wants()} }, onOneShot, []string{"C-096", "C-098", "C-075", "C-079"}},
		{"Add does not arm what fired before", func(m mux) mux { return &losesEdge{m, fired()} }, onOneShot, []string{"M-010"}},
		{"drops what it has reported", func(m mux) mux { return dropsReported{m} }, onOneShot, []string{"C-084", "C-096", "C-098", "C-099", "M-009", "M-010", "C-075", "C-079"}},
		{"reports a hang-up all the same", func(m mux) mux { return hangsUpAtOnce{m} }, onOneShot, []string{"C-099"}},
		{"Modify to nothing leaves it armed for the rest", func(m mux) mux { return wantsOn{remembering(m)} }, onOneShot, []string{"M-009", "C-014"}},
		{"loses what is re-armed and does not fit", func(m mux) mux { return losesWhatDoesNotFit{m} }, onOneShot, []string{"C-065", "M-004", "M-005", "M-006"}},
	})
}

// armsItself reports as a level-triggered one does.
type armsItself struct{ remembers }

func (b armsItself) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for _, e := range events[:n] {
		if err := b.mux.Modify(e.FD, b.wanted[e.FD]); err != nil {
			return 0, err
		}
	}
	return n, err
}

// staysSilent modifies only what has not fired.
type staysSilent struct {
	mux
	fired map[int]bool
}

func (b *staysSilent) Add(fd int, want multiplexers.Interest) error {
	delete(b.fired, fd)
	return b.mux.Add(fd, want)
}

func (b *staysSilent) Modify(fd int, want multiplexers.Interest) error {
	if b.fired[fd] {
		return nil
	}
	return b.mux.Modify(fd, want)
}

func (b *staysSilent) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for _, e := range events[:n] {
		b.fired[e.FD] = true
	}
	return n, err
}

// dropsReported takes a descriptor out of the set when it has fired.
type dropsReported struct{ mux }

func (b dropsReported) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for _, e := range events[:n] {
		if err := b.mux.Remove(e.FD); err != nil {
			return 0, err
		}
	}
	return n, err
}

// hangsUpAtOnce takes being out of action for wanting nothing: what is reported
// unasked is reported still.
type hangsUpAtOnce struct{ mux }

func (b hangsUpAtOnce) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for _, e := range events[:n] {
		if err := b.mux.Modify(e.FD, 0); err != nil {
			return 0, err
		}
	}
	return n, err
}

// wantsOn takes a Modify to nothing for one to what was wanted before.
type wantsOn struct{ remembers }

func (b wantsOn) Modify(fd int, want multiplexers.Interest) error {
	if want != 0 {
		b.wanted[fd] = want
	}
	return b.mux.Modify(fd, b.wanted[fd])
}
