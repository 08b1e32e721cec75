//go:build linux

package scenarios

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers/server"
)

// compares is what a scenario compares unless the request has it otherwise. What is
// empty is as in other scenarios.
type compares struct {
	backends           []string
	reference          string
	loops, poolThreads []int
	lookups            []server.StateLookup
	interests          []Interest
	spins              []time.Duration
}

// Compares are the backends that the scenario compares unless others are named.
func (s Scenario) Compares() []string { return s.compares.names() }

// Compares are likewise those of the preset.
func (p Preset) Compares() []string { return p.compares.names() }

// choices are what is compared of servers, whichever those are.
func (c compares) choices() compares {
	c.backends, c.reference = nil, ""
	return c
}

func (c compares) names() []string {
	if len(c.backends) > 0 {
		return c.backends
	}
	return DefaultBackends()
}

// compared is the request with what its scenarios, or its preset, compare where it
// does not say: those of one run have the same arms, so that scenarios which compare
// different things are not put together unless the user says what.
func (r Request) compared() (Request, error) {
	c, err := r.compares()
	if err != nil {
		return r, err
	}
	if len(r.Backends) == 0 && len(c.backends) > 0 {
		r.Backends = c.backends
		if r.Reference == "" {
			r.Reference = c.reference
		}
	}
	return r.varied(c), nil
}

func (r Request) compares() (c compares, err error) {
	if r.Preset != "" {
		for _, p := range Presets() {
			if p.Name == r.Preset {
				return p.compares, nil
			}
		}
		return c, nil // who plans it says that there is none
	}
	for i, name := range r.names() {
		s, err := lookup(name)
		switch {
		case err != nil:
			return c, err
		case i > 0 && !reflect.DeepEqual(s.compares.choices(), c.choices()):
			return c, &Invalid{Flag: "SCENARIO", Value: strings.Join(r.Scenarios, " "), Allowed: "they compare different options of servers, and a run has the same ones everywhere: run them one by one"}
		case i > 0 && len(r.Backends) == 0 && !reflect.DeepEqual(s.compares, c):
			return c, &Invalid{Flag: "SCENARIO", Value: strings.Join(r.Scenarios, " "), Allowed: "they compare different servers, and a run compares the same ones everywhere: run them one by one, or say which with --backends"}
		}
		c = s.compares
	}
	return c, nil
}

// varied fills in the options of arms, as far as the backends compared have them.
func (r Request) varied(c compares) Request {
	var backends []server.Backend
	for _, b := range server.Backends() {
		if slices.Contains(r.Backends, b.Name) || slices.Contains(r.Backends, everyBackend) {
			backends = append(backends, b)
		}
	}
	any := func(has func(server.Backend) bool) bool { return slices.ContainsFunc(backends, has) }
	if len(r.Loops) == 0 && any(hasLoops) {
		r.Loops = c.loops
	}
	if len(r.PoolThreads) == 0 && any(hasPool) {
		r.PoolThreads = c.poolThreads
	}
	if len(r.Interests) == 0 && any(server.Backend.ChangesInterest) {
		r.Interests = c.interests
	}
	if len(r.Lookups) == 0 {
		for _, by := range c.lookups {
			if any(func(b server.Backend) bool { return slices.Contains(b.Lookups(), by) }) {
				r.Lookups = append(r.Lookups, by)
			}
		}
	}
	if len(r.Spins) == 0 {
		r.Spins = c.spins
	}
	return r
}
