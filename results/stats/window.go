package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// place is one of those that a ratio was measured at.
type place struct {
	at       int // index of x
	x        float64
	excess   float64 // of the ratio over 1
	variance float64 // of the excess
	freedom  float64 // degrees of freedom of the variance
	sign     int     // of the excess; 0 if that is not clear
}

// placesOf are the places that have a ratio; none if x does not ascend from
// above 0, or is not as long as logRatios.
func placesOf(x []float64, logRatios [][]float64, floor float64) []place {
	if len(x) != len(logRatios) || !finite(x...) {
		return nil
	}
	var places []place
	var means, p []float64
	for i, values := range logRatios {
		if !(x[i] > 0) || i > 0 && !(x[i] > x[i-1]) {
			return nil
		}
		if len(values) < 3 || !finite(values...) {
			continue
		}
		mean, standardError := huberMean(values)
		of := place{
			at: i, x: x[i], excess: math.Expm1(mean),
			variance: math.Pow(math.Exp(mean)*standardError, 2), freedom: float64(len(values) - 1),
		}
		if !finite(of.excess, of.variance) || of.variance == 0 {
			continue // beyond what a number holds
		}
		places, means = append(places, of), append(means, mean)
		p = append(p, 2*distuv.StudentsT{Sigma: 1, Nu: of.freedom}.CDF(-math.Abs(mean)/standardError))
	}
	for i, adjusted := range BenjaminiHochberg(p) {
		if adjusted <= 0.05 && math.Abs(means[i]) > floor {
			places[i].sign = int(math.Copysign(1, means[i]))
		}
	}
	return places
}

// crossingPlaces are the places around a crossing, of which those at both ends, or
// the one that is an end of all clear places, are clear.
type crossingPlaces []place

// windowOf are the places that tell where the ratio passes 1, and nil unless it
// does so once.
func windowOf(places []place, floor float64) (crossingPlaces, CrossingKind) {
	var clear []int
	var found crossingPlaces
	changes := 0
	for i, p := range places {
		if p.sign == 0 {
			continue
		}
		if len(clear) > 0 {
			if last := clear[len(clear)-1]; places[last].sign != p.sign {
				found = places[last : i+1]
				changes++
			}
		}
		clear = append(clear, i)
	}
	switch {
	case len(clear) == 0:
		return nil, Untold
	case changes == 1:
		return found, Crosses
	case changes > 1:
		return nil, Several
	}
	before, after := places[:clear[0]+1], places[clear[len(clear)-1]:]
	backwards := slices.Clone(before)
	slices.Reverse(backwards)
	switch opens, closes := passesUnclear(backwards, floor), passesUnclear(after, floor); {
	case opens && !closes:
		return before, Crosses
	case closes && !opens:
		return after, Crosses
	case places[clear[0]].sign < 0:
		return nil, Below
	}
	return nil, Above
}

// passesUnclear says whether the ratio passes 1 among places of which only the
// first is clear. Their line has to be clear at the farthest, as a place is, and
// what was measured beyond the crossing has to differ from 0 as well: a line also
// passes 1 where the ratio bends away from it.
func passesUnclear(places crossingPlaces, floor float64) bool {
	if len(places) < 2 {
		return false
	}
	l := lineThrough(places)
	first, farthest, root := places[0], places[len(places)-1].x, l.root()
	fitted := -l.at(farthest) * float64(first.sign)
	if !within(root, min(first.x, farthest), max(first.x, farthest)) || !(math.Log1p(fitted) > floor) || !l.differs(farthest) {
		return false
	}
	beyond := slices.DeleteFunc(slices.Clone(places), func(p place) bool {
		return (p.x-root)*(farthest-root) <= 0
	})
	pooled := level(beyond)
	return pooled.middle*float64(first.sign) < 0 && pooled.differs(pooled.center)
}

// line is the one through all places or, where both ends are clear and that
// passes 1 not between them, or the other way than they do, through the ends.
func (c crossingPlaces) line() line {
	l := lineThrough(c)
	first, last := c[0], c[len(c)-1]
	if first.sign*last.sign < 0 && !(within(l.root(), first.x, last.x) && l.slope*float64(last.sign) > 0) {
		return lineThrough(slices.Concat(c[:1], c[len(c)-1:]))
	}
	return l
}

// within says whether x lies from low to high, and is a number.
func within(x, low, high float64) bool { return x >= low && x <= high }
