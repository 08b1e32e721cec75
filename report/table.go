package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// table is one scenario's results, formatted but not laid out. Its strings
// are plain.
type table struct {
	heading string
	columns []column
	notes   []string // of what is not as it should be
	remarks []string // on how its figures were had
}

// column is a column of a table. The rank of what is never left out is zero;
// of the others, the highest is left out first.
type column struct {
	header string // a line break may stand in it
	name   string // what to call it where the header alone does not tell
	cells  []string
	rank   int
	cell   bool // tells cells apart, not arms
	left   bool // aligned
	breaks bool // into lines, header and cells, where nothing else makes it fit
	yields bool // breaks before another column is left out
}

// row is an arm and the cell it belongs to.
type row struct {
	cell Cell
	arm  Arm
}

func newTable(sc Scenario) table {
	var rows []row
	for _, c := range sc.Cells {
		for _, a := range c.Arms {
			rows = append(rows, row{c, a})
		}
	}
	varying, fixed := splitDimensions(sc.Cells)
	t := table{heading: heading(sc, fixed), notes: append(notes(sc, varying), worldStops(sc)...), remarks: remarks(sc)}
	for _, d := range varying {
		t.columns = append(t.columns, numbers(strings.ReplaceAll(d.name, "-", "\n"), 0, rows, func(r row) number {
			return number{value: d.value(r.cell.Cell), known: true}
		}))
		c := &t.columns[len(t.columns)-1]
		c.cell = true
		for i, r := range rows {
			if d.zero != "" && d.value(r.cell.Cell) == 0 {
				c.cells[i] = d.zero
			}
		}
	}
	arms := column{header: "backend", left: true}
	for _, r := range rows {
		arms.cells = append(arms.cells, plainName(r.arm.Name))
	}
	t.columns = append(t.columns, arms)
	if slices.ContainsFunc(rows, func(r row) bool { return r.arm.Blocks.OK != r.arm.Blocks.Total() }) {
		blocks := column{header: "blocks\nok"}
		for _, r := range rows {
			blocks.cells = append(blocks.cells, fmt.Sprintf("%d of %d", r.arm.Blocks.OK, r.arm.Blocks.Total()))
		}
		t.columns = append(t.columns, blocks)
	}
	switch sc.Name {
	case scenarioConnect:
		t.columns = append(t.columns, connectColumns(rows)...)
	case scenarioChain:
		t.columns = append(t.columns, chainColumns(rows)...)
	default:
		t.columns = append(t.columns, messageColumns(rows)...)
	}
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	return t
}

func messageColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("msgs/s", results.Throughput, 1, rows, 0, 9, 3, 5)...)
	cols = append(cols, compared("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, 0, 8, 1, 4)...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, 0.5, rows, 6),
		percentile("p99\nµs", results.LatencyP99, 0.99, rows, 2),
		percentile("p99.9\nµs", results.LatencyP999, 0.999, rows, 7),
		counted("events\n/wait", results.EventsPerWait, rows, 10),
		counted("syscalls\n/msg", results.ServerSyscallsPerMsg, rows, 11),
	)
}

func connectColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("time to N\nms", results.ConnectElapsed, 1e6, rows, 0, 9, 3, 5)...)
	cols = append(cols, plainMetric("connects\n/s", results.ConnectsPerSecond, 1, rows, 7))
	cols = append(cols, compared("server CPU\nns/connect", results.ServerCPUPerConnection, 1, rows, 0, 8, 1, 4)...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, 0.5, rows, 6),
		percentile("p99\nµs", results.LatencyP99, 0.99, rows, 2),
		plainMetric("server RSS\nB/connect", results.ServerRSSPerConnection, 1, rows, 10),
		plainMetric("load RSS\nB/connect", results.LoadRSSPerConnection, 1, rows, 11),
	)
}

