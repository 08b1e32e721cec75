package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// footer says what the marks of the chart stand for, and on how many blocks.
func (c Chart) footer() string {
	if c.Tiles != nil {
		return tilesFooter(c.Tiles)
	}
	intervals, ranges := blockCount{}, blockCount{}
	hollow := false
	for _, s := range c.Series {
		for _, p := range s.Points {
			switch {
			case p.Blocks == 0 || s.Unmarked:
			case p.Interval:
				intervals.add(p.Blocks)
			default:
				ranges.add(p.Blocks)
			}
			hollow = hollow || p.Hollow
		}
	}
	parts := []string{whiskers(intervals, ranges)}
	if c.Y.Ratio {
		parts[0] = "ratios turn by turn; " + parts[0]
	}
	if !c.Bars && max(intervals.most, ranges.most) > 1 {
		parts[0] += ", left out where shorter than the mark"
	}
	if !c.Bars && !c.Forest && len(c.Series) > 1 {
		parts[0] += "; arms side by side"
	}
	switch {
	case hollow && c.Hollow != "":
		parts = append(parts, "hollow: "+c.Hollow)
	case hollow && c.Y.Ratio:
		parts = append(parts, "hollow: no difference from the reference can be told")
	case hollow && c.Bars:
		parts = append(parts, "hollow: not kept to by the slices at that rate themselves, or saturated")
	case hollow:
		parts = append(parts, "hollow: saturated, the rate was not carried")
	}
	if len(c.Crossings) > 0 {
		parts = append(parts, "lines: what a crossing is from, the one arm's values and the fitted ratio of the other to them; grey: 95 % intervals of crossings; only places near them")
	}
	if slices.ContainsFunc(c.Series, func(s Series) bool { return s.Control != nil }) {
		parts = append(parts, "grey: as far as the reference, measured twice, differed from itself")
	}
	return strings.Join(parts, "; ")
}

// blockCount is from how many to how many blocks points are had from.
type blockCount struct{ least, most int }

func (b *blockCount) add(blocks int) {
	if b.most == 0 || blocks < b.least {
		b.least = blocks
	}
	b.most = max(b.most, blocks)
}

func (b blockCount) String() string {
	if b.most > b.least {
		return fmt.Sprintf("%d to %d blocks", b.least, b.most)
	}
	return fmt.Sprintf("%d blocks", b.most)
}

// whiskers says what they span. One block alone has none.
func whiskers(intervals, ranges blockCount) string {
	switch {
	case intervals.most > 0 && ranges.most > 0:
		return fmt.Sprintf("whiskers: 95 %% intervals over %v, ranges of %v, too few for an interval", intervals, ranges)
	case intervals.most > 0:
		return fmt.Sprintf("whiskers: 95 %% intervals over %v", intervals)
	case ranges.most > 1:
		return fmt.Sprintf("whiskers: range of %v, too few for an interval", ranges)
	}
	return "one block, no range"
}

// machine says what the run was made on, and by what.
func machine(run results.Run) string {
	e := run.Environment
	return plainText(fmt.Sprintf("%s, %d CPUs%s, Linux %s; muxbench %s", orUnknown(e.CPUModel), e.CPUs,
		unless(e.Hypervisor == "", " on "+e.Hypervisor), orUnknown(e.Kernel), orUnknown(run.Version)))
}
