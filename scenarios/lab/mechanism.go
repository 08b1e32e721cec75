//go:build linux

package lab

import (
	"strings"

	"muxbench/multiplexers"
)

// multiplexer makes one, which is closed in the end.
func (s *stage) multiplexer(m multiplexers.Mechanism) multiplexers.Multiplexer {
	mux, err := m.New(multiplexers.Runtime)
	if err != nil {
		s.Skipf("needs %s: %v", m.Name, err)
	}
	s.Defer(func() {
		if err := mux.Close(); err != nil {
			s.Errorf("%s: close: %v", m.Name, err)
		}
	})
	return mux
}

// reported is what a wait reports without waiting: the conditions of each event, or
// "nothing", or an error.
func (s *stage) reported(mux multiplexers.Multiplexer) string {
	events := make([]multiplexers.Event, 16)
	n, err := mux.Wait(events, 0)
	if err != nil {
		return errorOf(err)
	}
	var all []string
	for _, e := range events[:n] {
		all = append(all, e.Ready.String())
	}
	if n == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
