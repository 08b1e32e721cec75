package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// bandColor is darker than the lines of the grid, and lighter than any arm.
var bandColor = color.Gray{0xc4}

// A band is never narrower than can be seen on both sides of the line of the
// reference, which lies on it.
const (
	minBand  = vg.Length(3.6)
	loneBand = vg.Length(24) // length of one that has no neighbour, more than a mark's
)

// lineBand is the band of the reference of a chart with lines. It is drawn
// where the reference's line is, aside from its points as that is.
type lineBand struct{ marks lineMarks }

func (b lineBand) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	step := b.marks.step(x)
	for i, s := range b.marks.series {
		for _, part := range unbroken(s.Control) {
			var above, below []vg.Point
			for _, pt := range part {
				at := x(pt.X) + b.marks.aside(i, step)
				low, high := widened(y(pt.Low), y(pt.High))
				above = append(above, vg.Point{X: at, Y: high})
				below = append(below, vg.Point{X: at, Y: low})
			}
			fillBand(&c, above, below)
		}
	}
}

// fillBand fills what is between two lines of as many points, at least one.
func fillBand(c *draw.Canvas, above, below []vg.Point) {
	if len(above) == 1 {
		half := vg.Point{X: loneBand / 2}
		above = []vg.Point{above[0].Sub(half), above[0].Add(half)}
		below = []vg.Point{below[0].Sub(half), below[0].Add(half)}
	}
	var path vg.Path
	path.Move(above[0])
	for _, p := range above[1:] {
		path.Line(p)
	}
	for i := range below {
		path.Line(below[len(below)-1-i])
	}
	path.Close()
	c.SetColor(bandColor)
	c.Fill(path)
}

// barBand is the band of the reference of a chart with bars, around the end of
// its bar and across all of them, so that the others' ends can be compared.
type barBand struct{ series []Series }

func (b barBand) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, s := range b.series {
		for _, pt := range s.Control {
			if pt.Blocks == 0 {
				continue
			}
			low, high := widened(x(pt.Low), x(pt.High))
			c.SetColor(bandColor)
			c.Fill(vg.Rectangle{Min: vg.Point{X: low, Y: c.Min.Y}, Max: vg.Point{X: high, Y: c.Max.Y}}.Path())
		}
	}
}

func widened(low, high vg.Length) (vg.Length, vg.Length) {
	if missing := minBand - (high - low); missing > 0 {
		return low - missing/2, high + missing/2
	}
	return low, high
}

// unbroken divides points at those that have no value.
func unbroken(points []Point) [][]Point {
	var parts [][]Point
	broken := true
	for _, p := range points {
		if p.Blocks == 0 {
			broken = true
			continue
		}
		if broken {
			parts = append(parts, nil)
			broken = false
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], p)
	}
	return parts
}
