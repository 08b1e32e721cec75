package report

import (
	"fmt"
	"slices"

	"muxbench/results"
)

// comparedRanks are the ranks of a compared metric's columns.
type comparedRanks struct{ value, interval, ratio, stars, spread, held int }

// Ratios outlive values' intervals: they are free of what disturbs all arms
// alike, and so they are what to trust first. Those of the metric that arms
// are judged by stay longest.
func primary() comparedRanks {
	return comparedRanks{ratio: 1, stars: 2, spread: 3, held: 9, interval: 14}
}

func secondary() comparedRanks {
	return comparedRanks{value: 4, ratio: 7, stars: 8, spread: 10, held: 11, interval: 15}
}

// ratioDigits are behind the point of every ratio in a table: a fifth of a per
// cent may be worth telling.
const ratioDigits = 3

// compared are the columns of a metric that arms are compared by.
func compared(header string, m results.Metric, unit float64, rows []row, ranks comparedRanks) []column {
	name := title(header)
	values := plainMetric(header, m, unit, rows, ranks.value)
	intervals := ends(rows, ranks.interval, decimals, unit, func(r row) (Estimate, bool) { return r.arm.Values[m], r.arm.number(m, unit).shown() })
	intervals.name = intervals.name + " of " + name
	stars := column{header: "", name: "stars of the ratio of " + name, rank: ranks.stars, left: true}
	held := column{header: "blocks\nheld", name: "blocks held of " + name, rank: ranks.held}
	for _, r := range rows {
		ratio := r.arm.Ratios[m]
		if ratio == nil {
			stars.cells, held.cells = append(stars.cells, ""), append(held.cells, "")
			continue
		}
		stars.cells = append(stars.cells, ratio.Stars)
		held.cells = append(held.cells, unless(ratio.Blocks == 1, fmt.Sprintf("%d/%d", ratio.Held, ratio.Blocks)))
	}
	spreads := ends(rows, ranks.spread, func([]float64) int { return ratioDigits }, 1, func(r row) (Estimate, bool) {
		ratio := r.arm.Ratios[m]
		if ratio == nil {
			return Estimate{}, false
		}
		return ratio.Estimate, true
	})
	spreads.name = spreads.name + " of the ratio of " + name
	spreads.header = "× " + spreads.header
	return []column{values, intervals, ratios(header, m, rows, ranks.ratio), stars, spreads, held}
}

// ratios is the column of ratios to the reference, whose own is 1 where it has a value
// that can be held against others.
func ratios(header string, m results.Metric, rows []row, rank int) column {
	var factors []number
	for _, r := range rows {
		measured := r.arm.number(m, 1).shown() && !r.arm.incomparable(m)
		switch ratio := r.arm.Ratios[m]; {
		case r.arm.Name == r.cell.Reference && measured:
			factors = append(factors, number{value: 1, known: true})
		case ratio != nil:
			factors = append(factors, number{value: ratio.Value, known: true})
		default:
			factors = append(factors, number{})
		}
	}
	c := withDecimals("× ref", rank, factors, ratioDigits)
	c.name = "ratio of " + title(header)
	return c
}

// ends is a column of intervals, or of ranges where no row has blocks enough
// for an interval. In a column of intervals, a range would be taken for one:
// a dash stands for it. One block has no range.
func ends[R any](rows []R, rank int, digitsFor func([]float64) int, unit float64, of func(R) (Estimate, bool)) column {
	exact := slices.ContainsFunc(rows, func(r R) bool { e, ok := of(r); return ok && e.Interval })
	c := column{header: "range", name: "range", rank: rank, cells: make([]string, len(rows))}
	if exact {
		c.header, c.name = "95 %", "interval"
	}
	known := make(map[int]Estimate) // by row
	var shown []float64
	for i, r := range rows {
		switch e, ok := of(r); {
		case !ok:
		case exact && !e.Interval:
			c.cells[i] = dash
		case exact || e.Blocks > 1:
			known[i] = e
			shown = append(shown, e.Low/unit, e.High/unit)
		}
	}
	digits := digitsFor(shown)
	for i, e := range known {
		c.cells[i] = formatNumber(e.Low/unit, digits) + "–" + formatNumber(e.High/unit, digits)
	}
	return c
}

// starsLegend says what stands beside ratios. It is empty where there are none.
func starsLegend(sc Scenario) string {
	any, exact := false, false
	for a := range sc.arms() {
		for _, r := range a.Ratios {
			any = any || r.Stars != ""
			exact = exact || r.Interval && r.Stars != ""
		}
	}
	switch {
	case !any:
		return ""
	case !exact:
		return fmt.Sprintf("~: fewer than %d blocks tell no difference from chance.", leastTests)
	}
	return "*, **, ***: p ≤ 0.05, 0.01, 0.001 by signed-rank test, after Benjamini–Hochberg over the run's ratios of that metric; ~: no difference can be told."
}
