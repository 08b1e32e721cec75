package report

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// crossingMarks draws crossings: a line up to a label, and a band as wide as the
// interval. Labels have a row each, from left to right downwards, so that no line
// to the right of a label goes through it.
type crossingMarks struct{ crossings []Crossing }

const crossingRow = vg.Length(14)

func (m crossingMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	top := func(i int) vg.Length { return c.Max.Y - crossingRow*vg.Length(i) }
	crossings := slices.Clone(m.crossings)
	slices.SortStableFunc(crossings, func(a, b Crossing) int { return cmp.Compare(a.right(x, c), b.right(x, c)) })
	for i, k := range crossings {
		c.SetColor(color.NRGBA{0x80, 0x80, 0x80, 0x30}) // bands of crossings that are alike shine through
		c.Fill(vg.Rectangle{Min: vg.Point{X: k.left(x, c), Y: c.Min.Y}, Max: vg.Point{X: k.right(x, c), Y: top(i) - 1}}.Path())
	}
	var drawn []vg.Length
	for i, k := range crossings {
		at := x(k.X)
		near := func(other vg.Length) bool { return math.Abs(float64(other-at)) < 3 }
		if at >= c.Min.X && at <= c.Max.X && k.Low > 0 && k.High > 0 && !slices.ContainsFunc(drawn, near) {
			drawn = append(drawn, at)
			c.StrokeLine2(draw.LineStyle{Color: seriesColor(k.Style), Width: vg.Points(1)}, at, c.Min.Y, at, top(i)-1)
		}
		for _, l := range k.Lines {
			var line []vg.Point
			for _, pt := range l.Points {
				line = append(line, vg.Point{X: x(pt.X), Y: y(pt.Y)})
			}
			if len(line) > 1 {
				c.StrokeLines(lineStyle(l.Style), line)
			}
		}
	}
	face := newTypeface(9.5, false, ink)
	for i, k := range crossings {
		from, width := k.right(x, c)+5, face.Width(k.Label)
		if from+width > c.Max.X { // it covers what is left of it
			from = max(c.Min.X, c.Max.X-width-2)
			c.SetColor(color.White)
			c.Fill(vg.Rectangle{Min: vg.Point{X: from - 2, Y: top(i) - crossingRow}, Max: vg.Point{X: from + width + 2, Y: top(i)}}.Path())
		}
		face.draw(&c, vg.Point{X: from, Y: top(i) - 0.8*crossingRow}, k.Label)
	}
}

// left and right are the ends of the band of the crossing within the plot.
func (k Crossing) left(x func(float64) vg.Length, c draw.Canvas) vg.Length {
	if k.Low > 0 {
		return min(max(x(k.Low), c.Min.X), c.Max.X)
	}
	return c.Min.X
}

func (k Crossing) right(x func(float64) vg.Length, c draw.Canvas) vg.Length {
	if k.High > 0 {
		return min(max(x(k.High), c.Min.X), c.Max.X)
	}
	return c.Max.X
}

// withCrossings is the span of values closer around them, with room above for
// the labels of crossings, a row each.
func (s span) withCrossings(crossings int, a Axis, values []float64) span {
	if crossings == 0 || !a.Log {
		return s
	}
	const (
		row    = 0.055 // of the height of the plot
		margin = 1.12
		narrow = 5 // where too few of logarithmic ticks have labels
	)
	room := row * float64(crossings)
	s.min, s.max = slices.Min(values)/margin, slices.Max(values)*margin
	s.max *= math.Pow(s.max/s.min, room/(1-room))
	s.ticks = logTicks(s.min, s.max)
	if s.max/s.min < narrow {
		s.ticks = linearTicks(s.min, s.max)
	}
	return s
}
