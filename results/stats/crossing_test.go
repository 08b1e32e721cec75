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

var grid = []float64{10, 30, 100, 300, 1000, 10000}

func TestCrossingOfExactRatios(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	none := func(kind stats.CrossingKind) stats.CrossingOf {
		return stats.CrossingOf{Kind: kind, Interval: stats.Interval{Estimate: nan, Low: nan, High: nan}, First: -1, Last: -1, Slope: nan, Offset: nan}
	}
	crosses := func(at float64, first, last int, slope, offset float64) stats.CrossingOf {
		return stats.CrossingOf{Kind: stats.Crosses, Interval: stats.Interval{Estimate: at, Low: at, High: at}, First: first, Last: last, Slope: slope, Offset: offset}
	}
	upwards := crosses(4, 1, 2, 0.1, 0.6)
	tests := []struct {
		name   string
		x      []float64
		ratios [][]float64
		floor  float64
		want   stats.CrossingOf
	}{
		{"upwards", []float64{1, 2, 6, 9}, each(0.7, 0.8, 1.2, 1.5), 0, upwards},
		{"downwards", []float64{1, 2, 6, 9}, each(1.3, 1.2, 0.8, 0.5), 0, crosses(4, 1, 2, -0.1, 1.4)},
		{"at a place", []float64{1, 2, 4, 6, 9}, each(0.7, 0.8, 1, 1.2, 1.5), 0, crosses(4, 1, 3, 0.1, 0.6)},
		{"through places that differ by less than identical arms", []float64{1, 2, 6, 9}, each(0.7, 0.8, 1.2, 1.5), 0.3, crosses(4, 0, 3, 0.1, 0.6)},
		{"below", []float64{1, 2, 3}, each(0.7, 0.8, 0.9), 0, none(stats.Below)},
		{"above", []float64{1, 2, 3}, each(1.3, 1.2, 1.1), 0, none(stats.Above)},
		{"below or the same", []float64{1, 2, 3}, each(0.7, 1, 0.8), 0, none(stats.Below)},
		{"the same", []float64{1, 2, 3}, each(1, 1, 1), 0, none(stats.Untold)},
		{"nothing beyond what identical arms differ by", []float64{1, 2, 3}, each(0.7, 0.8, 1.2), 0.5, none(stats.Untold)},
		{"there and back", []float64{1, 2, 3}, each(0.7, 1.2, 0.9), 0, none(stats.Several)},
		{"at the first place", []float64{4, 6, 9}, each(1, 1.2, 1.5), 0, none(stats.Above)},
		{"at the last place", []float64{1, 2, 4}, each(0.7, 0.8, 1), 0, none(stats.Below)},
		{"just before the first place", []float64{5, 6, 9}, each(1.1, 1.2, 1.5), 0.15, none(stats.Above)},
		{"just after the last place", []float64{1, 2, 3}, each(0.7, 0.8, 0.9), 0.15, none(stats.Below)},
		{"far before the first place", []float64{10, 12, 14}, each(1.18, 1.19, 1.25), 0.2, none(stats.Above)},
		{"at both ends", []float64{1, 2, 3}, each(1, 0.8, 1), 0, none(stats.Below)},

		{"between places that are no line", []float64{1, 2, 3, 4, 20, 21}, each(0.9, 1.1, 1.1, 1.1, 0.91, 1.11), 0.1, crosses(1+0.1/0.0105, 0, 5, 0.0105, 0.8895)},

		{"no places", nil, nil, 0, none(stats.Untold)},
		{"one place", []float64{1}, each(0.7), 0, none(stats.Below)},
		{"places without enough blocks", []float64{1, 2, 3, 6, 9}, [][]float64{{0.7, 0.7, 0.7}, {0.8, 0.8, 0.8}, {3, 3}, {1.2, 1.2, 1.2}, nil}, 0, crosses(4, 1, 3, 0.1, 0.6)},
		{"a place that is no number", []float64{1, 2, 3, 6, 9}, each(0.7, 0.8, nan, 1.2, 1.5), 0, crosses(4, 1, 3, 0.1, 0.6)},
		{"an infinite place", []float64{1, 2, 3, 6, 9}, each(0.7, 0.8, inf, 1.2, 1.5), 0, crosses(4, 1, 3, 0.1, 0.6)},
		{"places too few", []float64{1, 2}, each(0.7, 0.8, 1.2), 0, none(stats.Untold)},
		{"places that do not ascend", []float64{1, 6, 2}, each(0.7, 0.8, 1.2), 0, none(stats.Untold)},
		{"places at 0", []float64{0, 1, 2}, each(0.7, 0.8, 1.2), 0, none(stats.Untold)},
		{"places that are no numbers", []float64{1, nan, 2}, each(0.7, 0.8, 1.2), 0, none(stats.Untold)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := stats.Crossing(tt.x, logs(tt.ratios), 0.95, tt.floor)
			if got.Kind != tt.want.Kind || got.First != tt.want.First || got.Last != tt.want.Last ||
				!nearInterval(got.Interval, tt.want.Interval, 1e-9) || !near(got.Slope, tt.want.Slope, 1e-9) || !near(got.Offset, tt.want.Offset, 1e-9) {
				t.Errorf("Crossing of %v at %v = %+v, want %+v", tt.ratios, tt.x, got, tt.want)
			}
		})
	}
}

