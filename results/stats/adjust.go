package stats

import (
	"cmp"
	"math"
	"slices"
)

// Holm adjusts the p-values of a family of tests, so that those of at most α
// contain a false alarm, even one, with a probability of at most α. It needs no
// assumption about how the tests depend on each other.
//
// The adjusted values are in the order given and at most 1. A NaN is a test
// that was not made: it stays NaN and does not count.
func Holm(p []float64) []float64 {
	adjusted, order := ascending(p)
	least := 0.0
	for i, at := range order {
		// A test cannot be passed where one with a smaller p-value was not.
		least = max(least, min(1, float64(len(order)-i)*p[at]))
		adjusted[at] = least
	}
	return adjusted
}

// BenjaminiHochberg adjusts the p-values of a family of tests, so that among
// those of at most α the expected share of false alarms is at most α, if the
// tests are independent or depend positively on each other.
//
// The adjusted values are in the order given and at most 1. A NaN is a test
// that was not made: it stays NaN and does not count.
func BenjaminiHochberg(p []float64) []float64 {
	adjusted, order := ascending(p)
	most := 1.0
	for i, at := range slices.Backward(order) {
		// A test is passed with every one that has a greater p-value.
		most = min(most, float64(len(order))/float64(i+1)*p[at])
		adjusted[at] = most
	}
	return adjusted
}

// ascending are the places of p's numbers from the smallest up, and a slice for
// their adjusted values, which is NaN where p is.
func ascending(p []float64) (adjusted []float64, order []int) {
	adjusted = make([]float64, len(p))
	for i, v := range p {
		if math.IsNaN(v) {
			adjusted[i] = v
			continue
		}
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return adjusted, order
}
