package stats_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"muxbench/results/stats"
)

// reference is testdata/wilcox.json, which R 4.2.2 made by testdata/wilcox.R.
type reference struct {
	Shifts []struct {
		Values              []float64
		Level               float64
		Estimate, Low, High float64
		Attained            float64
		Less, Greater       float64
		TwoSided            float64 `json:"two_sided"`
	}
	Tails []struct {
		N          int
		Sum        int     // of ranks
		AtMost     float64 `json:"at_most"` // probability of that sum or less
		Attained95 float64
	}
	Families []struct{ P, Holm, BH []*float64 } // null is R's NA
}

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("testdata/wilcox.json")
	if err != nil {
		t.Fatalf("reading R's figures: %v", err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("parsing R's figures: %v", err)
	}
	if len(r.Shifts) < 20 || len(r.Tails) < 20 || len(r.Families) < 5 {
		t.Fatalf("R's figures are %d shifts, %d tails and %d families: too few", len(r.Shifts), len(r.Tails), len(r.Families))
	}
	return r
}

func TestShiftAndSignedRankAreThoseOfR(t *testing.T) {
	for _, r := range readReference(t).Shifts {
		n := len(r.Values)
		got := stats.Shift(r.Values, r.Level)
		if !near(got.Estimate, r.Estimate, 1e-10) || !near(got.Low, r.Low, 1e-10) || !near(got.High, r.High, 1e-10) {
			t.Errorf("Shift of %d values at %v = %+v, and by R {%v %v %v}", n, r.Level, got, r.Estimate, r.Low, r.High)
		}
		if got := stats.ShiftCoverage(n, r.Level); !near(got, r.Attained, 1e-10) {
			t.Errorf("ShiftCoverage(%d, %v) = %v, and by R %v", n, r.Level, got, r.Attained)
		}
		less, greater := stats.SignedRank(r.Values, 0)
		if !near(less, r.Less, 1e-10) || !near(greater, r.Greater, 1e-10) {
			t.Errorf("SignedRank of %d values = %v, %v, and by R %v, %v", n, less, greater, r.Less, r.Greater)
		}
		if got := stats.TwoSided(less, greater); !near(got, r.TwoSided, 1e-10) {
			t.Errorf("TwoSided of %d values = %v, and by R %v", n, got, r.TwoSided)
		}
	}
}

// R's tails are exact at any n. Ours are so up to 200 values, and beyond that
// close enough for nobody to see the border.
func TestTailsAgreeOnBothSidesOfTheApproximation(t *testing.T) {
	for _, r := range readReference(t).Tails {
		tolerance := 1e-10
		if r.N > 200 {
			tolerance = 4e-4
			if r.AtMost < 0.05 {
				tolerance = 1e-4
			}
		}
		less, _ := stats.SignedRank(withRankSum(r.N, r.Sum), 0)
		if !near(less, r.AtMost, tolerance) {
			t.Errorf("a rank sum of %d of %d values or less has p = %v, and by R %v", r.Sum, r.N, less, r.AtMost)
		}
		if got := stats.ShiftCoverage(r.N, 0.95); !near(got, r.Attained95, tolerance) {
			t.Errorf("ShiftCoverage(%d, 0.95) = %v, and by R %v", r.N, got, r.Attained95)
		}
	}
}

func TestAdjustedAreThoseOfR(t *testing.T) {
	for _, r := range readReference(t).Families {
		p := numbers(r.P)
		for _, a := range []struct {
			name      string
			got, want []float64
		}{
			{"Holm", stats.Holm(p), numbers(r.Holm)},
			{"BenjaminiHochberg", stats.BenjaminiHochberg(p), numbers(r.BH)},
		} {
			for i := range p {
				if !near(a.got[i], a.want[i], 1e-10) {
					t.Errorf("%s(%v)[%d] = %v, and by R %v", a.name, p, i, a.got[i], a.want[i])
				}
			}
		}
	}
}

func numbers(nullable []*float64) []float64 {
	values := make([]float64, len(nullable))
	for i, v := range nullable {
		values[i] = math.NaN()
		if v != nil {
			values[i] = *v
		}
	}
	return values
}

// withRankSum are the numbers from 1 to n with such signs that the positive
// ones sum up to sum.
func withRankSum(n, sum int) []float64 {
	values := make([]float64, n)
	for rank := n; rank >= 1; rank-- {
		values[rank-1] = -float64(rank)
		if rank <= sum {
			values[rank-1] = float64(rank)
			sum -= rank
		}
	}
	return values
}

func near(a, b, tolerance float64) bool { return same(a, b) || math.Abs(a-b) <= tolerance }
