package stats

import (
	"math"
	"slices"
)

// Shift is the Hodges–Lehmann estimate of where values lie, the median of
// their Walsh averages, which are the means of all pairs of values, and of
// each with itself. Few wild values hardly move it.
//
// Its interval is the one that goes with the signed-rank test: the middles
// that the test does not reject. It covers with at least the probability
// confidence, between 0 and 1, whatever the distribution, if that is
// symmetric and continuous; ShiftCoverage says how much more. Low and High are
// NaN where even the full range of values does not reach that confidence: at
// 95 % with fewer than 6 values. Above 200 values the depth of the interval is
// from the normal approximation. Ties only make it cover more.
//
// The estimate of no values is NaN, and all three are if a value is NaN or
// infinite.
func Shift(values []float64, confidence float64) Interval {
	shift := Interval{math.NaN(), math.NaN(), math.NaN()}
	if len(values) == 0 || !finite(values...) {
		return shift
	}
	w := walsh(slices.Sorted(slices.Values(values)))
	count := w.count()
	shift.Estimate = midpoint(w.at((count+1)/2), w.at(count/2+1))
	if d := shiftDepth(len(values), confidence, untied(len(values))); d > 0 {
		shift.Low, shift.High = w.at(d), w.at(count+1-d)
	}
	return shift
}

// ShiftCoverage is the probability with which Shift's interval of n values
// covers: at least confidence, and more as only some levels can be attained.
// It is NaN where there is no interval.
func ShiftCoverage(n int, confidence float64) float64 {
	if n <= 0 {
		return math.NaN()
	}
	null := untied(n)
	d := shiftDepth(n, confidence, null)
	if d == 0 {
		return math.NaN()
	}
	return shiftCoverage(d, null)
}

func shiftDepth(n int, confidence float64, null rankSum) int {
	return depth(n*(n+1)/2, confidence, func(d int) float64 { return shiftCoverage(d, null) })
}

// shiftCoverage is that of the interval from the d-th Walsh average to the
// d-th from above. As many averages lie above the true middle as the signed
// ranks sum up to, so the interval lies beside it if that sum is below d, or
// above its mirror image.
func shiftCoverage(d int, null rankSum) float64 {
	return 1 - 2*null.atMost(2*(d-1))
}

// walsh are the Walsh averages of sorted values, which are never all stored:
// of a few thousand values there are millions.
type walsh []float64

func (w walsh) count() int { return len(w) * (len(w) + 1) / 2 }

// at is the k-th smallest average, from 1.
func (w walsh) at(k int) float64 {
	return smallest(w[0], w[len(w)-1], func(x float64) bool { return w.atMost(x) >= k })
}

// smallest is the least number from low to high that is enough, if high is and
// what is greater than one that is enough is so too. It halves the numbers
// between them until one is left: at most 64 times.
func smallest(low, high float64, enough func(float64) bool) float64 {
	from, to := ordinal(low), ordinal(high)
	for from < to {
		// The distance can exceed an int64, but not a uint64.
		mid := from + int64(uint64(to-from)/2)
		if enough(number(mid)) {
			to = mid
		} else {
			from = mid + 1
		}
	}
	return number(from)
}

// atMost counts the averages of at most x. The greater the first value of a
// pair, the smaller must the second be: one walk from both ends finds all.
func (w walsh) atMost(x float64) int {
	count, j := 0, len(w)-1
	for i, v := range w {
		for j >= i && midpoint(v, w[j]) > x {
			j--
		}
		if j < i {
			break
		}
		count += j - i + 1
	}
	return count
}

// ordinal numbers the floating-point numbers in their order: neighbours are 1
// apart, and zero is 0.
func ordinal(x float64) int64 {
	size := int64(math.Float64bits(math.Abs(x)))
	if x < 0 {
		return -size
	}
	return size
}

// number is the inverse of ordinal.
func number(ordinal int64) float64 {
	if ordinal < 0 {
		return -math.Float64frombits(uint64(-ordinal))
	}
	return math.Float64frombits(uint64(ordinal))
}
