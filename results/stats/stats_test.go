package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

func TestMedianAndRange(t *testing.T) {
	tests := []struct {
		name              string
		values            []float64
		median, low, high float64
	}{
		{"none", nil, math.NaN(), math.NaN(), math.NaN()},
		{"one", []float64{7}, 7, 7, 7},
		{"odd, unsorted", []float64{9, 1, 5}, 5, 1, 9},
		{"even, unsorted", []float64{4, 1, 3, 2}, 2.5, 1, 4},
		{"equal", []float64{2, 2, 2, 2}, 2, 2, 2},
		{"NaN among them", []float64{2, math.NaN(), 3, 4}, math.NaN(), math.NaN(), math.NaN()},
		{"negative", []float64{-3, -1}, -2, -3, -1},
		{"whose sum overflows", []float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64, math.MaxFloat64, math.MaxFloat64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.Median(tt.values); !same(got, tt.median) {
				t.Errorf("Median(%v) = %v, want %v", tt.values, got, tt.median)
			}
			if low, high := stats.Range(tt.values); !same(low, tt.low) || !same(high, tt.high) {
				t.Errorf("Range(%v) = %v, %v, want %v, %v", tt.values, low, high, tt.low, tt.high)
			}
		})
	}
}

func TestLogRatio(t *testing.T) {
	tests := []struct {
		name  string
		a, b  float64
		ratio float64
		ok    bool
	}{
		{"equal", 3, 3, 0, true},
		{"e times", math.E, 1, 1, true},
		{"beyond the range of a quotient", 1e300, 1e-300, 1381.5511, true},
		{"of zero", 0, 1, 0, false},
		{"to zero", 1, 0, 0, false},
		{"negative", -1, -1, 0, false},
		{"NaN", math.NaN(), 1, 0, false},
		{"infinite", 1, math.Inf(1), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := stats.LogRatio(tt.a, tt.b)
			if ok != tt.ok || math.Abs(got-tt.ratio) > 1e-3 {
				t.Errorf("LogRatio(%v, %v) = %v, %v, want %v, %v", tt.a, tt.b, got, ok, tt.ratio, tt.ok)
			}
		})
	}
}

// As many values lie on one side of the median as on the other, and neither
// the order of values nor the slice itself is any of its business.
func TestMedianProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), 1, 40).Draw(t, "values")
		kept := slices.Clone(values)
		median := stats.Median(values)
		if !slices.Equal(values, kept) {
			t.Fatalf("Median changed its argument from %v to %v", kept, values)
		}
		below, above := 0, 0
		for _, v := range values {
			if v < median {
				below++
			}
			if v > median {
				above++
			}
		}
		if half := len(values) / 2; below > half || above > half {
			t.Errorf("Median(%v) = %v with %d values below and %d above", values, median, below, above)
		}
		if shuffled := rapid.Permutation(values).Draw(t, "shuffled"); stats.Median(shuffled) != median {
			t.Errorf("Median(%v) = %v, but of %v it is %v", values, median, shuffled, stats.Median(shuffled))
		}
		if low, high := stats.Range(values); median < low || median > high {
			t.Errorf("Median(%v) = %v outside of its range %v to %v", values, median, low, high)
		}
	})
}

func TestLogRatioIsAntisymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(1e-9, 1e18).Draw(t, "a")
		b := rapid.Float64Range(1e-9, 1e18).Draw(t, "b")
		ab, _ := stats.LogRatio(a, b)
		ba, _ := stats.LogRatio(b, a)
		if ab != -ba {
			t.Errorf("LogRatio(%v, %v) = %v, and the other way round %v", a, b, ab, ba)
		}
	})
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
