// Package stats holds the estimators that muxbench's figures are made of.
// Its functions are pure: they keep, change and print nothing.
package stats

import (
	"math"
	"slices"
)

// Median is the middle of values, or the mean of the two in the middle. The
// median of nothing is NaN, and so is that of values with a NaN among them. The
// order of values does not matter, and is kept.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	if math.IsNaN(sorted[0]) { // where sorting puts any NaN
		return math.NaN()
	}
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return midpoint(sorted[mid-1], sorted[mid])
}

// midpoint is the mean of a and b. It never falls when one of them rises.
func midpoint(a, b float64) float64 {
	if m := (a + b) / 2; !math.IsInf(m, 0) {
		return m
	}
	// The sum overflowed. Halves do not, but lose the last bit of the smallest.
	return a/2 + b/2
}

// Range is the least and the greatest of values: NaN and NaN for none, and for
// values with a NaN among them.
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
