package report

import (
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// whyCounter is something that a server counts, which may make it dearer than
// another.
type whyCounter struct {
	metric results.Metric
	header string
	rank   int
	// trivial is the value that most servers have, and what to say below the
	// table where all do.
	trivial float64
	folded  string // empty: nothing
}

// whyCounters are in the order of a table's columns. Those of the kernel's
// looking and of system calls stay longest where width is short.
func whyCounters(u unit) []whyCounter {
	per, each := "/"+u.short, " "+u.one
	return []whyCounter{
		{results.ServerWaitsPerMsg, "waits\n" + per, 2, 1, "one wait" + each},
		{results.EventsPerWait, "events\n/wait", 7, 1, "one event a wait"},
		{results.ServerEmptyWaitsPerMsg, "empty\nwaits" + per, 8, 0, "no empty waits"},
		{results.ExaminedPerWait, "examined\n/wait", 1, 0, "no descriptors examined, as the kernel keeps the sets"},
		{results.ServerReadsPerMsg, "reads\n" + per, 3, 1, "one read" + each},
		{results.ServerWritesPerMsg, "writes\n" + per, 4, 1, "one write" + each},
		{results.ServerRegsPerMsg, "registrations\n" + per, 9, 0, "no registrations"},
		{results.ServerFutexesPerMsg, "futexes\n" + per, 12, 0, ""}, // where there is no pool, nobody asks
	}
}

// newWhyTable is what the servers of a scenario counted: what may have made
// one of them dearer than another. The second measurement of a reference is
// not shown. It is nil if no server counted anything.
func newWhyTable(sc Scenario) *table {
	if sc.Name == results.ScenarioAccept || sc.Name == results.ScenarioCtl {
		return nil // its own table has all
	}
	var rows []row
	for _, c := range sc.Cells {
		for _, a := range c.Arms {
			if !a.Control {
				rows = append(rows, row{c, a})
			}
		}
	}
	if !slices.ContainsFunc(rows, func(r row) bool { return r.arm.counts(sc.Name) }) {
		return nil
	}
	u := unitOf(sc.Name)
	varying, fixed := splitDimensions(sc.Cells)
	t := table{heading: whyHeading(sc, fixed), columns: rowColumns(rows, varying)}
	cpu := func(header string, m results.Metric, rank int) column { return counted(header, m, rows, rank) }
	if sc.Name == results.ScenarioChain {
		t.columns = append(t.columns, plainMetric("µs per\niteration", results.Elapsed, 1e3, rows, 0))
	}
	t.columns = append(t.columns,
		cpu("CPU\nns/"+u.short, results.ServerCPUPerMessage, 0),
		cpu("of it\nuser", results.ServerUserCPUPerMsg, 6),
		cpu("of it\nsystem", results.ServerSystemCPUPerMsg, 5),
	)
	var folded []string
	for _, c := range whyCounters(u) {
		switch {
		case everywhere(rows, c) && c.folded == "":
		case everywhere(rows, c):
			folded = append(folded, c.folded)
		default:
			t.columns = append(t.columns, counted(c.header, c.metric, rows, c.rank))
		}
	}
	memory := plainMetric("memory\nB/connection", results.ServerRSSPerConnection, 1, rows, 11)
	t.columns = append(t.columns, switchesColumn(rows), memory)
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	if len(folded) > 0 {
		t.remarks = []string{"Of every server that counts: " + enumerate(folded) + "."}
	}
	return &t
}

// rowColumns are the columns that tell rows apart: cells, then arms.
func rowColumns(rows []row, varying []dimension) []column {
	var cells []results.Cell
	for _, r := range rows {
		cells = append(cells, r.cell.Cell)
	}
	columns := dimensionColumns(cells, varying)
	arms := column{header: "backend", left: true}
	for _, r := range rows {
		arms.cells = append(arms.cells, plainName(r.arm.Name))
	}
	return append(columns, arms)
}

// dimensionColumns tell the cells of rows apart.
func dimensionColumns(cells []results.Cell, varying []dimension) []column {
	var columns []column
	for _, d := range varying {
		header := d.header
		if header == "" {
			header = strings.ReplaceAll(d.name, "-", "\n")
		}
		c := numbers(header, 0, cells, func(c results.Cell) number { return number{value: d.value(c), known: true} })
		c.cell = true
		for i, cell := range cells {
			switch {
			case d.show != nil:
				c.cells[i] = d.show(cell)
			case d.zero != "" && d.value(cell) == 0:
				c.cells[i] = d.zero
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// counts tells whether the arm's server told what it did. Older result files
// have events per wait only, which explain nothing alone.
func (a Arm) counts(scenario string) bool {
	if scenario == results.ScenarioAccept {
		_, ok := a.Values[results.WakeupsPerAccept]
		return ok
	}
	for _, c := range whyCounters(unit{}) {
		if _, ok := a.Values[c.metric]; ok && c.metric != results.EventsPerWait {
			return true
		}
	}
	return false
}

// everywhere tells whether every server that counts has the counter's trivial
// value.
func everywhere(rows []row, c whyCounter) bool {
	known := false
	for _, r := range rows {
		e, ok := r.arm.Values[c.metric]
		if ok && e.Value != c.trivial {
			return false
		}
		known = known || ok
	}
	return known
}

func whyHeading(sc Scenario, fixed []dimension) string {
	parts := []string{
		strings.Join(phrases(fixed, sc.Cells[0].Cell), ", "),
		"what the servers did for " + unitOf(sc.Name).whole + ", medians over blocks",
		"user and system as the kernel divides the CPU time, by sampling",
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return plainName(sc.Name) + ", why: " + strings.Join(parts, "; ")
}

// switchesColumn is how often a second the kernel took the CPU away from the
// server's thread.
func switchesColumn(rows []row) column {
	return numbers("switches\n/s", 10, rows, func(r row) number {
		v, ok := r.switchesPerSecond()
		return number{value: v, known: ok}
	})
}

func (r row) switchesPerSecond() (float64, bool) {
	switches, counted := r.arm.Values[results.ServerSwitches]
	elapsed, timed := r.arm.Values[results.Elapsed]
	seconds := elapsed.Value / 1e9
	if r.cell.OneProcess() { // whose time is of one iteration
		seconds *= float64(r.arm.Slices)
	}
	if !counted || !timed || seconds <= 0 {
		return 0, false
	}
	rate := switches.Value / seconds
	return rate, !math.IsInf(rate, 0) // of no time that anything was measured in
}
