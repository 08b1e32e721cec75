package report

import (
	"slices"
	"strings"

	"muxbench/results"
)

// mostForestRows can be told apart and read.
const mostForestRows = 30

// levelOrEdge draws the ratios of server CPU, a row for each workload and arm. Those
// that nothing tells from 1 are hollow.
func (b *chartBuilder) levelOrEdge(s Summary) {
	all := ofCPU(s.LevelOrEdge)
	if !slices.ContainsFunc(all, func(l LevelOrEdge) bool { return l.Ratio != nil }) {
		return
	}
	_, fixed := splitDimensions(levelCells(s.Scenarios))
	m := serverCPU()
	reference := all[0].cell.Reference
	c := Chart{
		Name: "level-or-edge", Title: "Level or edge? Server CPU per message, " + levelTriggered + " = 1",
		Subtitle: "left of the line: takes less than level-triggered",
		Y:        Axis{Label: m.title + ", ratio to " + plainName(reference) + ": 1 is in the middle, and zero is not on the axis", Ratio: true},
		Forest:   true,
		Within:   equivalence,
	}
	if common := phrases(fixed, all[0].Cell); len(common) > 0 {
		c.Subtitle += "; " + strings.Join(common, ", ")
	}
	base := b.series(reference)
	base.Name, base.Unmarked = base.Name+" (reference)", true
	arms := levelArms(all)
	series := make([]Series, len(arms))
	for i, arm := range arms {
		series[i] = b.series(arm)
	}
	shown := 0
	var last results.Cell
	for _, l := range all {
		if len(c.X.Categories) == 0 || l.Cell != last {
			if len(c.X.Categories) == max(1, mostForestRows/len(arms)) {
				break
			}
			last = l.Cell
			c.X.Categories = append(c.X.Categories, l.workload)
			if l.Control != nil {
				p := around(float64(len(c.X.Categories)-1), 1, *l.Control)
				base.Control = append(base.Control, p)
			}
		}
		i := slices.Index(arms, l.Arm)
		series[i].Points = append(series[i].Points, l.point(float64(len(c.X.Categories)-1)))
		shown++
	}
	base.Points = []Point{{Y: 1, Low: 1, High: 1, Blocks: 1, Interval: true}}
	c.Series = append([]Series{base}, series...)
	gaps := c.gaps("not compared")
	if more := len(all) - shown; more > 0 {
		gaps = plural(more, "row is not shown", "rows are not shown") + ", the report has all; " + gaps
	}
	b.keep(c, gaps)
}

// point has no blocks where nothing was compared.
func (l LevelOrEdge) point(x float64) Point {
	if l.Ratio == nil {
		return Point{X: x}
	}
	p := point(x, l.Ratio.Estimate, 1)
	p.Hollow = l.Verdict != Less && l.Verdict != More
	return p
}
