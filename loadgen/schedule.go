//go:build linux

package loadgen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"muxbench/results"
)

// MaxScheduled is the most messages that one Pace may have. A generator keeps
// 24 bytes of each: 480 MB.
const MaxScheduled = 20_000_000

// scheduled is how many messages the stretch has, or says why it cannot be.
func (p Pace) scheduled() (int, error) {
	switch p.Schedule {
	case results.Poisson, results.Fixed:
	default:
		return 0, fmt.Errorf("schedule %q is unknown: use %s or %s", p.Schedule, results.Poisson, results.Fixed)
	}
	if !(p.Rate > 0) || math.IsInf(p.Rate, 0) {
		return 0, fmt.Errorf("rate is %g msgs/s: give a finite one above 0", p.Rate)
	}
	switch n := math.Round(p.Rate * p.Duration.Seconds()); {
	case n < 1:
		return 0, fmt.Errorf("%g msgs/s for %v are no message: give a higher rate or a longer duration", p.Rate, p.Duration)
	case n > MaxScheduled:
		return 0, fmt.Errorf("%g msgs/s for %v are %.0f messages, where %d are allowed: give a lower rate or a shorter duration", p.Rate, p.Duration, n, MaxScheduled)
	default:
		return int(n), nil
	}
}

// fill sets the times at which the messages are to begin, from the beginning of
// the stretch, never falling. There are as many as p.scheduled says.
func (p Pace) fill(due []time.Duration) {
	if p.Schedule == results.Fixed {
		for i := range due {
			due[i] = time.Duration(float64(i) * float64(time.Second) / p.Rate)
		}
		return
	}
	// Of a Poisson process of which n events fall within a duration, the times
	// are n sorted uniform ones. The sums of n+1 exponential gaps, divided by the
	// last, are distributed as these and need no sorting (Devroye, Non-Uniform
	// Random Variate Generation, 1986, V.2.1). The gaps are drawn twice, so that
	// they need no memory either.
	var total float64
	gaps := p.gaps()
	for range len(due) + 1 {
		total += gaps.ExpFloat64()
	}
	var sum float64
	gaps = p.gaps()
	for i := range due {
		sum += gaps.ExpFloat64()
		due[i] = time.Duration(sum / total * float64(p.Duration))
	}
}

// gaps gives the same numbers each time.
func (p Pace) gaps() *rand.Rand { return rand.New(rand.NewPCG(p.Seed, 0)) }
