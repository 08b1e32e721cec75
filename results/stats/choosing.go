package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// mostExactPairs is the number of pairs of a value of one sample and one of the
// other up to which the rank-sum distribution is counted out. That takes time
// with its square, some ten milliseconds here, and by then the p-values of the
// normal approximation are within 0.002 of the exact ones, and within 0.0005
// where they are small.
const mostExactPairs = 4000

// chosenSum is the distribution of the rank sum of one of two samples where
// nothing is the matter: its ranks are any of all, each choice of as many as
// likely as the others. Ranks and sums are in halves of a rank, so that
// midranks of ties are whole.
type chosenSum struct {
	least  int       // sum that can be
	atMost []float64 // [s] is the probability of least+s or less; nil if approximated
	more   []float64 // [s] is that of least+s or more: with ties, the sides differ
	// Of the sum, where it is approximated.
	mean, deviation float64
}

// newChosenSum is for n of the ranks, which rise.
func newChosenSum(halves []int, n int) chosenSum {
	all := len(halves)
	total, squares := 0.0, 0.0
	for _, h := range halves {
		total += float64(h)
	}
	for _, h := range halves {
		squares += (float64(h) - total/float64(all)) * (float64(h) - total/float64(all))
	}
	var d chosenSum
	for _, h := range halves[:n] {
		d.least += h
	}
	d.mean = total * float64(n) / float64(all)
	// Ranks are drawn without putting them back, which lowers the variance.
	d.deviation = math.Sqrt(squares * float64(n) * float64(all-n) / float64(all) / max(1, float64(all-1)))
	if n*(all-n) <= mostExactPairs {
		d.count(halves, n)
	}
	return d
}

// count goes through the ranks from the smallest up. Each is chosen with the
// probability that its turn has, by how many are still to be chosen of those that
// are left. Nothing is ever subtracted, so that small probabilities stay exact.
func (d *chosenSum) count(halves []int, n int) {
	all := len(halves)
	sums := make([]int, all+1) // of so many ranks from the smallest up
	for i, h := range halves {
		sums[i+1] = sums[i] + h
	}
	// [k][s] is the probability that k are chosen so far, with the sum of the k
	// smallest ranks and s more.
	p := make([][]float64, n+1)
	for k := range p {
		p[k] = make([]float64, 1, sums[all-n+k]-sums[all-n]-sums[k]+1)
	}
	p[0][0] = 1
	for i, h := range halves {
		left := float64(all - i)
		// From the most down: p[k] is made of what p[k-1] was before this rank.
		for k := min(i+1, n); k >= max(0, n-all+i+1); k-- {
			stay := (left - float64(n-k)) / left
			for s := range p[k] {
				p[k][s] *= stay
			}
			if k == 0 {
				continue
			}
			up := h - (sums[k] - sums[k-1])
			p[k] = p[k][:max(len(p[k]), len(p[k-1])+up)]
			choose := float64(n-k+1) / left
			for s, v := range p[k-1] {
				p[k][s+up] += v * choose
			}
		}
	}
	d.atMost = p[n]
	d.more = append([]float64(nil), p[n]...)
	for s := 1; s < len(d.atMost); s++ {
		d.atMost[s] += d.atMost[s-1]
	}
	for s := len(d.more) - 2; s >= 0; s-- {
		d.more[s] += d.more[s+1]
	}
}

// tails are the probabilities of a sum of at most, and of at least s.
func (d chosenSum) tails(s int) (atMost, atLeast float64) {
	if d.atMost != nil {
		return at(d.atMost, s-d.least, 0, 1), at(d.more, s-d.least, 1, 0)
	}
	// Continuity correction: sums are a rank apart, which is two halves, and one
	// reaches half of that beyond itself. Where all ranks are equal, so are sums.
	deviation := max(d.deviation, math.SmallestNonzeroFloat64)
	return distuv.UnitNormal.CDF((float64(s) + 1 - d.mean) / deviation), distuv.UnitNormal.CDF((d.mean - float64(s) + 1) / deviation)
}

// at is p[i], at most 1, or what holds before the first and behind the last.
func at(p []float64, i int, before, behind float64) float64 {
	switch {
	case i < 0:
		return before
	case i >= len(p):
		return behind
	}
	return min(1, p[i])
}
