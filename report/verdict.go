package report

import (
	"slices"

	"muxbench/results"
)

// A difference is named only where every block shows it, in at least
// minVerdictBlocks blocks, and where it is at least minVerdictEffect: blocks of
// two equal servers differ by 1 % or so, by memory layout and order of
// starting, and few blocks do not average that away.
const (
	minVerdictBlocks = 3
	minVerdictEffect = 0.03
)

// Verdict says which arm of a cell took the least server CPU per message, or
// per connection in scenario connect.
type Verdict struct {
	Metric results.Metric `json:"metric"`
	Lowest string         `json:"lowest"` // the arm with the lowest median
	// Equal are the arms that this run cannot tell from Lowest.
	Equal []string `json:"no_clear_difference,omitempty"`
	// Above are the arms that took more than Lowest in every block.
	Above []Comparison `json:"above,omitempty"`
	// TooFew are the arms that have too few blocks in common with Lowest.
	TooFew []string `json:"too_few_blocks,omitempty"`
	// Blocks is the least number of blocks that Equal and Above stand on.
	Blocks int `json:"blocks"`
}

// Comparison is the ratio of an arm to the lowest.
type Comparison struct {
	Arm   string   `json:"arm"`
	Ratio Estimate `json:"ratio"`
}

// judge compares the arms of a cell, whose trials are in the order of
// cell.Arms. It returns nil if there are fewer than two, or
// none has a value.
func judge(cell Cell, trials [][]results.Trial) *Verdict {
	m := cpuMetric(cell.Cell)
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
		ratio, _ := ratioOverBlocks(trials[i], trials[lowest], m)
		if ratio.Blocks < minVerdictBlocks {
			v.TooFew = append(v.TooFew, a.Name)
			continue
		}
		if v.Blocks == 0 || ratio.Blocks < v.Blocks {
			v.Blocks = ratio.Blocks
		}
		switch {
		case ratio.Low > 1 && ratio.Median >= 1+minVerdictEffect:
			v.Above = append(v.Above, Comparison{a.Name, ratio})
		case ratio.High < 1 && ratio.Median <= 1/(1+minVerdictEffect):
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
