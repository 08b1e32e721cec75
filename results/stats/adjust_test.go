package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

func TestAdjust(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name        string
		p, holm, bh []float64
	}{
		{"none", nil, []float64{}, []float64{}},
		{"one", []float64{0.03}, []float64{0.03}, []float64{0.03}},
		// Holm: 3·0.01, 2·0.02, 1·0.03 but no less than the last.
		// Benjamini–Hochberg: 3/1·0.01, 3/2·0.02, 3/3·0.03.
		{"three, unsorted", []float64{0.03, 0.01, 0.02}, []float64{0.04, 0.03, 0.04}, []float64{0.03, 0.03, 0.03}},
		{"at most 1", []float64{0.9, 0.6}, []float64{1, 1}, []float64{0.9, 0.9}},
		{"tests not made", []float64{nan, 0.01, nan, 0.5}, []float64{nan, 0.02, nan, 0.5}, []float64{nan, 0.02, nan, 0.5}},
		{"none made", []float64{nan}, []float64{nan}, []float64{nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			almost := func(a, b float64) bool { return near(a, b, 1e-15) }
			if got := stats.Holm(tt.p); !slices.EqualFunc(got, tt.holm, almost) {
				t.Errorf("Holm(%v) = %v, want %v", tt.p, got, tt.holm)
			}
			if got := stats.BenjaminiHochberg(tt.p); !slices.EqualFunc(got, tt.bh, almost) {
				t.Errorf("BenjaminiHochberg(%v) = %v, want %v", tt.p, got, tt.bh)
			}
		})
	}
}

func TestAdjustProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 30).Draw(t, "p")
		kept := slices.Clone(p)
		holm, bh := stats.Holm(p), stats.BenjaminiHochberg(p)
		if !slices.Equal(p, kept) {
			t.Fatalf("adjusting changed p from %v to %v", kept, p)
		}
		for i := range p {
			if p[i] > bh[i] || bh[i] > holm[i]*(1+1e-12) || holm[i] > 1 {
				t.Errorf("%v: p %v, Benjamini–Hochberg %v, Holm %v: want them to rise, to at most 1", p, p[i], bh[i], holm[i])
			}
			for j := range p {
				if p[i] <= p[j] && (holm[i] > holm[j] || bh[i] > bh[j]) {
					t.Errorf("%v: %v and %v change their order: Holm %v and %v, Benjamini–Hochberg %v and %v",
						p, p[i], p[j], holm[i], holm[j], bh[i], bh[j])
				}
			}
		}
	})
}
