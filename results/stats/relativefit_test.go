package stats_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/results/stats"
)

// R 4.2.2 made testdata/relativefit.json by testdata/relativefit.R, with its
// general optimiser.
func TestRelativeFitIsThatOfR(t *testing.T) {
	text, err := os.ReadFile("testdata/relativefit.json")
	if err != nil {
		t.Fatalf("reading R's fits: %v", err)
	}
	var r struct {
		Fits []struct {
			X            [][]float64
			Y            []float64
			Coefficients []float64
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("parsing R's fits: %v", err)
	}
	if len(r.Fits) < 8 {
		t.Fatalf("R's fits are %d: too few", len(r.Fits))
	}
	for _, f := range r.Fits {
		got, ok := stats.RelativeFit(f.X, f.Y, 0)
		if !ok || !nearRelative(got, f.Coefficients, 1e-7) {
			t.Errorf("RelativeFit of %d rows = %v, %t, and by R %v", len(f.Y), got, ok, f.Coefficients)
		}
	}
}

func TestRelativeFitOfExactAndImpossible(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	line := func(x ...float64) (rows [][]float64) {
		for _, v := range x {
			rows = append(rows, []float64{1, v})
		}
		return rows
	}
	tests := []struct {
		name string
		x    [][]float64
		y    []float64
		want []float64 // nil if not ok
	}{
		{"exact", line(1, 2, 3, 4), []float64{5, 7, 9, 11}, []float64{3, 2}},
		{"as many rows as coefficients", line(1, 2), []float64{5, 7}, []float64{3, 2}},
		{"exact but for a wild one", line(1, 2, 3, 4, 5, 6), []float64{5, 7, 9, 110, 13, 15}, []float64{3, 2}},
		{"one column", [][]float64{{2}, {4}, {6}}, []float64{10, 20, 30}, []float64{5}},
		{"columns of very different size", [][]float64{{1e-9, 1e9}, {2e-9, 1e9}, {3e-9, 1e9}}, []float64{3, 4, 5}, []float64{1e9, 2e-9}},
		{"rows of very different size", line(1, 1e6, 1e12), []float64{5, 3 + 2e6, 3 + 2e12}, []float64{3, 2}},
		{"negative coefficient", line(1, 2, 3), []float64{9, 8, 7}, []float64{10, -1}},

		{"no rows", nil, nil, nil},
		{"no columns", [][]float64{{}, {}}, []float64{1, 2}, nil},
		{"fewer rows than coefficients", line(1), []float64{5}, nil},
		{"a y too few", line(1, 2, 3), []float64{5, 7}, nil},
		{"rows of different length", [][]float64{{1, 1}, {1}, {1, 3}}, []float64{5, 7, 9}, nil},
		{"columns that are proportional", [][]float64{{1, 2}, {2, 4}, {3, 6}}, []float64{5, 7, 9}, nil},
		{"columns that are all but proportional", [][]float64{{1, 1}, {2, 2 + 1e-12}, {3, 3}}, []float64{5, 7, 9}, nil},
		{"column of nothing", [][]float64{{1, 0}, {2, 0}, {3, 0}}, []float64{5, 7, 9}, nil},
		{"y of 0", line(1, 2, 3), []float64{5, 0, 9}, nil},
		{"y below 0", line(1, 2, 3), []float64{5, -7, 9}, nil},
		{"y that is no number", line(1, 2, 3), []float64{5, nan, 9}, nil},
		{"infinite y", line(1, 2, 3), []float64{5, inf, 9}, nil},
		{"x that is no number", line(1, nan, 3), []float64{5, 7, 9}, nil},
		{"infinite x", line(1, inf, 3), []float64{5, 7, 9}, nil},
		{"x over y that overflows", line(1, math.MaxFloat64, 3), []float64{5, 1e-300, 9}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := stats.RelativeFit(tt.x, tt.y, 0)
			if ok != (tt.want != nil) || ok && !nearRelative(got, tt.want, 1e-9) {
				t.Errorf("RelativeFit(%v, %v) = %v, %t, want %v", tt.x, tt.y, got, ok, tt.want)
			}
		})
	}
}

func TestRelativeFitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		x, y := costs(random, 12, 0.05, heavyTailed)
		want, ok := stats.RelativeFit(x, y, 0)
		if !ok {
			t.Fatalf("RelativeFit(%v, %v) is not ok", x, y)
		}
		unit := math.Pow(10, rapid.Float64Range(-9, 9).Draw(t, "unit"))
		columns := []float64{1, math.Pow(10, rapid.Float64Range(-9, 9).Draw(t, "column")), 1}
		order := rapid.Permutation(seq(len(y))).Draw(t, "order")
		var xs [][]float64
		var ys []float64
		for _, i := range order {
			row := slices.Clone(x[i])
			for j := range row {
				row[j] *= columns[j]
			}
			xs, ys = append(xs, row), append(ys, y[i]*unit)
		}
		got, ok := stats.RelativeFit(xs, ys, 0)
		for j := range got {
			got[j] *= columns[j] / unit
		}
		if !ok || !nearRelative(got, want, 1e-6) {
			t.Errorf("in other units and another order, the fit is %v, %t, want %v", got, ok, want)
		}
	})
}

// One row of 12 that is ten times or a tenth of what it should be moves the fit
// by no more than a few of the standard deviations that noise moves it by.
func TestRelativeFitHardlyMovesWithAWildRow(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 50 {
		x, y := costs(random, 12, 0.01, (*rand.Rand).NormFloat64)
		calm, _ := stats.RelativeFit(x, y, 0)
		for wild := range y {
			for _, factor := range []float64{10, 3} {
				disturbed := slices.Clone(y)
				disturbed[wild] *= factor
				got, ok := stats.RelativeFit(x, disturbed, 0)
				for i := range x {
					if a, b := product(calm, x[i]), product(got, x[i]); i != wild && !(math.Abs(a/b-1) < 0.1) {
						t.Fatalf("row %d, %g times too great, moves the fit %t of row %d from %v to %v", wild, factor, ok, i, a, b)
					}
				}
			}
		}
	}
}

// costs are those of rows cells, each off by noise times the deviation: of
// 3000 for anything, 12 for each socket and 250 for each that is active.
func costs(random *rand.Rand, rows int, deviation float64, noise func(*rand.Rand) float64) (x [][]float64, y []float64) {
	sockets := []float64{10, 100, 1000, 10000}
	shares := []float64{0.1, 0.3, 1}
	for i := range rows {
		n := sockets[i%len(sockets)]
		row := []float64{1, n, n * shares[i/len(sockets)%len(shares)]}
		x, y = append(x, row), append(y, product(cost, row)*math.Exp(deviation*noise(random)))
	}
	return x, y
}

var cost = []float64{3000, 12, 250}

func product(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func seq(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func nearRelative(a, b []float64, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) })
}
