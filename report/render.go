package report

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A chart is laid out for 800 by 500 pixels of 1/96 inch. PNG has twice as
// many in each direction, for screens that show them.
const (
	chartWidth  = 800 * vg.Inch / 96
	chartHeight = 500 * vg.Inch / 96
	chartMargin = vg.Length(12)
	pngDPI      = 2 * 96
)

// Render draws the chart in format "png", of 1600 by 1000 pixels, or "svg".
// A chart without a value is an error.
func (c Chart) Render(format string) ([]byte, error) {
	drawable := len(c.Tiles) > 0
	for range c.points() {
		drawable = true
	}
	if !drawable {
		return nil, fmt.Errorf("chart %s: there is nothing to draw", c.Name)
	}
	var out bytes.Buffer
	switch format {
	case "png":
		canvas := vgimg.NewWith(vgimg.UseWH(chartWidth, chartHeight), vgimg.UseDPI(pngDPI))
		c.draw(draw.New(canvas))
		if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&out); err != nil {
			return nil, fmt.Errorf("chart %s: encode PNG: %w", c.Name, err)
		}
		return out.Bytes(), nil
	case "svg":
		canvas := vgsvg.New(chartWidth, chartHeight)
		c.draw(draw.New(canvas))
		if _, err := canvas.WriteTo(&out); err != nil {
			return nil, fmt.Errorf("chart %s: encode SVG: %w", c.Name, err)
		}
		// The file does not carry its face: name others of the same widths.
		return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"),
			[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")), nil
	}
	return nil, fmt.Errorf("chart %s: format %q is neither png nor svg", c.Name, format)
}

// draw lays the chart out: title, subtitle and legend above the plot, where
// they cannot cover it, and the footer below.
func (c Chart) draw(canvas draw.Canvas) {
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Rectangle.Path())
	area := draw.Crop(canvas, chartMargin, -chartMargin, chartMargin, -chartMargin)

	area.Max.Y = newTypeface(13, true, ink).paragraph(&area, area.Max.Y, c.Title) - 1
	area.Max.Y = newTypeface(9.5, false, grey).paragraph(&area, area.Max.Y, c.Subtitle) - 5
	if keys := c.keys(); len(keys) > 0 {
		area.Max.Y = legend(&area, area.Max.Y, keys) - 6
	}
	small := newTypeface(8, false, grey)
	top := area.Min.Y - 3 + small.height(&area, c.Footer)
	small.paragraph(&area, top, c.Footer)
	area.Min.Y = top + 6

	below, above := c.X.Label, c.Y.Label
	if c.Bars || c.Forest { // which lie
		below, above = c.Y.Label, ""
	}
	label := newTypeface(9.5, false, ink)
	if above != "" {
		area.Max.Y = label.paragraph(&area, area.Max.Y, above) - 5
	}
	width := label.Width(below)
	label.draw(&area, vg.Point{X: area.Center().X - width/2, Y: area.Min.Y + 3}, below)
	area.Min.Y += label.lead() + 5
	c.plot().Draw(area)
}
