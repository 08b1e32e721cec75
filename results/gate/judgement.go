package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"muxbench/results"
	"muxbench/results/stats"
)

// Judgement is what a gate has come to.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	Cells   []Cell  `json:"cells"`
	// Void and Blocks are of all cells; void ones are not among Blocks.
	Blocks int `json:"blocks"`
	Void   int `json:"void_blocks"`
	// Missing is how many gated cells have no block at all.
	Missing int `json:"missing_cells,omitempty"`
}

// Cell is what a gate has come to in one cell. Ratios are of the head to the base, of
// the cell's primary metric, of which more is worse.
type Cell struct {
	results.Cell
	Metric  results.Metric `json:"metric"`
	Verdict Verdict        `json:"verdict"`
	Why     string         `json:"why"` // in words
	// Threshold is what counts as a slowdown here, 0.03 for 3 %, and Asked what was
	// asked for: less, where the machine's noise could not carry that in time.
	Threshold float64 `json:"threshold"`
	Asked     float64 `json:"asked_threshold"`
	Deviation float64 `json:"deviation"`     // standard one of a block's log ratio, in the pilot
	Every     int     `json:"blocks_a_look"` // 0 if the pilot was not completed
	Looks     int     `json:"looks"`         // that were had
	Blocks    int     `json:"blocks"`        // valid ones
	Void      int     `json:"void_blocks"`
	Ratio     Ratio   `json:"ratio"`
	// Of the last look, one-sided: that the head is not slower (in itself, and after
	// Holm over all cells), that it is not faster, and that it is slower by the
	// threshold or more.
	NotSlower         float64 `json:"p_not_slower"`
	NotSlowerAdjusted float64 `json:"p_not_slower_adjusted"`
	NotFasterAdjusted float64 `json:"p_not_faster_adjusted"`
	Slower            float64 `json:"p_slower_by_threshold"`
	// Control is of two identical servers of the base.
	Control  Control   `json:"control"`
	Counters []Counter `json:"counters,omitempty"` // exact ones that differ
	// Base and Head are medians over blocks.
	Base float64 `json:"base"`
	Head float64 `json:"head"`
	// Kept and Now are ratios to the yardstick, in a baseline and here, where the base
	// is a baseline: Ratio is then that of the two, its ends as far apart as both
	// intervals make them, and Base the yardstick's figure. They are nil elsewhere.
	Kept *Ratio `json:"kept_ratio_to_yardstick,omitempty"`
	Now  *Ratio `json:"ratio_to_yardstick,omitempty"`
	// logs are the logarithms of the ratios of valid blocks.
	logs []float64
}