// At the places beyond a crossing the difference need not be clear one by one,
// if together they tell it; if they do not, no crossing is claimed.
func TestCrossingAmongPlacesThatAreNotClear(t *testing.T) {
	x := []float64{10, 20, 30, 100}
	upwards := [][]float64{spread(math.Log(0.8), 0.08), spread(math.Log(0.9), 0.05), spread(math.Log(0.95), 0.022), spread(math.Log(1.7), 0.02)}
	got := stats.Crossing(x, upwards, 0.95, 0)
	if got.Kind != stats.Crosses || got.First != 0 || got.Last != 3 || !(got.Slope > 0) || !(10 < got.Low && got.Low < got.Estimate && got.Estimate < got.High) {
		t.Errorf("Crossing = %+v, want one", got)
	}
	slices.Reverse(upwards)
	got = stats.Crossing([]float64{10, 80, 90, 100}, upwards, 0.95, 0)
	if got.Kind != stats.Crosses || got.First != 0 || got.Last != 3 || !(got.Slope < 0) || !(got.Low < got.Estimate && got.Estimate < got.High && got.High < 100) {
		t.Errorf("downwards, Crossing = %+v, want one", got)
	}
	got = stats.Crossing(x, [][]float64{spread(math.Log(0.8), 0.2), spread(0, 0.2), spread(math.Log(1.25), 0.01), spread(math.Log(2), 0.01)}, 0.95, 0)
	if got.Kind != stats.Above || got.First != -1 {
		t.Errorf("where the first places tell nothing, Crossing = %+v, want none", got)
	}
}

// A wild block at each place, of 12, moves the crossing less than the noise of
// the others allows for.
func TestCrossingHardlyMovesWithWildBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 20))
	for range 100 {
		ratios := passing(random, 500, 0.5, 12, 0.03, (*rand.Rand).NormFloat64)
		calm := stats.Crossing(grid, ratios, 0.95, 0)
		for _, r := range ratios {
			r[0] += 1
		}
		got := stats.Crossing(grid, ratios, 0.95, 0)
		if !(got.Estimate > calm.Low && got.Estimate < calm.High) {
			t.Errorf("wild blocks move Crossing from %+v to %+v", calm, got)
		}
	}
}

func TestCrossingInOtherUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		truth := 10 * math.Pow(1000, random.Float64())
		ratios := passing(random, truth, 0.5, 10, 0.05, heavyTailed)
		want := stats.Crossing(grid, ratios, 0.95, 0)
		unit := math.Pow(10, rapid.Float64Range(-9, 9).Draw(t, "unit"))
		var x []float64
		for _, v := range grid {
			x = append(x, v*unit)
		}
		got := stats.Crossing(x, ratios, 0.95, 0)
		if got.Kind != want.Kind || got.First != want.First || got.Last != want.Last {
			t.Fatalf("Crossing in units of %g is %+v, want %+v", unit, got, want)
		}
		for _, pair := range [][2]float64{{got.Estimate, want.Estimate * unit}, {got.Low, want.Low * unit}, {got.High, want.High * unit}} {
			if !near(pair[0], pair[1], 1e-6*math.Abs(pair[1])) {
				t.Errorf("Crossing in units of %g is %+v, want %+v", unit, got, want)
			}
		}
		if got.Kind == stats.Crosses && !(got.Low <= got.Estimate && got.Estimate <= got.High) {
			t.Errorf("Crossing = %+v lies outside of its interval", got)
		}
	})
}

