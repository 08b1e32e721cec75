package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// MAD is the median absolute deviation of values from their median, in their
// unit and unscaled: for normal values it is 0.674 standard deviations. It is
// NaN for no values, and if a value is NaN or infinite.
func MAD(values []float64) float64 {
	if !finite(values...) {
		return math.NaN()
	}
	median := Median(values)
	deviations := make([]float64, len(values))
	for i, v := range values {
		deviations[i] = math.Abs(v - median)
	}
	return Median(deviations)
}

// SmallestVisible is the smallest true shift, in the unit of values, that as
// many values with the spread of these would show with the probability power:
// Shift's interval of them at confidence would not contain zero. Where these
// values lie does not matter. It is NaN where Shift has no interval, and for a
// power that is not between 0 and 1.
//
// A shift by half of the interval's width is seen every other time. The half
// width is z(c)·s, where s is the standard error, z the normal quantile, and c
// the probability up to the interval's upper end; to be seen with the
// probability power, the shift has to be z(power)·s more. That takes s from
// the interval itself, and so allows for heavy tails and for the coverage that
// few values attain beyond confidence. It is as uncertain as that width is: in
// simulations at a power of 80 %, with normal and with heavy tails, the average
// of what it returns is seen in 78 to 82 % of runs. What it returns for a single
// run is seen in 69 to 72 % of others with 6 values, 72 to 76 % with 9 to 12,
// and 77 to 78 % with 30.
func SmallestVisible(values []float64, confidence, power float64) float64 {
	shift := Shift(values, confidence)
	if math.IsNaN(shift.Low) || !(power > 0 && power < 1) {
		return math.NaN()
	}
	c := (1 + ShiftCoverage(len(values), confidence)) / 2
	half := shift.High/2 - shift.Low/2
	return half * (1 + distuv.UnitNormal.Quantile(power)/distuv.UnitNormal.Quantile(c))
}
