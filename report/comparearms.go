package report

import (
	"fmt"
	"slices"

	"muxbench/results"
)

// ComparisonPair is two arms of one result: B is held against A.
type ComparisonPair struct{ A, B string }

// ComparedArms are the names of all arms of a result, in the order in which it
// first names them.
func ComparedArms(trials []results.Trial) []string {
	var names []string
	for _, arm := range group(trials, func(t results.Trial) string { return t.Arm }) {
		names = append(names, arm[0].Arm)
	}
	return names
}

// CompareArms holds arms of one result against each other, pair by pair, in every
// cell that has both. They took turns, so that their ratio is that of reports:
// turn by turn, over the blocks of both. It is an error, which says what there is,
// if no cell has figures of a pair.
func CompareArms(run ComparisonSide, pairs []ComparisonPair) (SideBySide, error) {
	c := SideBySide{Together: true, Alike: true, Unlike: []string{}, Differences: []results.Difference{}, OnlyA: []ComparisonOnly{}, OnlyB: []ComparisonOnly{}}
	side := newComparedSide(&run)
	c.A, c.B = run, run
	for _, key := range side.order {
		cell := side.cells[key]
		var onlyA, onlyB []string
		for _, pair := range pairs {
			hasA, hasB := slices.Contains(cell.names, pair.A), slices.Contains(cell.names, pair.B)
			switch {
			case hasA && hasB:
				c.Rows = append(c.Rows, rowsOfArms(cell, pair)...)
			case hasA:
				onlyA = append(onlyA, pair.A)
			case hasB:
				onlyB = append(onlyB, pair.B)
			}
		}
		if len(onlyA) > 0 {
			c.OnlyA = append(c.OnlyA, only(key, onlyA, false))
		}
		if len(onlyB) > 0 {
			c.OnlyB = append(c.OnlyB, only(key, onlyB, false))
		}
	}
	if !slices.ContainsFunc(c.Rows, func(r ComparisonRow) bool { return r.Ratio != nil }) {
		return SideBySide{}, fmt.Errorf("nothing to compare: no cell has figures of both arms of a pair. %s has %s", plainText(run.Name), side)
	}
	c.judge()
	return c, nil
}

// rowsOfArms are the metrics of a pair of arms in a cell.
func rowsOfArms(cell *comparedCell, pair ComparisonPair) []ComparisonRow {
	a, _ := cell.summary.arm(pair.A)
	b, _ := cell.summary.arm(pair.B)
	var rows []ComparisonRow
	for _, p := range comparedMetrics(cell.summary.Cell) {
		row := newComparisonRow(cell.summary.Cell, a, b, p)
		if row.Why == "" {
			if r, ok := ratioOverBlocks(cell.trials[pair.B], cell.trials[pair.A], p); ok {
				row.Ratio = ratioTogether(r)
			} else {
				row.Why = "no block has turns of both"
			}
		}
		rows = append(rows, row)
	}
	return rows
}