// Of the intervals of crossings anywhere in the grid, about as many cover as they
// say, whatever the tails. Those near an end are not all told.
func TestCrossingCovers(t *testing.T) {
	const runs = 3000
	noises := map[string]func(*rand.Rand) float64{"normal": (*rand.Rand).NormFloat64, "heavy-tailed": heavyTailed}
	for name, noise := range noises {
		for _, blocks := range []int{8, 20} {
			for _, deviation := range []float64{0.01, 0.1} {
				t.Run(fmt.Sprintf("%s/%d/%g", name, blocks, deviation), func(t *testing.T) {
					t.Parallel()
					random := rand.New(rand.NewPCG(16, uint64(blocks)))
					var found, covered share
					for range runs {
						truth := 10 * math.Pow(1000, random.Float64())
						got := stats.Crossing(grid, passing(random, truth, 0.2, blocks, deviation, noise), 0.95, 0)
						found.count(got.Kind == stats.Crosses)
						if got.Kind == stats.Crosses {
							covered.count(got.Low <= truth && truth <= got.High)
						}
					}
					t.Logf("%.1f %% found, coverage of %.1f %%", found.of()*100, covered.of()*100)
					if found.of() < 0.8 {
						t.Errorf("%.1f %% of crossings are found, want 80 %%", found.of()*100)
					}
					if tolerance := 3 * covered.standardError(0.95); covered.of() < 0.92-tolerance || covered.of() > 0.96+tolerance {
						t.Errorf("coverage is %.1f %%, want 92 to 96 ± %.1f %%", covered.of()*100, tolerance*100)
					}
				})
			}
		}
	}
}

// Of identical arms, hardly any run tells anything at any place.
func TestCrossingOfIdenticalArmsIsUntold(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	const runs = 1000
	kinds := make(map[stats.CrossingKind]int)
	for range runs {
		ratios := passing(random, 1, 0, 12, 0.05, heavyTailed)
		kinds[stats.Crossing(grid, ratios, 0.95, 0).Kind]++
	}
	if kinds[stats.Untold] < 940 {
		t.Errorf("of %d runs of identical arms %d are untold, want 940: %v", runs, kinds[stats.Untold], kinds)
	}
}

// Numbers of any kind make nothing panic. Beyond its seeds:
//
//	go test -fuzz FuzzNoCrossingPanics ./results/stats
func FuzzNoCrossingPanics(f *testing.F) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0, 1, -1, 700, -700}
	for _, a := range odd {
		f.Add(bytesOf(a, 1, 2, 3, 4, 5, 6, 7, 8, a, a, a), 0.95, 0.01)
		f.Add(bytesOf(-1, -1, -2, -1, 1, 1, 2, 1, a, a, a, a), 0.95, 0.0)
		f.Add(bytesOf(-1, -1, -2, -1, 1, 1, 2, 1), a, 0.0)
		f.Add(bytesOf(-1, -1, -2, -1, 1, 1, 2, 1), 0.95, a)
	}
	f.Fuzz(func(t *testing.T, raw []byte, confidence, floor float64) {
		var x []float64
		var ratios [][]float64
		for values := valuesOf(raw); len(values) >= 4; values = values[4:] {
			x, ratios = append(x, float64(len(x)+1)), append(ratios, values[:4])
		}
		got := stats.Crossing(x, ratios, confidence, floor)
		if (got.Kind == stats.Crosses) == math.IsNaN(got.Estimate) || got.Low > got.Estimate || got.Estimate > got.High {
			t.Errorf("Crossing(%v, %v, %v, %v) = %+v: out of order", x, ratios, confidence, floor, got)
		}
		stats.Crossing(valuesOf(raw), ratios, confidence, floor)
		if c, ok := stats.RelativeFit(ratios, x, 0); ok && containsNaN(c) {
			t.Errorf("RelativeFit(%v, %v) = %v, want numbers", ratios, x, c)
		}
	})
}

// passing are log-ratios along the grid of a + b·x, which is 1 at truth, and
// 1-steepness where x is 0.
func passing(random *rand.Rand, truth, steepness float64, blocks int, deviation float64, noise func(*rand.Rand) float64) [][]float64 {
	ratios := make([][]float64, len(grid))
	for i, x := range grid {
		for range blocks {
			ratios[i] = append(ratios[i], math.Log(1-steepness+steepness*x/truth)+deviation*noise(random))
		}
	}
	return ratios
}

// each is one ratio at every place, the same in all of its blocks.
func each(ratios ...float64) [][]float64 {
	var places [][]float64
	for _, r := range ratios {
		places = append(places, []float64{r, r, r})
	}
	return places
}

func logs(ratios [][]float64) [][]float64 {
	var places [][]float64
	for _, p := range ratios {
		var place []float64
		for _, r := range p {
			place = append(place, math.Log(r))
		}
		places = append(places, place)
	}
	return places
}
