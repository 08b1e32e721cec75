package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// CompareRuns holds result b against result a: every metric of every arm that
// both have in the same cell. It is an error, which says what each has, if they
// have no figure in common.
func CompareRuns(a, b ComparisonSide) (SideBySide, error) {
	differences := a.Run.Differences(b.Run)
	c := SideBySide{
		A: a, B: b, Differences: slices.Concat([]results.Difference{}, differences),
		Unlike: slices.Concat([]string{}, results.Unlike(differences)),
		OnlyA:  []ComparisonOnly{}, OnlyB: []ComparisonOnly{},
		SameRun: !a.Run.Started.IsZero() && a.Run.Started.Equal(b.Run.Started) && a.Run.Seed == b.Run.Seed,
	}
	c.Alike = len(c.Unlike) == 0
	of, to := newComparedSide(&c.A), newComparedSide(&c.B)
	for _, key := range of.order {
		cellA, cellB := of.cells[key], to.cells[key]
		if cellB == nil {
			c.OnlyA = append(c.OnlyA, only(key, cellA.names, true))
			continue
		}
		both := slices.DeleteFunc(slices.Clone(cellA.names), func(arm string) bool { return !slices.Contains(cellB.names, arm) })
		for _, arm := range both {
			c.Rows = append(c.Rows, rowsOfRuns(cellA, cellB, arm)...)
		}
		c.OnlyA = append(c.OnlyA, without(key, cellA.names, both)...)
		c.OnlyB = append(c.OnlyB, without(key, cellB.names, both)...)
	}
	for _, key := range to.order {
		if of.cells[key] == nil {
			c.OnlyB = append(c.OnlyB, only(key, to.cells[key].names, true))
		}
	}
	if !slices.ContainsFunc(c.Rows, func(r ComparisonRow) bool { return r.Ratio != nil }) {
		return SideBySide{}, fmt.Errorf("nothing to compare: no cell has an arm with a figure in both. A (%s) has %s. B (%s) has %s. "+
			"Cells are the same if all that was asked for is: connections, active ones, rounds or duration, size", plainText(a.Name), of, plainText(b.Name), to)
	}
	c.judge()
	return c, nil
}

func only(cell results.Cell, arms []string, whole bool) ComparisonOnly {
	return ComparisonOnly{Cell: cell, Arms: arms, Whole: whole}
}

// without is what of arms is not in both, if anything is.
func without(cell results.Cell, arms, both []string) []ComparisonOnly {
	rest := slices.DeleteFunc(slices.Clone(arms), func(arm string) bool { return slices.Contains(both, arm) })
	if len(rest) == 0 {
		return nil
	}
	return []ComparisonOnly{only(cell, rest, len(both) == 0)}
}

// comparedSide is a result as it is looked up.
type comparedSide struct {
	order []results.Cell
	cells map[results.Cell]*comparedCell
	ok    int // trials
}

type comparedCell struct {
	summary Cell
	names   []string // of arms, in their order
	trials  map[string][]results.Trial
}

// newComparedSide notes as well whether the side is to be trusted.
func newComparedSide(side *ComparisonSide) comparedSide {
	summary := Summarise(side.Run, side.Trials)
	side.Distrust = summary.Distrust()
	s := comparedSide{cells: make(map[results.Cell]*comparedCell)}
	for _, sc := range summary.Scenarios {
		for _, cell := range sc.Cells {
			c := &comparedCell{summary: cell, trials: make(map[string][]results.Trial)}
			for _, a := range cell.shown() {
				c.names = append(c.names, a.Name)
			}
			s.order = append(s.order, cell.Cell)
			s.cells[cell.Cell] = c
		}
	}
	for _, t := range side.Trials {
		c := s.cells[t.Cell]
		c.trials[t.Arm] = append(c.trials[t.Arm], t)
		if t.Status == results.StatusOK {
			s.ok++
		}
	}
	return s
}

// String says what there is, in an error.
func (s comparedSide) String() string {
	if len(s.order) == 0 {
		return "no trial"
	}
	var cells []Cell
	for _, key := range s.order {
		cells = append(cells, s.cells[key].summary)
	}
	naming := comparedNames(cells, true)
	where := make(map[string][]string) // by arms
	var order []string
	for _, c := range cells {
		var arms []string
		for _, name := range s.cells[c.Cell].names {
			arms = append(arms, plainName(name))
		}
		key := strings.Join(arms, ", ")
		if where[key] == nil {
			order = append(order, key)
		}
		where[key] = append(where[key], naming(c.Cell))
	}
	const most = 12
	var parts []string
	for _, arms := range order {
		of := where[arms]
		if more := len(of) - most; more > 0 {
			of = append(of[:most:most], fmt.Sprintf("and %d cells more", more))
		}
		parts = append(parts, arms+" of "+strings.Join(of, "; "))
	}
	return strings.Join(parts, "; ") + unless(s.ok > 0, ", and no trial that is ok")
}

