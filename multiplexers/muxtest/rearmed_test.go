//go:build linux

package muxtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// scripted is a multiplexer that reports descriptor 7 in each wait, after
// something has happened to it in another thread, and keeps what it is modified to.
type scripted struct {
	happens  func()
	refuses  error // of Modify
	modified []multiplexers.Interest
}

func (s *scripted) Add(int, multiplexers.Interest) error { return nil }

func (s *scripted) Modify(_ int, want multiplexers.Interest) error {
	if s.refuses != nil {
		return s.refuses
	}
	s.modified = append(s.modified, want)
	return nil
}

func (s *scripted) Remove(int) error { return nil }

func (s *scripted) Wait(events []multiplexers.Event, _ time.Duration) (int, error) {
	s.happens()
	return copy(events, []multiplexers.Event{ready(7, readable)}), nil
}

func (s *scripted) Close() error { return nil }

// TestRearmedDuringAWait: what is re-armed is what is watched by then, and as it
// is wanted by then.
func TestRearmedDuringAWait(t *testing.T) {
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	tests := []struct {
		name    string
		happens func(s *scripted, m *rearmed)
		want    []multiplexers.Interest // of two waits
		err     error
	}{
		{"nothing", func(*scripted, *rearmed) {}, []multiplexers.Interest{readable, readable}, nil},
		{"modified", func(s *scripted, m *rearmed) {
			must(m.Modify(7, writable))
			s.modified = nil
		}, []multiplexers.Interest{writable}, nil},
		{"removed", func(_ *scripted, m *rearmed) { must(m.Remove(7)) }, nil, nil},
		{"removed and added", func(_ *scripted, m *rearmed) {
			must(m.Remove(7))
			must(m.Add(7, hangUp))
		}, []multiplexers.Interest{hangUp, hangUp}, nil},
		{"closed", func(s *scripted, _ *rearmed) { s.refuses = unix.EBADF }, nil, nil},
		{"closed, and open again as another file", func(s *scripted, _ *rearmed) { s.refuses = unix.ENOENT }, nil, unix.ENOENT},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &scripted{}
			m := rearm(s)
			s.happens = func() { test.happens(s, m) }
			must(m.Add(7, readable))
			for range 2 {
				n, err := m.Wait(make([]multiplexers.Event, 4), 0)
				if !errors.Is(err, test.err) || err == nil && n != 1 {
					t.Errorf("%d events, %v, want one, and %v", n, err, test.err)
				}
			}
			if !slices.Equal(s.modified, test.want) {
				t.Errorf("re-armed to %v, want %v", s.modified, test.want)
			}
		})
	}
}
