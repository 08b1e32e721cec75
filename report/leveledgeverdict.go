package report

import "math"

// equivalence is how far from 1 a ratio may lie for nobody to care: nobody would
// rewrite a loop for a hundredth of its CPU time, which is a third of the least
// difference that comes back from run to run. See leastNamed.
const equivalence = 0.01

// LevelVerdict is what can be said of a ratio to the level-triggered reference.
type LevelVerdict string

// Less and More leave out 1 for certain. WithinNoise is Equivalent, or a difference
// as small, where identical servers are not as equal; LostInNoise is a difference
// that is certain and yet smaller than that between identical servers.
const (
	Equivalent   LevelVerdict = "equivalent"
	Less         LevelVerdict = "less"
	More         LevelVerdict = "more"
	WithinNoise  LevelVerdict = "within_noise"
	LostInNoise  LevelVerdict = "lost_in_noise"
	Undecided    LevelVerdict = "undecided"
	TooFewBlocks LevelVerdict = "too_few_blocks"
	LeftOut      LevelVerdict = "left_out"
)

// judge says what a ratio tells beside that of the control, which is nil where
// identical servers were not compared, and whether it lies within the bound.
func judge(r *Ratio, control *Estimate) (v LevelVerdict, within bool) {
	if r == nil || !r.Interval {
		return TooFewBlocks, false
	}
	within = r.withinBound()
	noisy := control != nil && !control.withinBound()
	certain := r.PAdjusted <= significant && (r.High < 1 || r.Low > 1)
	drowned := control != nil && math.Abs(r.Value-1) < math.Abs(control.Value-1)
	switch {
	case within && noisy:
		return WithinNoise, within
	case certain && !drowned && r.Value < 1:
		return Less, within
	case certain && !drowned:
		return More, within
	case within:
		return Equivalent, within
	case certain:
		return LostInNoise, within
	}
	return Undecided, within
}

// withinBound tells whether the interval lies within the bound of equivalence, which
// is as far to either side where ratios are inverted.
func (e Estimate) withinBound() bool {
	return e.Low >= unlog(-math.Log1p(equivalence)) && e.High <= unlog(math.Log1p(equivalence))
}
