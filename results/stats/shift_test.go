package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

func TestShiftOfFewAndOdd(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name       string
		values     []float64
		confidence float64
		want       stats.Interval
	}{
		{"none", nil, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"five do not reach 95 %", []float64{1, 2, 3, 4, 5}, 0.95, stats.Interval{Estimate: 3, Low: nan, High: nan}},
		{"but 93.75 %", []float64{1, 2, 3, 4, 5}, 0.9375, stats.Interval{Estimate: 3, Low: 1, High: 5}},
		{"six reach 96.9 %", []float64{6, 1, 2, 3, 5, 4}, 0.95, stats.Interval{Estimate: 3.5, Low: 1, High: 6}},
		{"equal", []float64{7, 7, 7, 7, 7, 7}, 0.95, stats.Interval{Estimate: 7, Low: 7, High: 7}},
		{"of negative zeros", []float64{math.Copysign(0, -1), 0, 0, 0, 0, 0}, 0.95, stats.Interval{}},
		{"whose sums overflow", []float64{-math.MaxFloat64, math.MaxFloat64, math.MaxFloat64}, 0.5,
			stats.Interval{Estimate: math.MaxFloat64 / 2, Low: 0, High: math.MaxFloat64}},
		{"all certain", []float64{1, 2, 3, 4, 5, 6}, 1, stats.Interval{Estimate: 3.5, Low: nan, High: nan}},
		{"NaN among them", []float64{1, 2, 3, nan, 5, 6}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"infinite", []float64{1, 2, 3, math.Inf(1), 5, 6}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.Shift(tt.values, tt.confidence); !sameInterval(got, tt.want) {
				t.Errorf("Shift(%v, %v) = %+v, want %+v", tt.values, tt.confidence, got, tt.want)
			}
		})
	}
}

// Its own Walsh averages, all stored and sorted, say the same, and the ends lie
// as deep in them on either side as the coverage allows.
func TestShiftIsMadeOfWalshAverages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 6, 60).Draw(t, "values")
		kept := slices.Clone(values)
		got := stats.Shift(values, 0.95)
		if !slices.Equal(values, kept) {
			t.Fatalf("Shift changed its argument from %v to %v", kept, values)
		}
		averages := walshAverages(values)
		if want := stats.Median(averages); !near(got.Estimate, want, 1e-12) {
			t.Errorf("Shift(%v) = %v, and the median of Walsh averages is %v", values, got.Estimate, want)
		}
		// Averages beyond an end, and those with it: an end that several are
		// equal to lies at each of their depths.
		var below, toLow, fromHigh, above int
		for _, a := range averages {
			below += one(a < got.Low)
			toLow += one(a <= got.Low)
			fromHigh += one(a >= got.High)
			above += one(a > got.High)
		}
		if max(below, above) >= min(toLow, fromHigh) {
			t.Errorf("Shift(%v) = %+v, whose ends lie %d to %d and %d to %d deep: want Walsh averages, as deep on both sides",
				values, got, below+1, toLow, above+1, fromHigh)
		}
	})
}

func TestShiftOfThousands(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := draw(random, 1500, heavyTailed)
	averages := walshAverages(values)
	got := stats.Shift(values, 0.95)
	if want := stats.Median(averages); !near(got.Estimate, want, 1e-12) {
		t.Errorf("Shift of 1500 values = %v, and the median of Walsh averages is %v", got.Estimate, want)
	}
	// The interval of so many is normal: it takes 1.96 standard deviations of
	// the rank sum off its mean.
	n := 1500.0
	depth := int(n*(n+1)/4 - 1.959964*math.Sqrt(n*(n+1)*(2*n+1)/24))
	if low, high := averages[depth-5], averages[depth+5]; got.Low < low || got.Low > high {
		t.Errorf("Shift of 1500 values has the lower end %v, want one from %v to %v", got.Low, low, high)
	}
	if low, high := averages[len(averages)-depth-5], averages[len(averages)-depth+5]; got.High < low || got.High > high {
		t.Errorf("Shift of 1500 values has the upper end %v, want one from %v to %v", got.High, low, high)
	}
}

func one(so bool) int {
	if so {
		return 1
	}
	return 0
}

