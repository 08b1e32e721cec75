package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// ComparisonCharts draws ratios of B to A as forest plots, a row for each cell and
// arm: for each metric those of ratios, where there are any, and those of values.
// What nothing is concluded from is hollow.
func ComparisonCharts(c SideBySide) []Chart {
	b := chartBuilder{run: c.A.Run, styles: make(map[string]int), names: make(map[string]bool)}
	for _, r := range c.Rows {
		if name := comparedSeries(r); !r.Control {
			if _, known := b.styles[name]; !known {
				b.styles[name] = len(b.styles)
			}
		}
	}
	var charts []Chart
	drawn := slices.DeleteFunc(slices.Clone(c.Rows), func(r ComparisonRow) bool { return r.Control })
	for _, rows := range rowsByMetric(drawn) {
		for _, basis := range []ComparisonBasis{ByRatioOfRatios, ByRatio} {
			if chart, ok := b.comparison(c, rows, basis); ok {
				charts = append(charts, chart)
			}
		}
	}
	return charts
}

// comparedSeries is what a row is drawn as.
func comparedSeries(r ComparisonRow) string {
	if r.ArmA == r.ArmB {
		return r.ArmA
	}
	return r.ArmB + " / " + r.ArmA
}

// comparison is one chart, if there is anything to draw.
func (b *chartBuilder) comparison(c SideBySide, rows []ComparisonRow, basis ComparisonBasis) (Chart, bool) {
	of := func(r ComparisonRow) *ComparisonRatio { return r.Ratio }
	what := ": B over A"
	chart := Chart{Name: "comparison-" + slug(string(rows[0].Metric)), Y: Axis{Ratio: true}, Forest: true}
	if basis == ByRatioOfRatios {
		of = func(r ComparisonRow) *ComparisonRatio { return r.Relative }
		what = ", held against the reference: B over A"
		chart.Name += "-to-reference"
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r ComparisonRow) bool { return of(r) == nil })
	if len(rows) == 0 {
		return Chart{}, false
	}
	if name := rows[0].Reference; basis == ByRatioOfRatios && !slices.ContainsFunc(rows, func(r ComparisonRow) bool { return r.Reference != name }) {
		what = ", held against " + plainName(name) + ": B over A"
	}
	chart.Title = comparisonTitle(rows[0].Metric) + what + unless(c.Alike, " (machines not alike)")
	chart.Subtitle = "right of the line: more in B; A: " + plainText(c.A.Name) + ", B: " + plainText(c.B.Name)
	if c.Together {
		chart.Title = comparisonTitle(rows[0].Metric) + ": one arm over another"
		chart.Subtitle = "right of the line: more of the arm that is named first; " + plainText(c.A.Name)
	}
	if sweeps := comparedSweeps(c.named()); len(sweeps) == 1 && len(sweeps[0]) > 1 {
		_, fixed := splitDimensions(sweeps[0])
		chart.Subtitle += "; " + strings.Join(phrases(fixed, sweeps[0][0].Cell), ", ")
	}
	chart.Y.Label = "ratio: 1 is in the middle, and zero is not on the axis"
	base := Series{Name: "equal", Style: neutral, Unmarked: true, Points: []Point{{Y: 1, Low: 1, High: 1, Blocks: 1, Interval: true}}}
	var arms []string
	for _, r := range rows {
		if name := comparedSeries(r); !slices.Contains(arms, name) {
			arms = append(arms, name)
		}
	}
	chart.Series = []Series{base}
	for _, arm := range arms {
		chart.Series = append(chart.Series, b.series(arm))
	}
	naming := comparedNames(c.named(), true)
	var places []results.Cell
	shown := 0
	for _, r := range rows {
		at := slices.Index(places, r.Cell)
		if at < 0 {
			if len(places) == max(1, mostForestRows/len(arms)) {
				continue
			}
			at = len(places)
			places = append(places, r.Cell)
			chart.X.Categories = append(chart.X.Categories, naming(r.Cell))
		}
		series := &chart.Series[1+slices.Index(arms, comparedSeries(r))]
		p := point(float64(at), of(r).estimate(), 1)
		p.Hollow = r.JudgedBy != basis || !r.told()
		series.Points = append(series.Points, p)
		shown++
	}
	chart.scale()
	gaps := ""
	if more := len(rows) - shown; more > 0 {
		gaps = plural(more, "row is not shown", "rows are not shown") + ", the table has all; "
	}
	chart.Footer = gaps + chart.comparisonFooter(c, basis)
	return chart, true
}

// comparisonTitle begins with the metric, without its unit: ratios have none.
func comparisonTitle(m results.Metric) string {
	name, _ := comparisonMetric(m, "")
	name, _, _ = strings.Cut(name, ", ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// comparisonFooter says what marks stand for, of how many blocks, and what the
// runs were made on.
func (c Chart) comparisonFooter(s SideBySide, basis ComparisonBasis) string {
	intervals, ranges := blockCount{}, blockCount{}
	hollow := false
	for _, series := range c.Series[1:] {
		for _, p := range series.Points {
			if p.Interval {
				intervals.add(p.Blocks)
			} else {
				ranges.add(p.Blocks)
			}
			hollow = hollow || p.Hollow
		}
	}
	how := "B / A of medians over blocks, one run after the other: what the hour changed is in it"
	switch {
	case s.Together:
		how = "turn by turn"
	case basis == ByRatioOfRatios:
		how = "each arm over its run's reference turn by turn, and B over A"
	}
	text := how + "; " + whiskers(intervals, ranges) + unless(s.Together, " of the run with fewer") + unless(max(intervals.most, ranges.most) < 2, ", left out where shorter than the mark")
	switch judged := slices.ContainsFunc(s.Rows, func(r ComparisonRow) bool { return r.JudgedBy == basis }); {
	case !hollow:
	case judged:
		text += "; hollow: no difference can be told, or is not judged"
	default:
		text += "; hollow: nothing is concluded from these"
	}
	text += "; " + machine(s.A.Run)
	if !s.Together && machine(s.A.Run) != machine(s.B.Run) {
		text = fmt.Sprintf("%s (A); %s (B)", text, machine(s.B.Run))
	}
	return text
}
