package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

// R's estimate and 95 % interval of the same example: 0.305, from -0.15 to 0.76.
func TestShiftBetweenOfThePublishedExample(t *testing.T) {
	term, early := permeabilities()
	want := stats.Interval{Estimate: 0.305, Low: -0.15, High: 0.76}
	if got := stats.ShiftBetween(early, term, 0.95); !nearInterval(got, want, 1e-12) {
		t.Errorf("ShiftBetween = %+v, want %+v", got, want)
	}
}

func TestShiftBetweenOfFewAndOdd(t *testing.T) {
	nan, most := math.NaN(), math.MaxFloat64
	tests := []struct {
		name       string
		a, b       []float64
		confidence float64
		want       stats.Interval
	}{
		{"none", nil, nil, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"none in a", nil, []float64{1}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"none in b", []float64{1}, nil, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"one and one", []float64{1}, []float64{3}, 0.95, stats.Interval{Estimate: 2, Low: nan, High: nan}},
		{"three and four do not reach 95 %", []float64{1, 2, 3}, []float64{11, 12, 13, 14}, 0.95, stats.Interval{Estimate: 10.5, Low: nan, High: nan}},
		{"but 94.2 %", []float64{1, 2, 3}, []float64{11, 12, 13, 14}, 0.94, stats.Interval{Estimate: 10.5, Low: 8, High: 13}},
		{"four and four reach 97.1 %", []float64{4, 3, 2, 1}, []float64{11, 13, 12, 14}, 0.95, stats.Interval{Estimate: 10, Low: 7, High: 13}},
		{"equal", []float64{7, 7, 7, 7}, []float64{7, 7, 7, 7}, 0.95, stats.Interval{}},
		{"whose differences overflow", []float64{-most, -most}, []float64{most, most}, 0.5, stats.Interval{Estimate: most, Low: most, High: most}},
		{"all certain", []float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}, 1, stats.Interval{Estimate: 0, Low: nan, High: nan}},
		{"NaN among them", []float64{1, 2, 3, 4}, []float64{1, 2, nan, 4}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"infinite", []float64{1, math.Inf(1), 3, 4}, []float64{1, 2, 3, 4}, 0.95, stats.Interval{Estimate: nan, Low: nan, High: nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.ShiftBetween(tt.a, tt.b, tt.confidence); !sameInterval(got, tt.want) {
				t.Errorf("ShiftBetween(%v, %v, %v) = %+v, want %+v", tt.a, tt.b, tt.confidence, got, tt.want)
			}
		})
	}
}

// All differences, stored and sorted, say the same, and the ends lie as deep in
// them on either side as the exact distribution of U allows.
func TestShiftBetweenIsMadeOfDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Float64Range(-100, 100), 4, 30).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Float64Range(-100, 100), 4, 30).Draw(t, "b")
		keptA, keptB := slices.Clone(a), slices.Clone(b)
		got := stats.ShiftBetween(a, b, 0.95)
		if !slices.Equal(a, keptA) || !slices.Equal(b, keptB) {
			t.Fatalf("ShiftBetween changed its arguments from %v and %v to %v and %v", keptA, keptB, a, b)
		}
		all := allDifferences(a, b)
		if want := stats.Median(all); !near(got.Estimate, want, 1e-12) {
			t.Errorf("ShiftBetween(%v, %v) = %v, and the median of the differences is %v", a, b, got.Estimate, want)
		}
		depth := criticalU(len(a), len(b)) + 1
		if want := (stats.Interval{Estimate: got.Estimate, Low: all[depth-1], High: all[len(all)-depth]}); got != want {
			t.Errorf("ShiftBetween(%v, %v) = %+v, and the differences %d deep are %+v", a, b, got, depth, want)
		}
	})
}

// criticalU is the greatest U that MannWhitney calls significant at 5 %,
// two-sided.
func criticalU(n, m int) int {
	return sort.Search(n*m, func(u int) bool {
		return stats.TwoSided(stats.MannWhitney(samplesOf(n, m, u))) > 0.05
	}) - 1
}

func allDifferences(a, b []float64) []float64 {
	var all []float64
	for _, v := range a {
		for _, w := range b {
			all = append(all, w-v)
		}
	}
	slices.Sort(all)
	return all
}

func TestShiftBetweenOfHundreds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	a, b := draw(random, 300, heavyTailed), draw(random, 500, heavyTailed)
	all := allDifferences(a, b)
	got := stats.ShiftBetween(a, b, 0.95)
	if want := stats.Median(all); !near(got.Estimate, want, 1e-12) {
		t.Errorf("ShiftBetween of 300 and 500 values = %v, and the median of the differences is %v", got.Estimate, want)
	}
	// The interval of so many is normal: it takes 1.96 standard deviations of U
	// off its mean.
	depth := int(300*500/2 - 1.959964*math.Sqrt(300*500*801/12))
	if low, high := all[depth-5], all[depth+5]; got.Low < low || got.Low > high {
		t.Errorf("the lower end is %v, want one from %v to %v", got.Low, low, high)
	}
	if low, high := all[len(all)-depth-5], all[len(all)-depth+5]; got.High < low || got.High > high {
		t.Errorf("the upper end is %v, want one from %v to %v", got.High, low, high)
	}
}

func TestShiftBetweenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Float64Range(-100, 100), 4, 40).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Float64Range(-100, 100), 4, 40).Draw(t, "b")
		offset := rapid.Float64Range(-100, 100).Draw(t, "offset")
		got := stats.ShiftBetween(a, b, 0.95)
		if got.Low > got.Estimate || got.Estimate > got.High {
			t.Errorf("ShiftBetween(%v, %v) = %+v lies outside of its interval", a, b, got)
		}
		moved := make([]float64, len(b))
		for i, v := range b {
			moved[i] = v + offset
		}
		want := stats.Interval{Estimate: got.Estimate + offset, Low: got.Low + offset, High: got.High + offset}
		if m := stats.ShiftBetween(a, moved, 0.95); !nearInterval(m, want, 1e-9) {
			t.Errorf("ShiftBetween to values%+v = %+v, want %+v", offset, m, want)
		}
		want = stats.Interval{Estimate: -got.Estimate, Low: -got.High, High: -got.Low}
		if m := stats.ShiftBetween(b, a, 0.95); !sameInterval(m, want) {
			t.Errorf("ShiftBetween of swapped samples = %+v, want %+v", m, want)
		}
		if s := stats.ShiftBetween(rapid.Permutation(a).Draw(t, "shuffled a"), rapid.Permutation(b).Draw(t, "shuffled b"), 0.95); s != got {
			t.Errorf("ShiftBetween of shuffled values = %+v, want %+v", s, got)
		}
		if same := stats.ShiftBetween(a, a, 0.95); same.Estimate != 0 || same.Low > 0 || same.High < 0 {
			t.Errorf("ShiftBetween of a sample and itself is %+v", same)
		}
		less := rapid.Float64Range(0.01, 0.999).Draw(t, "less")
		more := rapid.Float64Range(less, 0.999).Draw(t, "more")
		inner, outer := stats.ShiftBetween(a, b, less), stats.ShiftBetween(a, b, more)
		if outer.Low > inner.Low || outer.High < inner.High || math.IsNaN(inner.Low) && !math.IsNaN(outer.Low) {
			t.Errorf("the interval at %v is %+v, but at %v it is %+v", less, inner, more, outer)
		}
	})
}

// The interval is what the test does not reject, at the level it attains.
func TestShiftBetweenIsDualToMannWhitney(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	excluded := 0
	for range 2000 {
		n, m := 4+random.IntN(20), 4+random.IntN(20)
		a, b := draw(random, n, (*rand.Rand).NormFloat64), draw(random, m, (*rand.Rand).NormFloat64)
		shift := random.NormFloat64()
		got := stats.ShiftBetween(a, b, 0.95)
		moved := slices.Clone(b)
		for i := range moved {
			moved[i] -= shift
		}
		rejected := stats.TwoSided(stats.MannWhitney(a, moved)) <= 1-stats.ShiftBetweenCoverage(n, m, 0.95)+1e-12
		outside := shift < got.Low || shift > got.High
		if rejected != outside {
			t.Fatalf("%v outside of %+v is %t, rejected is %t, for %v and %v", shift, got, outside, rejected, a, b)
		}
		if outside {
			excluded++
		}
	}
	if excluded < 200 || excluded > 1800 {
		t.Errorf("%d of 2000 shifts are excluded: these cases test one side only", excluded)
	}
}

func TestShiftBetweenCoverage(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		n, m       int
		confidence float64
		want       float64
	}{
		{-1, 5, 0.95, nan}, {5, 0, 0.95, nan}, {3, 4, 0.95, nan}, {2, 7, 0.95, nan}, {2, 8, 0.95, 1 - 2.0/45},
		{3, 5, 0.95, 1 - 2.0/56}, {4, 4, 0.95, 1 - 2.0/70}, {4, 4, 0.9, 1 - 4.0/70}, {4, 4, 1, nan}, {4, 4, nan, nan},
	}
	for _, tt := range tests {
		if got := stats.ShiftBetweenCoverage(tt.n, tt.m, tt.confidence); !near(got, tt.want, 1e-12) {
			t.Errorf("ShiftBetweenCoverage(%d, %d, %v) = %v, want %v", tt.n, tt.m, tt.confidence, got, tt.want)
		}
	}
}

// The interval covers as often as is promised, and the test raises as many false
// alarms on two samples that differ in nothing, whatever their tails. Where all
// values of one sample are moved together, as an hour moves a machine, neither
// holds: that is what no figure of two samples can know.
func TestTwoSamplesCoverAndFailAsPromised(t *testing.T) {
	const runs = 3000
	for name, noise := range map[string]func(*rand.Rand) float64{"normal": (*rand.Rand).NormFloat64, "heavy tails": heavyTailed} {
		for _, size := range [][2]int{{6, 6}, {8, 12}, {20, 10}, {15, 15}} {
			t.Run(fmt.Sprintf("%s/%d and %d", name, size[0], size[1]), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(13, uint64(size[1])))
				var covered, alarms5, alarms1, moved share
				for range runs {
					a, b := draw(random, size[0], noise), draw(random, size[1], noise)
					shift := stats.ShiftBetween(a, b, 0.95)
					covered.count(shift.Low <= 0 && 0 <= shift.High)
					p := stats.TwoSided(stats.MannWhitney(a, b))
					alarms5.count(p <= 0.05)
					alarms1.count(p <= 0.01)
					hour := random.NormFloat64()
					for i := range b {
						b[i] += hour
					}
					moved.count(stats.TwoSided(stats.MannWhitney(a, b)) <= 0.05)
				}
				covered.want(t, "coverage of the 95 % interval", stats.ShiftBetweenCoverage(size[0], size[1], 0.95))
				alarms5.want(t, "false alarms at 5 %", 1-stats.ShiftBetweenCoverage(size[0], size[1], 0.95))
				alarms1.want(t, "false alarms at 1 %", 1-stats.ShiftBetweenCoverage(size[0], size[1], 0.99))
				if moved.of() < 0.15 {
					t.Errorf("%.1f %% of samples that an hour has moved by some standard deviation are called different, want over 15 %%", moved.of()*100)
				}
			})
		}
	}
}
