package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tile is what was measured at the categories X and Y of a map.
type Tile struct {
	X, Y int
	// Least are the arms that take the least, which of them cannot be told, in
	// the order of their styles. It is empty where no difference is told.
	Least []TileArm
	// Next is how many times as much the nearest arm takes that is told to take
	// more, and Most how many times the dearest.
	Next, Most float64
	Blocks     int // that this stands on
}

// TileArm is an arm on a tile.
type TileArm struct {
	Name  string
	Style int // as of a Series
}

// A map needs so many tiles and so many of each axis, or lines show the same
// better. With more than mostColumns or mostRows, words had no room on tiles.
const (
	leastTiles  = 4
	leastOfAxis = 2
	mostColumns = 16
	mostRows    = 12
)

// backendMap is the map of some cells, of which those at one place share a tile.
type backendMap struct {
	chart Chart
	gaps  string // what it does not show
	cells []Cell
	// shares tells that its rows are of a share of active connections.
	shares bool
}

// maps are of which arm takes the least server CPU at which number of connections
// and share of active ones, one map for each size and socket buffers. Scenarios
// that exchange messages in a closed loop measure the same, and so share it.
// Nothing is drawn between what was measured, and no map on which nothing is
// told.
func (b *chartBuilder) maps(s Summary) []backendMap {
	var cells []Cell
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			if exchanging(c.Cell) && c.Connections > 0 && c.measured() {
				cells = append(cells, c)
			}
		}
	}
	if len(cells) == 0 {
		return nil
	}
	varying, _ := splitDimensions(cells)
	apart := slices.DeleteFunc(varying, func(d dimension) bool { return d.name != "size" && d.name != "socket-buffers" })
	type payload struct{ size, buffers int }
	var order []payload
	groups := make(map[payload][]Cell)
	for _, c := range cells {
		p := payload{c.Size, c.SocketBuffers}
		if groups[p] == nil {
			order = append(order, p)
		}
		groups[p] = append(groups[p], c)
	}
	var all []backendMap
	for _, p := range order {
		if m, ok := b.newMap(groups[p], apart); ok {
			all = append(all, m)
		}
	}
	return all
}

// measured tells whether the cell has a value of what its arms are judged by.
func (c Cell) measured() bool {
	return slices.ContainsFunc(c.Arms, func(a Arm) bool { _, ok := a.Values[c.Primary().Metric]; return ok && !a.Control })
}

// newMap is of cells that differ from those of other maps in the dimensions
// apart. It is not ok where they make no map.
func (b *chartBuilder) newMap(all []Cell, apart []dimension) (backendMap, bool) {
	cells, repeated := oncePerPlace(all)
	g := gridOf(cells)
	if !g.fit() {
		return backendMap{}, false
	}
	first := cells[0].Cell
	c := Chart{
		Name:  strings.Join(append([]string{"map"}, places(apart, first)...), "-"),
		Title: "which backend takes the least server CPU",
		X:     Axis{Label: "connections", Categories: g.columnNames()},
		Y:     Axis{Label: g.rows.axis, Categories: g.rowNames()},
	}
	varying, fixed := splitDimensions(cells)
	fixed = slices.DeleteFunc(fixed, func(d dimension) bool { return d.name == "active" })
	for _, d := range apart { // which all these cells have in common
		if !slices.ContainsFunc(slices.Concat(varying, fixed), func(e dimension) bool { return e.name == d.name }) {
			fixed = append(fixed, d)
		}
	}
	c.Subtitle = enumerate(scenarioNames(cells)) + ": server CPU per message, " + subtitle(Scenario{Name: first.Scenario, Cells: cells}, fixed, first)
	told := false
	unknown := make(map[string]int) // number of tiles, by arm
	for _, cell := range cells {
		t := b.tile(cell)
		t.X, t.Y = g.at(cell.Cell)
		told = told || len(t.Least) > 0
		c.Tiles = append(c.Tiles, t)
		if cell.Verdict != nil {
			for _, arm := range cell.Verdict.TooFew {
				unknown[plainName(arm)]++
			}
		}
	}
	if !told {
		return backendMap{}, false
	}
	gaps := ""
	for _, arm := range slices.Sorted(maps.Keys(unknown)) {
		gaps += fmt.Sprintf("too few blocks to compare: %s in %d of %s; ", arm, unknown[arm], plural(len(c.Tiles), "tile", "tiles"))
	}
	if repeated > 0 {
		gaps += fmt.Sprintf("measured more than once, and the one with most blocks shown: %s; ", plural(repeated, "tile", "tiles"))
	}
	return backendMap{c, gaps, all, g.rows.shares}, true
}

// tile says what the verdict on a cell does, and is otherwise without arms.
func (b *chartBuilder) tile(c Cell) Tile {
	v := c.Verdict
	if v == nil || len(v.Above) == 0 {
		return Tile{}
	}
	t := Tile{Blocks: v.Blocks}
	for _, name := range append([]string{v.Lowest}, v.Equal...) {
		t.Least = append(t.Least, TileArm{plainName(name), b.styles[name]})
	}
	slices.SortFunc(t.Least, func(a, b TileArm) int { return cmp.Compare(a.Style, b.Style) })
	for i, a := range v.Above {
		if i == 0 {
			t.Next, t.Most = a.Ratio.Value, a.Ratio.Value
		}
		t.Next, t.Most = min(t.Next, a.Ratio.Value), max(t.Most, a.Ratio.Value)
	}
	return t
}

// oncePerPlace keeps of cells with as many connections, and as many active, the
// one whose verdict stands on most blocks, and says at how many places there
// were several.
func oncePerPlace(cells []Cell) (kept []Cell, repeated int) {
	blocks := func(c Cell) int {
		if c.Verdict == nil {
			return 0
		}
		return c.Verdict.Blocks
	}
	index, seen := make(map[[2]int]int), make(map[[2]int]int)
	for _, c := range cells {
		place := [2]int{c.Connections, c.Active}
		seen[place]++
		i, known := index[place]
		switch {
		case !known:
			index[place] = len(kept)
			kept = append(kept, c)
		case blocks(c) > blocks(kept[i]):
			kept[i] = c
		}
		if seen[place] == 2 {
			repeated++
		}
	}
	return kept, repeated
}

func scenarioNames(cells []Cell) []string {
	var names []string
	for _, c := range cells {
		if name := plainName(c.Scenario); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// tilesFooter says what stands on tiles, and on how many blocks.
func tilesFooter(tiles []Tile) string {
	var blocks blockCount
	for _, t := range tiles {
		if t.Blocks > 0 {
			blocks.add(t.Blocks)
		}
	}
	return fmt.Sprintf("×: how many times as much the nearest arm takes that clearly takes more; dearest: the arm that takes most; several colours: which of them takes the least cannot be told; "+
		"the deeper the colour, the farther the nearest (logarithmic, up to ×%g); ratios turn by turn over %v; no tile: not measured", deepest, blocks)
}
