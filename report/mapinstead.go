package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"muxbench/results"
)

// mostSweeps that a map shows have charts of their own.
const mostSweeps = 4

// mostCrossoverCharts are drawn; the report has all crossovers.
const mostCrossoverCharts = 4

// replaces parts sweeps into those that the map stands for and others. A map
// whose rows are shares does for sweeps all of whose cells it shows, if they are
// many: as each has one number of active connections, or one of all, they have
// a few cells each, and go across the map rather than along its rows.
func (m backendMap) replaces(all []sweep) (replaced, others []sweep) {
	if !m.shares {
		return nil, all
	}
	for _, sw := range all {
		if slices.ContainsFunc(sw.cells, func(c Cell) bool { return !m.shows(c) }) {
			others = append(others, sw)
		} else {
			replaced = append(replaced, sw)
		}
	}
	if len(replaced) <= mostSweeps {
		return nil, all
	}
	return replaced, others
}

func (m backendMap) shows(c Cell) bool {
	return slices.ContainsFunc(m.cells, func(d Cell) bool { return c.Cell == d.Cell })
}

// instead returns the sweeps that m does not stand for. For those that it does,
// it draws what arms are judged by along the rows of the map with the lowest share
// of active connections and with all active.
func (b *chartBuilder) instead(m *backendMap, sc Scenario, all []sweep) []sweep {
	replaced, others := m.replaces(all)
	if len(replaced) == 0 {
		return others
	}
	cells := slices.DeleteFunc(slices.Clone(sc.Cells), func(c Cell) bool { return !m.shows(c) })
	for _, share := range outerShares(cells) {
		row := slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return shareOf(c.Cell) != share })
		varying, fixed := splitDimensions(row)
		for _, sw := range sweeps(row, varying) {
			if sw.x == nil || sw.x.name != connectionsDimension().name {
				continue
			}
			measure := serverCPU()
			suffix := "-share-" + slug(strconv.FormatFloat(share, 'f', -1, 64))
			c := b.lines(sc, sw, measure, varying, fixed)
			c.Name += suffix
			b.add(c, measure.gap())
			if reference, ok := sw.comparesBy(measure); ok {
				c := b.ratios(sc, sw, measure, reference, varying, fixed)
				c.Name += suffix
				b.add(c, "no ratio")
			}
		}
	}
	m.gaps += fmt.Sprintf("not drawn beside this map, and left to --format json: what %d sweeps of %s show one by one; ", len(replaced), plainName(sc.Name))
	return others
}

// outerShares are the lowest share that several numbers of connections were
// measured with, in percent, and 100.
func outerShares(cells []Cell) []float64 {
	const several = 3
	connections := make(map[float64][]int)
	for _, c := range cells {
		share := shareOf(c.Cell)
		if !slices.Contains(connections[share], c.Connections) {
			connections[share] = append(connections[share], c.Connections)
		}
	}
	lowest := math.Inf(1)
	for share, n := range connections {
		if len(n) >= several {
			lowest = min(lowest, share)
		}
	}
	if lowest >= 100 {
		return []float64{100}
	}
	return []float64{lowest, 100}
}

func shareOf(c results.Cell) float64 { return roundTo(100*float64(c.Active)/float64(c.Connections), 3) }

// mainCrossovers are the first of charts of crossovers, those along connections
// before others, and say of how many more there are.
func mainCrossovers(charts []Chart) []Chart {
	more := len(charts) - mostCrossoverCharts
	if more <= 0 {
		return charts
	}
	charts = charts[:mostCrossoverCharts]
	last := &charts[mostCrossoverCharts-1]
	last.Footer = plural(more, "sweep with crossovers is", "sweeps with crossovers are") + " not drawn, and left to --format json; " + last.Footer
	return charts
}
