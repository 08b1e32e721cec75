package report

import (
	"slices"

	"muxbench/results"
)

// CostModel is what one wait of an arm's server costs, with what the server
// does until the next one.
type CostModel struct {
	Arm string `json:"arm"`
	// Scenarios have the cells: those of messages in a closed loop are the same
	// work, and of the same size and socket buffers one model is of them all.
	Scenarios     []string `json:"scenarios"`
	Size          int      `json:"size"`
	SocketBuffers int      `json:"socket_buffers"`
	Cells         int      `json:"cells"` // that differ in connections, watched or active
	// Missing is what a model would take; then there is no fit.
	Missing string   `json:"missing,omitempty"`
	Fit     *CostFit `json:"fit,omitempty"`
}

// leastCostBlocks and leastCostCells are what three coefficients with their
// intervals take.
const leastCostBlocks, leastCostCells = 3, 3

// costRow is what one block of one cell says of an arm's waits.
type costRow struct {
	cell           results.Cell
	block          int
	ns             float64 // a wait
	watched, ready float64
}

// costGroup is what cells have in common that one model is of.
type costGroup struct {
	chain               bool
	size, socketBuffers int
}

// costModels are one for each arm and group of cells, in the order of the
// file. Control arms, and servers that count no waits, have none.
func costModels(trials []results.Trial) []CostModel {
	trials = slices.DeleteFunc(slices.Clone(trials), func(t results.Trial) bool {
		return !exchanging(t.Cell) && t.Scenario != results.ScenarioChain || t.Control
	})
	var models []CostModel
	for _, g := range group(trials, func(t results.Trial) costGroup {
		return costGroup{t.Scenario == results.ScenarioChain, t.Size, t.SocketBuffers}
	}) {
		for _, arm := range group(g, func(t results.Trial) string { return t.Arm }) {
			if m, ok := costModel(arm); ok {
				models = append(models, m)
			}
		}
	}
	return models
}

// costModel is not ok where there is nothing to compare: of one number of
// connections and active ones, or without any wait.
func costModel(trials []results.Trial) (CostModel, bool) {
	first := trials[0]
	m := CostModel{Arm: first.Arm, Size: first.Size, SocketBuffers: first.SocketBuffers}
	var rows []costRow
	for _, t := range trials {
		if r, ok := costOf(t); ok {
			rows = append(rows, r)
			if !slices.Contains(m.Scenarios, t.Scenario) {
				m.Scenarios = append(m.Scenarios, t.Scenario)
			}
		}
	}
	places := costPlaces(rows)
	if m.Cells = len(places); m.Cells < 2 {
		return m, false
	}
	if m.Missing = missingRows(rows, places); m.Missing == "" {
		m.Fit, m.Missing = fitCosts(rows)
	}
	return m, true
}

// costOf is not ok of a trial that is not, or has no wait or no time.
func costOf(t results.Trial) (costRow, bool) {
	if t.Status != results.StatusOK || t.Counters == nil || t.Counters.Server.Waits <= 0 {
		return costRow{}, false
	}
	var ns float64
	for _, s := range t.Slices {
		if t.Scenario == results.ScenarioChain {
			ns += float64(s.ElapsedNS)
		} else {
			ns += float64(s.ServerCPUNS)
		}
	}
	waits := float64(t.Counters.Server.Waits)
	return costRow{t.Cell, t.Block, ns / waits, float64(t.Connections), float64(t.Counters.Server.Events) / waits}, ns > 0 && t.Counters.Server.Events > 0
}

// place is where a cell lies for a cost model.
type place struct{ connections, active int }

func (r costRow) place() place { return place{r.cell.Connections, r.cell.Active} }

// costPlaces are those of rows, by active connections and then by all.
func costPlaces(rows []costRow) []place {
	var all []place
	for _, r := range rows {
		if !slices.Contains(all, r.place()) {
			all = append(all, r.place())
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		if a.active != b.active {
			return a.active - b.active
		}
		return a.connections - b.connections
	})
	return all
}

// missingRows says why rows carry no model; empty if they do.
func missingRows(rows []costRow, places []place) string {
	first, last := places[0], places[len(places)-1]
	differ := func(of func(place) int) bool {
		return slices.ContainsFunc(places, func(p place) bool { return of(p) != of(first) })
	}
	straight := func(p place) bool { // they lie on one line
		dx, dy := float64(last.connections-first.connections), float64(last.active-first.active)
		return float64(p.connections-first.connections)*dy == float64(p.active-first.active)*dx
	}
	switch {
	case !differ(func(p place) int { return p.active }):
		return "active connections do not vary"
	case !differ(func(p place) int { return p.connections }):
		return "connections do not vary"
	case len(places) < leastCostCells || !slices.ContainsFunc(places, func(p place) bool { return !straight(p) }):
		return "active connections vary only along with all"
	case len(blocksOf(rows)) < leastCostBlocks:
		return "fewer than 3 blocks"
	}
	return ""
}

func blocksOf(rows []costRow) []int {
	var all []int
	for _, r := range rows {
		if !slices.Contains(all, r.block) {
			all = append(all, r.block)
		}
	}
	return all
}
