package report

import (
	"cmp"
	"math"
	"slices"

	"muxbench/results"
)

// scaling draws what more threads bring, a line for each backend that has them.
func (b *chartBuilder) scaling(sc Scenario) {
	varying, fixed := splitDimensions(sc.Cells)
	for _, cell := range sc.Cells {
		speed := measure{name: "speed-up", title: "speed-up", axis: "throughput, ratio to " + plainName(cell.Reference), unit: 1, metric: results.Throughput}
		b.add(b.speedUp(sc, cell, speed, varying, fixed), "no ratio, or no number of threads")
		b.add(b.byThreads(sc, cell, serverCPU(), measure.at, varying, fixed), "no value, or no number of threads")
	}
}

// byThreads is one line for arms that differ in their threads only. Those of one
// number of threads have a point, and those whose threads are not known none, so that
// the footer names them.
func (b *chartBuilder) byThreads(sc Scenario, cell Cell, m measure, at func(measure, float64, Arm) Point, varying, fixed []dimension) Chart {
	c := Chart{
		Name:     chartName(sc.Name, m.name+"-by-threads", varying, cell.Cell),
		Title:    chartTitle(sc, m.title) + " against threads",
		Subtitle: subtitle(sc, slices.Concat(fixed, varying), cell.Cell) + onCPUs(sc),
		X:        Axis{Label: "threads that serve: loops, or those of a pool"}, Y: Axis{Label: m.axis},
	}
	index := make(map[string]int)
	for _, a := range cell.Arms {
		if a.Control {
			continue
		}
		n, known := a.threads()
		if !known {
			c.Series = append(c.Series, Series{Name: plainName(a.Name), Points: []Point{{At: "threads"}}})
			continue
		}
		name := a.besideThreads()
		i, ok := index[name]
		if !ok {
			i = len(c.Series)
			index[name] = i
			c.Series = append(c.Series, Series{Name: plainName(name), Style: i})
		}
		c.Series[i].Points = append(c.Series[i].Points, at(m, float64(n), a))
	}
	for _, s := range c.Series {
		slices.SortStableFunc(s.Points, func(p, q Point) int { return cmp.Compare(p.X, q.X) })
	}
	return c
}

// onCPUs says how many CPUs the threads of a server had at most; empty if none in
// particular.
func onCPUs(sc Scenario) string {
	_, most := sc.serverCPUs()
	return unless(most == 0, ", "+plural(most, "CPU", "CPUs")+" for a server's threads")
}

// speedUp is of ratios of throughput to the reference, which is the line at 1 and,
// unless it is one of several that differ in their threads, no point beside.
func (b *chartBuilder) speedUp(sc Scenario, cell Cell, m measure, varying, fixed []dimension) Chart {
	c := b.byThreads(sc, cell, m, func(m measure, x float64, a Arm) Point {
		r, value := a.Ratios[m.metric], m.at(x, a)
		switch {
		case a.Name == cell.Reference && value.Blocks > 0:
			return Point{X: x, Y: 1, Low: 1, High: 1, Blocks: value.Blocks, Interval: value.Interval}
		case r != nil:
			p := point(x, r.Estimate, 1)
			p.Hollow = !r.told()
			return p
		}
		return Point{X: x}
	}, varying, fixed)
	c.Y.Ratio = true
	reference, _ := cell.arm(cell.Reference)
	of := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == plainName(reference.besideThreads()) })
	low, high := math.Inf(1), math.Inf(-1)
	for p := range c.points() {
		low, high = min(low, p.X), max(high, p.X)
	}
	value := m.at(0, reference)
	if of < 0 || value.Blocks == 0 || low > high {
		return c
	}
	line := Series{Name: plainName(cell.Reference) + " (reference)", Style: c.Series[of].Style, Unmarked: true}
	ratio, controlled := cell.controlRatio(m)
	for _, x := range []float64{low, high} {
		line.Points = append(line.Points, Point{X: x, Y: 1, Low: 1, High: 1, Blocks: value.Blocks, Interval: value.Interval})
		if controlled {
			line.Control = append(line.Control, around(x, 1, ratio))
		}
	}
	if len(c.Series[of].Points) == 1 {
		c.Series = slices.Delete(c.Series, of, of+1)
	}
	c.Series = slices.Insert(c.Series, 0, line)
	return c
}
