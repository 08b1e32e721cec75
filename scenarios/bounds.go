//go:build linux

package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers/server"
)

// Bounds of what can be asked for: beyond them a number is a slip, or would
// overflow a counter.
const (
	maxConnections = 10_000_000
	maxRounds      = 100_000_000
	maxSize        = 16 << 20
	maxBlocks      = 10_000
	maxCells       = 1000
	maxDuration    = time.Hour
	maxEstimate    = 7 * 24 * time.Hour
	minDuration    = 10 * time.Millisecond
	minBuffer      = 1 << 10
	minPrecision   = 0.001
	maxPrecision   = 0.5
	minBudget      = time.Second
)

// check refuses numbers outside of their bounds.
func (r Request) check() error {
	s := r.Sweep
	for _, list := range []struct {
		flag     string
		values   []int
		low, top int
	}{
		{"--connections", s.Connections, 1, maxConnections},
		{"--rounds", s.Rounds, 1, maxRounds},
		{"--size", s.Sizes, 1, maxSize},
	} {
		for _, v := range list.values {
			if v < list.low || v > list.top {
				return &Invalid{Flag: list.flag, Value: fmt.Sprint(v), Allowed: fmt.Sprintf("%d to %d is allowed", list.low, list.top)}
			}
		}
	}
	cells := 1.0
	for _, n := range []int{len(s.Connections), len(s.Active), len(s.Rounds), len(s.Sizes), len(s.SocketBuffers), len(s.Rates) + len(s.SLOs)} {
		cells *= float64(max(1, n))
	}
	if cells > maxCells {
		return &Invalid{Flag: "SCENARIO", Value: strings.Join(r.Scenarios, " "), Allowed: fmt.Sprintf("the lists combine to %.0f cells, and at most %d are allowed", cells, maxCells)}
	}
	for _, b := range s.SocketBuffers {
		if b != 0 && (b < minBuffer || b > maxSize) {
			return &Invalid{Flag: "--socket-buffers", Value: fmt.Sprint(b), Allowed: fmt.Sprintf("0 for the kernel's own, or %d to %d", minBuffer, maxSize)}
		}
	}
	switch {
	case r.Blocks < 0 || r.Blocks > maxBlocks:
		return &Invalid{Flag: "--blocks", Value: fmt.Sprint(r.Blocks), Allowed: fmt.Sprintf("1 to %d is allowed", maxBlocks)}
	case s.Duration != 0 && (s.Duration < minDuration || s.Duration > maxDuration):
		return &Invalid{Flag: "--duration", Value: s.Duration.String(), Allowed: fmt.Sprintf("%s to %s is allowed", minDuration, maxDuration)}
	case s.Duration != 0 && len(s.Rounds) > 0:
		return &Invalid{Flag: "--duration", Value: s.Duration.String(), Allowed: "give rounds or a duration, not both"}
	}
	switch {
	case r.Precision != 0 && !(r.Precision >= minPrecision && r.Precision <= maxPrecision):
		return &Invalid{Flag: "--precision", Value: fmt.Sprintf("%g%%", 100*r.Precision), Allowed: fmt.Sprintf("%g%% to %g%% is allowed", 100*minPrecision, 100*maxPrecision)}
	case r.Precision != 0 && r.Blocks != 0 && r.Blocks < leastForPrecision:
		return &Invalid{Flag: "--blocks", Value: fmt.Sprint(r.Blocks), Allowed: fmt.Sprintf("with --precision %d or more", leastForPrecision)}
	case r.Budget != 0 && (r.Budget < minBudget || r.Budget > maxEstimate):
		return &Invalid{Flag: "--budget", Value: r.Budget.String(), Allowed: fmt.Sprintf("%s to %s is allowed", minBudget, maxEstimate)}
	case r.Slice != 0 && (r.Slice < minDuration/10 || r.Slice > maxDuration):
		return &Invalid{Flag: "--slice", Value: r.Slice.String(), Allowed: fmt.Sprintf("%s to %s is allowed", minDuration/10, maxDuration)}
	}
	for _, spin := range r.Spins {
		if spin < 0 || spin > server.MaxSpin {
			return &Invalid{Flag: "--spin", Value: spin.String(), Allowed: fmt.Sprintf("0s to %s is allowed", server.MaxSpin)}
		}
	}
	silent := func(kind string) bool { return lacks(kind, "--size") != "" }
	if len(r.Spins) > 0 && (r.Preset != "" || slices.ContainsFunc(r.kinds(), silent)) {
		return &Invalid{Flag: "--spin", Allowed: fmt.Sprintf("servers spin for messages, which presets and the scenarios %s, %s, %s and %s do not send, or not alone", Connect, Accept, Chain, Ctl)}
	}
	if err := s.checkOffers(); err != nil {
		return err
	}
	if r.Preset != "" {
		return nil // it says itself what it refuses
	}
	r.Scenarios = r.names()
	if err := r.fitsOffers(); err != nil {
		return err
	}
	return r.fits()
}

// lacks says why cells of a kind have no use for a flag of the sweep; empty if they
// have.
func lacks(kind, flag string) string {
	among := func(flags ...string) bool { return slices.Contains(flags, flag) }
	switch {
	case kind == Connect && !among("--socket-buffers"), kind == Accept && !among("--socket-buffers", "--active"):
		return "exchanges no messages"
	case kind == Chain && !among("--active", "--rounds"):
		return fmt.Sprintf("exchanges single bytes over pairs of sockets, %d iterations of it", iterations)
	case kind == Ctl:
		return "changes a set, and exchanges nothing"
	case kind == Churn && among("--active"):
		return "has a message on each of its connections"
	case kind == Fanout && among("--active"):
		return "has everybody in the room spoken to"
	}
	return ""
}

// fits refuses flags that none of the scenarios has a use for.
func (r Request) fits() error {
	s := r.Sweep
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"--active", len(s.Active) > 0},
		{"--rounds", len(s.Rounds) > 0},
		{"--size", len(s.Sizes) > 0},
		{"--duration", s.Duration != 0},
		{"--socket-buffers", len(s.SocketBuffers) > 0},
	} {
		if !f.given {
			continue
		}
		why := ""
		for _, kind := range r.kinds() {
			lacking := lacks(kind, f.flag)
			if lacking == "" {
				why = ""
				break
			}
			why = "scenario " + kind + " " + lacking
		}
		if why != "" {
			return &Invalid{Flag: f.flag, Allowed: why}
		}
	}
	return nil
}

// kinds are those of the cells of the scenarios asked for, each once.
func (r Request) kinds() []string {
	var all []string
	for _, name := range r.names() {
		s, err := lookup(name)
		if err != nil {
			continue // said where the cells are made
		}
		for _, p := range s.parts {
			if !slices.Contains(all, p.kind) {
				all = append(all, p.kind)
			}
		}
	}
	return all
}
