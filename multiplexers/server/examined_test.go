//go:build linux

package server

import (
	"testing"
)

// TestExamined: a wait is charged with the set that it was made with, whatever
// its batch adds or removes, and a kernel that keeps the set examines nothing.
func TestExamined(t *testing.T) {
	const clients, listener, control = 5, 1, 1
	steps := []struct {
		name string
		do   func(*stepped)
		want int64 // descriptors in each wait
	}{
		{"all connections active", func(s *stepped) { s.exchange(clients) }, clients + listener + control},
		{"one connection active", func(s *stepped) { s.exchange(1) }, clients + listener + control},
		{"a connection ends", (*stepped).reset, clients + listener + control},
		{"without it", func(s *stepped) { s.exchange(1) }, clients - 1 + listener + control},
		{"accepting is paused", func(s *stepped) {
			s.loop.pauseAccepting()
			s.exchange(1)
			s.loop.resumeAccepting()
		}, clients - 1 + control},
		{"a connection begins", (*stepped).connect, clients - 1 + listener + control},
		{"with it", func(s *stepped) { s.exchange(clients) }, clients + listener + control},
	}
	for _, backend := range oneLoops() {
		t.Run(backend.Name, func(t *testing.T) {
			s := step(t, Config{Backend: backend}, clients)
			for _, step := range steps {
				before := s.loop.counters
				step.do(s)
				waits := s.loop.counters.Waits - before.Waits
				want := waits * step.want
				if backend.Mechanism.Capabilities.KernelSet {
					want = 0
				}
				if got := s.loop.counters.Examined - before.Examined; got != want || waits < 1 {
					t.Errorf("%s: %d examined in %d waits, want %d", step.name, got, waits, want)
				}
			}
		})
	}
}
