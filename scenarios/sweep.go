//go:build linux

package scenarios

import (
	"fmt"
	"time"

	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Sweep lists the values of each dimension; a cell is made of each combination.
type Sweep struct {
	Connections   []int
	Active        []Amount
	Rounds        []int         // empty: by duration
	Duration      time.Duration // window per arm and block
	Sizes         []int         // bytes
	SocketBuffers []int         // bytes; 0: the kernel's own

	// Of open loops, whose slices are as long as the window. A sweep with neither
	// rates nor service levels has closed ones.
	Rates    []Rate
	SLOs     []SLO
	Schedule results.Schedule // Poisson if empty
}

// cells are the combinations of a part's sweep, with what the user asked for
// in place of its defaults.
func (p part) cells(asked Sweep) ([]results.Cell, error) {
	s := p.asked(asked)
	var cells []results.Cell
	for _, buffers := range s.SocketBuffers {
		for _, size := range s.Sizes {
			for _, offer := range s.offers() {
				for _, rounds := range s.Rounds {
					for _, amount := range s.Active {
						for _, connections := range s.Connections {
							active := amount.of(connections)
							if len(asked.Active) == 0 {
								active = min(active, connections)
							}
							if active < 1 || active > connections {
								return nil, &Invalid{Flag: "--active", Value: fmt.Sprint(active), Allowed: fmt.Sprintf("1 to %d of %d connections can be active", connections, connections)}
							}
							if p.kind == Fanout && size > server.MostSaid {
								return nil, &Invalid{Flag: "--size", Value: fmt.Sprint(size), Allowed: fmt.Sprintf("up to %d bytes can be said in a chat room", server.MostSaid)}
							}
							c := offer
							c.Scenario, c.Connections, c.Active, c.Rounds = p.kind, connections, active, rounds
							c.DurationNS, c.Size, c.SocketBuffers = int64(s.Duration), size, buffers
							if s.Duration > 0 && asked.Duration == 0 && !c.Open() {
								c.DurationNS = int64(windowOf(c, s.Duration, p.turns))
							}
							cells = append(cells, c)
						}
					}
				}
			}
		}
	}
	return cells, nil
}

// asked is the part's sweep with what the user asked for in place of its
// defaults.
func (p part) asked(asked Sweep) Sweep {
	s := p.sweep
	or := func(asked, otherwise []int) []int {
		if len(asked) > 0 {
			return asked
		}
		return otherwise
	}
	s.Connections = or(asked.Connections, s.Connections)
	if len(asked.Active) > 0 && lacks(p.kind, "--active") == "" {
		s.Active = asked.Active
	}
	if asked.offered() {
		s.Rates, s.SLOs = asked.Rates, asked.SLOs
		s.Duration = max(minOpen, s.Duration)
	}
	s.Schedule = asked.Schedule
	switch open := s.offered(); {
	case lacks(p.kind, "--rounds") == "" && len(asked.Rounds) > 0 && !open:
		s.Rounds, s.Duration = asked.Rounds, 0
	case lacks(p.kind, "--duration") == "" && asked.Duration > 0:
		s.Rounds, s.Duration = nil, asked.Duration
		if open {
			s.Duration = max(minOpen, s.Duration)
		}
	}
	if lacks(p.kind, "--socket-buffers") == "" {
		s.SocketBuffers = or(asked.SocketBuffers, s.SocketBuffers)
	}
	if lacks(p.kind, "--size") == "" {
		s.Sizes = or(asked.Sizes, s.Sizes)
	}
	if len(s.Rounds) == 0 {
		s.Rounds = []int{0}
	}
	return s
}
