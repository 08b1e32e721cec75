package report

import (
	"fmt"
	"math"
	"strings"

	"muxbench/results"
)

const (
	// controlEffect is the least difference between identical arms that makes
	// a run worthless: a smaller one may be sure, and harmless.
	controlEffect = 0.02
	// Tails of latency differ from window to window where nothing differs, and a
	// rate that was searched is told in steps.
	controlLatencyEffect, controlSLOEffect = 0.10, 0.05
	// mostVoided is the share of blocks that may be void.
	mostVoided = 0.2
)

// Distrust says in words why the run as a whole cannot be trusted: identical
// arms differ, or too many blocks are void. It is empty if neither is so.
func (s Summary) Distrust() []string {
	var reasons []string
	voided, total := 0, 0
	for _, sc := range s.Scenarios {
		varying, _ := splitDimensions(sc.Cells)
		for _, c := range sc.Cells {
			v, counted := c.blocks()
			voided, total = voided+v, total+v+counted
			where := strings.Join(append([]string{plainName(sc.Name)}, phrases(varying, c.Cell)...), ", ")
			if v > counted {
				reasons = append(reasons, fmt.Sprintf("%s: %d blocks were voided, and %d count", where, v, counted))
			}
			control, ok := c.control()
			r := control.Ratios[c.Primary().Metric]
			if !ok || r == nil || r.PAdjusted > significant || math.Abs(r.Value-1) < leastEffect(c.Primary().Metric) {
				continue
			}
			reasons = append(reasons, fmt.Sprintf("%s: %s and %s are the same, and yet %s of the one is %s times that of the other (p = %s)",
				where, plainName(control.Name), plainName(c.Reference), metricPhrase(c.Primary().Metric), formatNumber(r.Value, ratioDigits), formatP(r.PAdjusted)))
		}
	}
	if float64(voided) > mostVoided*float64(total) {
		reasons = append(reasons, fmt.Sprintf("%s of %s blocks were voided, more than %g %%: the machine was too restless",
			formatInt(int64(voided)), formatInt(int64(total)), 100*mostVoided))
	}
	return reasons
}

// leastEffect is the least difference between identical arms that counts.
func leastEffect(m results.Metric) float64 {
	switch {
	case m.Percentile() > 0:
		return controlLatencyEffect
	case m == results.SLORate:
		return controlSLOEffect
	}
	return controlEffect
}

// blocks counts those of a cell that are void, and the others. All arms of a
// block are voided together.
func (c Cell) blocks() (voided, counted int) {
	for _, a := range c.Arms {
		voided, counted = max(voided, a.Blocks.InVoid), max(counted, a.Blocks.Counted())
	}
	return voided, counted
}
