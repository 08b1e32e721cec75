package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

const (
	// huberTuning is the residual, in standard deviations, from which on a
	// value counts by its side more than by its size. With 1.345 an estimate
	// of normal values needs 5 % more of them than the mean does (P. J. Huber,
	// Robust Statistics, 1981).
	huberTuning = 1.345
	// madOfNormal is the median absolute deviation of the normal distribution
	// with the standard deviation 1.
	madOfNormal = 0.6745
	// leastScale is a relative spread that is but rounding. Without it, values
	// that mostly lie exactly on a model would leave no scale to weigh by.
	leastScale = 1e-12
	// mostCondition is how alike columns may be: beyond it, fewer than six
	// digits of the coefficients would be due to the values.
	mostCondition = 1e10
	// settled is the change of a coefficient, relative to the greatest, that
	// ends the search for it.
	settled = 1e-10
	// scaleRounds are those in which the scale is estimated anew. After them
	// it is held, as what is left has one minimum and is sure to be reached,
	// where scale and coefficients could chase each other.
	scaleRounds = 100
	mostRounds  = 1000
)

// RelativeFit fits y[i] ≈ Σ_j coefficients[j]·x[i][j] so that the relative
// residuals (y−ŷ)/y are small, as costs of microseconds are to count as much
// as those of milliseconds. It minimises their Huber loss with the tuning
// 1.345, by iteratively reweighted least squares, so that a few wild rows
// hardly move it. Column and row sizes may differ by any factor.
//
// A y that is too small by chance counts for more than one that is too great:
// where y is off by a standard deviation of s, as a share of 1, the fit lies
// about 1.5·s² too low. So y is best an average over blocks: 1.5 % are lost with
// single values that differ by 10 %, and 0.1 % with means of 12 of them.
//
// Least is the least scale of the residuals, 0.05 for 5 %: how far from the model y
// may lie where nothing is wrong. Without it, rows that happen to agree, such as
// those of one kind among few, would make outliers of all others.
//
// The scale of the residuals is the median of their absolute values over
// 0.6745. As many coefficients fit as many rows nearly exactly, one fewer than
// there are coefficients are left out of it, the smallest (W. DuMouchel and
// F. O'Brien, Integrating a robust option into a multiple regression computing
// environment, 1989).
//
// It is not ok with fewer rows than coefficients, or rows that differ in
// length; where a y is not positive, or anything not finite; and where columns
// depend on each other, so that many coefficients fit alike.
func RelativeFit(x [][]float64, y []float64, least float64) (coefficients []float64, ok bool) {
	a, norms, ok := relativeRows(x, y)
	if !ok {
		return nil, false
	}
	rows, columns := a.Dims()
	weights := slices.Repeat([]float64{1}, rows)
	c, ok := weightedRelative(a, weights)
	if !ok {
		return nil, false
	}
	scale := 0.0
	for round := range mostRounds {
		residuals := relativeResiduals(a, c)
		if round < scaleRounds {
			scale = max(least, residualScale(residuals, columns))
		}
		for i, r := range residuals {
			weights[i] = huberWeight(r, scale)
		}
		next, ok := weightedRelative(a, weights)
		if !ok {
			return nil, false
		}
		change, greatest := 0.0, 0.0
		for j := range columns {
			change = max(change, math.Abs(next.AtVec(j)-c.AtVec(j)))
			greatest = max(greatest, math.Abs(next.AtVec(j)))
		}
		c = next
		if change <= settled*greatest {
			break
		}
	}
	coefficients = make([]float64, columns)
	for j, norm := range norms {
		coefficients[j] = c.AtVec(j) / norm
	}
	return coefficients, finite(coefficients...)
}

// relativeRows are the rows of x over their y, which are to sum up to 1 each,
// with columns of length 1, and the lengths they had.
func relativeRows(x [][]float64, y []float64) (a *mat.Dense, norms []float64, ok bool) {
	if len(x) != len(y) || len(x) == 0 || len(x[0]) == 0 || len(x) < len(x[0]) {
		return nil, nil, false
	}
	a = mat.NewDense(len(x), len(x[0]), nil)
	for i, row := range x {
		if len(row) != len(x[0]) || !(y[i] > 0) || !finite(y[i]) || !finite(row...) {
			return nil, nil, false
		}
		for j, v := range row {
			a.Set(i, j, v/y[i])
		}
	}
	norms = make([]float64, len(x[0]))
	for j := range norms {
		column := a.ColView(j).(*mat.VecDense)
		norms[j] = mat.Norm(column, 2)
		if !(norms[j] > 0) || !finite(norms[j]) {
			return nil, nil, false
		}
		for i := range len(x) {
			a.Set(i, j, a.At(i, j)/norms[j])
		}
	}
	return a, norms, true
}

// weightedRelative are the coefficients for which the weighted squares of
// relativeResiduals have the least sum.
func weightedRelative(a *mat.Dense, weights []float64) (*mat.VecDense, bool) {
	rows, columns := a.Dims()
	weighted, target := mat.NewDense(rows, columns, nil), mat.NewVecDense(rows, nil)
	for i, w := range weights {
		root := math.Sqrt(w)
		target.SetVec(i, root)
		for j := range columns {
			weighted.Set(i, j, root*a.At(i, j))
		}
	}
	var qr mat.QR
	qr.Factorize(weighted)
	c := mat.NewVecDense(columns, nil)
	if !(qr.Cond() < mostCondition) || qr.SolveVecTo(c, false, target) != nil {
		return nil, false
	}
	return c, true
}

func relativeResiduals(a *mat.Dense, c *mat.VecDense) []float64 {
	rows, _ := a.Dims()
	var fitted mat.VecDense
	fitted.MulVec(a, c)
	residuals := make([]float64, rows)
	for i := range residuals {
		residuals[i] = 1 - fitted.AtVec(i)
	}
	return residuals
}

// residualScale is the standard deviation that the residuals of a fit of so
// many coefficients would have if they were normal.
func residualScale(residuals []float64, coefficients int) float64 {
	sizes := make([]float64, len(residuals))
	for i, r := range residuals {
		sizes[i] = math.Abs(r)
	}
	slices.Sort(sizes)
	return max(leastScale, Median(sizes[coefficients-1:])/madOfNormal)
}

// huberWeight is what a square of a residual counts so that its derivative is
// that of Huber's loss.
func huberWeight(residual, scale float64) float64 {
	return min(1, huberTuning*scale/math.Abs(residual))
}