// comparedMetrics are the metric that the cell's arms are judged by, and what
// they get done in a second, where they are asked for as much as they can.
func comparedMetrics(cell results.Cell) []results.Pairing {
	all := []results.Pairing{cell.Primary()}
	for _, p := range cell.Pairings() {
		if p.Metric == results.Throughput || p.Metric == results.ConnectsPerSecond {
			all = append(all, p)
		}
	}
	return all
}

// rowsOfRuns are the metrics of an arm that both have.
func rowsOfRuns(a, b *comparedCell, name string) []ComparisonRow {
	armA, _ := a.summary.arm(name)
	armB, _ := b.summary.arm(name)
	var rows []ComparisonRow
	for _, p := range comparedMetrics(a.summary.Cell) {
		row := newComparisonRow(a.summary.Cell, armA, armB, p)
		row.Control = armA.Control && armB.Control
		row.Changed = changes(armA, armB)
		if a.summary.Reference == b.summary.Reference {
			row.Reference = a.summary.Reference
		}
		if row.Why == "" {
			row.Ratio = ratioBetween(logsOf(a.trials[name], p.Metric), logsOf(b.trials[name], p.Metric))
		}
		if row.Ratio == nil && row.Why == "" {
			row.Why = "none of its values is above zero"
		}
		reference := row.Reference
		if row.Ratio != nil && reference != "" && reference != name && armA.Ratios[p.Metric] != nil && armB.Ratios[p.Metric] != nil {
			row.Relative = ratioBetween(p.BlockLogRatios(a.trials[name], a.trials[reference]), p.BlockLogRatios(b.trials[name], b.trials[reference]))
		}
		rows = append(rows, row)
	}
	return rows
}

// newComparisonRow has the values, or says why there are none to hold against
// each other.
func newComparisonRow(cell results.Cell, a, b Arm, p results.Pairing) ComparisonRow {
	row := ComparisonRow{Cell: cell, ArmA: a.Name, ArmB: b.Name, Metric: p.Metric, Primary: p.Metric == cell.Primary().Metric}
	var why []string
	for _, side := range []struct {
		name  string
		arm   Arm
		value **Estimate
	}{{"A", a, &row.A}, {"B", b, &row.B}} {
		n := side.arm.number(p.Metric, 1)
		if n.shown() {
			e := side.arm.Values[p.Metric]
			*side.value = &e
		}
		switch {
		case side.arm.Blocks.OK == 0:
			why = append(why, fmt.Sprintf("%s has no block that is ok (of %d)", side.name, side.arm.Blocks.Counted()))
		case side.arm.incomparable(p.Metric) && p.Metric == results.SLORate:
			why = append(why, side.name+" found no rate that keeps to the SLO")
		case side.arm.incomparable(p.Metric):
			why = append(why, side.name+" is saturated")
		case n.hidden:
			why = append(why, side.name+" has too few samples")
		case !n.shown():
			why = append(why, side.name+" has no value")
		}
	}
	row.Why = strings.Join(why, ", ")
	if p.Metric == results.Throughput {
		row.ClientBound = enumerate(slices.Concat(clientBound("A", a), clientBound("B", b)))
	}
	return row
}

// clientBound is the side if its load generator was mostly the bottleneck.
func clientBound(side string, a Arm) []string {
	for _, f := range a.Flags {
		if f.Text == string(results.CheckClientBound) && 2*f.Blocks > a.Blocks.OK {
			return []string{side}
		}
	}
	return nil
}

// logsOf are the logarithms of the ok trials' values.
func logsOf(trials []results.Trial, m results.Metric) []float64 {
	var logs []float64
	for _, t := range trials {
		if v := t.Values[m]; t.Status == results.StatusOK && v > 0 {
			logs = append(logs, math.Log(v))
		}
	}
	return logs
}

// changes are what of an arm is not the same in both results.
func changes(a, b Arm) []results.Difference {
	var all []results.Difference
	add := func(field, a, b string) {
		if a != b {
			all = append(all, results.Difference{Field: field, A: a, B: b, Bearing: results.OfBuild})
		}
	}
	add("backend", a.Backend, b.Backend)
	add("build", a.Build, b.Build)
	names := slices.Collect(maps.Keys(a.Options))
	names = slices.AppendSeq(names, maps.Keys(b.Options))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		add(name, a.Options[name], b.Options[name])
	}
	return all
}
