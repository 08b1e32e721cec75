package report

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plot is the chart without its texts, labels of axes among them: gonum makes
// room for those in the wrong place where the axis is logarithmic. Ranges and
// ticks are all set here: its own panic on a logarithmic axis with a zero in
// it, leave a narrow one without labels, and cut the last label off.
func (c Chart) plot() *plot.Plot {
	if c.Tiles != nil {
		return c.plotTiles()
	}
	if c.Forest {
		return c.plotForest()
	}
	xs, ys := c.values()
	p := plot.New()
	x, y := spanX(c.X, xs), spanY(c.Y, ys).withCrossings(len(c.Crossings), c.Y, ys)
	if c.Bars {
		// Lying bars have room for names. The first is on top.
		x.min, x.max = -x.max, -x.min
		for i := range x.ticks {
			x.ticks[i].Value = -x.ticks[i].Value
		}
		slices.Reverse(x.ticks)
		y.max += 0.08 * (y.max - y.min) // for the value behind the longest
		setAxis(&p.Y, c.X, x)
		setAxis(&p.X, c.Y, y)
		p.Y.Tick.Length = 0
		p.Add(gridLines{y.ticks, true}, barBand{c.Series}, barMarks{c.Series, newTypeface(9.5, false, ink)})
		return p
	}
	setAxis(&p.X, c.X, x)
	setAxis(&p.Y, c.Y, y)
	p.Add(gridLines{y.ticks, false}, lineBand{lineMarks{c.Series}}, crossingMarks{c.Crossings}, lineMarks{c.Series})
	return p
}

func setAxis(axis *plot.Axis, from Axis, s span) {
	axis.Min, axis.Max = s.min, s.max
	axis.Tick.Marker = plot.ConstantTicks(s.ticks)
	axis.Tick.Label.Font = newTypeface(9.5, false, ink).Font
	axis.Tick.Label.Color = ink
	axis.Tick.Length = 5
	axis.Tick.LineStyle.Color, axis.LineStyle.Color = grey, grey
	axis.Padding = 0
	if from.Log {
		axis.Scale = plot.LogScale{}
	}
}

// gridLines are at the labelled ticks of the axis of values.
type gridLines struct {
	ticks    []plot.Tick
	vertical bool
}

func (g gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	sty := draw.LineStyle{Color: color.Gray{0xdd}, Width: vg.Points(0.6)}
	for _, t := range g.ticks {
		switch {
		case t.Label == "":
		case g.vertical:
			c.StrokeLine2(sty, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		default:
			c.StrokeLine2(sty, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}
