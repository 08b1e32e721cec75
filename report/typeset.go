package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	ink  = color.Gray{0x20}
	grey = color.Gray{0x60}
)

// typeface is a face in one size and colour, Liberation Sans: gonum's default
// has serifs.
type typeface struct {
	font.Face
	color color.Color
}

func newTypeface(points vg.Length, bold bool, col color.Color) typeface {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: points}
	if bold {
		f.Weight = 3 // WeightBold of golang.org/x/image/font
	}
	return typeface{plot.DefaultTextHandler.Cache().Lookup(f, points), col}
}

// draw writes one line from the point at on its baseline.
func (t typeface) draw(c *draw.Canvas, at vg.Point, line string) {
	c.SetColor(t.color)
	c.FillString(t.Face, at, line)
}

func (t typeface) lead() vg.Length { return 1.25 * t.Font.Size }

// paragraph writes text from top downwards, as wide as area and in as many
// lines as that takes, and returns where the last one ends.
func (t typeface) paragraph(area *draw.Canvas, top vg.Length, text string) vg.Length {
	for _, line := range t.lines(area, text) {
		t.draw(area, vg.Point{X: area.Min.X, Y: top - t.Font.Size}, line)
		top -= t.lead()
	}
	return top
}

func (t typeface) height(area *draw.Canvas, text string) vg.Length {
	return t.lead() * vg.Length(len(t.lines(area, text)))
}

// lines breaks text at blanks into lines as wide as area.
func (t typeface) lines(area *draw.Canvas, text string) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last >= 0 && t.Width(lines[last]+" "+word) <= area.Max.X-area.Min.X {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
