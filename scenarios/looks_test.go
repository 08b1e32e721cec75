//go:build linux

package scenarios_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"muxbench/results/gate"
)

// The noisier the blocks of the pilot are, the later the gate looks; and where the time
// does not carry that, the threshold becomes what it does carry, as the looks say.
func TestLooksSuitTheNoise(t *testing.T) {
	tests := []struct {
		name      string
		deviation float64
		budget    time.Duration // of blocks that take a second
		widened   bool
	}{
		{"quiet", 0.001, time.Hour, false},
		{"noisy, with time", 0.05, time.Hour, false},
		{"noisy, without", 0.05, 90 * time.Second, true},
		{"noisy, with no more time than the pilot takes", 0.05, 10 * time.Second, true},
		{"mere noise", 0.5, 20 * time.Minute, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := checked{fake: noisy(test.deviation), block: time.Second}
			r := small("poll")
			r.Budget = test.budget
			// As soon as it is told: what is looked at is no matter here.
			c.refuse = errFake
			if _, err := c.check(t, t.Context(), r, builds(1)); !errors.Is(err, errFake) || len(c.looks) != 1 {
				t.Fatalf("%v, looks %+v", err, c.looks)
			}
			l := c.looks[0]
			if ratio := l.Deviation / test.deviation; ratio < 0.5 || ratio > 2 {
				t.Errorf("a deviation of %g, where %g was put in", l.Deviation, test.deviation)
			}
			asked := math.Log1p(threshold)
			most := int(test.budget / c.block / gate.Looks)
			switch wanted := max(9, gate.Blocks(l.Deviation, asked)); {
			case !test.widened:
				if l.Blocks != wanted || l.Threshold != threshold || l.Blocks > most {
					t.Errorf("looks after %d blocks at %g, want %d, of at most %d, at %g", l.Blocks, l.Threshold, wanted, most, threshold)
				}
			case l.Blocks != max(9, most) || l.Blocks >= wanted:
				t.Errorf("looks after %d blocks, want %d, which are fewer than %d", l.Blocks, max(9, most), wanted)
			case math.Abs(l.Threshold-min(gate.Widest*threshold, math.Expm1(gate.Carried(l.Deviation, l.Blocks)))) > 1e-9 || l.Threshold <= threshold:
				t.Errorf("a threshold of %g, where %d blocks carry %g", l.Threshold, l.Blocks, math.Expm1(gate.Carried(l.Deviation, l.Blocks)))
			}
		})
	}
}

// Between cells that want more blocks than the pilot had, the time left is divided.
func TestNoisyCellsShareTheTime(t *testing.T) {
	c := checked{fake: noisy(0.05), block: time.Second, refuse: errFake}
	r := small("poll", "epoll-lt")
	r.Budget = 204 * time.Second // 24 of which the pilots take: 90 blocks are left for each
	if _, err := c.check(t, t.Context(), r, builds(1)); !errors.Is(err, errFake) || len(c.looks) != 2 {
		t.Fatalf("%v, looks %+v", err, c.looks)
	}
	for _, l := range c.looks {
		if want := (12 + 90) / gate.Looks; l.Blocks != want {
			t.Errorf("%s is looked at after %d blocks, want %d", l.Subject, l.Blocks, want)
		}
	}
}

// No look is planned that a result file has no room for.
func TestLooksFitTheFile(t *testing.T) {
	c := checked{fake: noisy(0.5), block: time.Second, refuse: errFake}
	r := small("poll")
	r.Sweep.Rounds, r.Sweep.Duration = nil, 10*time.Second // a thousand slices
	r.Budget = 24 * time.Hour
	if _, err := c.check(t, t.Context(), r, builds(1)); !errors.Is(err, errFake) || len(c.looks) != 1 {
		t.Fatalf("%v, looks %+v", err, c.looks)
	}
	const mostBytes, perTrial = 256 << 20, 1000 * 256
	if l := c.looks[0]; gate.Looks*l.Blocks*3*perTrial > mostBytes || l.Blocks < 20 {
		t.Errorf("looks after %d blocks: three take %d MB, where %d are allowed", l.Blocks, gate.Looks*l.Blocks*3*perTrial>>20, mostBytes>>20)
	}
}

// By a clock that stands still, any number of blocks is in time.
func TestLooksByAClockThatStandsStill(t *testing.T) {
	c := checked{fake: noisy(0.05), refuse: errFake}
	if _, err := c.check(t, t.Context(), small("poll"), builds(1)); !errors.Is(err, errFake) || len(c.looks) != 1 || c.looks[0].Threshold != threshold {
		t.Errorf("%v, looks %+v", err, c.looks)
	}
}

// A check ends with its budget, and says what it lacked.
func TestTheBudgetEndsACheck(t *testing.T) {
	tests := []struct {
		name   string
		budget time.Duration
		blocks int
		why    string
	}{
		{"within the pilot", 8 * time.Second, 4, "it ended after 4 blocks, before it could be looked at"},
		{"with the pilot", 18 * time.Second, 9, "it ended after 9 blocks and 1 look, and 18 are what the next takes"},
		{"after the first look", 30 * time.Second, 15, "it ended after 15 blocks and 1 look, and 18 are what the next takes"},
		{"to the second", 36 * time.Second, 18, "it ended after 18 blocks and 2 looks, and 27 are what the next takes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// Neither so slow that it fails nor so fast that it passes.
			f := ratios(func(block int) float64 { return math.Exp(0.015 + []float64{-0.025, 0.025}[block%2]) })
			c := checked{fake: f, block: 2 * time.Second}
			r := small("poll")
			r.Budget = test.budget
			j, err := c.check(t, t.Context(), r, builds(1))
			if err != nil {
				t.Fatal(err)
			}
			if cell := j.Cells[0]; cell.Verdict != gate.Inconclusive || cell.Blocks != test.blocks || cell.Why != test.why {
				t.Errorf("%s after %d blocks: %s\nwant it after %d: %s", cell.Verdict, cell.Blocks, cell.Why, test.blocks, test.why)
			}
		})
	}
}
