package stats

import (
	"math"
	"slices"
)

// MannWhitney is the test by Mann and Whitney (Wilcoxon's rank-sum test) of
// whether two independent samples are from one distribution. It returns the
// p-values of both one-sided alternatives: a small less speaks for values of b
// that are smaller than those of a, a small greater for greater ones.
//
// Equal values share the mean of their ranks, and the p-values are those of all
// choices of as many of these very ranks for b, so they are exact with ties
// too. Above 4,000 pairs of a value of each they are approximated by the normal
// distribution, with continuity correction and the variance that ties leave.
// Where one sample is empty, both are 1; where a value is NaN or infinite, both
// are NaN.
//
// It takes the values of each sample to be independent of each other, and
// nothing but the samples to differ. What has changed between two samples for
// all values of one of them alike is a difference to it.
func MannWhitney(a, b []float64) (less, greater float64) {
	if !finite(a...) || !finite(b...) {
		return math.NaN(), math.NaN()
	}
	if len(a) == 0 || len(b) == 0 {
		return 1, 1
	}
	sorted := slices.Concat(a, b)
	slices.Sort(sorted)
	halves := midranks(sorted)
	sum := 0
	for _, v := range b {
		i, _ := slices.BinarySearch(sorted, v) // the first of those equal to it
		sum += halves[i]
	}
	return newChosenSum(halves, len(b)).tails(sum)
}
