package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

func TestMAD(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name   string
		values []float64
		want   float64
	}{
		{"none", nil, nan},
		{"one", []float64{5}, 0},
		{"a wild one among them", []float64{1, 1, 2, 2, 4, 6, 9000}, 1},
		{"even", []float64{4, 1, 2, 3}, 1},
		{"NaN among them", []float64{1, nan, 2}, nan},
		{"infinite", []float64{1, math.Inf(-1), 2}, nan},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.MAD(tt.values); !same(got, tt.want) {
				t.Errorf("MAD(%v) = %v, want %v", tt.values, got, tt.want)
			}
		})
	}
}

// Both are spreads: they grow with the scale, and do not see where values lie.
func TestSpreadsScaleAndDoNotShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 6, 40).Draw(t, "values")
		scale := rapid.Float64Range(-50, 50).Draw(t, "scale")
		offset := rapid.Float64Range(-100, 100).Draw(t, "offset")
		kept := slices.Clone(values)
		var moved []float64
		for _, v := range values {
			moved = append(moved, scale*v+offset)
		}
		for name, spread := range map[string]func([]float64) float64{
			"MAD":             stats.MAD,
			"SmallestVisible": func(v []float64) float64 { return stats.SmallestVisible(v, 0.95, 0.8) },
		} {
			want := math.Abs(scale) * spread(values)
			if got := spread(moved); !near(got, want, 1e-8) || got < 0 {
				t.Errorf("%s of %v·values%+v = %v, want %v", name, scale, offset, got, want)
			}
			if got := spread(rapid.Permutation(values).Draw(t, "shuffled")); !near(got, spread(values), 1e-12) {
				t.Errorf("%s of shuffled values = %v, want %v", name, got, spread(values))
			}
		}
		if !slices.Equal(values, kept) {
			t.Fatalf("a spread changed its argument from %v to %v", kept, values)
		}
	})
}

func TestSmallestVisibleOfFewAndOdd(t *testing.T) {
	six := []float64{1, 2, 3, 4, 5, 6}
	nan := math.NaN()
	tests := []struct {
		name              string
		values            []float64
		confidence, power float64
		want              float64
	}{
		// At a power of a half it is half the interval's width.
		{"every other time", six, 0.95, 0.5, 2.5},
		// z is 0.8416 for 80 %, and 2.1539 for the 98.4375 % up to the upper end.
		{"four times of five", six, 0.95, 0.8, 2.5 * (1 + 0.841621/2.153875)},
		{"five values have no interval", six[:5], 0.95, 0.8, nan},
		{"never", six, 0.95, 0, nan},
		{"always", six, 0.95, 1, nan},
		{"power NaN", six, 0.95, nan, nan},
		{"NaN among them", []float64{1, 2, 3, nan, 5, 6}, 0.95, 0.8, nan},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.SmallestVisible(tt.values, tt.confidence, tt.power); !near(got, tt.want, 1e-5) {
				t.Errorf("SmallestVisible(%v, %v, %v) = %v, want %v", tt.values, tt.confidence, tt.power, got, tt.want)
			}
		})
	}
}

// What runs say on average that they could see is seen in 80 % of them. What a
// single run says is off by as much as its spread is, so it is seen less often.
func TestSmallestVisibleIsSeen(t *testing.T) {
	const runs = 1500
	for _, kind := range kinds[:2] { // with and without heavy tails
		for _, n := range []int{6, 8, 10, 20, 30} {
			t.Run(fmt.Sprintf("%s/%d", kind.name, n), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(13, uint64(n)))
				average, single := 0.0, share{}
				for range runs {
					visible := stats.SmallestVisible(kind.draw(random, n), 0.95, 0.8)
					average += visible / runs
					single.count(shows(kind.draw(random, n), visible))
				}
				seen := share{}
				for range runs {
					seen.count(shows(kind.draw(random, n), average))
				}
				if seen.of() < 0.76 || seen.of() > 0.84 {
					t.Errorf("%.1f %% of runs show the average of %v, want 76 to 84 %%", seen.of()*100, average)
				}
				if single.of() < 0.66 || single.of() > 0.82 {
					t.Errorf("%.1f %% of runs show what another one said, want 66 to 82 %%", single.of()*100)
				}
			})
		}
	}
}

// shows says whether the interval of values moved by shift leaves zero out.
func shows(values []float64, shift float64) bool {
	got := stats.Shift(values, 0.95)
	return got.Low+shift > 0 || got.High+shift < 0
}
