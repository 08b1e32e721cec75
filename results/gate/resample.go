package gate

import (
	"math"
	"math/rand/v2"
)

// Resampled says what a gate would make of further checks of one cell on a machine
// like the one that blocks are from.
type Resampled struct {
	Checks       int     `json:"checks"`
	Blocks       int     `json:"blocks"`       // that they are made of
	Alarms       float64 `json:"false_alarms"` // share of checks of identical builds that are called a regression
	Inconclusive float64 `json:"inconclusive"` // likewise
	// Visible is the smallest slowdown that 95 % of checks call a regression, 0.02 for
	// 2 %; 0 if not even one by four times the threshold is.
	Visible float64 `json:"smallest_visible"`
}

// A look costs more, the more blocks it has.
const (
	resampledBlocks, leastResampled = 90_000, 1000
	visiblePower                    = 0.95
	visibleShare                    = 5 // of the checks, for each of the slowdowns that are tried
)

// Resample makes checks of the logarithms of ratios between identical builds: each
// block is one of these, base and head swapped at random, which changes nothing if
// they are identical. A check looks after so many blocks, twice and three times as
// many, at a threshold of 0.03 for 3 %, where asked was asked for. The same seed gives the
// same.
func Resample(logs []float64, blocks int, threshold, asked float64, seed uint64) Resampled {
	r := Resampled{Checks: max(leastResampled, resampledBlocks/blocks), Blocks: len(logs)}
	if len(logs) == 0 {
		return r
	}
	of := func(checks int, slowdown float64) map[Verdict]float64 {
		random := rand.New(rand.NewPCG(seed, 0))
		shares := map[Verdict]float64{}
		for range checks {
			c := &course{blocks: blocks, threshold: math.Log1p(threshold), least: math.Log1p(asked) / 2}
			for range Looks * blocks {
				d := logs[random.IntN(len(logs))]
				if random.IntN(2) == 0 {
					d = -d
				}
				c.logs = append(c.logs, d+slowdown)
			}
			run([]*course{c})
			shares[c.verdict] += 1 / float64(checks)
		}
		return shares
	}
	identical := of(r.Checks, 0)
	r.Alarms, r.Inconclusive = identical[Regression], identical[Inconclusive]
	low, high := 0.0, 4*math.Log1p(threshold)
	if of(r.Checks/visibleShare, high)[Regression] < visiblePower {
		return r
	}
	for range 10 { // to a thousandth of that
		middle := (low + high) / 2
		if of(r.Checks/visibleShare, middle)[Regression] >= visiblePower {
			high = middle
		} else {
			low = middle
		}
	}
	r.Visible = math.Expm1(high)
	return r
}
