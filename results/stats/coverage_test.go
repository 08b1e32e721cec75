package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"muxbench/results/stats"
)

// The interval covers as often as ShiftCoverage promises, and the test raises
// as many false alarms on identical arms as its level allows, whatever the
// tails, and whatever drift both arms share.
func TestCoverageAndFalseAlarmsAreAsPromised(t *testing.T) {
	const runs = 3000
	for _, kind := range kinds {
		for _, n := range []int{10, 12, 20, 30} {
			t.Run(fmt.Sprintf("%s/%d", kind.name, n), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(7, uint64(n)))
				var covered, alarms5, alarms1 share
				for range runs {
					values := kind.draw(random, n)
					shift := stats.Shift(values, 0.95)
					covered.count(shift.Low <= 0 && 0 <= shift.High)
					p := stats.TwoSided(stats.SignedRank(values, 0))
					alarms5.count(p <= 0.05)
					alarms1.count(p <= 0.01)
				}
				covered.want(t, "coverage of the 95 % interval", stats.ShiftCoverage(n, 0.95))
				alarms5.want(t, "false alarms at 5 %", 1-stats.ShiftCoverage(n, 0.95))
				alarms1.want(t, "false alarms at 1 %", 1-stats.ShiftCoverage(n, 0.99))
			})
		}
	}
}

// The median's interval needs no symmetry: exponential values have none.
func TestMedianIntervalCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	var covered share
	for range 3000 {
		median := stats.MedianInterval(draw(random, 9, (*rand.Rand).ExpFloat64), 0.95)
		covered.count(median.Low <= math.Ln2 && math.Ln2 <= median.High)
	}
	// The 2nd of 9 values to the 8th: all but 2·(1+9) of 512 outcomes.
	covered.want(t, "coverage of the median of 9", 1-20.0/512)
}

// In a family of identical arms any star is a false one. Unadjusted, most runs
// of 20 cells would have some.
func TestFamiliesOfIdenticalArmsRaiseFewFalseAlarms(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 11))
	var unadjusted, bh, holm share
	for range 1000 {
		var p []float64
		for range 20 {
			p = append(p, stats.TwoSided(stats.SignedRank(draw(random, 12, heavyTailed), 0)))
		}
		unadjusted.count(anyAtMost(p, 0.05))
		bh.count(anyAtMost(stats.BenjaminiHochberg(p), 0.05))
		holm.count(anyAtMost(stats.Holm(p), 0.05))
	}
	t.Logf("runs of 20 identical cells with a star: unadjusted %v, Benjamini–Hochberg %v, Holm %v", unadjusted.of(), bh.of(), holm.of())
	// With 12 values p-values come in steps, and so a little less than 5 %.
	if bh.of() > 0.05+4*bh.standardError(0.05) || bh.of() < 0.02 {
		t.Errorf("%.1f %% of families have a star after Benjamini–Hochberg, want 2 to 5 %%", bh.of()*100)
	}
	if holm.of() > bh.of() || holm.of() < 0.02 {
		t.Errorf("%.1f %% of families have a star after Holm, want 2 %% and not above Benjamini–Hochberg's %.1f %%", holm.of()*100, bh.of()*100)
	}
	if unadjusted.of() < 0.5 {
		t.Errorf("%.1f %% of families have a star unadjusted, want over half: these families test nothing", unadjusted.of()*100)
	}
}

// A run that goes on until its interval is narrow enough stops sooner where
// the values happen to lie close together, and then covers less than it says.
func TestStoppingByWidthCostsLittleCoverage(t *testing.T) {
	const least, most = 10, 200
	for name, noise := range map[string]func(*rand.Rand) float64{"normal": (*rand.Rand).NormFloat64, "heavy tails": heavyTailed} {
		for _, enough := range []float64{0.35, 0.5, 0.7} { // half-width, in standard deviations of normal noise
			t.Run(fmt.Sprintf("%s, %g", name, enough), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(12, uint64(1000*enough)))
				var covered share
				for range 1000 {
					values := draw(random, most, noise)
					shift := stats.Shift(values[:least], 0.95)
					for n := least + 1; n <= most && (shift.High-shift.Low)/2 > enough; n++ {
						shift = stats.Shift(values[:n], 0.95)
					}
					covered.count(shift.Low <= 0 && 0 <= shift.High)
				}
				t.Logf("coverage of %.1f %%", covered.of()*100)
				if covered.of() < 0.91 || covered.of() > 0.97 {
					t.Errorf("coverage is %.1f %%, want 91 to 97 %%", covered.of()*100)
				}
			})
		}
	}
}

func anyAtMost(p []float64, level float64) bool {
	least, _ := stats.Range(p)
	return least <= level
}

// share is how many of all were so.
type share struct{ so, all int }

func (s *share) count(so bool) {
	s.all++
	if so {
		s.so++
	}
}

func (s share) of() float64 { return float64(s.so) / float64(s.all) }

// standardError is the standard error of a share whose true value is p.
func (s share) standardError(p float64) float64 { return math.Sqrt(p * (1 - p) / float64(s.all)) }

// want demands p, as exactly as the number of runs can tell.
func (s share) want(t *testing.T, what string, p float64) {
	t.Helper()
	if tolerance := 4 * s.standardError(p); !near(s.of(), p, tolerance) {
		t.Errorf("%s is %.2f %%, want %.2f ± %.2f %%", what, s.of()*100, p*100, tolerance*100)
	}
}
