package report

import (
	"slices"
	"strconv"

	"muxbench/results"
)

// grid is where cells are on a map, each value of either axis once and in its
// order.
type grid struct {
	cells   int
	columns []int
	rows    rowKind
	values  []float64 // of rows
	filled  float64   // the share of its places that are measured
}

// rowKind is what the rows of a map stand for.
type rowKind struct {
	axis string
	of   func(results.Cell) float64
	name func(float64) string
	// shares tells that they are shares of the connections, and not numbers.
	shares bool
}

// gridOf has rows by the share of active connections, or by their number where
// shares leave most of the grid empty and numbers leave less of it.
func gridOf(cells []Cell) grid {
	const filled = 0.5
	byShare := newGrid(cells, shareRows(cells))
	if byShare.filled >= filled {
		return byShare
	}
	byCount := newGrid(cells, rowKind{
		"active connections", func(c results.Cell) float64 { return float64(c.Active) }, tickLabel, false,
	})
	if byCount.filled > byShare.filled {
		return byCount
	}
	return byShare
}

func newGrid(cells []Cell, rows rowKind) grid {
	g := grid{cells: len(cells), rows: rows}
	for _, c := range cells {
		g.columns = append(g.columns, c.Connections)
		g.values = append(g.values, rows.of(c.Cell))
	}
	slices.Sort(g.columns)
	slices.Sort(g.values)
	g.columns, g.values = slices.Compact(g.columns), slices.Compact(g.values)
	g.filled = float64(len(cells)) / float64(len(g.columns)*len(g.values))
	return g
}

// shareRows rounds shares to two digits, and to more where two cells would be at
// one place otherwise.
func shareRows(cells []Cell) rowKind {
	const least, most = 2, 15
	share := func(digits int) func(c results.Cell) float64 {
		return func(c results.Cell) float64 { return roundTo(100*float64(c.Active)/float64(c.Connections), digits) }
	}
	digits := least
	for ; digits < most; digits++ {
		taken := make(map[[2]float64]bool)
		for _, c := range cells {
			taken[[2]float64{float64(c.Connections), share(digits)(c.Cell)}] = true
		}
		if len(taken) == len(cells) {
			break
		}
	}
	return rowKind{"active connections, share of all", share(digits), func(v float64) string {
		return strconv.FormatFloat(v, 'f', -1, 64) + " %"
	}, true}
}

// fit tells whether the grid makes a map.
func (g grid) fit() bool {
	return g.cells >= leastTiles && min(len(g.columns), len(g.values)) >= leastOfAxis &&
		len(g.columns) <= mostColumns && len(g.values) <= mostRows
}

// at is the place of a cell that the grid was made of.
func (g grid) at(c results.Cell) (column, row int) {
	column, _ = slices.BinarySearch(g.columns, c.Connections)
	row, _ = slices.BinarySearch(g.values, g.rows.of(c))
	return column, row
}

func (g grid) columnNames() []string {
	var names []string
	for _, n := range g.columns {
		names = append(names, tickLabel(float64(n)))
	}
	return names
}

func (g grid) rowNames() []string {
	var names []string
	for _, v := range g.values {
		names = append(names, g.rows.name(v))
	}
	return names
}
