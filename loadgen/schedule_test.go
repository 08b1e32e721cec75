//go:build linux

package loadgen

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"muxbench/results"
)

// times are those of a stretch.
func times(tb rapid.TB, p Pace) []time.Duration {
	tb.Helper()
	n, err := p.scheduled()
	if err != nil {
		tb.Fatal(err)
	}
	due := make([]time.Duration, n)
	p.fill(due)
	return due
}

// TestScheduleProperties of any stretch: as many messages as rate and duration
// say, in order and within the duration, and the same again for the same seed.
func TestScheduleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pace{
			Rate:     rapid.Float64Range(1, 1e6).Draw(t, "rate"),
			Schedule: rapid.SampledFrom([]results.Schedule{results.Poisson, results.Fixed}).Draw(t, "schedule"),
			Seed:     rapid.Uint64().Draw(t, "seed"),
		}
		want := rapid.IntRange(1, 2000).Draw(t, "messages")
		p.Duration = time.Duration(float64(want) / p.Rate * float64(time.Second))
		due := times(t, p)
		if len(due) != want {
			t.Fatalf("%d messages, want %d", len(due), want)
		}
		if !slices.IsSorted(due) || due[0] < 0 || due[want-1] >= p.Duration {
			t.Fatalf("from %v to %v, in order: %v, want from 0 to before %v", due[0], due[want-1], slices.IsSorted(due), p.Duration)
		}
		if !slices.Equal(due, times(t, p)) {
			t.Fatal("the same stretch has other times")
		}
		if p.Schedule == results.Fixed {
			for i, at := range due {
				if d := at.Seconds() - float64(i)/p.Rate; math.Abs(d) > 1e-9*max(1, at.Seconds()) {
					t.Fatalf("message %d is %g s off", i, d)
				}
			}
		}
	})
}

func TestSeedsDiffer(t *testing.T) {
	p := Pace{Rate: 1000, Schedule: results.Poisson, Duration: time.Second, Seed: 1}
	one := times(t, p)
	p.Seed++
	if slices.Equal(one, times(t, p)) {
		t.Error("two seeds have the same times")
	}
}

// Gaps between the messages of a Poisson schedule are exponential, and the times
// themselves uniform, by the test of Kolmogorov and Smirnov at 0.1 %.
func TestPoissonGapsAreExponential(t *testing.T) {
	for seed := range uint64(10) {
		p := Pace{Rate: 20_000, Schedule: results.Poisson, Duration: time.Second, Seed: seed}
		due := times(t, p)
		gaps, uniform := make([]float64, len(due)), make([]float64, len(due))
		before := time.Duration(0)
		for i, at := range due {
			gaps[i] = 1 - math.Exp(-(at-before).Seconds()*p.Rate)
			uniform[i] = at.Seconds() / p.Duration.Seconds()
			before = at
		}
		if d, most := distance(gaps), 1.95/math.Sqrt(float64(len(due))); d > most {
			t.Errorf("seed %d: gaps are %.4f from exponential, want at most %.4f", seed, d, most)
		}
		if d, most := distance(uniform), 1.95/math.Sqrt(float64(len(due))); d > most {
			t.Errorf("seed %d: times are %.4f from uniform, want at most %.4f", seed, d, most)
		}
	}
}

// distance is the greatest one between the distribution of some numbers and the
// uniform one on 0 to 1.
func distance(of []float64) float64 {
	slices.Sort(of)
	var most float64
	for i, x := range of {
		n := float64(len(of))
		most = max(most, x-float64(i)/n, float64(i+1)/n-x)
	}
	return most
}

// What cannot be scheduled is refused, naming the value.
func TestScheduleRefusesNonsense(t *testing.T) {
	possible := Pace{Rate: 1000, Schedule: results.Fixed, Duration: time.Second}
	for _, test := range []struct {
		name   string
		change func(*Pace)
		says   string
	}{
		{"no schedule", func(p *Pace) { p.Schedule = "" }, `schedule "" is unknown: use poisson or fixed`},
		{"unknown schedule", func(p *Pace) { p.Schedule = "bursts" }, `schedule "bursts" is unknown`},
		{"no rate", func(p *Pace) { p.Rate = 0 }, "rate is 0 msgs/s: give a finite one above 0"},
		{"negative rate", func(p *Pace) { p.Rate = -1 }, "rate is -1"},
		{"infinite rate", func(p *Pace) { p.Rate = math.Inf(1) }, "rate is +Inf"},
		{"no number", func(p *Pace) { p.Rate = math.NaN() }, "rate is NaN"},
		{"no duration", func(p *Pace) { p.Duration = 0 }, "1000 msgs/s for 0s are no message"},
		{"negative duration", func(p *Pace) { p.Duration = -time.Second }, "1000 msgs/s for -1s are no message"},
		{"too short", func(p *Pace) { p.Duration = time.Microsecond }, "give a higher rate or a longer duration"},
		{"too many", func(p *Pace) { p.Rate = MaxScheduled + 1 }, "20000001 messages, where 20000000 are allowed: give a lower rate or a shorter duration"},
		{"far too many", func(p *Pace) { p.Rate = math.MaxFloat64 }, "where 20000000 are allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := possible
			test.change(&p)
			done, err := new(Generator).Pace(p) // it has no connection, and needs none
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%+v: %+v, error %v, want one that says %q", p, done, err, test.says)
			}
		})
	}
	possible.Rate = MaxScheduled
	if n, err := possible.scheduled(); n != MaxScheduled || err != nil {
		t.Errorf("%d messages, %v, want %d", n, err, MaxScheduled)
	}
}
