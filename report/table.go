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
	for _, c := range sc.withoutAbsent().Cells {
		for _, a := range c.shown() {
			rows = append(rows, row{c, a})
		}
	}
	varying, fixed := splitDimensions(sc.Cells)
	t := table{
		heading: heading(sc, fixed), columns: rowColumns(rows, varying),
		notes: append(notes(sc, varying), worldStops(sc)...), remarks: remarks(sc, varying),
	}
	if slices.ContainsFunc(rows, func(r row) bool { return r.arm.Blocks.OK != r.arm.Blocks.Counted() }) {
		blocks := column{header: "blocks\nok", rank: 5} // notes say it too
		for _, r := range rows {
			blocks.cells = append(blocks.cells, fmt.Sprintf("%d/%d", r.arm.Blocks.OK, r.arm.Blocks.Counted()))
		}
		t.columns = append(t.columns, blocks)
	}
	t.columns = append(t.columns, valueColumns(sc.Cells[0].Cell, rows)...)
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	return t
}

// valueColumns are of what cells like c measure.
func valueColumns(c results.Cell, rows []row) []column {
	switch demandOf(c) {
	case byRate, byCapacity:
		return openColumns(rows)
	case bySLO:
		return sloColumns(rows)
	}
	switch c.Scenario {
	case results.ScenarioConnect:
		return connectColumns(rows)
	case results.ScenarioChain:
		return chainColumns(rows)
	case results.ScenarioChurn:
		return churnColumns(rows)
	case results.ScenarioAccept:
		return acceptColumns(rows)
	case results.ScenarioCtl:
		return ctlColumns(rows)
	case results.ScenarioFanout:
		return fanoutColumns(rows)
	case results.ScenarioScaling:
		return scalingColumns(rows)
	}
	return messageColumns(rows)
}

// absent says that an arm is none of a cell's: in scenario ctl some are for the messages
// that it is followed by, and its notes say so.
func (a Arm) absent(c Cell) bool {
	return c.Scenario == results.ScenarioCtl && a.Blocks.Skipped > 0 && a.Blocks.Skipped == a.Blocks.Total()
}

// withoutAbsent is the scenario without arms that are none of its cells'.
func (sc Scenario) withoutAbsent() Scenario {
	cells := slices.Clone(sc.Cells)
	for i, c := range cells {
		if arms := slices.DeleteFunc(slices.Clone(c.Arms), func(a Arm) bool { return a.absent(c) }); len(arms) > 0 {
			cells[i].Arms = arms // or else there would be no row to tell of
		}
	}
	sc.Cells = cells
	return sc
}

// shown are the arms in the order of rows: the control follows the reference,
// which it is to be held against.
func (c Cell) shown() []Arm {
	var arms []Arm
	controls := slices.DeleteFunc(slices.Clone(c.Arms), func(a Arm) bool { return !a.Control })
	others := slices.DeleteFunc(slices.Clone(c.Arms), func(a Arm) bool { return a.Control })
	for _, a := range others {
		arms = append(arms, a)
		if a.Name == c.Reference {
			arms, controls = append(arms, controls...), nil
		}
	}
	return append(arms, controls...)
}

func messageColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("msgs/s", results.Throughput, 1, rows, secondary())...)
	cols = append(cols, compared("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, primary())...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, rows, 12),
		percentile("p99\nµs", results.LatencyP99, rows, 6),
		percentile("p99.9\nµs", results.LatencyP999, rows, 13),
		counted("events\n/wait", results.EventsPerWait, rows, 16),
		counted("syscalls\n/msg", results.ServerSyscallsPerMsg, rows, 17),
	)
}

func connectColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("time to N\nms", results.ConnectElapsed, 1e6, rows, secondary())...)
	cols = append(cols, plainMetric("connects\n/s", results.ConnectsPerSecond, 1, rows, 13))
	cols = append(cols, compared("server CPU\nns/connect", results.ServerCPUPerConnection, 1, rows, primary())...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, rows, 12),
		percentile("p99\nµs", results.LatencyP99, rows, 6),
		plainMetric("server RSS\nB/connect", results.ServerRSSPerConnection, 1, rows, 16),
		plainMetric("load RSS\nB/connect", results.LoadRSSPerConnection, 1, rows, 17),
	)
}

func plainMetric(header string, m results.Metric, unit float64, rows []row, rank int) column {
	return numbers(header, rank, rows, func(r row) number { return r.arm.number(m, unit) })
}

// percentile is the column of a latency percentile, in µs.
func percentile(header string, m results.Metric, rows []row, rank int) column {
	return plainMetric(header, m, 1e3, rows, rank)
}

// number is the arm's value, of a percentile as far as its samples carry it. An
// arm that mostly found no rate has no figures at one.
func (a Arm) number(m results.Metric, unit float64) number {
	e, ok := a.Values[m]
	n := number{value: e.Value / unit, known: ok}
	if m == results.SLORate && a.missesSLO() {
		return number{word: "none", known: true}
	}
	n.hidden = ok && m != results.Capacity && a.missesSLO()
	if p := m.Percentile(); p > 0 {
		switch results.Carried(a.Samples, p) {
		case results.CarriedNot:
			n.hidden = true
		case results.CarriedRoughly:
			n.mark = "~"
		}
	}
	return n
}

// number is a value in a column that keeps to one number of decimals.
type number struct {
	value  float64
	mark   string // before it
	known  bool
	hidden bool   // known, but not to be shown: a dash
	word   string // in place of the value
}

const dash = "-"

func (n number) shown() bool { return n.known && !n.hidden && n.word == "" }

func numbers[R any](header string, rank int, rows []R, of func(R) number) column {
	var shown []float64
	all := make([]number, len(rows))
	for i, r := range rows {
		all[i] = of(r)
		if all[i].shown() {
			shown = append(shown, all[i].value)
		}
	}
	digits := decimals(shown)
	if !slices.ContainsFunc(shown, func(v float64) bool { return v != math.Trunc(v) }) {
		digits = 0
	}
	return withDecimals(header, rank, all, digits)
}

func withDecimals(header string, rank int, all []number, digits int) column {
	c := column{header: header, rank: rank}
	for _, n := range all {
		switch {
		case !n.known:
			c.cells = append(c.cells, "")
		case n.word != "":
			c.cells = append(c.cells, n.word)
		case n.hidden:
			c.cells = append(c.cells, dash)
		default:
			c.cells = append(c.cells, n.mark+formatNumber(n.value, digits))
		}
	}
	return c
}

// title is a header on one line. A hyphen that ends a line was put there for it.
func title(header string) string {
	return strings.NewReplacer("\n/", "/", "-\n", "", "\n", " ").Replace(header)
}

// empty tells a column that has nothing to say in any row.
func (c column) empty() bool {
	return !slices.ContainsFunc(c.cells, func(s string) bool { return s != "" })
}