// Ratio is over blocks: the Hodges–Lehmann estimate, with the exact interval of the
// signed-rank test if Interval is true, and else the range of blocks.
type Ratio struct {
	Value    float64 `json:"value"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Interval bool    `json:"interval"`
	Blocks   int     `json:"blocks"` // 0: nothing is known
}

// Control is what two identical servers of a cell differed by.
type Control struct {
	Ratio
	PAdjusted float64 `json:"p_adjusted"` // two-sided, after Holm over all cells
}

// Widened says that what counts as a slowdown here is more than was asked for.
func (c Cell) Widened() bool { return c.Threshold > c.Asked }

// LogRatios are the logarithms of the ratio of each valid block. The caller does not
// change them.
func (c Cell) LogRatios() []float64 { return c.logs }

// mostVoid is the share of blocks that may be void.
const mostVoid = 0.2

// Judge judges a run with a gate by all that it holds. Cells are in the order of their
// first trial. Trials of cells without a subject are none of the gate's.
func Judge(g results.Gate, looks []results.Looks, trials []results.Trial) Judgement {
	var cells []*cell
	byCell := map[results.Cell]*cell{}
	for _, t := range trials {
		if t.Subject == "" {
			continue
		}
		c := byCell[t.Cell]
		if c == nil {
			c = newCell(t.Cell, g, looks)
			byCell[t.Cell], cells = c, append(cells, c)
		}
		c.add(t)
	}
	j := judge(cells)
	j.missing(g.Cells)
	return j
}

func judge(cells []*cell) Judgement {
	j := Judgement{Verdict: Inconclusive, Cells: []Cell{}}
	var courses []*course
	for _, c := range cells {
		c.compare()
		courses = append(courses, &c.course)
		j.Blocks, j.Void = j.Blocks+c.Blocks, j.Void+c.Void
	}
	run(courses)
	adjustControls(cells)
	for _, c := range cells {
		c.conclude(j.Restless())
		j.Cells = append(j.Cells, c.Cell)
	}
	if len(cells) > 0 {
		j.Verdict = overall(j.Cells)
	}
	return j
}

// Restless says that more blocks were void than may be: then nothing is to be trusted.
func (j Judgement) Restless() bool { return float64(j.Void) > mostVoid*float64(j.Blocks+j.Void) }

// missing has a judgement lack cells that were to be measured: it is not passed then.
func (j *Judgement) missing(planned int) {
	if j.Missing = max(0, planned-len(j.Cells)); j.Missing > 0 && j.Verdict.severity() < Inconclusive.severity() {
		j.Verdict = Inconclusive
	}
}

func overall(cells []Cell) Verdict {
	worst := slices.MaxFunc(cells, func(a, b Cell) int { return a.Verdict.severity() - b.Verdict.severity() }).Verdict
	if worst == Pass && slices.ContainsFunc(cells, func(c Cell) bool { return c.Verdict == Improved }) {
		return Improved
	}
	return worst
}

// cell is a Cell while it is made.
type cell struct {
	Cell
	course
	base, head, control []results.Trial
	failure             string // of the first trial that failed
}

func newCell(of results.Cell, g results.Gate, looks []results.Looks) *cell {
	c := &cell{Cell: Cell{Cell: of, Metric: of.Primary().Metric, Threshold: g.Threshold, Asked: g.Threshold}}
	for _, l := range looks {
		if l.Cell == of {
			c.Every, c.Deviation, c.Cell.Threshold = l.Blocks, l.Deviation, max(g.Threshold, l.Threshold)
		}
	}
	if len(g.Baseline) > 0 {
		c.against(g.Baseline)
	}
	c.course.blocks, c.course.threshold, c.course.least = c.Every, math.Log1p(c.Cell.Threshold), math.Log1p(g.Threshold)/2
	return c
}

func (c *cell) add(t results.Trial) {
	if t.Status != results.StatusOK && t.Status != results.StatusVoided && t.Status != results.StatusInterrupted && c.failure == "" {
		c.failure = fmt.Sprintf("%s in block %d: %s: %s", t.Arm, t.Block, t.Status, t.Reason)
	}
	switch {
	case t.Control:
		c.control = append(c.control, t)
	case t.Reference:
		c.base = append(c.base, t)
		if t.Status == results.StatusVoided {
			c.Void++
		}
	default:
		c.head = append(c.head, t)
	}
}

// compare has what trials say of a cell by itself.
func (c *cell) compare() {
	// Looks are at the first blocks, wherever those stand in the file.
	slices.SortStableFunc(c.head, func(a, b results.Trial) int { return cmp.Compare(a.Block, b.Block) })
	primary := c.Primary()
	c.Cell.logs = primary.BlockLogRatios(c.head, c.base)
	c.course.logs = c.Cell.logs
	c.Blocks = len(c.Cell.logs)
	c.Ratio = ratioOf(c.Cell.logs)
	control := primary.BlockLogRatios(c.control, c.base)
	c.Control = Control{Ratio: ratioOf(control), PAdjusted: 1}
	if len(control) > 0 {
		c.Control.PAdjusted = stats.TwoSided(stats.SignedRank(control, 0))
	}
	c.Base, c.Head = median(c.base, c.Metric), median(c.head, c.Metric)
	if c.Kept != nil {
		c.Now, c.Ratio = new(c.Ratio), c.Ratio.over(*c.Kept)
		return // the base is another server, which makes other calls
	}
	c.Counters = countersOf(c.Cell.Cell, c.base, c.control, c.head)
}

func median(trials []results.Trial, m results.Metric) float64 {
	var values []float64
	for _, t := range trials {
		if v, ok := t.Values[m]; ok && t.Status == results.StatusOK {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0
	}
	return stats.Median(values)
}

func ratioOf(logs []float64) Ratio {
	if len(logs) == 0 {
		return Ratio{}
	}
	shift := stats.Shift(logs, results.Confidence)
	r := Ratio{Interval: !math.IsNaN(shift.Low), Blocks: len(logs)}
	if !r.Interval {
		shift.Low, shift.High = stats.Range(logs)
	}
	r.Value, r.Low, r.High = math.Exp(shift.Estimate), math.Exp(shift.Low), math.Exp(shift.High)
	return r
}

func adjustControls(cells []*cell) {
	p := make([]float64, len(cells))
	for i, c := range cells {
		p[i] = c.Control.PAdjusted
	}
	for i, adjusted := range stats.Holm(p) {
		cells[i].Control.PAdjusted = adjusted
	}
}
