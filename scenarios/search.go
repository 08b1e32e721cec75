//go:build linux

package scenarios

import (
	"context"
	"fmt"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

const (
	// mostProbes is more than a search can take: seven halvings down to leastShare of
	// the capacity, or some down to the first rate that is kept to and six between
	// that and its double, each rate tried twice at most.
	mostProbes = 30
	// beyondCapacity is where a search begins, as a multiple of the capacity.
	beyondCapacity = 1.25
	// closeEnough is the ratio of the lowest rate that did not keep to the service
	// level to the highest that did, at which a search ends. So does one that is
	// down to leastShare of the capacity.
	closeEnough, leastShare = 1.02, 1.0 / 128
	// longestProbe is how many times as long as asked for a rate is tried, so that
	// there are messages enough.
	longestProbe = 10
)

// search looks for the highest rate that keeps to a service level, by halving. A
// single stall of the machine breaks a 99th percentile: a rate that did not keep to
// the level is tried once more before it counts.
type search struct {
	kept, broken float64 // msgs/s: the highest rate that kept to it so far, and the lowest that did not
	least        float64
	again        bool // the last rate is tried once more
}

// newSearch is of a server with that capacity, for slices of that length.
func newSearch(capacity float64, slice time.Duration) *search {
	most := loadgen.MaxScheduled / slice.Seconds()
	return &search{broken: min(beyondCapacity*capacity, most), least: leastShare * capacity}
}

// next is the rate to try; 0 if the search is over.
func (s *search) next() float64 {
	if s.kept > 0 && s.broken/s.kept <= closeEnough || s.broken <= s.least {
		return 0
	}
	return (s.kept + s.broken) / 2
}

// tried takes in whether the next rate kept to the service level.
func (s *search) tried(kept bool) {
	rate := s.next()
	switch {
	case kept:
		s.kept, s.again = rate, false
	case !s.again:
		s.again = true
	default:
		s.broken, s.again = rate, false
	}
}

// probe tries a rate, unless the arm's search is over.
func (a *armRun) probe(ctx context.Context, _, _ int) error {
	rate := a.search.next()
	if rate == 0 {
		return nil
	}
	c := a.pace(rate, false)
	if _, err := a.askServer(ctx, DoSnapshot); err != nil {
		return err
	}
	load, err := a.askLoad(ctx, c)
	if err != nil {
		return err
	}
	if err := load.scheduled(c); err != nil {
		return err
	}
	p := a.judge(load)
	a.trial.Probes = append(a.trial.Probes, p)
	a.search.tried(p.Kept)
	_, err = a.askServer(ctx, DoPark)
	return err
}

// longEnough is how long messages have to begin at a rate until there are enough
// for the percentile of the cell's service level, at least roughly.
func (a *armRun) longEnough(rate float64) time.Duration {
	c := a.block.cell
	long := time.Duration(c.DurationNS)
	if c.SLO == "" {
		return long
	}
	needed := results.FewestSamples(c.SLO.Percentile()) / rate
	return max(long, min(time.Duration(needed*float64(time.Second)), longestProbe*long))
}

// judge says whether a stretch of an open loop kept to the service level.
func (a *armRun) judge(load LoadState) results.Probe {
	c := a.block.cell
	p := results.Probe{Offered: load.Offered, LatencyNS: int64(load.Latency[c.SLO])}
	achieved := float64(load.Messages) / load.Elapsed.Seconds()
	switch {
	case !load.carries(c.SLO):
		p.Why = fmt.Sprintf("%d messages are too few for that percentile: measure longer", load.Messages+load.Unsent)
	case results.Saturated(achieved, load.Offered, load.Rise):
		p.Why = string(results.CheckSaturated)
	default:
		p.Kept = p.LatencyNS <= c.SLONS
	}
	return p
}
