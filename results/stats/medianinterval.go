package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// MedianInterval is the median of values with its exact order-statistic
// interval: from one of the sorted values to the one as far from the other
// end. It covers the median with at least the probability confidence, between
// 0 and 1, whatever the distribution: each value lies below the median as a
// fair coin falls. Low and High are NaN where even the least and the greatest
// value do not reach that: at 95 % with fewer than 6 values.
//
// The median of no values is NaN, and all three are if a value is NaN or
// infinite.
func MedianInterval(values []float64, confidence float64) Interval {
	median := Interval{math.NaN(), math.NaN(), math.NaN()}
	if !finite(values...) {
		return median
	}
	n := len(values)
	median.Estimate = Median(values)
	below := distuv.Binomial{N: float64(n), P: 0.5}
	d := depth(n, confidence, func(d int) float64 { return 1 - 2*below.CDF(float64(d-1)) })
	if d > 0 {
		sorted := slices.Sorted(slices.Values(values))
		median.Low, median.High = sorted[d-1], sorted[n-d]
	}
	return median
}
