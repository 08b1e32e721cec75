package stats

import (
	"math"
	"slices"
)

// ShiftBetween is the Hodges–Lehmann estimate of how far b lies above a: the
// median of the differences of each value of b and each of a. Few wild values
// hardly move it.
//
// Its interval is the one that goes with the test by Mann and Whitney: the
// shifts of b that the test does not reject. It covers with at least the
// probability confidence, between 0 and 1, whatever the distribution, if that is
// continuous and of both samples the same but for the shift, and if the values
// are independent; ShiftBetweenCoverage says how much more. Low and High are
// NaN where even the full range of differences does not reach that confidence:
// at 95 % with 3 values and 3 or 4, or with 2 and up to 7. Above 4,000
// differences the depth of the interval is from the normal approximation. Ties
// only make it cover more.
//
// The estimate is NaN where a sample is empty, and all three are if a value is
// NaN or infinite. Differences that no number can hold are the greatest one.
func ShiftBetween(a, b []float64, confidence float64) Interval {
	shift := Interval{math.NaN(), math.NaN(), math.NaN()}
	if len(a) == 0 || len(b) == 0 || !finite(a...) || !finite(b...) {
		return shift
	}
	d := differences{slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))}
	count := len(a) * len(b)
	shift.Estimate = midpoint(d.at((count+1)/2), d.at(count/2+1))
	if k := betweenDepth(len(a), len(b), confidence); k > 0 {
		shift.Low, shift.High = d.at(k), d.at(count+1-k)
	}
	return shift
}

// ShiftBetweenCoverage is the probability with which ShiftBetween's interval of n
// and m values covers: at least confidence, and more as only some levels can be
// attained. It is NaN where there is no interval.
func ShiftBetweenCoverage(n, m int, confidence float64) float64 {
	if n <= 0 || m <= 0 {
		return math.NaN()
	}
	k := betweenDepth(n, m, confidence)
	if k == 0 {
		return math.NaN()
	}
	return betweenCoverage(k, m, untiedChoice(n, m))
}

func betweenDepth(n, m int, confidence float64) int {
	null := untiedChoice(n, m)
	return depth(n*m, confidence, func(k int) float64 { return betweenCoverage(k, m, null) })
}

// betweenCoverage is that of the interval from the k-th difference to the k-th
// from above. As many differences lie above the true shift as pairs would have
// the greater value from b: b's rank sum above its least.
func betweenCoverage(k, m int, null chosenSum) float64 {
	beside, _ := null.tails(null.least + 2*(k-1))
	return 1 - 2*beside
}

// untiedChoice is the distribution for n and m values that all differ.
func untiedChoice(n, m int) chosenSum {
	halves := make([]int, n+m)
	for i := range halves {
		halves[i] = 2 * (i + 1)
	}
	return newChosenSum(halves, m)
}

// differences are those of each value of b and each of a, both sorted, which
// are never all stored.
type differences struct{ a, b []float64 }

// at is the k-th smallest difference, from 1.
func (d differences) at(k int) float64 {
	least := difference(d.a[len(d.a)-1], d.b[0])
	most := difference(d.a[0], d.b[len(d.b)-1])
	return smallest(least, most, func(x float64) bool { return d.atMost(x) >= k })
}

// atMost counts the differences of at most x. The greater the value of a, the
// more values of b are at most x above it: one walk finds all.
func (d differences) atMost(x float64) int {
	count, j := 0, 0
	for _, v := range d.a {
		for j < len(d.b) && difference(v, d.b[j]) <= x {
			j++
		}
		count += j
	}
	return count
}

// difference is how far b lies above a, which never rises with a nor falls with
// b.
func difference(a, b float64) float64 {
	return max(-math.MaxFloat64, min(math.MaxFloat64, b-a))
}
