package stats_test

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

// The example of R's wilcox.test, after Hollander and Wolfe: the permeability of
// ten and of five membranes, W = 35 and p = 0.1272. Of the 3,003 choices of ten,
// 382 have as great a W.
func permeabilities() (term, early []float64) {
	return []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}
}

func TestMannWhitneyOfThePublishedExample(t *testing.T) {
	term, early := permeabilities()
	less, greater := stats.MannWhitney(early, term)
	if !near(greater, 382.0/3003, 1e-12) || fmt.Sprintf("%.4f", greater) != "0.1272" {
		t.Errorf("MannWhitney's greater is %v, want 0.1272", greater)
	}
	if wantLess, wantGreater := stats.MannWhitney(samplesOf(5, 10, 35)); less != wantLess || greater != wantGreater {
		t.Errorf("W is not 35: that has p = %v and %v, and these values %v and %v", wantLess, wantGreater, less, greater)
	}
}

// The table of critical values found in textbooks, two-sided at 5 %: the
// greatest of the smaller U that is still significant. Three values and four
// have none.
func TestMannWhitneyHasThePublishedCriticalValues(t *testing.T) {
	for _, tt := range []struct{ n, m, want int }{
		{3, 4, -1}, {3, 5, 0}, {3, 10, 3}, {4, 4, 0}, {5, 5, 2}, {5, 10, 8}, {6, 6, 5}, {6, 9, 10}, {7, 7, 8}, {7, 10, 14},
		{8, 8, 13}, {8, 12, 22}, {9, 9, 17}, {9, 15, 34}, {10, 10, 23}, {10, 20, 55}, {12, 12, 37}, {15, 15, 64}, {20, 20, 127},
	} {
		if tt.want >= 0 {
			if p := stats.TwoSided(stats.MannWhitney(samplesOf(tt.n, tt.m, tt.want))); p > 0.05 {
				t.Errorf("U = %d of %d and %d values: p = %v, want at most 0.05", tt.want, tt.n, tt.m, p)
			}
		}
		if p := stats.TwoSided(stats.MannWhitney(samplesOf(tt.n, tt.m, tt.want+1))); p <= 0.05 {
			t.Errorf("U = %d of %d and %d values: p = %v, want above 0.05", tt.want+1, tt.n, tt.m, p)
		}
	}
}

func TestMannWhitneyOfFewOrNone(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name          string
		a, b          []float64
		less, greater float64
	}{
		{"none", nil, nil, 1, 1},
		{"none in b", []float64{1, 2}, nil, 1, 1},
		{"none in a", nil, []float64{1, 2}, 1, 1},
		{"one and one", []float64{1}, []float64{2}, 1, 0.5},
		{"all equal", []float64{3, 3, 3}, []float64{3, 3}, 1, 1},
		{"two and two apart", []float64{1, 2}, []float64{3, 4}, 1, 1.0 / 6},
		// Ranks 1.5, 1.5, 3: two of the three choices of b's only value are 1.5.
		{"a tie", []float64{1, 2}, []float64{1}, 2.0 / 3, 1},
		{"zeros of both signs", []float64{math.Copysign(0, -1)}, []float64{0}, 1, 1},
		{"NaN in a", []float64{1, nan}, []float64{1}, nan, nan},
		{"infinite in b", []float64{1}, []float64{math.Inf(-1)}, nan, nan},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			less, greater := stats.MannWhitney(tt.a, tt.b)
			if !near(less, tt.less, 1e-12) || !near(greater, tt.greater, 1e-12) {
				t.Errorf("MannWhitney(%v, %v) = %v, %v, want %v, %v", tt.a, tt.b, less, greater, tt.less, tt.greater)
			}
		})
	}
}

// Small whole numbers have many ties. Every choice of as many of them for b is as
// likely as any other, so the p-values can be counted.
func TestMannWhitneyIsThatOfAllChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (values []float64) {
			for _, v := range rapid.SliceOfN(rapid.IntRange(-3, 3), 1, 7).Draw(t, name) {
				values = append(values, float64(v))
			}
			return values
		}
		a, b := draw("a"), draw("b")
		keptA, keptB := slices.Clone(a), slices.Clone(b)
		less, greater := stats.MannWhitney(a, b)
		if !slices.Equal(a, keptA) || !slices.Equal(b, keptB) {
			t.Fatalf("MannWhitney changed its arguments from %v and %v to %v and %v", keptA, keptB, a, b)
		}
		wantLess, wantGreater := countChoices(a, b)
		if !near(less, wantLess, 1e-12) || !near(greater, wantGreater, 1e-12) {
			t.Errorf("MannWhitney(%v, %v) = %v, %v, and counted %v, %v", a, b, less, greater, wantLess, wantGreater)
		}
	})
}

