package gate

// Verdict is what a gate says of a cell, or of all.
type Verdict string

const (
	Pass         Verdict = "pass"         // a slowdown by the threshold is ruled out
	Improved     Verdict = "improved"     // the head takes less
	Regression   Verdict = "regression"   // the head takes more, or does more
	Inconclusive Verdict = "inconclusive" // neither could be told
	Invalid      Verdict = "invalid"      // identical servers differed, or the machine was too restless
	Failed       Verdict = "failed"       // a trial has failed
)

// severity orders verdicts: of all cells' the severest is the gate's. What could not
// be measured at all comes before what was; a regression that a valid cell shows,
// before another cell's being invalid.
func (v Verdict) severity() int {
	for i, w := range []Verdict{Improved, Pass, Inconclusive, Invalid, Regression, Failed} {
		if v == w {
			return i
		}
	}
	return 0
}
