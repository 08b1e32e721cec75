package stats

import (
	"math"
	"slices"
)

// SignedRank is Wilcoxon's signed-rank test of whether values lie evenly about
// mu. It returns the p-values of both one-sided alternatives: a small less
// speaks for a middle below mu, a small greater for one above it.
//
// Values equal to mu say nothing about the side and are dropped; where none is
// left, both are 1. Values equally far from mu share the mean of their ranks,
// and the p-values are those of all assignments of signs to these very ranks,
// so they are exact with ties too. Above 200 values they are approximated by
// the normal distribution, with continuity correction. Where mu or a value is
// NaN or infinite, both are NaN.
func SignedRank(values []float64, mu float64) (less, greater float64) {
	if !finite(mu) || !finite(values...) {
		return math.NaN(), math.NaN()
	}
	var differences []float64
	for _, v := range values {
		if v != mu {
			differences = append(differences, v-mu)
		}
	}
	slices.SortFunc(differences, func(a, b float64) int {
		switch a, b := math.Abs(a), math.Abs(b); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	sizes := make([]float64, len(differences))
	for i, d := range differences {
		sizes[i] = math.Abs(d)
	}
	halves := midranks(sizes)
	positive := 0
	for i, d := range differences {
		if d > 0 {
			positive += halves[i]
		}
	}
	null := newRankSum(halves)
	return null.atMost(positive), null.atMost(null.total - positive)
}

// midranks are the ranks, doubled, of sorted values. Equal ones share the mean
// of the ranks they take up.
func midranks(sorted []float64) []int {
	doubled := make([]int, len(sorted))
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		for i := from; i < to; i++ {
			doubled[i] = from + 1 + to
		}
		from = to
	}
	return doubled
}

// TwoSided is the p-value of the alternative "the middle is elsewhere, on
// either side", of those of the two sides: twice the smaller, at most 1. It is
// NaN if either is.
func TwoSided(less, greater float64) float64 {
	return min(1, 2*min(less, greater))
}
