package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"muxbench/results/stats"
)

// Of a mean, the pseudo-values are the values, and the interval is Student's.
func TestJackknifeOfAMean(t *testing.T) {
	values := []float64{1, 2, 4, 7, 11}
	got := stats.Jackknife(len(values), 0.95, meanWithout(values))
	// The mean is 5, the variance 66/4, and t(0.975, 4) = 2.776445.
	half := 2.776445105197793 * math.Sqrt(66.0/4/5)
	if want := (stats.Interval{Estimate: 5, Low: 5 - half, High: 5 + half}); !nearInterval(got, want, 1e-9) {
		t.Errorf("Jackknife of a mean = %+v, want %+v", got, want)
	}
}

func TestJackknifeOfFewAndOdd(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	without := func(all float64, each ...float64) func(int) float64 {
		return func(b int) float64 {
			if b < 0 {
				return all
			}
			return each[b]
		}
	}
	tests := []struct {
		name       string
		blocks     int
		confidence float64
		estimate   func(int) float64
		want       stats.Interval
	}{
		{"that is always the same", 3, 0.95, without(7, 7, 7, 7), stats.Interval{Estimate: 7, Low: 7, High: 7}},
		{"of two blocks", 2, 0.95, without(7, 6, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"of no blocks", 0, 0.95, without(7), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"that cannot be made of all", 3, 0.95, without(nan, 6, 7, 8), stats.Interval{Estimate: nan, Low: nan, High: nan}},
		{"that cannot be made without one", 3, 0.95, without(7, 6, nan, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"infinite without one", 3, 0.95, without(7, 6, inf, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"all certain", 3, 1, without(7, 6, 7, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"at no confidence", 3, 0, without(7, 6, 7, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
		{"at a confidence that is no number", 3, nan, without(7, 6, 7, 8), stats.Interval{Estimate: 7, Low: nan, High: nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stats.Jackknife(tt.blocks, tt.confidence, tt.estimate); !sameInterval(got, tt.want) {
				t.Errorf("Jackknife of an estimate %s = %+v, want %+v", tt.name, got, tt.want)
			}
		})
	}
}

// The intervals of coefficients cover, whatever the tails.
func TestJackknifeOfRelativeFitCovers(t *testing.T) {
	const runs = 500
	noises := map[string]func(*rand.Rand) float64{"normal": (*rand.Rand).NormFloat64, "heavy-tailed": heavyTailed}
	for name, noise := range noises {
		for _, blocks := range []int{8, 20} {
			t.Run(fmt.Sprintf("%s/%d", name, blocks), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(15, uint64(blocks)))
				var covered share
				for range runs {
					fits := fitsWithout(random, blocks, noise)
					for j, truth := range cost {
						got := stats.Jackknife(blocks, 0.95, func(without int) float64 { return fits[without+1][j] })
						covered.count(got.Low <= truth && truth <= got.High)
					}
				}
				t.Logf("coverage of %.1f %%", covered.of()*100)
				if covered.of() < 0.93 || covered.of() > 0.97 {
					t.Errorf("coverage is %.1f %%, want 93 to 97 %%", covered.of()*100)
				}
			})
		}
	}
}

// fitsWithout are the fits to the cells' geometric means over blocks: of all
// blocks, and then without each of them.
func fitsWithout(random *rand.Rand, blocks int, noise func(*rand.Rand) float64) [][]float64 {
	var x [][]float64
	logs := make([][]float64, blocks)
	sums := make([]float64, 12)
	for b := range logs {
		rows, y := costs(random, len(sums), 0.05, noise)
		x = rows
		drift := 0.02 * random.NormFloat64()
		for i, v := range y {
			logs[b] = append(logs[b], math.Log(v)+drift)
			sums[i] += logs[b][i]
		}
	}
	var fits [][]float64
	for without := -1; without < blocks; without++ {
		y := make([]float64, len(sums))
		for i, sum := range sums {
			y[i] = math.Exp(sum / float64(blocks))
			if without >= 0 {
				y[i] = math.Exp((sum - logs[without][i]) / float64(blocks-1))
			}
		}
		coefficients, _ := stats.RelativeFit(x, y, 0)
		fits = append(fits, coefficients)
	}
	return fits
}

func meanWithout(values []float64) func(int) float64 {
	return func(without int) float64 {
		sum, n := 0.0, 0.0
		for i, v := range values {
			if i != without {
				sum += v
				n++
			}
		}
		return sum / n
	}
}
