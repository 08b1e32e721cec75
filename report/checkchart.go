package report

import (
	"fmt"
	"strings"

	"muxbench/results/gate"
)

// Charts are those of a check: the ratios of its gated cells, a row each, in a band of
// what is no slowdown. It is empty if none has a ratio.
func (c Check) Charts() []Chart {
	b := chartBuilder{run: c.Run, styles: map[string]int{}, names: map[string]bool{}}
	ratios := Series{Name: "head", Style: 1}
	base := Series{Name: c.baseName(), Unmarked: true, Points: []Point{{Y: 1, Low: 1, High: 1, Blocks: 1, Interval: true}}}
	_, fixed := splitDimensions(c.cells())
	chart := Chart{
		Name: "check", Title: "Head against base: " + string(c.Judgement.Verdict),
		Subtitle: "left of the line: the head takes less",
		Forest:   true, Within: c.Run.Gate.Threshold, Hollow: "by the rules neither a regression nor an improvement",
	}
	over := "head over base"
	if c.byBaseline() {
		chart.Title, over = "Head against the baseline: "+string(c.Judgement.Verdict), "head over yardstick, over that in the baseline"
	}
	if unlike := c.unlike(); unlike != "" {
		chart.Subtitle = "not the baseline's machine; " + chart.Subtitle
	}
	known := false
	for i, cell := range c.Judgement.Cells {
		chart.X.Categories = append(chart.X.Categories, c.place(cell)+": "+string(cell.Verdict))
		chart.Within = max(chart.Within, cell.Threshold)
		if i == 0 {
			chart.Y = Axis{Label: title(metricPhrase(cell.Metric)) + ", " + over + ": 1 is in the middle", Ratio: true}
			if common := phrases(fixed, cell.Cell); len(common) > 0 {
				chart.Subtitle += "; " + strings.Join(common, ", ")
			}
		}
		p := Point{X: float64(i), Y: cell.Ratio.Value, Low: cell.Ratio.Low, High: cell.Ratio.High, Blocks: cell.Ratio.Blocks, Interval: cell.Ratio.Interval}
		p.Hollow = cell.Verdict != gate.Regression && cell.Verdict != gate.Improved
		ratios.Points = append(ratios.Points, p)
		known = known || p.Blocks > 0
		if r := cell.Control.Ratio; r.Blocks > 0 {
			base.Control = append(base.Control, around(float64(i), 1, Estimate{Value: r.Value, Low: r.Low, High: r.High, Interval: r.Interval, Blocks: r.Blocks}))
		}
	}
	if !known {
		return nil
	}
	chart.Series = []Series{base, ratios}
	b.keep(chart, chart.gaps("not compared"))
	return b.charts
}

// cells are the check's, without their arms.
func (c Check) cells() []Cell {
	var cells []Cell
	for _, cell := range c.Judgement.Cells {
		cells = append(cells, Cell{Cell: cell.Cell})
	}
	return cells
}

// WriteCheckMarkdown writes a check's report to the file path, as WriteMarkdown does a
// summary's.
func WriteCheckMarkdown(path string, c Check) error {
	var text strings.Builder
	if err := CheckMarkdown(&text, c); err != nil {
		return fmt.Errorf("write the report %s: %w", path, err)
	}
	return writeWhole(path, []byte(text.String()))
}
