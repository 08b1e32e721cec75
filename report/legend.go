package report

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// key is an entry of a legend: a name, and what to draw before it.
type key struct {
	name   string
	sample func(c *draw.Canvas, from, to vg.Point)
}

// keys are those of a chart. Bars have their names beside them, and the band
// comes first, because it must not be lost among many arms.
func (c Chart) keys() []key {
	if c.Tiles != nil {
		return tileKeys(c.Tiles)
	}
	var keys []key
	if c.Within > 0 {
		keys = append(keys, boundKey(c.Within))
	}
	for _, s := range c.Series {
		if s.Control != nil {
			keys = append(keys, key{"identical arms (control)", func(c *draw.Canvas, from, to vg.Point) {
				up := vg.Point{Y: 4}
				fillBand(c, []vg.Point{from.Add(up), to.Add(up)}, []vg.Point{from.Sub(up), to.Sub(up)})
			}})
		}
	}
	for _, s := range c.Series {
		if c.Bars {
			break
		}
		keys = append(keys, key{s.Name, func(c *draw.Canvas, from, to vg.Point) {
			c.StrokeLine2(lineStyle(s.Style), from.X, from.Y, to.X, to.Y)
			if !s.Unmarked {
				drawGlyph(c, s.Style, false, vg.Point{X: (from.X + to.X) / 2, Y: from.Y})
			}
		}})
	}
	return keys
}

// maxLegendRows leaves room for the plot, whatever the number of arms.
const maxLegendRows = 6

// legend writes keys in rows from top downwards, and returns where the last
// one ends.
func legend(area *draw.Canvas, top vg.Length, keys []key) vg.Length {
	const sample, gap, lead = 32, 18, 15
	face := newTypeface(10, false, ink)
	x, y := area.Min.X, top-lead/2
	rows := 1
	for i, k := range keys {
		width := sample + 5 + face.Width(k.name)
		if x > area.Min.X && x+width > area.Max.X {
			if rows++; rows > maxLegendRows {
				face.draw(area, vg.Point{X: area.Min.X, Y: y - lead}, fmt.Sprintf("and %d more", len(keys)-i))
				return y - 1.5*lead
			}
			x, y = area.Min.X, y-lead
		}
		k.sample(area, vg.Point{X: x, Y: y}, vg.Point{X: x + sample, Y: y})
		face.draw(area, vg.Point{X: x + sample + 5, Y: y - 3.5}, k.name)
		x += width + gap
	}
	return y - lead/2
}
