package report

import (
	"math"
	"slices"

	"muxbench/results"
	"muxbench/results/stats"
)

// minVerdictBlocks is how many blocks it takes to name a difference.
const minVerdictBlocks = 3

// verdictEffect is the least difference that is named from so many blocks:
// those of two equal servers differ by 1 % or so, by memory layout and order
// of starting, and few blocks do not average that away. Where a block has less
// than fewTurns, what disturbs the machine does not cancel either, and only
// what no disturbance explains is named.
func verdictEffect(blocks, turns int) float64 {
	switch {
	case turns < fewTurns:
		return 0.5
	case blocks < 9:
		return 0.05
	}
	return 0.03
}

const fewTurns = 2

// contraryBlocks is how many of so many blocks may show the opposite of a
// difference that is named nevertheless: none of few, and the more the more
// there are, or else a longer run could only ever say less.
func contraryBlocks(blocks int) int { return (blocks - minVerdictBlocks) / 6 }

// Verdict says which arm of a cell took the least server CPU per message, or
// per connection in scenario connect, or in scenario chain the least time per
// iteration.
type Verdict struct {
	Metric results.Metric `json:"metric"`
	Lowest string         `json:"lowest"` // the arm with the lowest median
	// Equal are the arms that this run cannot tell from Lowest.
	Equal []string `json:"no_clear_difference,omitempty"`
	// Above are the arms that took clearly more than Lowest.
	Above []Comparison `json:"above,omitempty"`
	// TooFew are the arms that have too few blocks in common with Lowest.
	TooFew []string `json:"too_few_blocks,omitempty"`
	// Blocks is the least number of blocks that Equal and Above stand on.
	Blocks int `json:"blocks"`
	// FewTurns says that a block had so few that only great differences are
	// named.
	FewTurns bool `json:"few_turns,omitempty"`
}

// Comparison is the ratio of an arm to the lowest.
type Comparison struct {
	Arm   string   `json:"arm"`
	Ratio Estimate `json:"ratio"`
}

// judge compares the arms of a cell, whose trials are in the order of
// cell.Arms. It returns nil if there are fewer than two, or none has a value.
func judge(cell Cell, trials [][]results.Trial) *Verdict {
	m := primaryMetric(cell.Cell)
	if len(cell.Arms) < 2 {
		return nil
	}
	lowest := -1
	for i, a := range cell.Arms {
		e, ok := a.Values[m.metric]
		if ok && (lowest < 0 || e.Median < cell.Arms[lowest].Values[m.metric].Median) {
			lowest = i
		}
	}
	// The arm with the lowest median need not be the lowest turn by turn:
	// where another took less in every block, that one is asked next.
	for range cell.Arms {
		if lowest < 0 {
			return nil
		}
		v, below := compareWith(lowest, cell, trials, m)
		if below < 0 {
			return v
		}
		lowest = below
	}
	return nil // they go round in a circle: no answer
}

// compareWith compares every arm with the one at index lowest. If one took
// clearly less, its index is below, otherwise that is -1.
func compareWith(lowest int, cell Cell, trials [][]results.Trial, m pairedMetric) (v *Verdict, below int) {
	v = &Verdict{Metric: m.metric, Lowest: cell.Arms[lowest].Name}
	for i, a := range cell.Arms {
		if i == lowest {
			continue
		}
		ratios := blockLogRatios(trials[i], trials[lowest], m)
		n := len(ratios)
		if n < minVerdictBlocks {
			v.TooFew = append(v.TooFew, a.Name)
			continue
		}
		if v.Blocks == 0 || n < v.Blocks {
			v.Blocks = n
		}
		turns := min(a.Slices, cell.Arms[lowest].Slices)
		v.FewTurns = v.FewTurns || turns < fewTurns
		more, less := 0, 0
		for _, r := range ratios {
			if r > 0 {
				more++
			}
			if r < 0 {
				less++
			}
		}
		median, effect := stats.Median(ratios), math.Log1p(verdictEffect(n, turns))
		switch {
		case n-more <= contraryBlocks(n) && median >= effect:
			v.Above = append(v.Above, Comparison{a.Name, ratioOf(ratios)})
		case n-less <= contraryBlocks(n) && median <= -effect:
			return nil, i
		default:
			v.Equal = append(v.Equal, a.Name)
		}
	}
	return v, -1
}

// sides are the arms that took the least, those that took more and those
// that nothing is said of, each in the order of names.
func (v *Verdict) sides() (least, more, unknown []string) {
	for _, c := range v.Above {
		more = append(more, c.Arm)
	}
	least = slices.Sorted(slices.Values(append([]string{v.Lowest}, v.Equal...)))
	return least, slices.Sorted(slices.Values(more)), slices.Sorted(slices.Values(v.TooFew))
}
