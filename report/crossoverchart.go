package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// Crossing is where one arm overtakes another along X, with its interval and
// what to say of it. An end that is not known lies beyond the chart.
type Crossing struct {
	X, Low, High float64
	Label        string
	Style        int // of the arm that takes less beyond
	// Lines are of the two arms between the places that the crossing was found
	// from: the one as measured, the other as much above it as the fit says.
	Lines []CrossingLine
}

// CrossingLine is a line without marks.
type CrossingLine struct {
	Style  int
	Points []Point
}

// mostCrossings are shown in a chart; the report has all.
const mostCrossings = 4

// crossovers draws every sweep in which a crossing was found.
func (b *chartBuilder) crossovers(s Summary) {
	sweeps := crossingSweeps(s.Scenarios)
	for _, sw := range sweeps {
		var found []Crossover
		for _, c := range s.Crossovers {
			if c.Kind == Crosses && c.Along == sw.along && c.cell() == sw.common() {
				found = append(found, c)
			}
		}
		all := len(found)
		found = slices.DeleteFunc(found, func(c Crossover) bool { return c.Low == 0 && c.High == 0 })
		if len(found) == 0 {
			continue
		}
		slices.SortStableFunc(found, func(a, b Crossover) int { return cmp.Compare(a.vagueness(), b.vagueness()) })
		found = found[:min(len(found), mostCrossings)]
		left := all - len(found)
		c := b.crossover(sw.around(found), sweeps)
		for _, f := range found {
			c.Crossings = append(c.Crossings, b.crossing(sw, f, c))
		}
		gaps := c.gaps(sw.measure().gap())
		if left > 0 {
			gaps = plural(left, "crossing is not shown", "crossings are not shown") + ", the report has all; " + gaps
		}
		b.keep(c, gaps)
	}
}

// vagueness is the width of the interval in logarithms.
func (c Crossover) vagueness() float64 {
	if c.Low == 0 || c.High == 0 {
		return math.Inf(1)
	}
	return math.Log(c.High / c.Low)
}

// around leaves out the cells that are far from where crossings were found: the
// charts of values have them, where crossings would be lost in a corner.
func (sw crossingSweep) around(found []Crossover) crossingSweep {
	first, last := len(sw.cells), 0
	for i, c := range sw.cells {
		x := sw.x(c.Cell)
		for _, f := range found {
			if x >= f.line.from && x <= f.line.to {
				first, last = min(first, i), max(last, i)
			}
		}
	}
	sw.cells = sw.cells[max(0, first-1):min(len(sw.cells), last+2)]
	return sw
}

// common is what the cells of the sweep have in common.
func (sw crossingSweep) common() results.Cell {
	first := sw.cells[0].Cell
	c := results.Cell{Scenario: sw.scenario, Size: first.Size, SocketBuffers: first.SocketBuffers}
	switch {
	case sw.scenario == results.ScenarioCtl:
	case sw.along == alongActive:
		c.Connections = first.Connections
	default:
		c.Active = first.Active
	}
	return c
}

// measure is what arms overtake each other in.
func (sw crossingSweep) measure() measure {
	if sw.scenario == results.ScenarioCtl {
		return registration()
	}
	return serverCPU()
}

// stem is how the name of the sweep's chart begins.
func (sw crossingSweep) stem() string {
	return "crossover-" + unless(sw.scenario == "", slug(sw.scenario)+"-")
}

