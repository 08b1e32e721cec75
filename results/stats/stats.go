// Package stats holds the estimators that muxbench's figures are made of.
// Its functions are pure: they keep, change and print nothing.
package stats

import (
	"math"
	"slices"
)

// Median is the middle of values, or the mean of the two in the middle. The
// median of nothing is NaN. The order of values does not matter, and is kept.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	// Halves first: the sum of two large values could overflow.
	return sorted[mid-1]/2 + sorted[mid]/2
}

// Range is the least and the greatest of values: NaN and NaN for none.
func Range(values []float64) (low, high float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(values), slices.Max(values)
}

// LogRatio is ln(a/b). It is not ok unless both are positive: a ratio to or
// of nothing is no ratio.
func LogRatio(a, b float64) (ratio float64, ok bool) {
	if !(a > 0) || !(b > 0) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return 0, false
	}
	// A difference of logarithms, where a/b could overflow or vanish.
	return math.Log(a) - math.Log(b), true
}
