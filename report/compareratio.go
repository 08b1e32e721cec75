package report

import (
	"math"
	"slices"

	"muxbench/results/stats"
)

// ratioBetween is of the logarithms of b over those of a, two independent samples
// of blocks. It is nil if one is empty.
func ratioBetween(a, b []float64) *ComparisonRatio {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	shift := stats.ShiftBetween(a, b, confidence)
	r := ComparisonRatio{
		Interval: !math.IsNaN(shift.Low), BlocksA: len(a), BlocksB: len(b),
		P: roundTo(stats.TwoSided(stats.MannWhitney(a, b)), 9),
	}
	if !r.Interval {
		shift.Low, shift.High = slices.Min(b)-slices.Max(a), slices.Max(b)-slices.Min(a)
	}
	r.Value, r.Low, r.High = unlog(shift.Estimate), unlog(shift.Low), unlog(shift.High)
	return &r
}

// ratioTogether is a ratio turn by turn, of blocks that both sides have.
func ratioTogether(r Ratio) *ComparisonRatio {
	return &ComparisonRatio{Value: r.Value, Low: r.Low, High: r.High, Interval: r.Interval, BlocksA: r.Blocks, BlocksB: r.Blocks, P: r.P}
}

// judge says what is told from chance, after Holm over all that is judged.
//
// Of two results, an arm is judged by the ratio of ratios. The blocks of one run
// share its hour: how fast the machine was then, which is no part of any block's
// own noise. Mann and Whitney's test of the arm's values takes them to be
// independent, and so calls two runs of the same programs different whenever the
// machine has changed by more than its blocks differ: of identical arms, measured
// all of the one before all of the other under drift, 31 of 100 instead of 5.
// What moves all arms alike cancels in the ratio to a reference that took turns
// with the arm, and what is left in a block is its own. That ratio cannot see
// what has changed for the reference too. That is no claim that it gets wrong, but
// one that two runs cannot make: the ratio of values is beside it, for the reader.
//
// So the reference itself is not judged, and nor is the control, which is the
// reference. Where the two have no reference in common there is only the ratio of
// values, and its stars say no more than that the runs differ; the words say so.
func (c *SideBySide) judge() {
	var asked []*Ratio
	var judged []*ComparisonRow
	for i := range c.Rows {
		row := &c.Rows[i]
		switch {
		case !c.Alike:
			for _, r := range []*ComparisonRatio{row.Ratio, row.Relative} {
				if r != nil {
					r.P = 0 // a figure to conclude from
				}
			}
			continue
		case row.Control:
			continue
		case row.Relative != nil:
			row.JudgedBy = ByRatioOfRatios
		case row.Ratio != nil && (c.Together || row.Reference == ""):
			row.JudgedBy = ByRatio
		default:
			continue
		}
		r := row.judged()
		judged = append(judged, row)
		asked = append(asked, &Ratio{Estimate: Estimate{Value: r.Value, Low: r.Low, High: r.High, Interval: r.Interval}, P: r.P, PAdjusted: 1})
	}
	c.Asked = len(asked)
	adjust(asked, stats.Holm)
	for i, row := range judged {
		row.judged().PAdjusted, row.Stars = asked[i].PAdjusted, asked[i].stars()
	}
}

// leastP is the smallest p that so many blocks can give, and whether that is
// enough for one of c's ratios to be told at all.
func (c SideBySide) leastP(r ComparisonRatio) float64 {
	if c.Together {
		return math.Ldexp(2, -r.BlocksA)
	}
	// Of all choices of B's blocks from both, the two outermost.
	n, k := r.BlocksA+r.BlocksB, min(r.BlocksA, r.BlocksB)
	p := 2.0
	for i := range k {
		p *= float64(i+1) / float64(n-i)
	}
	return min(1, p)
}

// hopeless says that so few blocks tell nothing of so much, however large a
// difference is.
func (c SideBySide) hopeless() bool {
	least := 1.0
	for _, row := range c.Rows {
		if r := row.judged(); r != nil && r.Interval {
			least = min(least, c.leastP(*r))
		}
	}
	return c.Asked > 0 && least*float64(c.Asked) > significant
}
