package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

// The example of R's wilcox.test, after Hollander and Wolfe: the depression of
// nine patients before and after, V = 40 and p = 0.01953.
func TestSignedRankOfThePublishedExample(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var differences []float64
	for i := range before {
		differences = append(differences, before[i]-after[i])
	}
	less, greater := stats.SignedRank(differences, 0)
	if !near(greater, 0.01953125, 1e-12) || !near(less, 0.986328125, 1e-12) {
		t.Errorf("SignedRank = %v, %v, want 0.986328125, 0.01953125", less, greater)
	}
	if same, _ := stats.SignedRank(withRankSum(9, 40), 0); same != less {
		t.Errorf("V is not 40: that has p = %v, and these values %v", same, less)
	}
}

// The table of critical values found in textbooks, two-sided at 5 %: the
// greatest of the smaller rank sum that is still significant. Five values have
// none.
func TestSignedRankHasThePublishedCriticalValues(t *testing.T) {
	critical := map[int]int{5: -1, 6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29,
		17: 34, 18: 40, 19: 46, 20: 52, 21: 58, 22: 65, 23: 73, 24: 81, 25: 89}
	for n, want := range critical {
		if want >= 0 {
			if p := stats.TwoSided(stats.SignedRank(withRankSum(n, want), 0)); p > 0.05 {
				t.Errorf("rank sum %d of %d values: p = %v, want at most 0.05", want, n, p)
			}
		}
		if p := stats.TwoSided(stats.SignedRank(withRankSum(n, want+1), 0)); p <= 0.05 {
			t.Errorf("rank sum %d of %d values: p = %v, want above 0.05", want+1, n, p)
		}
	}
}

func TestSignedRankOfFewOrNone(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name          string
		values        []float64
		mu            float64
		less, greater float64
	}{
		{"none", nil, 0, 1, 1},
		{"all at mu", []float64{3, 3, 3}, 3, 1, 1},
		{"one above", []float64{2}, 0, 1, 0.5},
		{"one below, one at mu", []float64{2, 5}, 5, 0.5, 1},
		{"two as far on either side", []float64{-1, 1}, 0, 0.75, 0.75},
		{"ties: 3 of 4 ranks of 2.5", []float64{1, 1, 1, -1}, 0, 15.0 / 16, 5.0 / 16},
		{"NaN", []float64{1, nan}, 0, nan, nan},
		{"infinite", []float64{1, math.Inf(-1)}, 0, nan, nan},
		{"about NaN", []float64{1, 2}, nan, nan, nan},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			less, greater := stats.SignedRank(tt.values, tt.mu)
			if !near(less, tt.less, 1e-12) || !near(greater, tt.greater, 1e-12) {
				t.Errorf("SignedRank(%v, %v) = %v, %v, want %v, %v", tt.values, tt.mu, less, greater, tt.less, tt.greater)
			}
		})
	}
}

// Small whole numbers have many ties and zeros. Every assignment of signs to
// their sizes is as likely as any other, so the p-values can be counted.
func TestSignedRankIsThatOfAllAssignmentsOfSigns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.IntRange(-5, 5), 0, 10).Draw(t, "values")
		mu := rapid.IntRange(-2, 2).Draw(t, "mu")
		var values []float64
		for _, v := range whole {
			values = append(values, float64(v))
		}
		kept := slices.Clone(values)
		less, greater := stats.SignedRank(values, float64(mu))
		if !slices.Equal(values, kept) {
			t.Fatalf("SignedRank changed its argument from %v to %v", kept, values)
		}
		wantLess, wantGreater := countSigns(whole, mu)
		if !near(less, wantLess, 1e-12) || !near(greater, wantGreater, 1e-12) {
			t.Errorf("SignedRank(%v, %d) = %v, %v, and counted %v, %v", values, mu, less, greater, wantLess, wantGreater)
		}
	})
}

// countSigns are the shares of sign assignments whose signed ranks sum up to
// at most, and to at least, what those of values minus mu do.
func countSigns(values []int, mu int) (less, greater float64) {
	var differences []int
	for _, v := range values {
		if v != mu {
			differences = append(differences, v-mu)
		}
	}
	// A rank, doubled, is 1 + those smaller twice + the other equal ones.
	ranks, observed := make([]int, len(differences)), 0
	for i, a := range differences {
		for _, b := range differences {
			switch {
			case b*b < a*a:
				ranks[i] += 2
			case b*b == a*a:
				ranks[i]++
			}
		}
		ranks[i]++
		if a > 0 {
			observed += ranks[i]
		}
	}
	all := 1 << len(ranks)
	for signs := range all {
		sum := 0
		for i, rank := range ranks {
			if signs>>i&1 == 1 {
				sum += rank
			}
		}
		if sum <= observed {
			less++
		}
		if sum >= observed {
			greater++
		}
	}
	return less / float64(all), greater / float64(all)
}

func TestSignedRankMirrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Up to 300 values, so that the approximation is mirrored too.
		values := rapid.SliceOfN(rapid.Float64Range(-9, 9), 0, 300).Draw(t, "values")
		var mirrored []float64
		for _, v := range slices.Backward(values) {
			mirrored = append(mirrored, -v)
		}
		less, greater := stats.SignedRank(values, 1)
		mirroredLess, mirroredGreater := stats.SignedRank(mirrored, -1)
		if less != mirroredGreater || greater != mirroredLess {
			t.Errorf("SignedRank = %v, %v, and mirrored and reversed %v, %v", less, greater, mirroredLess, mirroredGreater)
		}
	})
}

func TestTwoSided(t *testing.T) {
	for _, tt := range []struct{ less, greater, want float64 }{
		{0.01, 0.995, 0.02}, {0.995, 0.01, 0.02}, {0.6, 0.7, 1}, {math.NaN(), 0.01, math.NaN()}, {0.01, math.NaN(), math.NaN()},
	} {
		if got := stats.TwoSided(tt.less, tt.greater); !same(got, tt.want) {
			t.Errorf("TwoSided(%v, %v) = %v, want %v", tt.less, tt.greater, got, tt.want)
		}
	}
}
