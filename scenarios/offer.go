//go:build linux

package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

// Rate is what an open loop offers over all active connections.
type Rate struct {
	PerSecond float64 // msgs/s, for every arm alike
	Share     float64 // used if not 0: of what each arm does in a closed loop
}

// SLO is a latency that is to be kept to.
type SLO struct {
	Latency results.Metric // a percentile
	Bound   time.Duration
}

// Bounds of an open loop.
const (
	minShare, maxShare = 0.001, 2.0
	minBound, maxBound = time.Microsecond, time.Minute
	// minOpen is how long a slice is at least: percentiles are of a steady state.
	minOpen = time.Second
	// minScheduled messages carry a median.
	minScheduled = 20
	// fastest is what one event loop does at most, in msgs/s, where nothing is
	// known of it.
	fastest = 500e3
)

// mostScheduled is how many messages a slice of an open loop has at most.
func mostScheduled(c results.Cell) float64 {
	rate := c.Rate
	switch {
	case c.Load > 0:
		rate = c.Load * fastest
	case c.SLO != "":
		rate = min(beyondCapacity*fastest, loadgen.MaxScheduled/time.Duration(c.DurationNS).Seconds())
	}
	return rate * time.Duration(c.DurationNS).Seconds()
}

// SLOs are the percentiles that a service level can be of.
func SLOs() []results.Metric {
	return []results.Metric{results.LatencyP50, results.LatencyP90, results.LatencyP99, results.LatencyP999}
}

// offered says that the sweep has open loops.
func (s Sweep) offered() bool { return len(s.Rates) > 0 || len(s.SLOs) > 0 }

// offers are the open loops of a sweep, as cells that say nothing else; a single
// empty one where it has none.
func (s Sweep) offers() []results.Cell {
	if !s.offered() {
		return []results.Cell{{}}
	}
	schedule := s.Schedule
	if schedule == "" {
		schedule = results.Poisson
	}
	var offers []results.Cell
	for _, r := range s.Rates {
		c := results.Cell{Schedule: schedule, Rate: r.PerSecond}
		if r.Share > 0 {
			c.Rate, c.Load = 0, r.Share
		}
		offers = append(offers, c)
	}
	for _, o := range s.SLOs {
		offers = append(offers, results.Cell{Schedule: schedule, SLO: o.Latency, SLONS: int64(o.Bound)})
	}
	return offers
}

// checkOffers refuses rates and service levels that cannot be, and flags that
// are out of place beside them.
func (s Sweep) checkOffers() error {
	if len(s.Rates) > 0 && len(s.SLOs) > 0 {
		return &Invalid{Flag: "--slo", Allowed: "it searches the rate: give a rate or a service level, not both"}
	}
	window := max(minOpen, s.Duration)
	for _, r := range s.Rates {
		if r.Share != 0 {
			if !(r.Share >= minShare && r.Share <= maxShare) {
				return &Invalid{Flag: "--rate", Value: fmt.Sprintf("%g%%", 100*r.Share), Allowed: fmt.Sprintf("%g%% to %g%% of what each backend does in a closed loop", 100*minShare, 100*maxShare)}
			}
			if most := r.Share * fastest * window.Seconds(); most > loadgen.MaxScheduled {
				return &Invalid{Flag: "--duration", Value: window.String(), Allowed: fmt.Sprintf("a backend may do %.0f msgs/s, of which %g%% over that time are %.0f messages, and a schedule holds %d: measure shorter", fastest, 100*r.Share, most, loadgen.MaxScheduled)}
			}
			continue
		}
		value := fmt.Sprintf("%g", r.PerSecond)
		switch messages := r.PerSecond * window.Seconds(); {
		case !(messages >= minScheduled):
			return &Invalid{Flag: "--rate", Value: value, Allowed: fmt.Sprintf("over %s at least %d messages are wanted, for a median: offer more, or measure longer with --duration", window, minScheduled)}
		case messages > loadgen.MaxScheduled:
			return &Invalid{Flag: "--rate", Value: value, Allowed: fmt.Sprintf("over %s that is %.0f messages, and a schedule holds %d: offer less, or measure shorter", window, messages, loadgen.MaxScheduled)}
		}
	}
	for _, o := range s.SLOs {
		if !slices.Contains(SLOs(), o.Latency) || o.Bound < minBound || o.Bound > maxBound {
			return &Invalid{Flag: "--slo", Value: o.Bound.String(), Allowed: fmt.Sprintf("a percentile and a latency of %s to %s, such as p99=1ms", minBound, maxBound)}
		}
	}
	known := []string{string(results.Poisson), string(results.Fixed)}
	if s.Schedule != "" && !slices.Contains(known, string(s.Schedule)) {
		return unknown("--schedule", string(s.Schedule), known)
	}
	return nil
}

// openLoops tells the scenarios whose connections carry messages at a given
// rate where one is asked for.
func openLoops() []string { return []string{Open, "echo", "bulk", "idle"} }

// whyClosed says why a scenario is none that a rate can be asked of.
func whyClosed(name string) string {
	switch name {
	case Connect, Accept, Chain:
		return "exchanges no messages that could be offered"
	}
	return "is a sweep of closed loops"
}

// fitsOffers refuses rates and service levels where a scenario has no use for
// them, and rounds where it is an open loop in any case.
func (r Request) fitsOffers() error {
	s := r.Sweep
	for _, name := range r.Scenarios {
		if slices.Contains(openLoops(), name) {
			continue
		}
		for _, f := range []struct {
			flag  string
			given bool
		}{{"--rate", len(s.Rates) > 0}, {"--slo", len(s.SLOs) > 0}, {"--schedule", s.Schedule != ""}} {
			if f.given {
				return &Invalid{Flag: f.flag, Allowed: fmt.Sprintf("scenario %s %s: it is for %s", name, whyClosed(name), strings.Join(openLoops(), ", "))}
			}
		}
	}
	open := s.offered() || slices.Contains(r.Scenarios, Open)
	switch {
	case s.Schedule != "" && !open:
		return &Invalid{Flag: "--schedule", Value: string(s.Schedule), Allowed: "it is of an open loop: give --rate or --slo too, or name scenario " + Open}
	case len(s.Rounds) > 0 && open:
		return &Invalid{Flag: "--rounds", Allowed: "a rate and a duration say how many messages an open loop has: give --duration"}
	case s.Duration != 0 && s.Duration < minOpen && open:
		return &Invalid{Flag: "--duration", Value: s.Duration.String(), Allowed: fmt.Sprintf("an open loop takes %s at least to be steady", minOpen)}
	}
	return nil
}
