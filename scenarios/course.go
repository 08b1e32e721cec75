//go:build linux

package scenarios

import (
	"math"
	"math/rand/v2"
	"time"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	// leastForPrecision is how many blocks are measured before their interval is
	// asked how narrow it is: few may agree by chance.
	leastForPrecision = 10
	// moreVoided than valid blocks, by so many, and a cell's are not measured
	// again: the machine is not going to be quiet. leastAttempts is how many it
	// takes until that is said.
	moreVoided, leastAttempts = 3, 10
)

// course is how far the blocks of one cell have come.
type course struct {
	cell          results.Cell
	arms          []Arm
	started, turn orders // of arms: how blocks start them, and what their turns are
	order         []int  // of arms, that the next block starts in; nil: another one
	number        int    // of the next block
	valid, voided int    // blocks
	took          time.Duration
	ratios        map[string][]float64 // logarithms of the primary metric's ratio to the reference, of each valid block
}

func newCourse(cell results.Cell, arms []Arm, random *rand.Rand) *course {
	return &course{
		cell: cell, arms: arms,
		started: orders{n: len(arms), random: random}, turn: orders{n: len(arms), random: random},
		ratios: map[string][]float64{},
	}
}

// over says that the cell needs no further block, or is not going to get one
// that is any good.
func (c *course) over(p Plan) bool {
	switch {
	case c.valid >= p.Blocks:
		return true
	case c.restless(p.Blocks):
		return true
	case p.Precision > 0 && c.valid >= leastForPrecision:
		return c.halfWidth() <= math.Log1p(p.Precision)
	}
	return false
}

// restless says that the machine is, while a cell is to have so many blocks.
func (c *course) restless(blocks int) bool {
	return c.voided > c.valid+moreVoided && c.number >= min(leastAttempts, 2*blocks)
}

// halfWidth is that of the widest interval of a ratio to the reference. An arm
// that never had a ratio is not waited for.
func (c *course) halfWidth() float64 {
	widest := 0.0
	for _, ratios := range c.ratios {
		i := stats.Shift(ratios, results.Confidence)
		half := (i.High - i.Low) / 2
		if math.IsNaN(half) {
			return math.Inf(1) // too few
		}
		widest = max(widest, half)
	}
	return widest
}

// start is the order in which the next block starts its arms.
func (c *course) start() []int {
	if c.order == nil {
		c.order = c.started.next()
	}
	return c.order
}

// ended takes in the trials of a block.
func (c *course) ended(trials []results.Trial, void bool, took time.Duration) {
	c.number++
	c.took = took
	if void {
		c.voided++
		return // the block in its place starts in the same order
	}
	c.order = nil
	c.valid++
	for _, reference := range trials {
		if !reference.Reference {
			continue
		}
		for _, t := range trials {
			if t.Reference || t.Control {
				continue
			}
			if r := c.cell.Primary().BlockLogRatios([]results.Trial{t}, []results.Trial{reference}); len(r) > 0 {
				c.ratios[t.Arm] = append(c.ratios[t.Arm], r...)
			}
		}
	}
}
