package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// deepest is the ratio from which on colours grow no deeper.
const deepest = 10.0

const nothingTold = "no difference told"

// plotTiles is the chart's tiles, without its texts as plot is.
func (c Chart) plotTiles() *plot.Plot {
	p := plot.New()
	setAxis(&p.X, c.X, tileSpan(c.X))
	setAxis(&p.Y, c.Y, tileSpan(c.Y))
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Length, axis.LineStyle.Width = 0, 0
	}
	p.Add(tileMarks{c.Tiles})
	return p
}

// tileSpan has room for a tile at each category.
func tileSpan(a Axis) span {
	s := span{min: -0.5, max: float64(len(a.Categories)) - 0.5}
	for i, name := range a.Categories {
		s.ticks = append(s.ticks, plot.Tick{Value: float64(i), Label: name})
	}
	return s
}

// tileMarks draws tiles, all of one size, and what is said on them.
type tileMarks struct{ tiles []Tile }

// strip is the height of the strip in full colour on top of a tile of that height,
// by which a pale one is told from another.
func strip(height vg.Length) vg.Length { return min(5, height/4) }

func (m tileMarks) Plot(c draw.Canvas, p *plot.Plot) {
	const gap, aside, above = 2, 3, 1
	x, y := p.Transforms(&c)
	half := vg.Point{X: (x(1)-x(0))/2 - gap/2, Y: (y(1)-y(0))/2 - gap/2}
	coloured := strip(2 * half.Y)
	width, height := 2*half.X-2*aside, 2*half.Y-coloured-2*above
	face := m.face(width, height)
	for _, t := range m.tiles {
		middle := vg.Point{X: x(float64(t.X)), Y: y(float64(t.Y))}
		area := vg.Rectangle{Min: middle.Sub(half), Max: middle.Add(half)}
		t.fill(&c, area)
		if len(t.Least) > 0 {
			middle.Y -= coloured / 2
		}
		lines := t.fitted(face, width, height)
		top := middle.Y + face.lead()*vg.Length(len(lines))/2
		for i, line := range lines {
			at := vg.Point{X: middle.X - face.Width(line)/2, Y: top - face.lead()*vg.Length(i) - face.Font.Size}
			face.draw(&c, at, line)
		}
	}
}

// face is the largest in which everything can be said on every tile, or else the
// smallest that can be read.
func (m tileMarks) face(width, height vg.Length) typeface {
	var face typeface
	for _, size := range []vg.Length{10, 9, 8, 7} {
		face = newTypeface(size, false, ink)
		if !slices.ContainsFunc(m.tiles, func(t Tile) bool {
			return !slices.ContainsFunc(t.full(), func(lines []string) bool { return fits(face, lines, width, height) })
		}) {
			break
		}
	}
	return face
}

// fill draws a tile without its words: as many columns as it has arms, each in
// its colour.
func (t Tile) fill(c *draw.Canvas, area vg.Rectangle) {
	size := area.Size()
	if len(t.Least) == 0 {
		c.SetLineStyle(draw.LineStyle{Color: tileBorder, Width: vg.Points(0.8)})
		c.Stroke(area.Path())
		return
	}
	each := size.X / vg.Length(len(t.Least))
	for i, a := range t.Least {
		column := area
		column.Min.X += each * vg.Length(i)
		column.Max.X = column.Min.X + each
		c.SetColor(tint(a.Style, t.Next))
		c.Fill(column.Path())
		column.Min.Y = column.Max.Y - strip(size.Y)
		c.SetColor(seriesColor(a.Style))
		c.Fill(column.Path())
	}
}

var tileBorder = color.Gray{0xb0}

// tint is the colour of an arm with white in it, the less of it the greater the
// ratio of the next arm: never so little that words cannot be read on it.
func tint(style int, ratio float64) color.Color {
	const palest, full = 0.2, 0.7
	depth := min(max(math.Log(ratio)/math.Log(deepest), 0), 1)
	share := palest + (full-palest)*depth
	mix := func(part uint32) uint8 { return uint8(math.Round(255 - share*(255-float64(part>>8)))) }
	r, g, b, _ := seriesColor(style).RGBA()
	return color.RGBA{mix(r), mix(g), mix(b), 0xff}
}

// full are the ways of saying everything about a tile, the best first.
func (t Tile) full() [][]string {
	if len(t.Least) == 0 {
		return [][]string{{nothingTold}, {"no difference", "told"}, strings.Fields(nothingTold)}
	}
	ratio, most := t.ratios()
	if most == ratio {
		return t.named(ratio)
	}
	return t.named(ratio, "dearest "+most)
}

func (t Tile) ratios() (next, most string) {
	return "×" + formatRatio(t.Next), "×" + formatRatio(t.Most)
}

// named are ways of saying the names of a tile's arms, and below them more.
func (t Tile) named(more ...string) [][]string {
	var names []string
	for _, a := range t.Least {
		names = append(names, a.Name)
	}
	return [][]string{append([]string{strings.Join(names, " | ")}, more...), append(names, more...)}
}

// fitted are the lines that say as much about the tile as there is room for:
// what the dearest arm takes is left out first, then names, and the ratio goes
// last. A colour has its name in the legend.
func (t Tile) fitted(face typeface, width, height vg.Length) []string {
	ways := t.full()
	if len(t.Least) > 0 {
		ratio, most := t.ratios()
		both, others := ratio, ""
		if most != ratio {
			both += " to " + most
		}
		if n := len(t.Least) - 1; n > 0 {
			others = fmt.Sprintf(" +%d", n)
		}
		name := cut(face, t.Least[0].Name, width-face.Width(others)) + others
		ways = slices.Concat(ways, t.named(both), t.named(ratio), [][]string{{name, ratio, "dearest " + most}, {name, both}, {name, ratio}, {ratio}})
	}
	for _, lines := range ways {
		if fits(face, lines, width, height) {
			return lines
		}
	}
	return nil
}

func fits(face typeface, lines []string, width, height vg.Length) bool {
	return face.lead()*vg.Length(len(lines)) <= height && !slices.ContainsFunc(lines, func(l string) bool { return face.Width(l) > width })
}

// cut leaves out the end of a line that is wider than that.
func cut(face typeface, line string, width vg.Length) string {
	if face.Width(line) <= width {
		return line
	}
	runes := []rune(line)
	for len(runes) > 1 && face.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// tileKeys are of the arms on tiles, and of what is white.
func tileKeys(tiles []Tile) []key {
	var arms []TileArm
	white := false
	for _, t := range tiles {
		white = white || len(t.Least) == 0
		for _, a := range t.Least {
			if !slices.Contains(arms, a) {
				arms = append(arms, a)
			}
		}
	}
	slices.SortFunc(arms, func(a, b TileArm) int { return a.Style - b.Style })
	var keys []key
	for _, a := range arms {
		keys = append(keys, key{a.Name, func(c *draw.Canvas, from, to vg.Point) {
			Tile{Least: []TileArm{a}, Next: deepest}.fill(c, sample(from, to))
		}})
	}
	if white {
		keys = append(keys, key{nothingTold, func(c *draw.Canvas, from, to vg.Point) { Tile{}.fill(c, sample(from, to)) }})
	}
	return keys
}

// sample is the area of a tile in a legend.
func sample(from, to vg.Point) vg.Rectangle {
	up := vg.Point{Y: 5}
	return vg.Rectangle{Min: from.Sub(up), Max: to.Add(up)}
}
