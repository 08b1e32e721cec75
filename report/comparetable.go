package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// comparisonTables are one for each scenario and metric.
func comparisonTables(c SideBySide) []table {
	rows := make(map[sweepKey][]ComparisonRow)
	for _, r := range c.Rows {
		key := comparedSweep(r.Cell)
		rows[key] = append(rows[key], r)
	}
	var tables []table
	for _, sweep := range comparedSweeps(c.named()) {
		for _, group := range rowsByMetric(rows[comparedSweep(sweep[0].Cell)]) {
			tables = append(tables, c.table(sweep, group))
		}
	}
	return tables
}

// rowsByMetric are groups of rows, one for each metric, in their order.
func rowsByMetric(rows []ComparisonRow) [][]ComparisonRow {
	var groups [][]ComparisonRow
	for _, r := range rows {
		i := slices.IndexFunc(groups, func(g []ComparisonRow) bool { return g[0].Metric == r.Metric })
		if i < 0 {
			i = len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}

// table is of rows of one metric. What tells the sweep's cells apart tells rows
// apart too.
func (c SideBySide) table(sweep []Cell, rows []ComparisonRow) table {
	varying, fixed := splitDimensions(sweep)
	places := make([]row, len(rows))
	for i, r := range rows {
		places[i] = row{Cell{Cell: r.Cell}, Arm{Name: r.ArmA}}
	}
	columns := rowColumns(places, varying)
	if c.Together {
		const wide = 20 // columns of a name, of which there are two
		first, other := column{header: "arm A", left: true}, column{header: "arm B", left: true}
		for _, r := range rows {
			// Once more, for what is spelt out is wider.
			first.cells = append(first.cells, plain(plain(r.ArmA, wide), wide))
			other.cells = append(other.cells, plain(plain(r.ArmB, wide), wide))
		}
		columns = append(columns[:len(columns)-1], first, other)
	}
	_, unit := comparisonMetric(rows[0].Metric, rows[0].Scenario)
	columns = append(columns, sideColumns("A", rows, 5, 8, unit, func(r ComparisonRow) *Estimate { return r.A })...)
	columns = append(columns, sideColumns("B", rows, 4, 7, unit, func(r ComparisonRow) *Estimate { return r.B })...)
	ranks := [2]int{0, 2} // of what stars are of
	if slices.ContainsFunc(rows, func(r ComparisonRow) bool { return r.Relative != nil }) {
		columns = append(columns, ratioColumns("B / A", rows, 3, 6, func(r ComparisonRow) *ComparisonRatio { return r.Ratio })...)
		relative := ratioColumns("B / A\nof × ref", rows, ranks[0], ranks[1], func(r ComparisonRow) *ComparisonRatio { return r.Relative })
		for i, r := range rows {
			if r.Reference != "" && r.Reference == r.ArmA {
				relative[0].cells[i] = "ref"
			}
		}
		columns = append(columns, relative...)
	} else {
		columns = append(columns, ratioColumns("B / A", rows, ranks[0], ranks[1], func(r ComparisonRow) *ComparisonRatio { return r.Ratio })...)
	}
	stars := column{name: "stars", rank: 1, left: true}
	for _, r := range rows {
		stars.cells = append(stars.cells, r.Stars)
	}
	t := table{heading: c.tableHeading(sweep, fixed, rows), columns: append(columns, stars), notes: comparisonNotes(sweep, rows)}
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	return t
}

// sideColumns are one side's medians, and their intervals.
func sideColumns(side string, rows []ComparisonRow, value, spread int, unit float64, of func(ComparisonRow) *Estimate) []column {
	values := numbers(side, value, rows, func(r ComparisonRow) number {
		e := of(r)
		if e == nil {
			return number{known: true, hidden: true}
		}
		return number{value: e.Value / unit, known: true}
	})
	values.name = "values of " + side
	spreads := ends(rows, spread, decimals, unit, func(r ComparisonRow) (Estimate, bool) {
		e := of(r)
		if e == nil {
			return Estimate{}, false
		}
		return *e, true
	})
	spreads.name += " of " + side
	return []column{values, spreads}
}

// ratioColumns are a ratio, and its intervals.
func ratioColumns(header string, rows []ComparisonRow, value, spread int, of func(ComparisonRow) *ComparisonRatio) []column {
	var factors []number
	for _, r := range rows {
		if ratio := of(r); ratio != nil {
			factors = append(factors, number{value: ratio.Value, known: true})
		} else {
			factors = append(factors, number{known: r.Why != "", hidden: true})
		}
	}
	values := withDecimals(header, value, factors, ratioDigits)
	spreads := ends(rows, spread, func([]float64) int { return ratioDigits }, 1, func(r ComparisonRow) (Estimate, bool) {
		ratio := of(r)
		if ratio == nil {
			return Estimate{}, false
		}
		return ratio.estimate(), true
	})
	spreads.name += " of " + title(header)
	spreads.header = "× " + spreads.header
	return []column{values, spreads}
}

// estimate is of as many blocks as the side with fewer has.
func (r ComparisonRatio) estimate() Estimate {
	return Estimate{Value: r.Value, Low: r.Low, High: r.High, Interval: r.Interval, Blocks: min(r.BlocksA, r.BlocksB)}
}

func (c SideBySide) tableHeading(sweep []Cell, fixed []dimension, rows []ComparisonRow) string {
	name, _ := comparisonMetric(rows[0].Metric, rows[0].Scenario)
	sc := Scenario{Name: sweep[0].Scenario, Cells: sweep}
	parts := []string{strings.Join(phrases(fixed, sweep[0].Cell), ", "), c.blocks(rows)}
	if c.Together {
		by := "turn by turn"
		if open(sweep[0].Cell) { // which has one turn in a block
			by = "block by block"
		}
		parts = append(parts, "ratios "+by)
	} else if i := slices.IndexFunc(rows, func(r ComparisonRow) bool { return r.Relative != nil }); i >= 0 {
		parts = append(parts, "× ref is the ratio to "+plainName(rows[i].Reference)+" in the same run")
	}
	parts = append(parts, loop(sc))
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return plainName(sc.Name) + ": " + name + "; " + strings.Join(parts, "; ")
}

// blocks says what medians are over, and what stands beside them.
func (c SideBySide) blocks(rows []ComparisonRow) string {
	var a, b blockCount
	exact := false
	for _, r := range rows {
		if r.A != nil {
			a.add(r.A.Blocks)
			exact = exact || r.A.Interval
		}
		if r.B != nil {
			b.add(r.B.Blocks)
			exact = exact || r.B.Interval
		}
	}
	of := "medians over " + a.String()
	switch {
	case c.Together:
		of = "medians over " + blockCount{least(a.least, b.least), max(a.most, b.most)}.String()
	case a != b:
		of += " of A and " + b.String() + " of B"
	default:
		of += " of each"
	}
	return of + unless(!exact, ", exact 95 % intervals")
}

// least is the smaller of two numbers of blocks that is none of nothing.
func least(a, b int) int {
	if min(a, b) == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// comparisonNotes say what of rows could not be compared and why, and what of it
// is not what it seems.
func comparisonNotes(sweep []Cell, rows []ComparisonRow) []string {
	naming := comparedNames(sweep, false)
	where := make(map[string][]string)
	var order []string
	note := func(text string, r ComparisonRow) {
		if where[text] == nil {
			order = append(order, text)
		}
		arm := plainName(r.ArmA)
		if r.ArmB != r.ArmA {
			arm += " and " + plainName(r.ArmB)
		}
		where[text] = append(where[text], naming(r.Cell)+", "+arm)
	}
	for _, r := range rows {
		if r.Why != "" {
			note("not compared, "+r.Why, r)
		}
		if r.ClientBound != "" {
			note("the load generator was the bottleneck in "+r.ClientBound+", so that throughput is not the server's", r)
		}
	}
	var notes []string
	for _, text := range order {
		const most = 12
		places := where[text]
		if more := len(places) - most; more > 0 {
			places = append(places[:most:most], fmt.Sprintf("and %d more", more))
		}
		notes = append(notes, text+": "+strings.Join(places, "; "))
	}
	return notes
}

// spanOfRatios is the least and the greatest of some ratios, and not ok if there
// are none.
func spanOfRatios(rows []ComparisonRow, of func(ComparisonRow) *ComparisonRatio) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		if ratio := of(r); ratio != nil {
			low, high = min(low, ratio.Value), max(high, ratio.Value)
		}
	}
	return low, high, low <= high
}

func primaryRows(rows []ComparisonRow) []ComparisonRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r ComparisonRow) bool { return !r.Primary })
}

// differenceText is one line on a difference.
func differenceText(d results.Difference) string {
	if d.A == "" && d.B == "" {
		return d.Field + ": not known of either"
	}
	return plainText(d.Field) + ": A: " + plainText(orUnknown(d.A)) + " / B: " + plainText(orUnknown(d.B))
}
