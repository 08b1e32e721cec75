// Package gate decides, from blocks in which two builds of a server took turns,
// whether one is slower than the other: by rules that are fixed beforehand, so that
// they do not cry wolf. It is pure: the same records give the same judgement.
//
// With d the logarithm of the head's cost over the base's in a block, positive for
// worse, a threshold Δ and its half τ, a gate looks at a cell up to three times,
// after n, 2n and 3n valid blocks:
//
//   - regression if the signed-rank test of d ≤ 0 has p ≤ 1 %/3, after Holm over all
//     cells, and the estimate is τ or more;
//   - improved likewise for d ≥ 0 and −τ;
//   - pass if the signed-rank test of d ≥ Δ has p ≤ 5 %/3;
//   - otherwise it looks again, and after the third time it is inconclusive.
//
// Where noise has Δ widened, τ stays half of what was asked for: a slowdown that shows
// is not passed because a smaller one would not.
//
// Looking until a difference is significant would triple the false alarms; three
// looks at a third of the level each keep it, by Bonferroni's inequality. All cells
// have to pass, so that passing needs no correction for how many they are.
package gate

import (
	"math"

	"muxbench/results/stats"
)

const (
	// Looks is how often a gate looks at a cell at most.
	Looks = 3
	// Widest is how many times what was asked for a threshold may become: a cell whose
	// blocks carry nothing better may end inconclusive, and does not pass because so
	// little was asked of it.
	Widest = 2
	// MostCells is how many cells a gate has at most: the more there are, the more
	// has to be seen in each.
	MostCells = 8
	// Alarm is the probability of a false alarm in any cell, at most, and Miss that of
	// passing a slowdown by the threshold.
	Alarm, Miss = 0.01, 0.05

	// Nine blocks that all say the same have p = 1/512: enough for one cell's look,
	// and not after Holm over several.
	leastBlocks, leastOfSeveral = 9, 12
	// blocksPerDeviation is how many blocks it takes where they differ by the
	// threshold, as a standard deviation: then three times as many have a standard
	// error of an eighth of it, and a look of 0.22.
	blocksPerDeviation = 20
)

// Pilot is how many blocks of each of so many cells show how far blocks differ, and
// the least after which a gate looks.
func Pilot(cells int) int {
	if cells > 1 {
		return leastOfSeveral
	}
	return leastBlocks
}

// Deviation is the standard one of the logarithm of a block's ratio, as the median
// absolute deviation of head's and control's has it, each around its own median: how
// large their ratios are has no part in it. Tests of ranks do not mind a block that is
// far off, and neither may this: one of nine would have the threshold widened threefold.
// It is NaN if either has no block.
func Deviation(head, control []float64) float64 {
	const ofNormal = 1.4826 // standard deviations are a median absolute one
	var all []float64
	for _, logs := range [][]float64{head, control} {
		if len(logs) == 0 {
			return math.NaN()
		}
		middle := stats.Median(logs)
		for _, v := range logs {
			all = append(all, v-middle)
		}
	}
	return ofNormal * stats.MAD(all)
}

// Blocks is after how many blocks a gate looks first, where they have a standard
// deviation of d around a threshold, both logarithms.
func Blocks(deviation, threshold float64) int {
	return int(math.Ceil(blocksPerDeviation * (deviation / threshold) * (deviation / threshold)))
}

// Carried is the threshold that looks after so many blocks can carry, as a
// logarithm: the inverse of Blocks.
func Carried(deviation float64, blocks int) float64 {
	return deviation * math.Sqrt(blocksPerDeviation/float64(blocks))
}

// tested is what a look finds in one cell.
type tested struct {
	slower, faster float64 // p of the head being neither slower nor faster than the base
	allowed        float64 // p of a slowdown by the threshold or more
	shift          float64 // estimate of d
}

// origin is where d is 0, as a logarithm: with two builds that is known. A baseline has
// an interval, and whatever a look is to show it has to show against the end of that
// which makes it harder: the test then holds wherever within it the truth lies.
type origin struct{ low, middle, high float64 }

// test looks at the logarithms of a cell's ratios.
func test(logs []float64, threshold float64, o origin) tested {
	if len(logs) == 0 {
		return tested{1, 1, 1, 0}
	}
	_, slower := stats.SignedRank(logs, o.high)
	faster, _ := stats.SignedRank(logs, o.low)
	allowed, _ := stats.SignedRank(logs, o.low+threshold)
	return tested{slower, faster, allowed, stats.Shift(logs, 1-Alarm).Estimate - o.middle}
}

// course is how far the looks at one cell have come.
type course struct {
	logs      []float64 // of every valid block, in their order
	blocks    int       // after which it is looked first
	threshold float64   // a logarithm
	least     float64   // shift that is one, likewise: half of the threshold asked for
	origin    origin
	looks     int // had
	last      tested
	verdict   Verdict // empty until it is decided
	// p of last after Holm, over all cells as they were then.
	slower, faster float64
}

// due says that the cell is to be looked at, and has the blocks for it.
func (c *course) due(look int) bool {
	return c.verdict == "" && c.blocks > 0 && len(c.logs) >= look*c.blocks
}

// run takes all looks that cells have blocks for, one after the other, and decides
// what can be.
func run(cells []*course) {
	for _, c := range cells {
		c.last, c.slower, c.faster = tested{1, 1, 1, 0}, 1, 1
	}
	for look := 1; look <= Looks; look++ {
		slower, faster := make([]float64, len(cells)), make([]float64, len(cells))
		for i, c := range cells {
			if c.due(look) {
				c.last = test(c.logs[:look*c.blocks], c.threshold, c.origin)
			}
			slower[i], faster[i] = c.last.slower, c.last.faster
		}
		slower, faster = stats.Holm(slower), stats.Holm(faster)
		for i, c := range cells {
			if c.due(look) {
				c.looks, c.slower, c.faster = look, slower[i], faster[i]
				c.verdict = c.decide()
			}
		}
	}
}

// decide is empty if it is to be looked again.
func (c *course) decide() Verdict {
	switch {
	case c.slower <= Alarm/Looks && c.last.shift >= c.least:
		return Regression
	case c.faster <= Alarm/Looks && c.last.shift <= -c.least:
		return Improved
	case c.last.allowed <= Miss/Looks:
		return Pass
	case c.looks == Looks:
		return Inconclusive
	}
	return ""
}
