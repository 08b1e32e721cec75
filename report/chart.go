package report

import (
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// Chart is a chart as data, before any layout.
type Chart struct {
	Name     string // stem of its file name: lower-case letters, digits and dashes
	Title    string
	Subtitle string // the cell or cells, but for what X shows
	Footer   string // what is not shown, the number of blocks, the machine
	X, Y     Axis
	// Bars are for a single cell: X has one category for each series, and
	// bars are drawn from zero.
	Bars   bool
	Series []Series
	// Forest is for ratios to 1, which lie along the lower axis: X has categories, and
	// each has a row for each series.
	Forest bool
	// Within is how far from 1 ratios of a forest may lie for nobody to care, 0.01 for
	// 1 %: a band shows it. 0 is none.
	Within float64
	// Hollow is what hollow marks mean, where that is not the usual.
	Hollow string
	// Tiles are those of a map, which has no series: both axes have categories.
	Tiles []Tile
	// Crossings are where series cross, the clearest first.
	Crossings []Crossing
}

// Axis is one axis of a chart.
type Axis struct {
	Label string // with its unit; a logarithmic axis says that it is one
	Log   bool
	// Ratio is an axis around 1, where nothing is measured from zero.
	Ratio bool
	// Categories names the whole numbers from 0 on an axis that has no scale.
	Categories []string
}

// Series is the points of one arm, in the order of X.
type Series struct {
	Name   string // of the arm
	Style  int    // the same for an arm in all charts of a run
	Points []Point
	// Control is how far the reference came from itself when it was measured a
	// second time: from Low to High at each X. Only the reference has one.
	Control []Point
	// Unmarked is a line without marks, for what is given and not measured.
	Unmarked bool
	// Unjoined is points without a line.
	Unjoined bool
}

// Point is an estimate over the blocks it is had from.
type Point struct {
	X, Y, Low, High float64
	// Blocks is 0 where the arm has no value: a line is broken there, and
	// Y, Low and High mean nothing.
	Blocks int
	// Interval tells that Low and High are the ends of the 95 % interval, and
	// not the least and the greatest of too few blocks for one.
	Interval bool
	// Hollow marks a ratio that nothing can be told from: its interval has 1
	// in it, or there are too few blocks for one. A value it marks as that of an
	// arm that did not carry the rate offered to it.
	Hollow bool
	// At names the place of a point without a value where X is not known either.
	At string
}

// Charts are the charts of a summary. Each shows one measure along one
// dimension; where cells differ in several, there is one for each combination
// of the others, which its subtitle and name say. A cell that differs from no
// other in one dimension only gets a chart with one bar per arm. Latency
// percentiles are of the last cell of each sweep. The measure that arms are
// judged by has a chart of ratios to the reference beside that of values, whose
// intervals are free of what disturbed both alike. Open loops that differ in
// their rates are drawn against those, and closed loops that cover several
// numbers of connections and shares of active ones have a map as well. A map
// of many sweeps stands for most of their charts: see backendMap.replaces. A run of
// nothing but ways of triggering has a chart of all its workloads.
func Charts(s Summary) []Chart {
	b := chartBuilder{run: s.Run, styles: make(map[string]int), names: make(map[string]bool)}
	for _, sc := range s.Scenarios {
		for _, name := range armNames(withoutControls(sc.Cells)) {
			if _, ok := b.styles[name]; !ok {
				b.styles[name] = len(b.styles)
			}
		}
	}
	maps := b.maps(s)
	for _, sc := range s.Scenarios {
		for _, part := range sc.byBound() {
			b.scenario(part, maps)
		}
	}
	for _, m := range maps {
		b.keep(m.chart, m.gaps)
	}
	before := len(b.charts)
	b.crossovers(s)
	b.charts = slices.Concat(b.charts[:before], mainCrossovers(b.charts[before:]))
	b.levelOrEdge(s)
	if len(s.Distrust()) > 0 { // a chart is seen without its report
		for i := range b.charts {
			b.charts[i].Title += " (not to be trusted)"
		}
	}
	return b.charts
}

// scenario draws cells that measure one thing. What maps stand for, they note.
func (b *chartBuilder) scenario(sc Scenario, maps []backendMap) {
	sc = sc.withoutAbsent()
	if sc.Name == results.ScenarioScaling && !open(sc.Cells[0].Cell) {
		b.scaling(sc)
		return
	}
	varying, fixed := splitDimensions(sc.Cells)
	all := sweeps(b.loadCurves(sc, varying, fixed), varying)
	for i := range maps {
		all = b.instead(&maps[i], sc, all)
	}
	for _, sw := range all {
		for _, m := range measures(sw.cells[0].Cell) {
			if m.metric == results.Overflows && sw.nothing(m) {
				continue // which is how it should be, and the table says it
			}
			if sw.x == nil {
				b.add(b.bars(sc, sw.cells[0], m, varying, fixed), m.gap())
			} else {
				b.add(b.lines(sc, sw, m, varying, fixed), m.gap())
			}
			if reference, ok := sw.comparesBy(m); ok {
				b.add(b.ratios(sc, sw, m, reference, varying, fixed), "no ratio")
			}
		}
		if last := sw.cells[len(sw.cells)-1]; demandOf(last.Cell) != bySLO && sc.Name != results.ScenarioAccept {
			b.add(b.percentiles(sc, last, varying, fixed), percentileMeasures()[0].gap())
		}
	}
}

// sweep is cells that differ in x only, in its order, or one cell alone,
// which has no x.
type sweep struct {
	cells []Cell
	x     *dimension
}

// sweeps divides cells into what one chart each can show. A dimension is
// swept where that shows a cell that no sweep before does.
func sweeps(cells []Cell, varying []dimension) []sweep {
	var all []sweep
	shown := make(map[results.Cell]bool)
	for _, x := range varying {
		if x.zero != "" {
			continue
		}
		for _, g := range along(cells, x, varying) {
			if len(g) < 2 || !slices.ContainsFunc(g, func(c Cell) bool { return !shown[c.Cell] }) {
				continue
			}
			all = append(all, sweep{g, &x})
			for _, c := range g {
				shown[c.Cell] = true
			}
		}
	}
	for _, c := range cells {
		if !shown[c.Cell] {
			all = append(all, sweep{cells: []Cell{c}})
		}
	}
	return all
}

// scale decides which axes are logarithmic: those on which the values span
// logX or logY decades, or a factor of logRatio, and both where series cross,
// as costs are compared by their ratio; and always that of a forest plot, so that
// twice and half are as far from 1. Bars have a length, and so never are.
func (c *Chart) scale() {
	const logX, logY, logRatio = 2, 1, 3
	xs, ys := c.values()
	crossing := len(c.Crossings) > 0
	c.X.Log = c.X.Categories == nil && (decades(xs) >= logX || crossing && decades(xs) > 0)
	enough := float64(logY)
	if c.Y.Ratio {
		enough = math.Log10(logRatio)
	}
	c.Y.Log = !c.Bars && (decades(ys) >= enough || (crossing || c.Forest) && decades(ys) > 0)
	for _, a := range []*Axis{&c.X, &c.Y} {
		if a.Log {
			a.Label += ", log scale"
		}
	}
}

// values are all that the axes have to have room for.
func (c Chart) values() (xs, ys []float64) {
	for p := range c.points() {
		xs = append(xs, p.X)
		ys = append(ys, p.Y, p.Low, p.High)
	}
	for _, s := range c.Series {
		for _, p := range s.Control {
			if p.Blocks > 0 {
				ys = append(ys, p.Low, p.High)
			}
		}
	}
	return xs, ys
}

// points yields the points that have a value.
func (c Chart) points() func(yield func(Point) bool) {
	return func(yield func(Point) bool) {
		for _, s := range c.Series {
			for _, p := range s.Points {
				if p.Blocks > 0 && !yield(p) {
					return
				}
			}
		}
	}
}

// decades is how many powers of ten values span, and zero where logarithms
// are out of the question.
func decades(values []float64) float64 {
	if len(values) == 0 || slices.Min(values) <= 0 {
		return 0
	}
	return math.Log10(slices.Max(values)) - math.Log10(slices.Min(values))
}

// gaps names the values that the chart does not have, for its footer.
func (c Chart) gaps(why string) string {
	var all []string
	for _, s := range c.Series {
		var at []string
		for _, p := range s.Points {
			switch {
			case p.Blocks > 0:
			case p.At != "":
				at = append(at, p.At)
			case c.X.Categories != nil:
				at = append(at, c.X.Categories[int(p.X)])
			default:
				at = append(at, tickLabel(p.X))
			}
		}
		switch {
		case len(at) == len(s.Points):
			all = append(all, s.Name)
		case len(at) > 0:
			all = append(all, s.Name+" at "+enumerate(at))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return why + ": " + strings.Join(all, ", ") + "; "
}
