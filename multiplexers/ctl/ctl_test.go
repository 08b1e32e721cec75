//go:build linux

package ctl_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
)

func each(t *testing.T, test func(*testing.T, multiplexers.Mechanism)) {
	t.Helper()
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			if err := m.Probe(); err != nil {
				t.Skipf("unavailable on this host: %v", err)
			}
			test(t, m)
		})
	}
}

func newSet(t *testing.T, m multiplexers.Mechanism, watched int) *ctl.Set {
	t.Helper()
	s, err := ctl.New(ctl.Config{Mechanism: m, Entry: multiplexers.Runtime, Watched: watched})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// An iteration does what it says, in a time of its own, and leaves the set as it
// was: the next one does the same.
func TestIterate(t *testing.T) {
	each(t, func(t *testing.T, m multiplexers.Mechanism) {
		for _, watched := range []int{1, 2, 301} {
			iterate(t, m, watched, func(did ctl.Iteration) {
				want := ctl.Counters{Waits: did.EmptyWaits, EmptyWaits: did.EmptyWaits, Adds: ctl.Changes, Modifies: ctl.Changes, Removes: ctl.Changes}
				if !m.Capabilities.KernelSet {
					want.Examined = did.EmptyWaits * int64(watched)
				}
				if did.Counters != want || did.Changes != ctl.Changes || did.EmptyWaits < 1 {
					t.Errorf("%d watched: %+v, want counters %+v", watched, did, want)
				}
				for what, d := range map[string]time.Duration{"adding": did.Add, "changing": did.Modify, "removing": did.Remove, "waiting": did.EmptyWait, "CPU": did.CPU} {
					if d <= 0 {
						t.Errorf("%d watched: %s took %s", watched, what, d)
					}
				}
				if did.Elapsed() != did.Add+did.Modify+did.Remove {
					t.Errorf("%s of %+v", did.Elapsed(), did)
				}
			})
		}
	})
}

// iterate runs a few iterations, and a test on each.
func iterate(t *testing.T, m multiplexers.Mechanism, watched int, test func(ctl.Iteration)) {
	t.Helper()
	t.Run(fmt.Sprint(watched), func(t *testing.T) {
		s := newSet(t, m, watched)
		for range 5 {
			did, err := s.Iterate()
			if err != nil {
				t.Fatal(err)
			}
			test(did)
		}
	})
}

func TestIterateDoesNotAllocate(t *testing.T) {
	each(t, func(t *testing.T, m multiplexers.Mechanism) {
		s := newSet(t, m, 10)
		if n := testing.AllocsPerRun(10, func() {
			if _, err := s.Iterate(); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%g allocations in an iteration", n)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	each(t, func(t *testing.T, m multiplexers.Mechanism) {
		for _, watched := range []int{0, -1} {
			if _, err := ctl.New(ctl.Config{Mechanism: m, Watched: watched}); err == nil || !strings.Contains(err.Error(), "want 1 or more") {
				t.Errorf("%d watched: error %v", watched, err)
			}
		}
		most := m.Capabilities.MaxFD
		if most == 0 {
			return
		}
		before := open(t)
		if _, err := ctl.New(ctl.Config{Mechanism: m, Watched: most + 1}); !errors.Is(err, multiplexers.ErrFDLimit) {
			t.Errorf("%d watched: error %v, want %v", most+1, err, multiplexers.ErrFDLimit)
		}
		if after := open(t); after != before {
			t.Errorf("%d descriptors are left of %d", after, before)
		}
	})
}

func TestCloseGivesBackDescriptors(t *testing.T) {
	each(t, func(t *testing.T, m multiplexers.Mechanism) {
		before := open(t)
		s, err := ctl.New(ctl.Config{Mechanism: m, Entry: multiplexers.Runtime, Watched: 99})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Iterate(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if after := open(t); after != before {
			t.Errorf("%d descriptors, %d before", after, before)
		}
	})
}

// open counts this process's descriptors.
func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

var errBroken = errors.New("it broke")

// broken fails in one of its methods once that has been called so often.
type broken struct {
	multiplexers.Multiplexer
	method string
	after  int
}

func (b *broken) breaks(method string) bool {
	if b.method == method {
		b.after--
		return b.after < 0
	}
	return false
}

func (b *broken) Add(fd int, want multiplexers.Interest) error {
	if b.breaks("Add") {
		return errBroken
	}
	return b.Multiplexer.Add(fd, want)
}

func (b *broken) Modify(fd int, want multiplexers.Interest) error {
	if b.breaks("Modify") {
		return errBroken
	}
	return b.Multiplexer.Modify(fd, want)
}

func (b *broken) Remove(fd int) error {
	if b.breaks("Remove") {
		return errBroken
	}
	return b.Multiplexer.Remove(fd)
}

func (b *broken) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	if b.breaks("Wait") {
		return 0, errBroken
	}
	if b.breaks("finds") {
		return 1, nil
	}
	return b.Multiplexer.Wait(events, timeout)
}

// Whatever fails is told, with what was being done, and nothing is kept open.
func TestFailures(t *testing.T) {
	const watched = 7
	tests := []struct {
		method string
		after  int
		want   string
	}{
		{"Add", watched + 1, "adding"},
		{"Modify", 2, "changing"},
		{"Remove", ctl.Changes - 1, "removing"},
		{"Wait", 1, "waiting"},
		{"finds", 0, "nobody has written"},
	}
	each(t, func(t *testing.T, m multiplexers.Mechanism) {
		for _, test := range tests {
			sound := m.New
			failing := m
			failing.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
				mux, err := sound(e)
				return &broken{mux, test.method, test.after}, err
			}
			t.Run(test.method, func(t *testing.T) {
				_, err := newSet(t, failing, watched).Iterate()
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "7 watched") {
					t.Errorf("error %v, want one with %q", err, test.want)
				}
			})
		}
		failing := m
		failing.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
			mux, err := m.New(e)
			return &broken{mux, "Add", 3}, err
		}
		before := open(t)
		if _, err := ctl.New(ctl.Config{Mechanism: failing, Watched: watched}); !errors.Is(err, errBroken) {
			t.Errorf("error %v, want %v", err, errBroken)
		}
		if after := open(t); after != before {
			t.Errorf("%d descriptors are left of %d", after, before)
		}
	})
}
