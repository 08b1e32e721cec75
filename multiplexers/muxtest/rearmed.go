//go:build linux

package muxtest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// rearmed has a one-shot multiplexer report as a level-triggered one does: what
// a wait has reported is modified at once, to what is wanted of it, and so is
// looked at anew. Cases that are not about one-shot readiness itself then find
// the same as with any other mechanism.
//
// Where the mechanism allows it, the set may be changed in one thread while
// another waits. A change and what is remembered of it are one step, and so are
// looking up what is wanted and re-arming. A descriptor that was removed during
// a wait is therefore not re-armed, and one that was modified is re-armed to
// what is wanted by now.
type rearmed struct {
	multiplexers.Multiplexer
	mu     sync.Mutex
	wanted map[int]multiplexers.Interest
}

func rearm(mux multiplexers.Multiplexer) *rearmed {
	return &rearmed{Multiplexer: mux, wanted: make(map[int]multiplexers.Interest)}
}

func (m *rearmed) Add(fd int, want multiplexers.Interest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.Multiplexer.Add(fd, want)
	if err == nil {
		m.wanted[fd] = want
	}
	return err
}

func (m *rearmed) Modify(fd int, want multiplexers.Interest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.Multiplexer.Modify(fd, want)
	if err == nil {
		m.wanted[fd] = want
	}
	return err
}

func (m *rearmed) Remove(fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.Multiplexer.Remove(fd)
	if err == nil {
		delete(m.wanted, fd)
	}
	return err
}

// Wait re-arms what it reports. That a descriptor is closed without having been
// removed is no error: the kernel has dropped it from the set, and has nothing
// more to report. That it is open and not in the set is one.
func (m *rearmed) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := m.Multiplexer.Wait(events, timeout)
	if err != nil {
		return n, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range events[:n] {
		want, ok := m.wanted[e.FD]
		if !ok {
			continue // removed meanwhile
		}
		err := m.Multiplexer.Modify(e.FD, want)
		switch {
		case errors.Is(err, unix.EBADF):
			delete(m.wanted, e.FD)
		case err != nil:
			return 0, fmt.Errorf("re-arming: %w", err)
		}
	}
	return n, nil
}
