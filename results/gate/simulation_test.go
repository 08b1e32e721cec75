package gate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"muxbench/results"
	"muxbench/results/gate"
)

// simulated is a check of cells on a machine whose blocks differ.
type simulated struct {
	cells     int
	deviation float64 // standard one of the logarithm of a block's ratio
	threshold float64
	slowdown  float64 // of the head, in the first cell
	noise     func(*rand.Rand) float64
}

// check is one of them, as a Checker goes about it: a pilot that shows after how many
// blocks to look, and then as many blocks as each look takes.
func (s simulated) check(random *rand.Rand) gate.Judgement {
	var looks []results.Looks
	var trials []results.Trial
	numbers, every, undecided := make([]int, s.cells), make([]int, s.cells), make([]bool, s.cells)
	measure := func(i, n int) (head, control []float64) {
		for ; numbers[i] < n; numbers[i]++ {
			// Two servers' noise makes that of their ratio.
			one := func() float64 { return s.deviation / math.Sqrt2 * s.noise(random) }
			base, again, other := one(), one(), one()
			if i == 0 {
				other += math.Log1p(s.slowdown)
			}
			trials = append(trials, block(cellOf(i), numbers[i], costs{5000 * math.Exp(base), 5000 * math.Exp(again), 5000 * math.Exp(other)})...)
			head, control = append(head, other-base), append(control, again-base)
		}
		return head, control
	}
	for i := range s.cells {
		head, control := measure(i, gate.Pilot(s.cells))
		deviation := gate.Deviation(head, control)
		every[i], undecided[i] = max(gate.Pilot(s.cells), gate.Blocks(deviation, math.Log1p(s.threshold))), true
		looks = append(looks, results.Looks{Cell: cellOf(i), Blocks: every[i], Deviation: deviation, Threshold: s.threshold})
	}
	var j gate.Judgement
	for look := 1; look <= gate.Looks; look++ {
		for i := range s.cells {
			if undecided[i] {
				measure(i, look*every[i])
			}
		}
		j = gate.Judge(results.Gate{Threshold: s.threshold}, looks, trials)
		for i, c := range j.Cells {
			undecided[i] = !c.Decided()
		}
		if !slices.Contains(undecided, true) {
			break
		}
	}
	return j
}

// tally is what many checks came to.
type tally struct {
	checks   int
	verdicts map[gate.Verdict]int
	blocks   int // of the first cell
}

func (s simulated) checks(n int, seed uint64) tally {
	random := rand.New(rand.NewPCG(seed, uint64(s.cells)))
	t := tally{checks: n, verdicts: map[gate.Verdict]int{}}
	for range n {
		j := s.check(random)
		t.verdicts[j.Verdict]++
		t.blocks += j.Cells[0].Blocks
	}
	return t
}

// share is that of some verdicts.
func (t tally) share(of ...gate.Verdict) float64 {
	n := 0
	for _, v := range of {
		n += t.verdicts[v]
	}
	return float64(n) / float64(t.checks)
}

// within says whether a share may be what a probability of at most p shows in so many
// checks.
func (t tally) within(share, p float64) bool {
	return share <= p+3*math.Sqrt(p*(1-p)/float64(t.checks))
}

func (t tally) String() string {
	text := fmt.Sprintf("%5.1f blocks", float64(t.blocks)/float64(t.checks))
	for _, v := range []gate.Verdict{gate.Pass, gate.Improved, gate.Inconclusive, gate.Invalid, gate.Regression} {
		text += fmt.Sprintf("  %s %5.1f %%", v, 100*t.share(v))
	}
	return text
}

// heavy is of Student's t distribution with three degrees of freedom, with a standard
// deviation of 1.
func heavy(random *rand.Rand) float64 {
	squares := 0.0
	for range 3 {
		v := random.NormFloat64()
		squares += v * v
	}
	return random.NormFloat64() / math.Sqrt(squares)
}

// A gate raises a false alarm in at most a hundredth of the checks of identical builds,
// in any cell, and passes a slowdown by the threshold in at most a twentieth, whatever
// the noise. It finds a slowdown by five thirds of the threshold as often as told.
func TestTheRulesHoldInSimulation(t *testing.T) {
	normal := (*rand.Rand).NormFloat64
	tests := []struct {
		name                 string
		cells                int
		threshold, deviation float64
		noise                func(*rand.Rand) float64
		checks               int
		passes, finds        float64 // at least: of identical builds, and of the larger slowdown
	}{
		{"normal", 1, 0.03, 0.01, normal, 1000, 0.99, 0.99},
		{"normal", 1, 0.03, 0.02, normal, 1000, 0.95, 0.97},
		{"normal", 1, 0.05, 0.01, normal, 1000, 0.99, 0.99},
		{"normal", 1, 0.05, 0.02, normal, 1000, 0.99, 0.99},
		{"normal", 1, 0.05, 0.05, normal, 300, 0.95, 0.97},
		{"heavy", 1, 0.03, 0.01, heavy, 1000, 0.98, 0.98},
		{"heavy", 1, 0.03, 0.02, heavy, 1000, 0.95, 0.97},
		{"heavy", 1, 0.05, 0.05, heavy, 300, 0.95, 0.97},
		{"normal", 4, 0.03, 0.01, normal, 500, 0.99, 0.99},
		{"normal", 4, 0.03, 0.02, normal, 200, 0.95, 0.97},
		{"heavy", 4, 0.03, 0.01, heavy, 500, 0.98, 0.98},
	}
	for i, test := range tests {
		name := fmt.Sprintf("%s, cells %d, threshold %g %%, deviation %g %%", test.name, test.cells, 100*test.threshold, 100*test.deviation)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulated{cells: test.cells, deviation: test.deviation, threshold: test.threshold, noise: test.noise}
			of := func(slowdown float64) tally {
				s.slowdown = slowdown
				all := s.checks(test.checks, uint64(i))
				t.Logf("%s: a slowdown by %3.1f %% in the first: %v", name, 100*slowdown, all)
				return all
			}
			identical, least, more := of(0), of(test.threshold), of(test.threshold*5/3)
			if alarms := identical.share(gate.Regression); !identical.within(alarms, gate.Alarm) {
				t.Errorf("%.1f %% of checks of identical builds raise an alarm, and at most %g %% are to", 100*alarms, 100*gate.Alarm)
			}
			if passed := identical.share(gate.Pass, gate.Improved); passed < test.passes {
				t.Errorf("%.1f %% of checks of identical builds pass, want %g %%", 100*passed, 100*test.passes)
			}
			if missed := least.share(gate.Pass, gate.Improved); !least.within(missed, gate.Miss) {
				t.Errorf("%.1f %% of checks pass a slowdown by the threshold, and at most %g %% are to", 100*missed, 100*gate.Miss)
			}
			if found := more.share(gate.Regression); found < test.finds {
				t.Errorf("%.1f %% of checks find a slowdown by five thirds of the threshold, want %g %%", 100*found, 100*test.finds)
			}
		})
	}
}