// crossover is the chart of a sweep without its crossings. Arms have their
// points only: lines through them would not be what the crossings are of.
func (b *chartBuilder) crossover(sw crossingSweep, all []crossingSweep) Chart {
	m := sw.measure()
	first := sw.cells[0].Cell
	var fixed, telling []dimension
	x := connectionsOf(first.Scenario)
	for _, d := range dimensions(first.Scenario) {
		if sw.along == alongActive && d.name == "active" {
			x = d
			continue
		}
		switch d.name {
		case "active":
			d.phrase = countPhrase
		case "connections":
			if sw.along == alongConnections {
				continue
			}
		case "size":
		case "socket-buffers":
			if first.SocketBuffers == 0 {
				continue
			}
		default:
			continue
		}
		fixed = append(fixed, d)
		if slices.ContainsFunc(all, func(o crossingSweep) bool {
			return o.along == sw.along && o.scenario == sw.scenario && d.value(o.cells[0].Cell) != d.value(first)
		}) {
			telling = append(telling, d)
		}
	}
	var scenarios []string
	for _, c := range sw.cells {
		if name := plainName(c.Scenario); !slices.Contains(scenarios, name) {
			scenarios = append(scenarios, name)
		}
	}
	c := Chart{
		Name:     strings.Join(append([]string{sw.stem() + "by-" + x.name}, places(telling, first)...), "-"),
		Title:    enumerate(scenarios) + ": where arms overtake each other in " + m.title,
		Subtitle: subtitle(Scenario{Name: first.Scenario, Cells: sw.cells}, fixed, first),
		X:        Axis{Label: x.axis}, Y: Axis{Label: m.axis},
	}
	cells := slices.Clone(sw.cells)
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Compare(x.value(a.Cell), x.value(b.Cell)) })
	for _, name := range armNames(withoutControls(cells)) {
		series := b.series(name)
		series.Unjoined = true
		for _, cell := range cells {
			a, _ := cell.arm(name)
			series.Points = append(series.Points, m.at(x.value(cell.Cell), a))
		}
		c.Series = append(c.Series, series)
	}
	return c
}

// crossing is one in the chart c of the sweep.
func (b *chartBuilder) crossing(sw crossingSweep, f Crossover, c Chart) Crossing {
	label := plainName(f.Arm) + " overtakes " + plainName(f.Than) + " at "
	if sw.along == alongActive {
		label = plainName(f.Arm) + " takes less than " + plainName(f.Than) + " below "
	}
	switch {
	case f.Low == 0:
		label += "some number up to " + crossingNumber(f.High)
	case f.High == 0:
		label += "some number from " + crossingNumber(f.Low)
	default:
		label += crossingNumber(f.At) + " (" + crossingNumber(f.Low) + " to " + crossingNumber(f.High) + ")"
	}
	mark := Crossing{X: f.At, Low: f.Low, High: f.High, Label: label, Style: b.styles[f.Arm]}
	measured := slices.IndexFunc(c.Series, func(s Series) bool { return s.Style == b.styles[f.line.below] })
	if measured < 0 { // its cells are not in the chart
		return mark
	}
	below := c.Series[measured]
	number := func(x float64) float64 {
		if sw.along == alongActive {
			return 1 / x
		}
		return x
	}
	ratio := CrossingLine{Style: b.styles[f.line.above]}
	base := CrossingLine{Style: below.Style}
	const steps = 40
	for i := range steps + 1 {
		x := f.line.from * math.Pow(f.line.to/f.line.from, float64(i)/steps)
		y, ok := below.between(number(x))
		if r := f.line.offset + f.line.slope*x; ok && r > 0 {
			ratio.Points = append(ratio.Points, Point{X: number(x), Y: y * r})
			base.Points = append(base.Points, Point{X: number(x), Y: y})
		}
	}
	mark.Lines = []CrossingLine{base, ratio}
	return mark
}

// between is the value at x between the points beside it, in logarithms. It is
// not ok beyond the points.
func (s Series) between(x float64) (y float64, ok bool) {
	const rounding = 1e-9
	var last *Point
	for i := range s.Points {
		p := &s.Points[i]
		if p.Blocks == 0 || p.Y <= 0 || p.X <= 0 {
			continue
		}
		switch {
		case math.Abs(p.X/x-1) < rounding:
			return p.Y, true
		case p.X > x && last == nil:
			return 0, false
		case p.X > x:
			share := math.Log(x/last.X) / math.Log(p.X/last.X)
			return last.Y * math.Pow(p.Y/last.Y, share), true
		}
		last = p
	}
	return 0, false
}
