package report

import (
	"slices"

	"muxbench/results"
)

// Verdict says which arm of a cell took the least server CPU per message, or
// per connection in scenario connect, or in scenario chain the least time per
// iteration. In an open loop it says which had the least p99 latency or, under
// an SLO, the highest rate: there HighestIsBest, and low and below are to be read
// as high and above. Control arms are left out.
type Verdict struct {
	Metric        results.Metric `json:"metric"`
	HighestIsBest bool           `json:"highest_is_best,omitempty"`
	Lowest        string         `json:"lowest"` // of the arms that none is named below, the lowest; empty if none can be compared
	// Equal are the other arms that none is named below.
	Equal []string `json:"no_clear_difference,omitempty"`
	// Above are the arms that another is named below, with their ratio to
	// Lowest.
	Above []Comparison `json:"above,omitempty"`
	// TooFew are the arms that have too few blocks in common with Lowest.
	TooFew []string `json:"too_few_blocks,omitempty"`
	// Saturated are the arms that were in most trials, where latency is compared:
	// theirs compares with none.
	Saturated []string `json:"saturated,omitempty"`
	// Missed are the arms that mostly found no rate that keeps to the SLO.
	Missed []string `json:"slo_missed,omitempty"`
	// Blocks is the least number of blocks that Equal and Above stand on.
	Blocks int `json:"blocks"`
}

// Comparison is the ratio of an arm to the lowest. It is adjusted over all
// pairs of arms of all cells of the run.
type Comparison struct {
	Arm   string `json:"arm"`
	Ratio Ratio  `json:"ratio"`
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

// alone says that there was nothing to compare the one arm with that took part,
// if one did.
func (v *Verdict) alone() bool {
	return len(v.Equal)+len(v.Above)+len(v.TooFew) == 0
}

// out are the arms that did not take part.
func (v *Verdict) out() []string { return slices.Concat(v.Saturated, v.Missed) }

// outWords say why the arms of those names did not.
func (v *Verdict) outWords(names []string) string {
	if v.HighestIsBest {
		return enumerate(names) + " " + verbFor(names, "keeps", "keep") + " to the SLO at no rate that was tried"
	}
	return enumerate(names) + " " + verbFor(names, "is", "are") + " saturated"
}

func verbFor(names []string, one, many string) string {
	if len(names) == 1 {
		return one
	}
	return many
}