// compared are the columns of a metric that arms are compared by: median,
// range, ratio to the reference and its range, ranked in that order. The range
// of a ratio outlives that of the median: it is free of what disturbs all arms
// alike, and so it is what to trust first.
func compared(header string, m results.Metric, unit float64, rows []row, ranks ...int) []column {
	value := func(r row) (Estimate, bool) { e, ok := r.arm.Values[m]; return e, ok }
	ratio := func(r row) (Estimate, bool) {
		if r.arm.Name == r.cell.Reference {
			e, ok := r.arm.Values[m]
			return Estimate{1, 1, 1, e.Blocks}, ok
		}
		e, ok := r.arm.Ratios[m]
		return e, ok
	}
	ratios := numbers("× ref", ranks[2], rows, func(r row) number {
		e, ok := ratio(r)
		return number{value: e.Median, known: ok}
	})
	ratios.name = "ratio of " + title(header)
	return []column{
		numbers(header, ranks[0], rows, func(r row) number {
			e, ok := value(r)
			return number{value: e.Median / unit, known: ok}
		}),
		ranges("range", "range of "+title(header), ranks[1], rows, unit, value),
		ratios,
		ranges("× range", "range of the ratio of "+title(header), ranks[3], rows, 1, func(r row) (Estimate, bool) {
			e, ok := ratio(r)
			return e, ok && r.arm.Name != r.cell.Reference
		}),
	}
}

func plainMetric(header string, m results.Metric, unit float64, rows []row, rank int) column {
	return numbers(header, rank, rows, func(r row) number {
		e, ok := r.arm.Values[m]
		return number{value: e.Median / unit, known: ok}
	})
}

// percentile is the column of a latency percentile, in µs.
func percentile(header string, m results.Metric, p float64, rows []row, rank int) column {
	return numbers(header, rank, rows, func(r row) number {
		e, ok := r.arm.Values[m]
		n := number{value: e.Median / 1e3, known: ok}
		switch carried(r.arm.Samples, p) {
		case carriedNot:
			n.hidden = true
		case carriedRoughly:
			n.mark = "~"
		}
		return n
	})
}

// number is a value in a column that keeps to one number of decimals.
type number struct {
	value  float64
	mark   string // before it
	known  bool
	hidden bool // known, but not to be shown: a dash
}

const dash = "-"

func numbers[R any](header string, rank int, rows []R, of func(R) number) column {
	c := column{header: header, rank: rank}
	var shown []float64
	all := make([]number, len(rows))
	for i, r := range rows {
		all[i] = of(r)
		if all[i].known && !all[i].hidden {
			shown = append(shown, all[i].value)
		}
	}
	digits := decimals(shown)
	if !slices.ContainsFunc(shown, func(v float64) bool { return v != math.Trunc(v) }) {
		digits = 0
	}
	for _, n := range all {
		switch {
		case !n.known:
			c.cells = append(c.cells, "")
		case n.hidden:
			c.cells = append(c.cells, dash)
		default:
			c.cells = append(c.cells, n.mark+formatNumber(n.value, digits))
		}
	}
	return c
}

// ranges is a column of ranges. One block has none.
func ranges(header, name string, rank int, rows []row, unit float64, of func(row) (Estimate, bool)) column {
	c := column{header: header, name: name, rank: rank, cells: make([]string, len(rows))}
	known := make(map[int]Estimate) // by row
	var ends []float64
	for i, r := range rows {
		if e, ok := of(r); ok && e.Blocks > 1 {
			known[i] = e
			ends = append(ends, e.Low/unit, e.High/unit)
		}
	}
	digits := decimals(ends)
	for i, e := range known {
		c.cells[i] = formatNumber(e.Low/unit, digits) + "–" + formatNumber(e.High/unit, digits)
	}
	return c
}

// title is a header on one line.
func title(header string) string {
	return strings.ReplaceAll(strings.ReplaceAll(header, "\n/", "/"), "\n", " ")
}

// empty tells a column that has nothing to say in any row.
func (c column) empty() bool {
	return !slices.ContainsFunc(c.cells, func(s string) bool { return s != "" })
}
