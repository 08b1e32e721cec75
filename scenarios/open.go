//go:build linux

package scenarios

import (
	"context"
	"fmt"
	"math"
	"time"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	// capacityTurns is how often an arm's capacity is measured, of which the
	// median counts.
	capacityTurns = 5
	// A piece of that is long enough for its ends not to matter.
	capacityRounds   = 5
	capacityDuration = 50 * time.Millisecond
)

// capacityPiece is how long a piece lasts that shows what an arm can do, if a
// message on every active connection takes so long.
func capacityPiece(round time.Duration) time.Duration {
	return max(capacityDuration, capacityRounds*round)
}

// offer runs the window of an open loop: a single slice of each arm, as long as
// the window, because latency under load is that of a steady state.
func (b *block) offer(ctx context.Context, arms []*armRun) {
	b.prepare(ctx, arms)
	if b.cell.Rate == 0 {
		b.takeTurns(ctx, arms, capacityTurns, (*armRun).atCapacity)
		for _, a := range arms {
			if len(a.capacities) > 0 {
				a.trial.Values[results.Capacity] = stats.Median(a.capacities)
			}
		}
	}
	if b.cell.SLO != "" {
		for _, a := range arms {
			a.search = newSearch(a.trial.Values[results.Capacity], time.Duration(b.cell.DurationNS))
		}
		b.takeTurns(ctx, arms, mostProbes, (*armRun).probe)
	}
	b.takeTurns(ctx, arms, 1, (*armRun).atRate)
}

// atCapacity measures what the arm does in a closed loop.
func (a *armRun) atCapacity(ctx context.Context, _, _ int) error {
	did, err := a.piece(ctx, Command{Do: DoExchange, Duration: capacityPiece(a.pilot.perRound())})
	if err != nil {
		return err
	}
	a.capacities = append(a.capacities, float64(a.block.cell.Active)/did.perRound().Seconds())
	_, err = a.askServer(ctx, DoPark)
	return err
}

// atRate measures the arm's slice, unless no rate has kept to the service level.
func (a *armRun) atRate(ctx context.Context, turn, place int) error {
	rate := a.rate()
	if rate == 0 {
		return nil
	}
	s, err := a.slice(ctx, a.pace(rate, true))
	if err == nil {
		a.keep(s, turn, place)
	}
	return err
}

// rate is what is offered to the arm, in msgs/s; 0 if there is none.
func (a *armRun) rate() float64 {
	c := a.block.cell
	switch {
	case c.SLO != "":
		return a.search.kept
	case c.Load > 0:
		return c.Load * a.trial.Values[results.Capacity]
	}
	return c.Rate
}

// pace is a stretch of the cell's open loop. Its times are the same for every arm
// of a block that is offered the same rate, and others in every block.
func (a *armRun) pace(rate float64, record bool) Command {
	c := a.block.cell
	return Command{
		Do: DoPace, Rate: rate, Schedule: c.Schedule, Duration: a.longEnough(rate),
		Seed: a.seed + uint64(a.block.number), Record: record,
	}
}

// scheduled says whether a stretch had as many messages as its schedule.
func (l LoadState) scheduled(c Command) error {
	want := int64(math.Round(l.Offered * c.Duration.Seconds()))
	if got := l.Messages + l.Unsent; got != want {
		return fmt.Errorf("load generator: %d of %d scheduled messages", got, want)
	}
	return nil
}

// paced takes what an open loop has beyond other slices.
func (a *armRun) paced(s *results.Slice, load LoadState) {
	s.Offered = load.Offered
	for _, p := range []struct {
		metric results.Metric
		into   *int64
	}{{results.LatencyP50, &s.LatencyP50NS}, {results.LatencyP99, &s.LatencyP99NS}} {
		if load.carries(p.metric) {
			*p.into = int64(load.Latency[p.metric])
		}
	}
	v := a.trial.Values
	v[results.Offered] = load.Offered
	v[results.LatencyRise] = load.Rise
	v[results.Unsent] = float64(load.Unsent)
	if a.search != nil {
		v[results.SLORate] = load.Offered
	}
}

// carries says whether there are messages enough for a percentile of their
// latency, at least roughly.
func (l LoadState) carries(m results.Metric) bool {
	return results.Carried(l.Messages+l.Unsent, m.Percentile()) != results.CarriedNot
}
