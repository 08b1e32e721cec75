package stats

import "math"

// CrossingKind is what can be told about where a ratio passes 1.
type CrossingKind int

const (
	Untold  CrossingKind = iota // at no place is the ratio clearly different from 1
	Below                       // the ratio is below 1 wherever it can be told
	Above                       // the ratio is above 1 wherever it can be told
	Crosses                     // the ratio passes 1 once
	Several                     // the ratio passes 1 more than once
)

// CrossingOf is where a ratio passes 1 along x.
type CrossingOf struct {
	Kind CrossingKind
	// Interval is in the unit of x. An open end is 0 or +Inf: the crossing may
	// lie anywhere beyond. All three are NaN unless Kind is Crosses.
	Interval
	// First and Last are the first and the last of the places that the line was
	// fitted through: indices of x, or -1 unless Kind is Crosses.
	First, Last int
	// Slope and Offset are those of the line: the ratio is Offset + Slope·x.
	// With a positive slope it is below 1 before the crossing and above after,
	// at those of First and Last that are clear too.
	// Both are NaN unless Kind is Crosses.
	Slope, Offset float64
	// Signs has one for each x: -1 where the ratio is clearly below 1, 1 where it
	// is clearly above, and 0 where that is not clear or the place is left out.
	Signs []int
}

// Crossing is where the ratio of two costs passes 1 along x, which is positive
// and ascends. logRatios[i] are the logarithms of the ratio at x[i], one of
// each block; blocks of different places are independent, and may differ in
// number. A place with fewer than three blocks, or with a logarithm that is NaN
// or infinite, is left out.
//
// At each place the ratio is a Huber M-estimate. A place is clear if the
// logarithm differs from 0 by more than floor, which is the most that those of
// identical arms do, or 0 if that is not known, and by Student's t at 95 %,
// adjusted for the number of places by Benjamini and Hochberg. Between two
// neighbours among the clear places that differ in sign, the ratio passes 1. A
// line through them and the unclear places between them, weighted by their
// precision, says where: the ratio is a line if the one cost is a + b·x and the
// other is constant. If all signs are the same, the ratio is not said to
// pass 1, but for one case: a line through the places at one end that are not
// clear, and the next that is, passes 1 between them, is clearly different from
// 0 at that end in the same sense, and what was measured at the places on that
// side of the crossing differs from 0, pooled, by Student's t at 95 %.
//
// The interval are the crossings that the line does not exclude at confidence
// (E. C. Fieller, Some problems in interval estimation, 1954).
// It is open at an end that is below half of the least x, or above twice the
// greatest, and a line that passes 1 beyond these is no crossing. Low and High
// are NaN for a confidence that is not between 0 and 1. In
// simulations of ratios that are a line, with crossings anywhere in
// {10, 30, 100, 300, 1000, 10000}, 8 to 20 blocks, and normal or heavy-tailed
// noise of 1 to 10 % per block, 92 to 96 % of the intervals at 95 % cover. They
// do not allow for a ratio that is no line: if it bends as x^0.9 does, then of
// places as far apart as these the intervals cover far less often. That the
// ratio passes 1 between First and Last holds for any shape, if both are clear.
func Crossing(x []float64, logRatios [][]float64, confidence, floor float64) CrossingOf {
	places := placesOf(x, logRatios, floor)
	w, kind := windowOf(places, floor)
	told := CrossingOf{
		Kind:     kind,
		Interval: Interval{math.NaN(), math.NaN(), math.NaN()},
		First:    -1, Last: -1, Slope: math.NaN(), Offset: math.NaN(),
		Signs: make([]int, len(logRatios)),
	}
	for _, p := range places {
		told.Signs[p.at] = p.sign
	}
	if w == nil {
		return told
	}
	l := w.line()
	told.First, told.Last = w[0].at, w[len(w)-1].at
	told.Slope, told.Offset = l.slope, 1+l.middle-l.slope*l.center
	told.Estimate = l.root()
	if !(confidence > 0 && confidence < 1) {
		return told
	}
	told.Low, told.High = l.fieller(confidence)
	if told.Low < leastCrossing(places) {
		told.Low = 0
	}
	if told.High > greatestCrossing(places) {
		told.High = math.Inf(1)
	}
	return told
}

// leastCrossing and greatestCrossing are how far a line is believed: a factor
// of 2 beyond what was measured.

func leastCrossing(places []place) float64    { return places[0].x / 2 }
func greatestCrossing(places []place) float64 { return places[len(places)-1].x * 2 }
