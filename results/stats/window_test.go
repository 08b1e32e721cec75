package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

var wideGrid = []float64{10, 30, 100, 300, 1000, 5000}

// ratiosOf are log-ratios of 8 blocks at each place of the wide grid, with noise
// of 1 %.
func ratiosOf(random *rand.Rand, ratio func(x float64) float64) [][]float64 {
	ratios := make([][]float64, len(wideGrid))
	for i, x := range wideGrid {
		for range 8 {
			ratios[i] = append(ratios[i], math.Log(ratio(x))+0.01*random.NormFloat64())
		}
	}
	return ratios
}

// A ratio that only ever rises from 1 does not pass it, however well a line
// through where it is and where it is not 1 would.
func TestNoCrossingWhereARatioRisesFromOne(t *testing.T) {
	tests := map[string]func(x float64) float64{
		"bent": func(x float64) float64 {
			return map[float64]float64{10: 1, 30: 1, 100: 1, 300: 1, 1000: 1.05, 5000: 1.28}[x]
		},
		"straight": func(x float64) float64 { return 1 + x/1e4 },
		"falling":  func(x float64) float64 { return 1 - x/1e4 },
	}
	for name, ratio := range tests {
		random := rand.New(rand.NewPCG(21, 22))
		var crosses share
		for range 2000 {
			crosses.count(stats.Crossing(wideGrid, ratiosOf(random, ratio), 0.95, 0.01).Kind == stats.Crosses)
		}
		t.Logf("%s: %.1f %% cross", name, crosses.of()*100)
		if crosses.of() >= 0.05 {
			t.Errorf("%s: %.1f %% cross, want less than 5 %%", name, crosses.of()*100)
		}
	}
}

// Of a crossing that one place alone lies before, and hardly so, nothing false
// is said.
func TestACrossingNearTheFirstPlace(t *testing.T) {
	const truth, runs = 18, 2000
	random := rand.New(rand.NewPCG(23, 24))
	kinds := make(map[stats.CrossingKind]int)
	var covered share
	wrong := 0
	for range runs {
		got := stats.Crossing(wideGrid, ratiosOf(random, func(x float64) float64 { return 1 + 0.0014*(min(x, 1000)-truth) }), 0.95, 0.01)
		kinds[got.Kind]++
		if got.Kind == stats.Crosses {
			covered.count(got.Low <= truth && truth <= got.High && got.Slope > 0)
		}
		if got.Signs[0] > 0 || got.Signs[1] < 0 {
			wrong++
		}
	}
	t.Logf("kinds %v, coverage of %.1f %%, %d wrong signs", kinds, covered.of()*100, wrong)
	if kinds[stats.Crosses]+kinds[stats.Above] < runs-2 || kinds[stats.Crosses] < runs/4 || wrong > runs/100 {
		t.Errorf("kinds %v with %d wrong signs, want crossings, or that the ratio is above", kinds, wrong)
	}
	if covered.of() < 0.9 {
		t.Errorf("coverage is %.1f %%, want 90 %%", covered.of()*100)
	}
}

// spread are log-ratios with this mean, about as far apart as to have this
// standard error.
func spread(mean, standardError float64) []float64 {
	var values []float64
	for i := range 9 {
		values = append(values, mean+standardError*float64(i-4)*1.1)
	}
	return values
}

// Two places that are precise but not clear do not turn the line round.
func TestTheLineAgreesWithTheClearEnds(t *testing.T) {
	ratios := [][]float64{spread(-0.06, 0.01), spread(0.02, 0.001), spread(-0.02, 0.001), spread(0.06, 0.01)}
	got := stats.Crossing([]float64{10, 30, 100, 300}, ratios, 0.95, 0.03)
	if got.Kind != stats.Crosses || !(got.Slope > 0) || !(got.Low > 10 && got.Low < got.Estimate && got.Estimate < got.High && got.High < 300) {
		t.Errorf("Crossing = %+v, want one from below to above", got)
	}
}

func TestCrossingAgreesWithItsSigns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ratios [][]float64
		for range wideGrid {
			ratios = append(ratios, spread(rapid.Float64Range(-0.1, 0.1).Draw(t, "mean"), math.Exp(rapid.Float64Range(-8, -3).Draw(t, "log of the standard error"))))
		}
		got := stats.Crossing(wideGrid, ratios, 0.95, 0.03)
		if got.Kind != stats.Crosses {
			return
		}
		before, after := float64(got.Signs[got.First]), float64(got.Signs[got.Last])
		if before == 0 && after == 0 || before*got.Slope > 0 || after*got.Slope < 0 {
			t.Errorf("%+v: the line is not as its ends are", got)
		}
		if !(got.Estimate >= wideGrid[got.First] && got.Estimate <= wideGrid[got.Last]) {
			t.Errorf("%+v: the ratio passes 1 beyond the line's ends", got)
		}
	})
}

func TestCrossingTellsTheSignsOfPlaces(t *testing.T) {
	got := stats.Crossing([]float64{1, 2, 3, 4, 5}, logs([][]float64{{0.7, 0.7, 0.7}, {1, 1, 1}, nil, {1.1, 1.1, 1.1}, {1.3, 1.3, 1.3}}), 0.95, 0.15)
	want := []int{-1, 0, 0, 0, 1}
	for i := range want {
		if got.Signs[i] != want[i] {
			t.Fatalf("Signs = %v, want %v", got.Signs, want)
		}
	}
}
