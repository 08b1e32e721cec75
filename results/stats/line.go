package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// line is excess ≈ middle + slope·(x − center), where the errors of middle and
// slope are independent.
type line struct {
	center, middle, slope         float64
	middleVariance, slopeVariance float64
	freedom                       float64 // degrees of freedom of the errors
}

// lineThrough weights each place by its precision. Its errors are taken to be
// as uncertain as those of the place with the fewest blocks: in simulations the
// degrees of freedom of Welch and Satterthwaite, which are up to the sum of all,
// were too many for weights that are estimates themselves.
func lineThrough(places []place) line {
	// Beside a place that is a millionth as precise, any other is exact. More
	// would lose the digits of the distance between the center and that other.
	least := 0.0
	for _, p := range places {
		least = max(least, p.variance*1e-12)
	}
	l := line{freedom: math.Inf(1)}
	weights := 0.0
	for _, p := range places {
		precision := 1 / max(p.variance, least)
		l.freedom = min(l.freedom, p.freedom)
		weights += precision
		l.center += p.x * precision
		l.middle += p.excess * precision
	}
	l.center /= weights
	l.middle /= weights
	spread := 0.0
	for _, p := range places {
		d, precision := p.x-l.center, 1/max(p.variance, least)
		spread += d * d * precision
		l.slope += d * p.excess * precision
	}
	l.slope /= spread
	l.middleVariance, l.slopeVariance = 1/weights, 1/spread
	return l
}

// level is lineThrough of slope 0, of at least one place.
func level(places []place) line {
	l := line{freedom: math.Inf(1)}
	weights := 0.0
	for _, p := range places {
		l.freedom = min(l.freedom, p.freedom)
		weights += 1 / p.variance
		l.middle += p.excess / p.variance
	}
	l.middle /= weights
	l.middleVariance = 1 / weights
	return l
}

// at is the line's excess at x.
func (l line) at(x float64) float64 { return l.middle + l.slope*(x-l.center) }

// differs says whether a t-test at 5 % tells the line from 0 at x.
func (l line) differs(x float64) bool {
	t := distuv.StudentsT{Sigma: 1, Nu: l.freedom}.Quantile(0.975)
	return math.Abs(l.at(x)) > t*math.Sqrt(l.middleVariance+l.slopeVariance*(x-l.center)*(x-l.center))
}

// root is where the line passes 0; NaN or infinite if it is level.
func (l line) root() float64 { return l.center - l.middle/l.slope }

// fieller are the ends of the part around the root of those x at which a
// t-test does not tell the line from 0.
func (l line) fieller(confidence float64) (low, high float64) {
	t := distuv.StudentsT{Sigma: 1, Nu: l.freedom}.Quantile((1 + confidence) / 2)
	// (middle + slope·z)² ≤ t²·(middleVariance + slopeVariance·z²) is
	// a·z² + 2·b·z + c ≤ 0. The discriminant b² − a·c is multiplied out, as it is
	// a small difference of large numbers where the line is exact.
	a := l.slope*l.slope - t*t*l.slopeVariance
	b := l.middle * l.slope
	d := t * t * (l.slope*l.slope*l.middleVariance + l.middle*l.middle*l.slopeVariance - t*t*l.middleVariance*l.slopeVariance)
	if !(d >= 0) || a == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	from, to := l.center+(-b-math.Sqrt(d))/a, l.center+(-b+math.Sqrt(d))/a
	if a > 0 {
		return from, to
	}
	// The slope may be 0, and then only what lies between the two, which have
	// changed sides, is told from 0.
	if l.root() <= to {
		return math.Inf(-1), to
	}
	return from, math.Inf(1)
}
