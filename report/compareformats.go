package report

import (
	"fmt"
	"io"
	"strings"

	"muxbench/results"
)

// ComparisonBenchfmt writes the trials of both sides, which differ in the key "side" (a
// or b); of arms of one result, its trials as Benchfmt does.
func ComparisonBenchfmt(w io.Writer, c SideBySide) error {
	file := func(s ComparisonSide) *results.File { return &results.File{Run: s.Run, Trials: s.Trials} }
	if c.Together {
		return Benchfmt(w, Side{File: file(c.A)})
	}
	return Benchfmt(w, Side{"a", file(c.A)}, Side{"b", file(c.B)})
}

// ComparisonJUnit writes a comparison as JUnit's XML: a case for each row, none of which
// fails, as a comparison does not judge; rows of unlike machines are skipped.
func ComparisonJUnit(w io.Writer, c SideBySide) error {
	suite := junitSuite{Name: "muxbench compare"}
	names := comparedNames(c.named(), true)
	for _, r := range c.Rows {
		jc := junitCase{Class: "muxbench.compare." + fullName(r.Scenario), Name: r.place(names), Output: r.words()}
		switch {
		case !c.Alike:
			jc.Skipped = problem("the machines are not alike: they differ in " + strings.Join(c.Unlike, ", "))
		case r.Ratio == nil:
			jc.Skipped = problem(r.Why)
		}
		suite.Cases = append(suite.Cases, jc)
	}
	return writeJUnit(w, suite, c.B.Run.Started)
}

// place names a row among the others.
func (r ComparisonRow) place(names func(results.Cell) string) string {
	return names(r.Cell) + ", " + fullName(comparedSeries(r)) + ": " + plainText(string(r.Metric))
}

// words are what a row says: its ratio, and whether that tells a difference.
func (r ComparisonRow) words() string {
	shown := r.judged()
	if shown == nil {
		shown = r.Ratio
	}
	if shown == nil {
		return "no ratio"
	}
	text := fmt.Sprintf("B is %s of A", formatNumber(shown.Value, ratioDigits))
	if shown.Interval {
		text += fmt.Sprintf(" (%s–%s)", formatNumber(shown.Low, ratioDigits), formatNumber(shown.High, ratioDigits))
	}
	switch {
	case r.JudgedBy == "":
		return text + "; nothing is concluded"
	case !r.told():
		return text + "; no difference can be told"
	}
	return text + fmt.Sprintf("; p = %s after Holm", formatP(shown.PAdjusted))
}

// Figures are the ratios of all rows, each under the direction of its metric.
func (c SideBySide) Figures() []Figure {
	names := comparedNames(c.named(), true)
	var all []Figure
	for _, r := range c.Rows {
		if r.Ratio == nil || r.Control {
			continue
		}
		f := Figure{Name: r.place(names) + ", B over A", Unit: "ratio", Value: r.Ratio.Value, Low: r.Ratio.Low, High: r.Ratio.High, Extra: r.words()}
		for _, u := range figureUnits() {
			if u.metric == r.Metric {
				f.More = u.more
			}
		}
		all = append(all, f)
	}
	return all
}

// Annotations are those of a comparison: whether machines were alike, and in how many
// rows a difference can be told.
func (c SideBySide) Annotations() []Annotation {
	const title = "muxbench compare"
	if !c.Alike {
		return []Annotation{{"warning", title, "the machines are not alike, so that nothing is concluded: they differ in " + strings.Join(c.Unlike, ", ")}}
	}
	told := 0
	for _, r := range c.Rows {
		if r.told() {
			told++
		}
	}
	return []Annotation{{"notice", title, fmt.Sprintf("a difference can be told in %d of %s", told, plural(len(c.Rows), "row", "rows"))}}
}
