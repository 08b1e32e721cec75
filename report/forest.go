package report

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// boundColor is of ratios that are as good as 1: lighter than the band of what
// identical servers show, and of another hue.
var boundColor = color.RGBA{0xf4, 0xee, 0xd0, 0xff}

// plotForest is the chart as a forest plot, without its texts as plot is: ratios
// lie along the lower axis, and each category has a row for each series that has
// marks.
func (c Chart) plotForest() *plot.Plot {
	_, ys := c.values()
	m := forestMarks{slices.DeleteFunc(slices.Clone(c.Series), func(s Series) bool { return s.Unmarked }), c.Series}
	p := plot.New()
	face, names := forestNames(c.X.Categories)
	setAxis(&p.Y, Axis{}, spanRows(names))
	p.Y.Tick.Label.Font = face.Font
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	x := spanForest(append(ys, 1+1.1*c.Within))
	setAxis(&p.X, c.Y, x)
	p.Add(boundBand{c.Within}, gridLines{x.ticks, true}, m)
	return p
}

// spanForest has 1 in the middle of its logarithmic axis, and what is next to
// nothing must not fill it.
func spanForest(values []float64) span {
	const least, margin = 1.02, 1.1
	high := math.Pow(max(least, slices.Max(values), 1/slices.Min(values)), margin)
	s := span{min: 1 / high, max: high}
	if high <= 2 {
		s.ticks = linearTicks(s.min, s.max)
		return s
	}
	const most = 4 // to either side of 1
	step := math.Ceil(math.Log2(high) / most)
	for i := -most; i <= most; i++ {
		if v := math.Exp2(step * float64(i)); v >= s.min && v <= s.max {
			s.ticks = append(s.ticks, plot.Tick{Value: v, Label: tickLabel(v)})
		}
	}
	return s
}

// spanRows has room for the rows of each name, the first on top.
func spanRows(names []string) span {
	s := span{min: 0.5 - float64(len(names)), max: 0.5}
	for i, name := range names {
		s.ticks = append(s.ticks, plot.Tick{Value: -float64(i), Label: name})
	}
	return s
}

// forestMarks draws what is known of each ratio, around the line of the reference.
type forestMarks struct {
	marked []Series // but for the reference
	all    []Series
}

// at is the row of a series within the category x: the first is on top.
func (m forestMarks) at(x float64, series int) float64 {
	return -x + (float64(len(m.marked)-1)/2-float64(series))/float64(len(m.marked))
}

func (m forestMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	edge := draw.LineStyle{Color: color.Gray{0xdd}, Width: vg.Points(0.6)}
	for v := p.Y.Min; v <= p.Y.Max; v++ {
		c.StrokeLine2(edge, c.Min.X, y(v), c.Max.X, y(v))
	}
	for _, s := range m.all {
		for _, pt := range s.Control {
			low, high := widened(x(pt.Low), x(pt.High))
			fillBand(&c, []vg.Point{{X: low, Y: y(0.42 - pt.X)}, {X: high, Y: y(0.42 - pt.X)}}, []vg.Point{{X: low, Y: y(-0.42 - pt.X)}, {X: high, Y: y(-0.42 - pt.X)}})
		}
	}
	for _, s := range m.all {
		if s.Unmarked {
			c.StrokeLine2(lineStyle(s.Style), x(1), c.Min.Y, x(1), c.Max.Y)
		}
	}
	for i, s := range m.marked {
		for _, pt := range s.Points {
			if pt.Blocks == 0 {
				continue
			}
			row := y(m.at(pt.X, i))
			if low, high := x(pt.Low), x(pt.High); x(pt.Y)-low > glyphRadius || high-x(pt.Y) > glyphRadius {
				whisker(&c, seriesColor(s.Style), vg.Point{X: low, Y: row}, vg.Point{X: high, Y: row})
			}
			drawGlyph(&c, s.Style, pt.Hollow, vg.Point{X: x(pt.Y), Y: row})
		}
	}
}

// boundBand is of all ratios that are as good as 1.
type boundBand struct{ within float64 }

func (b boundBand) Plot(c draw.Canvas, p *plot.Plot) {
	if b.within == 0 {
		return
	}
	x, _ := p.Transforms(&c)
	low, high := widened(x(max(p.X.Min, 1/(1+b.within))), x(min(p.X.Max, 1+b.within)))
	c.SetColor(boundColor)
	c.Fill(vg.Rectangle{Min: vg.Point{X: low, Y: c.Min.Y}, Max: vg.Point{X: high, Y: c.Max.Y}}.Path())
}

// boundKey is of the band in a legend.
func boundKey(within float64) key {
	return key{"within " + percent(within) + " %", func(c *draw.Canvas, from, to vg.Point) {
		c.SetColor(boundColor)
		c.Fill(sample(from, to).Path())
	}}
}

// Names may take so much of a forest plot's width, in points, and its rows are at
// least so high together.
const (
	namesWidth = vg.Length(200)
	rowsHeight = vg.Length(190)
)

// forestNames breaks names into as many lines as their rows have room for, in the
// largest face in which they fit, and cuts those that fit in none.
func forestNames(names []string) (typeface, []string) {
	var face typeface
	var all []string
	for _, size := range []vg.Length{9.5, 9, 8, 7} {
		face = newTypeface(size, false, ink)
		most := max(1, int(rowsHeight/vg.Length(len(names))/face.lead()))
		all = nil
		fit := true
		for _, name := range names {
			lines := face.lines(&draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: namesWidth}}}, name)
			if len(lines) > most {
				lines = append(lines[:most-1], strings.Join(lines[most-1:], " "))
			}
			for i, l := range lines {
				lines[i] = cut(face, l, namesWidth)
				fit = fit && lines[i] == l
			}
			all = append(all, strings.Join(lines, "\n"))
		}
		if fit {
			break
		}
	}
	return face, all
}
