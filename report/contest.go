package report

import (
	"math"
	"slices"

	"muxbench/results"
	"muxbench/results/stats"
)

// contest is the arms of a cell, each compared with each.
type contest struct {
	cell  Cell
	arms  []int // of cell.Arms, that can take part
	out   []int // that cannot: see incomparable
	pairs []pair
}

// pair is the ratio of one arm to another, both by their places in cell.Arms. Of
// a metric that is to be high, it is the ratio of inverses: above is always worse.
type pair struct {
	above, below int
	ratio        Ratio // above 1, or at it, or the places would be exchanged
}

// newContest compares the arms of a cell, whose trials are in the order of
// cell.Arms.
func newContest(cell Cell, trials [][]results.Trial) *contest {
	// No run has more arms: a file that has would take hours, each with each.
	const mostArms = 100
	m := cell.Primary()
	t := &contest{cell: cell}
	if len(cell.Arms) > mostArms {
		return t
	}
	for i, a := range cell.Arms {
		if a.Control || a.absent(cell) {
			continue
		}
		if a.incomparable(m.Metric) {
			t.out = append(t.out, i)
			continue
		}
		for _, j := range t.arms {
			logs := m.BlockLogRatios(trials[i], trials[j])
			if len(logs) == 0 {
				continue
			}
			if highestIsBest(m.Metric) {
				negate(logs)
			}
			p := pair{i, j, ratioOf(logs)}
			if p.ratio.Value < 1 {
				negate(logs)
				p = pair{j, i, ratioOf(logs)}
			}
			t.pairs = append(t.pairs, p)
		}
		t.arms = append(t.arms, i)
	}
	return t
}

func negate(logs []float64) {
	for i := range logs {
		logs[i] = -logs[i]
	}
}

// highestIsBest is of the one metric that arms are judged by and that is to be
// high.
func highestIsBest(m results.Metric) bool { return m == results.SLORate }

// adjustContests asks for all differences of a run at once.
func adjustContests(contests []*contest) {
	var all []*Ratio
	for _, t := range contests {
		for i := range t.pairs {
			all = append(all, &t.pairs[i].ratio)
		}
	}
	adjust(all, stats.BenjaminiHochberg)
	for _, r := range all {
		r.Stars = r.stars()
	}
}

// A difference below leastNamed is not named, however sure: smaller ones come and
// go between runs. Of ten overviews, two had the same verdicts in all cells without
// this bound, and six with it.
const leastNamed = 0.03

// Where a block has less than fewTurns, what disturbs the machine does not cancel,
// and only what no disturbance explains is named. The one turn of an open loop
// is as long as many.
const fewTurns, fewTurnsEffect = 2, 0.5

// named tells whether the pair differs by more than chance, and by more than
// identical arms do where that is known.
func (t *contest) named(p pair) bool {
	least := max(leastNamed, t.cell.Noise[t.cell.Primary().Metric].Floor)
	if !open(t.cell.Cell) && min(t.cell.Arms[p.above].Slices, t.cell.Arms[p.below].Slices) < fewTurns {
		least = max(least, fewTurnsEffect)
	}
	return p.ratio.PAdjusted <= significant && p.ratio.Value > 1+least
}

// between is the ratio of arm i to arm j.
func (t *contest) between(i, j int) (Ratio, bool) {
	for _, p := range t.pairs {
		switch {
		case p.above == i && p.below == j:
			return p.ratio, true
		case p.above == j && p.below == i:
			return p.ratio.inverse(), true
		}
	}
	return Ratio{}, false
}

// inverse is the ratio of the one to the other. How many blocks it takes to
// see a difference is the same either way, in logarithms.
func (r Ratio) inverse() Ratio {
	r.Value, r.Low, r.High = inverse(r.Value), inverse(r.High), inverse(r.Low)
	return r
}

// verdict is nil if there are fewer than two arms, or none has a value, or
// each has another below it.
func (t *contest) verdict() *Verdict {
	v := t.decided()
	if v == nil {
		return nil
	}
	v.HighestIsBest = highestIsBest(v.Metric)
	for _, i := range t.out {
		if name := t.cell.Arms[i].Name; v.HighestIsBest {
			v.Missed = append(v.Missed, name)
		} else {
			v.Saturated = append(v.Saturated, name)
		}
	}
	return v
}

func (t *contest) decided() *Verdict {
	metric := t.cell.Primary().Metric
	if len(t.out) > 0 && len(t.arms) < 2 {
		return t.leftOver(metric)
	}
	if len(t.arms) < 2 || !slices.ContainsFunc(t.arms, func(i int) bool { _, ok := t.cell.Arms[i].Values[metric]; return ok }) {
		return nil
	}
	beaten, tested := make(map[int]bool), make(map[int]bool)
	for _, p := range t.pairs {
		if p.ratio.Interval {
			tested[p.above], tested[p.below] = true, true
		}
		if t.named(p) {
			beaten[p.above] = true
		}
	}
	least := slices.DeleteFunc(slices.Clone(t.arms), func(i int) bool { return beaten[i] || !tested[i] })
	if len(tested) == 0 {
		return t.undecided(metric)
	}
	if len(least) == 0 {
		return nil // they go round in a circle: no answer
	}
	lowest := t.lowest(least)
	v := &Verdict{Metric: metric, Lowest: t.cell.Arms[lowest].Name}
	for _, i := range t.arms {
		if i == lowest {
			continue
		}
		name := t.cell.Arms[i].Name
		r, _ := t.between(i, lowest)
		switch {
		case !r.Interval:
			v.TooFew = append(v.TooFew, name)
			continue
		case beaten[i]:
			if highestIsBest(metric) {
				r = r.inverse()
			}
			v.Above = append(v.Above, Comparison{name, r})
		default:
			v.Equal = append(v.Equal, name)
		}
		if v.Blocks == 0 || r.Blocks < v.Blocks {
			v.Blocks = r.Blocks
		}
	}
	return v
}

// lowest is the arm that is the least above any other of those: a median over
// blocks that another arm has not would not tell.
func (t *contest) lowest(arms []int) int {
	best, least := arms[0], math.Inf(1)
	for _, i := range arms {
		most := 0.0
		for _, j := range arms {
			if r, ok := t.between(i, j); ok {
				most = max(most, r.Value)
			}
		}
		if most < least {
			best, least = i, most
		}
	}
	return best
}

// undecided is the verdict on arms of which no two have enough blocks in
// common: the first that has a value is as good as any.
func (t *contest) undecided(metric results.Metric) *Verdict {
	v := &Verdict{Metric: metric}
	for _, i := range t.arms {
		a := t.cell.Arms[i]
		if _, ok := a.Values[metric]; ok && v.Lowest == "" {
			v.Lowest = a.Name
		} else {
			v.TooFew = append(v.TooFew, a.Name)
		}
	}
	return v
}

// leftOver is the verdict where at most one arm can be compared, because the
// others are out of it; nil if there are no others.
func (t *contest) leftOver(metric results.Metric) *Verdict {
	if len(t.arms)+len(t.out) < 2 {
		return nil
	}
	v := &Verdict{Metric: metric}
	for _, i := range t.arms {
		if _, ok := t.cell.Arms[i].Values[metric]; ok {
			v.Lowest = t.cell.Arms[i].Name
		}
	}
	return v
}
