package report

import (
	"muxbench/results"
)

// SideBySide is two sides held against each other, cell by cell: two results, or
// arms of one result. Ratios are of B to A, so that above 1 there is more in B.
type SideBySide struct {
	A ComparisonSide `json:"a"`
	B ComparisonSide `json:"b"` // of arms of one result, the same as A
	// Together says that both sides are arms of one result, whose ratios are turn
	// by turn. Two results were had one after the other.
	Together bool `json:"turn_by_turn"`
	// SameRun says that two results are one, held against itself.
	SameRun     bool                 `json:"same_run"`
	Differences []results.Difference `json:"differences"` // of the runs
	// Alike says that the machines are, as far as is known. Where they are not,
	// Unlike names what differs, and nothing is concluded from any ratio.
	Alike  bool     `json:"alike"`
	Unlike []string `json:"unlike"`
	// Asked is how many ratios are judged, and so were adjusted for together.
	Asked int             `json:"judged_together"`
	Rows  []ComparisonRow `json:"rows"`
	// OnlyA and OnlyB are what nothing on the other side answers to.
	OnlyA []ComparisonOnly `json:"only_in_a"`
	OnlyB []ComparisonOnly `json:"only_in_b"`
}

// ComparisonSide is a result that is compared.
type ComparisonSide struct {
	Name   string          `json:"name"` // as the user gave it
	Run    results.Run     `json:"run"`
	Trials []results.Trial `json:"-"`
	// Distrust is why the run as a whole is not to be trusted.
	Distrust []string `json:"not_to_be_trusted,omitempty"`
}

// ComparisonOnly is a cell, or arms in it, that one side alone has.
type ComparisonOnly struct {
	results.Cell
	Arms  []string `json:"arms"`
	Whole bool     `json:"whole_cell"` // no arm of the cell is compared
}

// ComparisonRow is a metric of one cell, of an arm on either side. Durations are
// nanoseconds, rates per second.
type ComparisonRow struct {
	results.Cell
	ArmA      string         `json:"arm_a"`
	ArmB      string         `json:"arm_b"` // of two results, the same name
	Control   bool           `json:"control,omitempty"`
	Reference string         `json:"reference,omitempty"` // of both sides; empty if they have none in common
	Metric    results.Metric `json:"metric"`
	Primary   bool           `json:"primary"` // the one that the cell's arms are judged by
	A         *Estimate      `json:"value_a"` // nil where there is none that can be shown
	B         *Estimate      `json:"value_b"`
	// Ratio is that of B to A: of two results, over their blocks as two
	// independent samples; of arms of one, turn by turn within its blocks.
	Ratio *ComparisonRatio `json:"ratio"`
	// Relative is the ratio of ratios: B's to its reference over A's to its own,
	// each turn by turn, and their blocks as two independent samples. The reference
	// has none, nor have arms of one result.
	Relative *ComparisonRatio `json:"ratio_of_ratios"`
	// JudgedBy is which of the two Stars are of. It is empty where nothing is
	// concluded; see judge.
	JudgedBy ComparisonBasis `json:"judged_by,omitempty"`
	Stars    string          `json:"stars,omitempty"`
	// ClientBound names the sides, of a row of throughput, in which the load
	// generator was the bottleneck in more than half of the blocks.
	ClientBound string `json:"client_bound,omitempty"`
	// Why says in words why there is no ratio.
	Why string `json:"why_not,omitempty"`
	// Changed are the arm's options, and what else belongs to it, that differ
	// between two results.
	Changed []results.Difference `json:"arm_differs_in,omitempty"`
}

// ComparisonBasis is what a difference is judged by.
type ComparisonBasis string

const (
	ByRatio         ComparisonBasis = "ratio"
	ByRatioOfRatios ComparisonBasis = "ratio_of_ratios"
)

// ComparisonRatio is a ratio with what is known of it.
type ComparisonRatio struct {
	Value float64 `json:"value"` // the Hodges–Lehmann estimate
	// Low and High are the ends of the exact 95 % interval if Interval is true; of
	// fewer blocks than it takes, those of the range from the least to the greatest.
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Interval bool    `json:"interval"`
	BlocksA  int     `json:"blocks_a"` // of one result, the same as BlocksB: those in which both arms are ok
	BlocksB  int     `json:"blocks_b"`
	// P is the two-sided one for no difference, of Mann and Whitney's test of two
	// samples or the signed-rank test of one; 0 where nothing is concluded.
	P float64 `json:"p,omitempty"`
	// PAdjusted is P after Holm over all that is judged; 0 where this is not.
	PAdjusted float64 `json:"p_adjusted,omitempty"`
}

// judged is the ratio that a row's stars are of, or nil.
func (r ComparisonRow) judged() *ComparisonRatio {
	switch r.JudgedBy {
	case ByRatio:
		return r.Ratio
	case ByRatioOfRatios:
		return r.Relative
	}
	return nil
}

// told says that a difference shows.
func (r ComparisonRow) told() bool { return r.Stars != "" && r.Stars != untold }
