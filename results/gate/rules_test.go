package gate_test

import (
	"math"
	"testing"

	"muxbench/results/gate"
)

// A block that is far off does not make a pilot noisy, nor do ratios that are large.
func TestDeviation(t *testing.T) {
	quiet := []float64{-0.01, -0.006, -0.003, 0, 0.002, 0.004, 0.007, 0.01, 0.001}
	shifted, wild := make([]float64, 9), append([]float64{}, quiet...)
	for i, v := range quiet {
		shifted[i] = v + 0.5
	}
	wild[3] = -0.3
	want := gate.Deviation(quiet, quiet)
	if want < 0.003 || want > 0.01 {
		t.Errorf("%g of values between -0.01 and 0.01", want)
	}
	if got := gate.Deviation(shifted, quiet); math.Abs(got-want) > 1e-12 {
		t.Errorf("%g of a slower head, %g of one that is not", got, want)
	}
	if got := gate.Deviation(wild, quiet); got > 1.5*want {
		t.Errorf("%g with one wild block, %g without", got, want)
	}
	if got := gate.Deviation(nil, quiet); !math.IsNaN(got) {
		t.Errorf("%g of no block", got)
	}
}
