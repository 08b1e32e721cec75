package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// neutral is the style of a line that is no arm's, and has no marks.
const neutral = -1

// lineStyle and glyph tell the series of a chart apart, by colour and without
// it: colours, dashes and shapes change together.
func lineStyle(style int) draw.LineStyle {
	if style == neutral {
		return draw.LineStyle{Color: grey, Width: vg.Points(1)}
	}
	dashes := dashes()
	return draw.LineStyle{
		Color:  seriesColor(style),
		Width:  vg.Points(1.6),
		Dashes: dashes[style%len(dashes)],
	}
}

// seriesColor is of the palette of Okabe and Ito, "Color Universal Design"
// (2008), without yellow, which is lost on white, and black.
func seriesColor(style int) color.Color {
	palette := []color.RGBA{
		{0xd5, 0x5e, 0x00, 0xff}, // vermilion
		{0xe6, 0x9f, 0x00, 0xff}, // orange
		{0x00, 0x72, 0xb2, 0xff}, // blue
		{0x00, 0x9e, 0x73, 0xff}, // bluish green
		{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
		{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	}
	return palette[style%len(palette)]
}

// dashes has one entry more than the palette, so that a run of many arms does
// not repeat a pair soon.
func dashes() [][]vg.Length {
	return [][]vg.Length{
		nil,
		{vg.Points(7), vg.Points(2.5)},
		{vg.Points(3.5), vg.Points(2)},
		{vg.Points(8), vg.Points(2), vg.Points(1.5), vg.Points(2)},
		{vg.Points(1.5), vg.Points(1.8)},
		{vg.Points(10), vg.Points(4)},
		{vg.Points(5), vg.Points(2), vg.Points(1.5), vg.Points(2), vg.Points(1.5), vg.Points(2)},
	}
}

const glyphRadius = 3.6

// drawGlyph draws a mark. A hollow one is filled with white, so that lines end
// at it.
func drawGlyph(c *draw.Canvas, style int, hollow bool, at vg.Point) {
	const radius = glyphRadius
	corners := [][]float64{ // angles in degrees; none is a circle
		nil,
		{45, 135, 225, 315},
		{90, 210, 330},
		{0, 90, 180, 270},
		{270, 30, 150},
		{90, 162, 234, 306, 18},
		{0, 60, 120, 180, 240, 300},
	}
	shape := corners[style%len(corners)]
	var path vg.Path
	if shape == nil {
		path.Move(vg.Point{X: at.X + radius*0.92, Y: at.Y})
		path.Arc(at, radius*0.92, 0, 2*math.Pi)
	}
	for i, degrees := range shape {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		p := vg.Point{X: at.X + vg.Length(1.2*radius*cos), Y: at.Y + vg.Length(1.2*radius*sin)}
		if i == 0 {
			path.Move(p)
		} else {
			path.Line(p)
		}
	}
	path.Close()
	c.SetColor(seriesColor(style))
	if hollow {
		c.SetColor(color.White)
	}
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: seriesColor(style), Width: vg.Points(1.4)})
	c.Stroke(path)
}
