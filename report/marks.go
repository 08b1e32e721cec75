package report

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// dodge is the distance between the marks of two series at one x, so that
// equal values and their ranges do not hide each other.
const dodge = vg.Length(7)

// lineMarks draws lines, ranges and marks of series.
type lineMarks struct{ series []Series }

// step is the distance between neighbours. Many series share the room that
// the marks of four take, and all keep clear of the next x. Where each series has
// places of its own, those are kept nearly, and so that no line hides another.
func (m lineMarks) step(x func(float64) vg.Length) vg.Length {
	if !sharePlaces(m.series) {
		return min(dodge/2, 2*dodge/vg.Length(len(m.series)))
	}
	var at []vg.Length
	for _, s := range m.series {
		for _, pt := range s.Points {
			at = append(at, x(pt.X))
		}
	}
	slices.Sort(at)
	room := 4 * dodge
	for i, next := range at[1:] {
		if gap := next - at[i]; gap > 0 {
			room = min(room, 0.6*gap)
		}
	}
	return min(dodge, room/vg.Length(len(m.series)))
}

// sharePlaces tells whether the points of all series are at the same places.
func sharePlaces(series []Series) bool {
	places, most := make(map[float64]bool), 0
	for _, s := range series {
		most = max(most, len(s.Points))
		for _, pt := range s.Points {
			if pt.Blocks > 0 {
				places[pt.X] = true
			}
		}
	}
	return len(places) <= most
}

// aside is how far the series at index i is drawn from where its points are.
func (m lineMarks) aside(i int, step vg.Length) vg.Length {
	return step * (vg.Length(i) - vg.Length(len(m.series)-1)/2)
}

func (m lineMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	step := m.step(x)
	at := func(i int, px, py float64) vg.Point {
		return vg.Point{X: x(px) + m.aside(i, step), Y: y(py)}
	}
	// All lines first: a later one would strike out an earlier mark.
	for i, s := range m.series {
		if s.Unjoined {
			continue
		}
		var lines [][]vg.Point
		for _, part := range unbroken(s.Points) {
			if len(part) < 2 {
				continue
			}
			var line []vg.Point
			for _, pt := range part {
				line = append(line, at(i, pt.X, pt.Y))
			}
			lines = append(lines, line)
		}
		c.StrokeLines(lineStyle(s.Style), lines...)
	}
	for i, s := range m.series {
		for _, pt := range s.Points {
			if pt.Blocks == 0 || s.Unmarked {
				continue
			}
			// One that the mark hides but for its ends would deform the mark.
			low, high := at(i, pt.X, pt.Low), at(i, pt.X, pt.High)
			if middle := y(pt.Y); middle-low.Y > glyphRadius || high.Y-middle > glyphRadius {
				whisker(&c, seriesColor(s.Style), low, high)
			}
			drawGlyph(&c, s.Style, pt.Hollow, at(i, pt.X, pt.Y))
		}
	}
}

// barMarks draws a lying bar for each series, from zero, with its range and
// its value.
type barMarks struct {
	series []Series
	face   typeface
}

func (m barMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := min(0.3*(y(1)-y(0)), 18)
	for _, s := range m.series {
		for _, pt := range s.Points {
			middle := y(-pt.X)
			bar := vg.Rectangle{
				Min: vg.Point{X: x(0), Y: middle - half},
				Max: vg.Point{X: x(pt.Y), Y: middle + half},
			}.Path()
			c.SetColor(seriesColor(s.Style))
			if pt.Hollow {
				c.SetLineStyle(draw.LineStyle{Color: seriesColor(s.Style), Width: vg.Points(1.4)})
				c.Stroke(bar)
			} else {
				c.Fill(bar)
			}
			end := x(pt.Y)
			if pt.Low < pt.High {
				whisker(&c, ink, vg.Point{X: x(pt.Low), Y: middle}, vg.Point{X: x(pt.High), Y: middle})
				end = max(end, x(pt.High))
			}
			m.face.draw(&c, vg.Point{X: end + 5, Y: middle - 3.4}, formatNumber(pt.Y, decimals([]float64{pt.Y})))
		}
	}
}

// whisker is a line with a stroke across each of its ends.
func whisker(c *draw.Canvas, col color.Color, from, to vg.Point) {
	const half = 2.6
	across := vg.Point{X: half}
	if from.Y == to.Y {
		across = vg.Point{Y: half}
	}
	sty := draw.LineStyle{Color: col, Width: vg.Points(1.1)}
	for _, line := range [][2]vg.Point{{from, to}, {from.Sub(across), from.Add(across)}, {to.Sub(across), to.Add(across)}} {
		c.StrokeLine2(sty, line[0].X, line[0].Y, line[1].X, line[1].Y)
	}
}