func walshAverages(values []float64) []float64 {
	var averages []float64
	for i, a := range values {
		for _, b := range values[i:] {
			averages = append(averages, (a+b)/2)
		}
	}
	slices.Sort(averages)
	return averages
}

func TestShiftProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 6, 40).Draw(t, "values")
		scale := rapid.Float64Range(0.01, 100).Draw(t, "scale")
		offset := rapid.Float64Range(-100, 100).Draw(t, "offset")
		got := stats.Shift(values, 0.95)
		if got.Low > got.Estimate || got.Estimate > got.High {
			t.Errorf("Shift(%v) = %+v lies outside of its interval", values, got)
		}
		moved, mirrored := make([]float64, len(values)), make([]float64, len(values))
		for i, v := range values {
			moved[i], mirrored[i] = scale*v+offset, -v
		}
		want := stats.Interval{Estimate: scale*got.Estimate + offset, Low: scale*got.Low + offset, High: scale*got.High + offset}
		if m := stats.Shift(moved, 0.95); !nearInterval(m, want, 1e-9*(1+scale)) {
			t.Errorf("Shift of %v·values%+v = %+v, want %+v", scale, offset, m, want)
		}
		want = stats.Interval{Estimate: -got.Estimate, Low: -got.High, High: -got.Low}
		if m := stats.Shift(mirrored, 0.95); m != want {
			t.Errorf("Shift of mirrored values = %+v, want %+v", m, want)
		}
		if s := stats.Shift(rapid.Permutation(values).Draw(t, "shuffled"), 0.95); s != got {
			t.Errorf("Shift of shuffled values = %+v, want %+v", s, got)
		}
	})
}

func TestIntervalsAreNested(t *testing.T) {
	for name, interval := range map[string]func([]float64, float64) stats.Interval{
		"Shift": stats.Shift, "MedianInterval": stats.MedianInterval,
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 40).Draw(t, "values")
			less := rapid.Float64Range(0.01, 0.999).Draw(t, "less")
			more := rapid.Float64Range(less, 0.999).Draw(t, "more")
			inner, outer := interval(values, less), interval(values, more)
			if outer.Low > inner.Low || outer.High < inner.High || math.IsNaN(inner.Low) && !math.IsNaN(outer.Low) {
				t.Errorf("interval of %v at %v is %+v, but at %v it is %+v", values, less, inner, more, outer)
			}
		}))
	}
}

// The interval is what the test does not reject, at the level it attains.
func TestShiftIsDualToSignedRank(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	excluded := 0
	for range 3000 {
		n := 6 + random.IntN(30)
		values := draw(random, n, (*rand.Rand).NormFloat64)
		mu := random.NormFloat64() / 2
		got := stats.Shift(values, 0.95)
		rejected := stats.TwoSided(stats.SignedRank(values, mu)) <= 1-stats.ShiftCoverage(n, 0.95)+1e-12
		outside := mu < got.Low || mu > got.High
		if rejected != outside {
			t.Fatalf("%v outside of %+v is %t, rejected is %t, for %v", mu, got, outside, rejected, values)
		}
		if outside {
			excluded++
		}
	}
	if excluded < 300 || excluded > 2700 {
		t.Errorf("%d of 3000 middles are excluded: these cases test one side only", excluded)
	}
}

func TestShiftCoverage(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		n          int
		confidence float64
		want       float64
	}{
		{-1, 0.95, nan}, {0, 0.95, nan}, {5, 0.95, nan}, {5, 0.9375, 0.9375}, {6, 0.95, 0.96875},
		{10, 0.95, 1 - 50.0/1024}, {10, 0, nan}, {10, 1, nan}, {100, 1, nan}, {10, nan, nan},
	}
	for _, tt := range tests {
		if got := stats.ShiftCoverage(tt.n, tt.confidence); !same(got, tt.want) {
			t.Errorf("ShiftCoverage(%d, %v) = %v, want %v", tt.n, tt.confidence, got, tt.want)
		}
	}
}

func sameInterval(a, b stats.Interval) bool { return nearInterval(a, b, 0) }

func nearInterval(a, b stats.Interval, tolerance float64) bool {
	return near(a.Estimate, b.Estimate, tolerance) && near(a.Low, b.Low, tolerance) && near(a.High, b.High, tolerance)
}