// countChoices are the shares of choices of len(b) from all values that have at
// most, and at least, as many pairs with the greater value among the chosen, and
// half of the equal pairs, as b has.
func countChoices(a, b []float64) (less, greater float64) {
	together := slices.Concat(a, b)
	pairs := func(chosen uint) (twice int) {
		for i, v := range together {
			for j, w := range together {
				if chosen>>i&1 == 1 && chosen>>j&1 == 0 {
					twice += one(v > w) + one(v >= w)
				}
			}
		}
		return twice
	}
	observed := pairs((1<<len(together) - 1) &^ (1<<len(a) - 1))
	all := 0
	for chosen := range uint(1) << len(together) {
		if bits.OnesCount(chosen) != len(b) {
			continue
		}
		all++
		less += float64(one(pairs(chosen) <= observed))
		greater += float64(one(pairs(chosen) >= observed))
	}
	return less / float64(all), greater / float64(all)
}

// Up to 4,000 pairs p-values are those of the exact distribution, counted here
// in whole numbers of any size, and beyond that close enough for nobody to see
// the border.
func TestMannWhitneyAgreesOnBothSidesOfTheApproximation(t *testing.T) {
	for _, tt := range []struct {
		n, m            int
		most, mostSmall float64
	}{{9, 9, 1e-12, 1e-12}, {20, 30, 1e-12, 1e-12}, {10, 200, 1e-12, 1e-12}, {65, 65, 7e-4, 2e-4}, {200, 21, 1.4e-3, 4e-4}} {
		counts := countsOfU(tt.n, tt.m)
		total := new(big.Int)
		for _, c := range counts {
			total.Add(total, c)
		}
		below := new(big.Int)
		off, offSmall := 0.0, 0.0
		last := 0.0
		for u, c := range counts {
			below.Add(below, c)
			want, _ := new(big.Rat).SetFrac(below, total).Float64()
			if want < 2*last && want-last < 0.1 {
				continue // near the last one asked
			}
			last = want
			got, _ := stats.MannWhitney(samplesOf(tt.n, tt.m, u))
			off = max(off, math.Abs(got-want))
			if want < 0.05 {
				offSmall = max(offSmall, math.Abs(got-want))
			}
		}
		if off > tt.most || offSmall > tt.mostSmall {
			t.Errorf("p of %d and %d values is off by up to %g, and by %g where it is below 0.05: want up to %g and %g", tt.n, tt.m, off, offSmall, tt.most, tt.mostSmall)
		}
	}
}

// countsOfU are how many orders of n and m values have each U: the coefficients
// of the Gaussian binomial, a product of (1-q^(m+i))/(1-q^i).
func countsOfU(n, m int) []*big.Int {
	c := make([]*big.Int, n*m+1)
	for u := range c {
		c[u] = new(big.Int)
	}
	c[0].SetInt64(1)
	for i := 1; i <= n; i++ {
		for u := n * m; u >= m+i; u-- {
			c[u].Sub(c[u], c[u-m-i])
		}
		for u := i; u <= n*m; u++ {
			c[u].Add(c[u], c[u-i])
		}
	}
	return c
}

// samplesOf are n values and m others, all different, of which u pairs have the
// greater value in b.
func samplesOf(n, m, u int) (a, b []float64) {
	for i := range n {
		a = append(a, float64(i+1))
	}
	for j := range m {
		above := min(n, u)
		u -= above
		b = append(b, float64(above)+0.5-float64(j)/1e6)
	}
	return a, b
}

func TestMannWhitneyMirrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Up to 4,900 pairs, so that the approximation is mirrored too.
		a := rapid.SliceOfN(rapid.Float64Range(-9, 9), 0, 70).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Float64Range(-9, 9), 0, 70).Draw(t, "b")
		less, greater := stats.MannWhitney(a, b)
		swappedLess, swappedGreater := stats.MannWhitney(b, a)
		if !near(less, swappedGreater, 1e-12) || !near(greater, swappedLess, 1e-12) {
			t.Errorf("MannWhitney = %v, %v, and with the samples swapped %v, %v", less, greater, swappedLess, swappedGreater)
		}
		if less+greater < 1 || less > 1 || greater > 1 {
			t.Errorf("MannWhitney = %v, %v: one of the two holds, or both", less, greater)
		}
	})
}
