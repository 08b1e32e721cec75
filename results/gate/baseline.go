package gate

import (
	"fmt"
	"math"

	"muxbench/results"
)

// against has a cell judged by what a baseline keeps of it.
func (c *cell) against(kept []results.Kept) {
	k, ok := results.Baseline{Cells: kept}.Find(c.Cell.Cell)
	if !ok {
		c.failure = "the baseline has nothing of this cell"
		return
	}
	c.Kept = &Ratio{Value: k.Ratio, Low: k.Low, High: k.High, Interval: true, Blocks: k.Blocks}
	c.origin = origin{math.Log(k.Low), math.Log(k.Ratio), math.Log(k.High)}
}

// over is r over s, whose ends are as far apart as the intervals of both make them.
func (r Ratio) over(s Ratio) Ratio {
	if r.Blocks == 0 {
		return r
	}
	return Ratio{Value: r.Value / s.Value, Low: r.Low / s.High, High: r.High / s.Low, Interval: r.Interval && s.Interval, Blocks: r.Blocks}
}

// vague says that what is kept of a cell is too uncertain for a threshold: not even a
// server that takes as much as then could pass, however many blocks it had.
func (r Ratio) vague(threshold float64) bool { return r.Value >= r.Low*(1+threshold) }

// Keep is what is kept of the cells of a run in which servers took turns with a
// yardstick, for the baseline of later ones. It says of the first cell that cannot be
// kept why: it is not to be trusted, has fewer blocks than a look, or is too uncertain to
// judge anything by.
func Keep(j Judgement, options func(Cell) map[string]string) (kept []results.Kept, why string) {
	for _, c := range j.Cells {
		switch {
		case c.Verdict == Failed || c.Verdict == Invalid:
			return nil, c.Subject + ": " + c.Why
		case !c.Ratio.Interval || c.Ratio.Blocks < leastBlocks:
			return nil, fmt.Sprintf("%s: it has %s, and %d are the least", c.Subject, plural(c.Ratio.Blocks, "valid block"), leastBlocks)
		case c.Ratio.vague(c.Threshold):
			return nil, fmt.Sprintf("%s: its interval (%.3f to %.3f) is too wide to judge by at a threshold of %s: a longer -d makes it narrower, or a quieter machine", c.Subject, c.Ratio.Low, c.Ratio.High, percent(c.Threshold))
		}
		kept = append(kept, results.Kept{Cell: c.Cell, Options: options(c), Ratio: round(c.Ratio.Value), Low: round(c.Ratio.Low), High: round(c.Ratio.High), Blocks: c.Ratio.Blocks})
	}
	return kept, ""
}

// round keeps five digits behind the point, of which the last is noise.
func round(ratio float64) float64 { return math.Round(ratio*1e5) / 1e5 }
