package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"muxbench/results"
	"muxbench/results/gate"
)

// table has a row for each gated cell.
func (c Check) table() table {
	cells := c.Judgement.Cells
	var asked []results.Cell
	for _, cell := range cells {
		asked = append(asked, cell.Cell)
	}
	varying, fixed := c.dimensions()
	t := table{heading: c.heading(fixed)}
	text := func(header string, rank int, of func(gate.Cell) string) column {
		col := column{header: header, rank: rank, left: true}
		for _, cell := range cells {
			col.cells = append(col.cells, of(cell))
		}
		return col
	}
	named := func(header string, of func(gate.Cell) string) column {
		col := text(header, 0, of)
		col.breaks = true
		return col
	}
	if c.scenarios() > 1 {
		t.columns = append(t.columns, named("scenario", func(cell gate.Cell) string { return plainName(cell.Scenario) }))
	}
	t.columns = append(t.columns, dimensionColumns(asked, varying)...)
	right := func(header string, rank int, of func(gate.Cell) string) column {
		col := text(header, rank, of)
		col.left = false
		return col
	}
	t.columns = append(t.columns,
		named("server", func(cell gate.Cell) string { return plainName(cell.Subject) }),
		right("kept\n× yardstick", 1, func(cell gate.Cell) string { return keptText(cell.Kept) }),
		right("now\n× yardstick", 1, func(cell gate.Cell) string { return keptText(cell.Now) }),
		text("verdict", 0, func(cell gate.Cell) string { return string(cell.Verdict) }),
		right("head\n× base", 0, func(cell gate.Cell) string { return ratioText(cell.Ratio, ratioOnly) }),
		right("95 %", 1, func(cell gate.Cell) string { return ratioText(cell.Ratio, intervalOnly) }),
		numbers(c.baseName()+"\nns", 4, cells, func(cell gate.Cell) number { return number{value: cell.Base, known: cell.Base > 0} }),
		numbers("head\nns", 4, cells, func(cell gate.Cell) number { return number{value: cell.Head, known: cell.Head > 0} }),
		right("looks", 3, func(cell gate.Cell) string { return fmt.Sprintf("%d/%d", cell.Looks, gate.Looks) }),
		right("blocks", 2, func(cell gate.Cell) string {
			return fmt.Sprint(cell.Blocks) + unless(cell.Void == 0, fmt.Sprintf(" + %d void", cell.Void))
		}),
		right("identical\n95 %", 5, func(cell gate.Cell) string { return ratioText(cell.Control.Ratio, intervalOnly) }),
	)
	for _, cell := range cells {
		mark := ""
		if cell.Verdict != gate.Pass && cell.Verdict != gate.Improved {
			mark = "! "
		}
		t.remarks = append(t.remarks, mark+c.place(cell)+": "+plainText(cell.Why)+".")
		for _, change := range changedCounters(cell) {
			if !strings.Contains(cell.Why, change) {
				t.remarks = append(t.remarks, c.place(cell)+": "+change+".")
			}
		}
	}
	if c.byBaseline() {
		t.remarks = append(t.remarks, baselineRemarks()...)
	} else {
		t.remarks = append(t.remarks, "Identical: two servers of the base, which differ by noise alone.")
	}
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	return t
}

// changedCounters says which exact counters have changed, in words: whatever the verdict, since
// they tell what the head does.
func changedCounters(cell gate.Cell) []string {
	var all []string
	for _, how := range []struct {
		more bool
		word string
	}{{true, "more"}, {false, "less"}} {
		var changes []string
		for _, d := range cell.Counters {
			if d.More == how.more {
				changes = append(changes, d.String())
			}
		}
		if len(changes) > 0 {
			all = append(all, "the head does "+how.word+" for each message: "+strings.Join(changes, ", "))
		}
	}
	return all
}

// heading says what the cells have in common, and what their ratios are of.
func (c Check) heading(fixed []dimension) string {
	first := c.Judgement.Cells[0]
	var metrics []string
	for _, cell := range c.Judgement.Cells {
		if m := metricPhrase(cell.Metric); !slices.Contains(metrics, m) {
			metrics = append(metrics, m)
		}
	}
	parts := phrases(fixed, first.Cell)
	if c.scenarios() == 1 {
		parts = append([]string{plainName(first.Scenario)}, parts...)
	}
	how := ", of the head over the base turn by turn, and medians over blocks"
	if c.byBaseline() {
		how = ", of the head over the yardstick turn by turn, over what is kept of that in the baseline, and medians over blocks"
	}
	return strings.Join(parts, ", ") + "; " + strings.Join(metrics, ", ") + how
}

const (
	ratioOnly = iota
	intervalOnly
)

// ratioText is a ratio, or its interval: a dash where there are too few blocks for
// one, and empty where nothing is known.
func ratioText(r gate.Ratio, what int) string {
	switch {
	case r.Blocks == 0:
		return ""
	case what == ratioOnly:
		return formatNumber(r.Value, ratioDigits)
	case !r.Interval:
		return dash
	}
	return formatNumber(r.Low, ratioDigits) + "–" + formatNumber(r.High, ratioDigits)
}

// CheckCSV writes a line for each gated cell, in base units, as CSV does for arms.
func CheckCSV(w io.Writer, c Check) error {
	if err := csv.NewWriter(w).WriteAll(c.csvLines()); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func (c Check) csvLines() [][]string {
	lines := [][]string{{
		"scenario", "connections", "active", "rounds", "duration_ns", "size_bytes", "socket_buffers_bytes", "server", "metric",
		"verdict", "why", "threshold", "asked_threshold", "looks", "blocks", "void_blocks", "ratio", "ratio_low", "ratio_high",
		"base", "head", "identical_ratio", "identical_low", "identical_high", "p_not_slower_adjusted", "p_slower_by_threshold",
		"kept_ratio_to_yardstick", "ratio_to_yardstick", "check_verdict", "unlike_machine",
	}}
	for _, cell := range c.Judgement.Cells {
		line := []string{
			csvString(fullName(cell.Scenario)), fmt.Sprint(cell.Connections), fmt.Sprint(cell.Active), fmt.Sprint(cell.Rounds), fmt.Sprint(cell.DurationNS),
			fmt.Sprint(cell.Size), fmt.Sprint(cell.SocketBuffers), csvString(fullName(cell.Subject)), string(cell.Metric),
			string(cell.Verdict), csvString(plainText(cell.Why)), csvNumber(cell.Threshold), csvNumber(cell.Asked), fmt.Sprint(cell.Looks), fmt.Sprint(cell.Blocks), fmt.Sprint(cell.Void),
		}
		line = append(line, csvRatio(cell.Ratio)...)
		line = append(line, csvNumber(cell.Base), csvNumber(cell.Head))
		line = append(line, csvRatio(cell.Control.Ratio)...)
		line = append(line, csvNumber(roundTo(cell.NotSlowerAdjusted, 9)), csvNumber(roundTo(cell.Slower, 9)))
		for _, r := range []*gate.Ratio{cell.Kept, cell.Now} {
			number := ""
			if r != nil {
				number = csvNumber(roundTo(r.Value, 9))
			}
			line = append(line, number)
		}
		lines = append(lines, append(line, string(c.Judgement.Verdict), csvString(c.unlike())))
	}
	return lines
}

func csvRatio(r gate.Ratio) []string {
	if r.Blocks == 0 {
		return []string{"", "", ""}
	}
	low, high := csvNumber(roundTo(r.Low, 9)), csvNumber(roundTo(r.High, 9))
	if !r.Interval {
		low, high = "", ""
	}
	return []string{csvNumber(roundTo(r.Value, 9)), low, high}
}
