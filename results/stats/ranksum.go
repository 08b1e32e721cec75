package stats

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// mostExact is the number of values up to which the signed-rank distribution
// is counted out. That takes time with the cube of their number, a few
// milliseconds here, and by then the p-values of the normal approximation are
// within 0.0004 of the exact ones, and within 0.0001 where they are small.
const mostExact = 200

// rankSum is the distribution of the signed-rank statistic where nothing is
// the matter: each of the ranks is in the sum or not, by a fair coin. Ranks
// and sums are in halves of a rank, so that midranks of ties are whole.
type rankSum struct {
	total      int       // all ranks together
	cumulative []float64 // [s] is the probability of a sum of at most s; nil if approximated
	deviation  float64   // standard deviation
}

func newRankSum(halves []int) rankSum {
	var d rankSum
	squares := 0.0
	for _, h := range halves {
		d.total += h
		squares += float64(h) * float64(h)
	}
	// A coin that decides over h has the variance h*h/4.
	d.deviation = math.Sqrt(squares) / 2
	if len(halves) <= mostExact {
		d.cumulative = countSums(halves, d.total)
	}
	return d
}

// untied is the distribution for n values that all differ.
func untied(n int) rankSum {
	halves := make([]int, n)
	for i := range halves {
		halves[i] = 2 * (i + 1)
	}
	return newRankSum(halves)
}

// countSums goes through the ranks one by one: with each, half of every sum's
// probability stays, and half moves up by that rank.
func countSums(halves []int, total int) []float64 {
	p := make([]float64, total+1)
	p[0] = 1
	reached := 0
	for _, h := range halves {
		reached += h
		for s := reached; s >= h; s-- {
			p[s] = p[s]/2 + p[s-h]/2
		}
		for s := min(h-1, reached); s >= 0; s-- {
			p[s] /= 2
		}
	}
	for s := 1; s <= total; s++ {
		p[s] += p[s-1]
	}
	return p
}

// atMost is the probability of a sum of at most s halves of a rank. That of at
// least s is atMost(total-s), as the distribution is symmetric.
func (d rankSum) atMost(s int) float64 {
	switch {
	case s < 0:
		return 0
	case s >= d.total:
		return 1
	case d.cumulative != nil:
		return d.cumulative[s]
	}
	// Continuity correction: sums are a rank apart, which is two halves, and
	// one reaches half of that beyond itself.
	return distuv.UnitNormal.CDF((float64(s) + 1 - float64(d.total)/2) / d.deviation)
}

// depth is how far into count sorted values, from either end, the ends of an
// interval may lie: the most for which it still covers with the probability
// confidence, which must be above 0 and below 1. It is 0 where even the
// outermost values do not reach that. coverage(d) is the coverage at depth d,
// and falls with it.
func depth(count int, confidence float64, coverage func(d int) float64) int {
	if !(confidence > 0 && confidence < 1) {
		return 0
	}
	return sort.Search((count+1)/2, func(i int) bool { return coverage(i+1) < confidence })
}

// finite says whether all values are numbers, and none of them infinite.
func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool {
		return math.IsNaN(v) || math.IsInf(v, 0)
	})
}
