package report

import (
	"math"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	confidence = results.Confidence
	power      = 0.8 // with which the smallest visible effect is seen
	leastTests = 6   // blocks that an interval, and so a test, takes at that confidence
	// significant is the adjusted p up to which a difference is named.
	significant = 0.05
)

// Ratio is of one arm to another: the median over the turns of a block, and
// over blocks the Hodges–Lehmann estimate.
type Ratio struct {
	Estimate
	// Held is the number of blocks whose ratio is on that side of 1 on which
	// Value is.
	Held int `json:"held_in_blocks"`
	// P is the two-sided one of the signed-rank test for equal arms.
	P float64 `json:"p"`
	// PAdjusted is P after Benjamini–Hochberg over all that was asked along
	// with it; of a control arm, after Holm over the run's control arms. It is
	// 1 without an interval: then there are too few blocks to ask.
	PAdjusted float64 `json:"p_adjusted"`
	// Stars are what the table has beside the ratio: up to three by PAdjusted,
	// or ~ where nothing can be told. A control arm has none.
	Stars string `json:"stars,omitempty"`
	// Visible is the smallest difference that so many blocks, as noisy as
	// these, show with a probability of 80 %: 0.02 for 2 %; 0 if it is not
	// known.
	Visible float64 `json:"smallest_visible_effect,omitempty"`
}

// ratioOverBlocks is the ratio of arm to base over the blocks in which both
// are ok. It is not ok if no block has a ratio.
func ratioOverBlocks(arm, base []results.Trial, p results.Pairing) (Ratio, bool) {
	logs := p.BlockLogRatios(arm, base)
	if len(logs) == 0 {
		return Ratio{}, false
	}
	return ratioOf(logs), true
}

// ratioOf is what the logarithms of at least one block's ratio come to.
func ratioOf(logs []float64) Ratio {
	e := newEstimate(stats.Shift(logs, confidence), logs)
	r := Ratio{
		Estimate: Estimate{unlog(e.Value), unlog(e.Low), unlog(e.High), e.Interval, e.Blocks},
		P:        roundTo(stats.TwoSided(stats.SignedRank(logs, 0)), 9), PAdjusted: 1, Stars: untold,
	}
	for _, v := range logs {
		if v > 0 && r.Value > 1 || v < 0 && r.Value < 1 || v == 0 && r.Value == 1 {
			r.Held++
		}
	}
	if e.Interval {
		r.Visible = visible(logs)
	}
	return r
}

// visible is 0 where it cannot be had.
func visible(logs []float64) float64 {
	v := math.Expm1(stats.SmallestVisible(logs, confidence, power))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return roundTo(v, 9)
}

// unlog leaves out the digits in which processors differ.
func unlog(v float64) float64 { return roundTo(math.Exp(v), 9) }

const untold = "~" // nothing can be told

// stars are those of a ratio that was asked for along with others.
func (r Ratio) stars() string {
	switch {
	case !r.Interval || r.PAdjusted > significant || r.Low <= 1 && 1 <= r.High:
		return untold
	case r.PAdjusted <= 0.001:
		return "***"
	case r.PAdjusted <= 0.01:
		return "**"
	}
	return "*"
}

// adjust corrects the p of ratios that were asked for together.
func adjust(ratios []*Ratio, correct func([]float64) []float64) {
	var asked []*Ratio
	var p []float64
	for _, r := range ratios {
		if r.Interval {
			asked, p = append(asked, r), append(p, r.P)
		}
	}
	if len(p) == 0 {
		return
	}
	for i, v := range correct(p) {
		asked[i].PAdjusted = roundTo(v, 9)
	}
}

// adjustRatios are those to the reference arms of all cells: each metric is a
// question of its own, and control arms are another.
func (s Summary) adjustRatios() {
	type question struct {
		metric  results.Metric
		control bool
	}
	asked := make(map[question][]*Ratio)
	for _, sc := range s.Scenarios {
		for a := range sc.arms() {
			for metric, r := range a.Ratios {
				q := question{metric, a.Control}
				asked[q] = append(asked[q], r)
			}
		}
	}
	for q, ratios := range asked {
		if q.control {
			adjust(ratios, stats.Holm)
		} else {
			adjust(ratios, stats.BenjaminiHochberg)
		}
		for _, r := range ratios {
			r.Stars = unless(q.control, r.stars())
		}
	}
}
