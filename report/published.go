package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"muxbench/results"
)

// maxQuoteColumns is of what somebody else has said: more than a reason gets,
// for it is shown as it was given.
const maxQuoteColumns = 1000

// publishedRow is a figure of somebody else, and what this run has measured
// for the same work.
type publishedRow struct {
	results.Published
	here Cell // without arms if the run has none
}

// newPublishedTable is nil for a run without published figures, and for one
// without trials, beside which there is nothing to show.
func newPublishedTable(s Summary) *table {
	if len(s.Run.Published) == 0 || len(s.Scenarios) == 0 {
		return nil
	}
	var rows []publishedRow
	var work []Cell
	for _, p := range s.Run.Published {
		rows = append(rows, publishedRow{p, s.sameWork(p.Cell)})
		work = append(work, Cell{Cell: results.Cell{
			Scenario: results.ScenarioChain, Connections: p.Cell.Connections, Active: p.Cell.Active, Rounds: p.Cell.Rounds, Size: 1,
		}})
	}
	varying, fixed := splitDimensions(work)
	t := table{
		heading: strings.Join(append([]string{"figures from elsewhere, beside this run's: µs per iteration"}, phrases(fixed, work[0].Cell)...), ", ") +
			"; other machines and kernels: compare shapes, not values",
		remarks: quotations(s.Run.Published),
	}
	sources := column{header: "source", cell: true, left: true, breaks: true, yields: true}
	for _, r := range rows {
		sources.cells = append(sources.cells, plainText(r.Source))
	}
	t.columns = append(t.columns, sources)
	for _, d := range varying {
		t.columns = append(t.columns, numbers(d.name, 0, work, func(c Cell) number {
			return number{value: d.value(c.Cell), known: true}
		}))
	}
	backends, ranks := publishedBackends(s, rows)
	for _, backend := range backends {
		t.columns = append(t.columns, publishedColumns(rows, backend, ranks[backend])...)
	}
	return &t
}

// sameWork is the cell of this run that does what c asks for.
func (s Summary) sameWork(c results.Cell) Cell {
	for _, sc := range s.Scenarios {
		for _, cell := range sc.Cells {
			if sc.Name == results.ScenarioChain && c.Scenario == results.ScenarioChain &&
				cell.Connections == c.Connections && cell.Active == c.Active && cell.Rounds == c.Rounds {
				return cell
			}
		}
	}
	return Cell{}
}

// publishedBackends are those that any row has a figure of: the run's own in
// its order, then others. Those with the most figures to compare stay longest,
// and of equals the first and the last: between them lies what the others show.
func publishedBackends(s Summary, rows []publishedRow) (backends []string, ranks map[string]int) {
	compared := make(map[string]int) // rows, by backend
	for _, r := range rows {
		for b := range r.ElapsedNS {
			n := compared[b]
			if _, ok := r.here.elapsed(b); ok {
				n++
			}
			compared[b] = n
		}
	}
	for _, sc := range s.Scenarios {
		for a := range sc.arms() {
			if _, named := compared[a.Backend]; named && !slices.Contains(backends, a.Backend) {
				backends = append(backends, a.Backend)
			}
		}
	}
	for _, b := range slices.Sorted(maps.Keys(compared)) {
		if !slices.Contains(backends, b) {
			backends = append(backends, b)
		}
	}
	order := slices.Clone(backends)
	if len(order) > 1 {
		slices.Reverse(order[1:])
	}
	slices.SortStableFunc(order, func(a, b string) int { return compared[b] - compared[a] })
	ranks = make(map[string]int)
	for i, b := range order {
		ranks[b] = i
	}
	return backends, ranks
}

// publishedColumns are the figures of one backend, theirs and ours. For lack of
// width, ours are left out before theirs: the table of the scenario has them
// too.
func publishedColumns(rows []publishedRow, backend string, rank int) []column {
	name := plainName(backend)
	columns := []column{
		numbers(name+"\nthere", 2*rank, rows, func(r publishedRow) number {
			ns, ok := r.ElapsedNS[backend]
			return number{value: float64(ns) / 1e3, known: true, hidden: !ok}
		}),
		numbers(name+"\nhere", 2*rank+1, rows, func(r publishedRow) number {
			e, ok := r.here.elapsed(backend)
			return number{value: e.Value / 1e3, known: true, hidden: !ok}
		}),
	}
	for i := range columns {
		columns[i].breaks = true // a backend may have any name
	}
	return columns
}

// elapsed is of the arm that bears the backend's name, or else of the first
// that has the backend.
func (c Cell) elapsed(backend string) (Estimate, bool) {
	i := slices.IndexFunc(c.Arms, func(a Arm) bool { return a.Name == backend && a.Backend == backend })
	if i < 0 {
		i = slices.IndexFunc(c.Arms, func(a Arm) bool { return a.Backend == backend })
	}
	if i < 0 {
		return Estimate{}, false
	}
	e, ok := c.Arms[i].Values[results.Elapsed]
	return e, ok
}

// quotations are the notes to published figures, each with its source and
// said once.
func quotations(published []results.Published) []string {
	var all []string
	for _, p := range published {
		text := plainText(p.Source) + ": " + plain(p.Note, maxQuoteColumns)
		if strings.TrimSpace(p.Note) != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if extra := len(all) - maxNotes; extra > 0 {
		all = append(all[:maxNotes], fmt.Sprintf("There are %d notes more: see --format json.", extra))
	}
	return all
}
