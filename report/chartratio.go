package report

import (
	"math"
	"slices"
)

// withoutControls are the cells without the arms that are the reference over
// again: those are no arms of their own, and must not take a colour.
func withoutControls(cells []Cell) []Cell {
	cells = slices.Clone(cells)
	for i := range cells {
		cells[i].Arms = slices.DeleteFunc(slices.Clone(cells[i].Arms), func(a Arm) bool { return a.Control })
	}
	return cells
}

// controlRatio is of a cell's control to its reference.
func (c Cell) controlRatio(m measure) (Estimate, bool) {
	control, _ := c.control()
	if r := control.Ratios[m.metric]; r != nil {
		return r.Estimate, true
	}
	return Estimate{}, false
}

// controls are how far the control of each cell in sw came from the arm, for
// which it has to be the reference. They are nil if no cell has one.
func controls(sw sweep, arm string, m measure) []Point {
	var all []Point
	known := false
	for _, cell := range sw.cells {
		p := Point{}
		if sw.x != nil {
			p.X = sw.x.value(cell.Cell)
		}
		ratio, ok := cell.controlRatio(m)
		a, _ := cell.arm(arm)
		if value := m.at(p.X, a); ok && cell.Reference == arm && value.Blocks > 0 {
			known = true
			p = around(p.X, value.Y, ratio)
		}
		all = append(all, p)
	}
	if !known {
		return nil
	}
	return all
}

// around is a value as far as the ratio of what should be equal to it reaches,
// and the value itself is always within.
func around(x, value float64, ratio Estimate) Point {
	return Point{
		X: x, Y: value, Low: value * math.Min(1, ratio.Low), High: value * math.Max(1, ratio.High),
		Blocks: ratio.Blocks, Interval: ratio.Interval,
	}
}

// comparesBy tells whether m is what the arms of sw are judged by, in a sweep
// whose cells have one reference, and another arm than that in any of them.
func (sw sweep) comparesBy(m measure) (reference string, ok bool) {
	reference = sw.cells[0].Reference
	if sw.x == nil || reference == "" || m.metric != sw.cells[0].Primary().Metric ||
		slices.ContainsFunc(sw.cells, func(c Cell) bool { return c.Reference != reference }) {
		return "", false
	}
	return reference, len(armNames(withoutControls(sw.cells))) > 1
}

// ratios is one line per arm of its ratios to the reference, which is the line
// at 1.
func (b *chartBuilder) ratios(sc Scenario, sw sweep, m measure, reference string, varying, fixed []dimension) Chart {
	of := m
	of.name += "-ratio"
	of.title += ", ratio to " + plainName(reference) + ","
	c := b.lines(sc, sw, of, varying, fixed)
	c.Y = Axis{Label: m.title + ", ratio to " + plainName(reference), Ratio: true}
	for i, name := range armNames(withoutControls(sw.cells)) {
		s := &c.Series[i]
		s.Points = nil
		if name == reference {
			s.Name, s.Unmarked = s.Name+" (reference)", true
		}
		for j, cell := range sw.cells {
			x := sw.x.value(cell.Cell)
			a, _ := cell.arm(name)
			r, value := a.Ratios[m.metric], m.at(x, a)
			switch {
			case name == reference && value.Blocks > 0:
				s.Points = append(s.Points, Point{X: x, Y: 1, Low: 1, High: 1, Blocks: value.Blocks, Interval: value.Interval})
				if ratio, ok := cell.controlRatio(m); ok {
					s.Control[j] = around(x, 1, ratio)
				}
			case r != nil:
				p := point(x, r.Estimate, 1)
				p.Hollow = !r.told()
				s.Points = append(s.Points, p)
			default:
				s.Points = append(s.Points, Point{X: x})
			}
		}
	}
	return c
}

// told tells whether a difference shows, by the rule of the table's stars.
func (r Ratio) told() bool { return r.stars() != untold }
