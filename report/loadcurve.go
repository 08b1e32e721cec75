package report

import (
	"cmp"
	"slices"
	"strings"

	"muxbench/results"
)

// byBound divides the cells of a scenario into those of each SLO, in the order
// in which they come: rates that keep to different ones are not one measure.
func (sc Scenario) byBound() []Scenario {
	type bound struct {
		of results.Metric
		ns int64
	}
	index := make(map[bound]int)
	var all []Scenario
	for _, c := range sc.Cells {
		i, known := index[bound{c.SLO, c.SLONS}]
		if !known {
			i = len(all)
			index[bound{c.SLO, c.SLONS}] = i
			all = append(all, Scenario{Name: sc.Name})
		}
		all[i].Cells = append(all[i].Cells, c)
	}
	return all
}

// openMeasures are the charts of open loops like c. What they achieve is what
// they were offered, or they are saturated: that is no chart of its own.
func openMeasures(c results.Cell) []measure {
	if demandOf(c) == bySLO {
		bound := formatDuration(float64(c.SLONS))
		slo := latencyName(c.SLO) + " ≤ " + bound
		return []measure{{"slo-" + slug(latencyName(c.SLO)+" "+strings.ReplaceAll(bound, "µ", "u")), "highest rate with " + slo, "highest rate with " + slo + " (msgs/s)", 1, results.SLORate, 0}}
	}
	return []measure{
		{"p50", "latency, median", "p50 latency (µs)", 1e3, results.LatencyP50, 0.5},
		{"p99", "latency, 99th percentile", "p99 latency (µs)", 1e3, results.LatencyP99, 0.99},
		{"p999", "latency, 99.9th percentile", "p99.9 latency (µs)", 1e3, results.LatencyP999, 0.999},
		serverCPU(),
	}
}

// loadCurves draws what open loops did against the rate that was offered to
// them, and returns the cells that do not differ in it from any other. The cells
// of sc are of one demand.
func (b *chartBuilder) loadCurves(sc Scenario, varying, fixed []dimension) (others []Cell) {
	if d := demandOf(sc.Cells[0].Cell); d != byRate && d != byCapacity {
		return sc.Cells
	}
	isLoad := func(d dimension) bool { return d.name == "rate" || d.name == "load" }
	varying = slices.DeleteFunc(slices.Clone(varying), isLoad)
	fixed = slices.DeleteFunc(slices.Clone(fixed), isLoad)
	for _, cells := range byLoad(sc.Cells, varying) {
		if len(cells) < 2 {
			others = append(others, cells...)
			continue
		}
		for _, m := range measures(cells[0].Cell) {
			b.add(b.loadCurve(sc, cells, m, varying, fixed), m.gap())
		}
	}
	return others
}

// byLoad groups cells that differ in the offered rate only, each group in the
// order of that.
func byLoad(cells []Cell, others []dimension) [][]Cell {
	follows := !slices.ContainsFunc(others, func(d dimension) bool { return d.name == "duration" })
	index := make(map[results.Cell]int)
	var groups [][]Cell
	for _, c := range cells {
		key := c.Cell
		key.Rate, key.Load = 0, 0
		if follows { // or else the windows are part of what is measured
			key.DurationNS = 0
		}
		i, known := index[key]
		if !known {
			i = len(groups)
			index[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Load, b.Load)) })
	}
	return groups
}

// loadCurve is one line per arm, with points where its rate was not carried
// hollow. The rate is that of the cell or, where that is a share of what each arm
// can do, the arm's own.
func (b *chartBuilder) loadCurve(sc Scenario, cells []Cell, m measure, others, fixed []dimension) Chart {
	first := cells[0].Cell
	c := Chart{
		Name:     chartName(sc.Name, m.name+"-by-load", others, first),
		Title:    chartTitle(sc, m.title) + " against load",
		Subtitle: subtitle(Scenario{Name: sc.Name, Cells: cells}, slices.Concat(fixed, others), first),
		X:        Axis{Label: "offered rate (msgs/s)"}, Y: Axis{Label: m.axis},
	}
	if demandOf(first) == byCapacity {
		var shares []string
		for _, cell := range cells {
			shares = append(shares, strings.TrimSuffix(loadPercent(cell.Cell), " %"))
		}
		c.Subtitle += ", at " + enumerate(shares) + " % of each arm's own capacity"
		c.X.Label = "offered rate (msgs/s), median of each arm's own"
	}
	curved := false
	for _, name := range armNames(withoutControls(cells)) {
		rates := ratesOf(name, cells)
		series, values := b.series(name), 0
		for _, cell := range cells {
			p := Point{At: loadPercent(cell.Cell)}
			if rate, ok := rates[cell.Cell]; ok {
				a, _ := cell.arm(name)
				p = m.at(rate, a)
			}
			if p.Blocks > 0 {
				values++
			}
			series.Points = append(series.Points, p)
		}
		curved = curved || values > 1
		own := dimension{value: func(c results.Cell) float64 { return rates[c] }}
		series.Control = controls(sweep{cells, &own}, name, m)
		c.Series = append(c.Series, series)
	}
	if !curved { // the table has it
		c.Series = nil
	}
	return c
}

// ratesOf are the rates in msgs/s that were offered to an arm, where they are
// known: what an arm without an ok trial would have been offered as a share of
// its capacity is not.
func ratesOf(arm string, cells []Cell) map[results.Cell]float64 {
	rates := make(map[results.Cell]float64)
	for _, c := range cells {
		if demandOf(c.Cell) == byRate {
			rates[c.Cell] = c.Rate
			continue
		}
		a, _ := c.arm(arm)
		if offered, ok := a.Values[results.Offered]; ok {
			rates[c.Cell] = offered.Value
		}
	}
	return rates
}
