package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

// The ranks of the 95 % interval of a median, as in published tables (Conover;
// Gibbons): with n values from the rank'th to the rank'th from above.
func TestMedianIntervalHasThePublishedRanks(t *testing.T) {
	ranks := map[int]int{6: 1, 7: 1, 8: 1, 9: 2, 10: 2, 11: 2, 12: 3, 13: 3, 14: 3, 15: 4, 16: 4, 17: 5, 18: 5, 19: 5,
		20: 6, 25: 8, 30: 10, 40: 14, 50: 18, 100: 40}
	for n, rank := range ranks {
		var values []float64
		for v := n; v >= 1; v-- {
			values = append(values, float64(v))
		}
		want := stats.Interval{Estimate: float64(n+1) / 2, Low: float64(rank), High: float64(n + 1 - rank)}
		if got := stats.MedianInterval(values, 0.95); got != want {
			t.Errorf("MedianInterval of 1 to %d = %+v, want %+v", n, got, want)
		}
	}
}

func TestMedianIntervalOfFewAndOdd(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name       string
		values     []float64
		confidence float64
		want       stats.Interval
	}{
		{"none", nil, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"one", []float64{3}, 0.95, stats.Interval{Estimate: 3, Low: nan, High: nan}},
		{"five do not reach 95 %", []float64{1, 2, 3, 4, 5}, 0.95, stats.Interval{Estimate: 3, Low: nan, High: nan}},
		{"but 93.75 %", []float64{5, 2, 3, 4, 1}, 0.9375, stats.Interval{Estimate: 3, Low: 1, High: 5}},
		{"all certain", []float64{1, 2, 3, 4, 5, 6}, 1, stats.Interval{Estimate: 3.5, Low: nan, High: nan}},
		{"NaN among them", []float64{1, 2, 3, nan, 5, 6}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"infinite", []float64{1, 2, 3, math.Inf(1), 5, 6}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.MedianInterval(tt.values, tt.confidence); !sameInterval(got, tt.want) {
				t.Errorf("MedianInterval(%v, %v) = %+v, want %+v", tt.values, tt.confidence, got, tt.want)
			}
		})
	}
}

func TestMedianIntervalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 6, 60).Draw(t, "values")
		kept := slices.Clone(values)
		got := stats.MedianInterval(values, 0.95)
		if !slices.Equal(values, kept) {
			t.Fatalf("MedianInterval changed its argument from %v to %v", kept, values)
		}
		if got.Estimate != stats.Median(values) || got.Low > got.Estimate || got.Estimate > got.High {
			t.Errorf("MedianInterval(%v) = %+v, want one about the median %v", values, got, stats.Median(values))
		}
		if s := stats.MedianInterval(rapid.Permutation(values).Draw(t, "shuffled"), 0.95); s != got {
			t.Errorf("MedianInterval of shuffled values = %+v, want %+v", s, got)
		}
		// Any rising curve takes the interval with it.
		var risen []float64
		for _, v := range values {
			risen = append(risen, v*v*v)
		}
		if r := stats.MedianInterval(risen, 0.95); !near(r.Low, got.Low*got.Low*got.Low, 1e-9) || !near(r.High, got.High*got.High*got.High, 1e-9) {
			t.Errorf("MedianInterval of cubes = %+v, and of their roots %+v", r, got)
		}
	})
}
