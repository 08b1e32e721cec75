package report

import (
	"maps"
	"slices"
	"strings"

	"muxbench/results"
)

// Backends of one mechanism that differ in when it tells of a descriptor: as long
// as it is ready, when it becomes ready, or once until it is asked for again.
const (
	levelTriggered = "epoll-lt"
	edgeTriggered  = "epoll-et"
	oneShot        = "epoll-oneshot"
)

// LevelOrEdge is how an edge-triggered or one-shot arm compares with the
// level-triggered reference of its cell in one metric.
//
// The ratio and its exact 95 % interval are those of the arm: turn by turn within
// blocks, and over blocks by Hodges and Lehmann. An arm is equivalent whose interval lies
// within the bound to both sides of 1. That is at least as strict as two one-sided
// tests at 5 %, which ask it of the 90 % interval only. It takes less or more where
// the interval leaves out 1 and the signed-rank test does so at 5 % after Benjamini
// and Hochberg, over all the run's ratios of the metric. Neither is said more finely
// than the control arm allows, which is the reference a second time.
type LevelOrEdge struct {
	results.Cell
	Arm     string         `json:"arm"`
	Backend string         `json:"backend"`
	Metric  results.Metric `json:"metric"`
	// Ratio is nil where the two have no block in common, or Verdict is LeftOut.
	Ratio   *Ratio       `json:"ratio_to_reference,omitempty"`
	Verdict LevelVerdict `json:"verdict"`
	// Bound is that of Equivalent: 0.01 for 1 %.
	Bound float64 `json:"bound"`
	// WithinBound is of the interval, which may leave out 1 as well: such an arm
	// takes less or more, and by no more than that.
	WithinBound bool `json:"within_bound"`
	// Control is the control arm's ratio to the reference, nil without one that has
	// enough blocks and is not saturated.
	Control *Estimate `json:"control_ratio_to_reference,omitempty"`
	// Why says for what reason the arm is left out.
	Why string `json:"left_out_because,omitempty"`

	cell     Cell
	arm      Arm
	workload string // the cell among those of the section
}

// levelOrEdge compares every edge-triggered or one-shot arm. It is empty of a run
// in which other backends take part, or in which a cell has another reference than
// a level-triggered one: that run asks something else.
func levelOrEdge(scenarios []Scenario) []LevelOrEdge {
	if !asksLevelOrEdge(scenarios) {
		return nil
	}
	var all []LevelOrEdge
	naming := workloads(scenarios)
	for _, sc := range scenarios {
		name := naming(sc)
		for _, c := range sc.Cells {
			if !alikeWork(c.Cell) {
				continue
			}
			for _, a := range c.Arms {
				if a.Control || a.Backend == levelTriggered {
					continue
				}
				for _, m := range c.levelMetrics(a) {
					l := c.levelOrEdge(a, m)
					l.workload = name(c.Cell)
					all = append(all, l)
				}
			}
		}
	}
	return all
}

// asksLevelOrEdge says that nothing but ways of triggering is compared, and each
// with level-triggered.
func asksLevelOrEdge(scenarios []Scenario) bool {
	ways := []string{levelTriggered, edgeTriggered, oneShot}
	for _, sc := range scenarios {
		for _, c := range sc.Cells {
			reference, ok := c.arm(c.Reference)
			if !ok || reference.Backend != levelTriggered {
				return false
			}
			// Arms that differ in something else are no answer to this question.
			if slices.ContainsFunc(c.Arms, func(a Arm) bool {
				return a.external() || !slices.Contains(ways, a.Backend) || !maps.Equal(a.Options, reference.Options)
			}) {
				return false
			}
		}
	}
	return true
}

// alikeWork says that arms of such a cell do the same work for each message: not
// where nothing is exchanged, and not where each arm is offered a rate of its own,
// for what a message costs depends on how many come at once.
func alikeWork(c results.Cell) bool {
	perMessage := slices.ContainsFunc(c.Pairings(), func(p results.Pairing) bool { return p.Metric == results.ServerCPUPerMessage })
	return perMessage && (demandOf(c) == byReplies || demandOf(c) == byRate)
}

// levelMetrics are server CPU and, where the rate is given, the latencies that
// samples of both arms carry.
func (c Cell) levelMetrics(a Arm) []results.Metric {
	all := []results.Metric{results.ServerCPUPerMessage}
	reference, _ := c.arm(c.Reference)
	for _, p := range c.Pairings() {
		at := p.Metric.Percentile()
		if at > 0 && a.Ratios[p.Metric] != nil && results.Carried(min(a.Samples, reference.Samples), at) != results.CarriedNot {
			all = append(all, p.Metric)
		}
	}
	return all
}

func (c Cell) levelOrEdge(a Arm, m results.Metric) LevelOrEdge {
	l := LevelOrEdge{Cell: c.Cell, Arm: a.Name, Backend: a.Backend, Metric: m, Bound: equivalence, cell: c, arm: a}
	if l.Why = c.saturation(a); l.Why != "" {
		l.Verdict = LeftOut
		return l
	}
	if control, ok := c.control(); ok && !control.overloaded() {
		if r := control.Ratios[m]; r != nil && r.Interval {
			l.Control = &r.Estimate
		}
	}
	l.Ratio = a.Ratios[m]
	l.Verdict, l.WithinBound = judge(l.Ratio, l.Control)
	return l
}

// saturation says which of the arm and the reference cannot do what is asked:
// whoever is behind reads more at once, and its messages cost less.
func (c Cell) saturation(a Arm) string {
	var names []string
	if reference, _ := c.arm(c.Reference); reference.overloaded() {
		names = append(names, plainName(c.Reference))
	}
	if a.overloaded() {
		names = append(names, plainName(a.Name))
	}
	if len(names) == 0 {
		return ""
	}
	return enumerate(names) + " " + verbFor(names, "is", "are") + " saturated"
}

// workloads names the cells of a scenario among those of all: by what tells them
// apart from others of the scenario, by connections where those of scenarios differ,
// and by the rate where a closed loop has the same scenario.
func workloads(scenarios []Scenario) func(Scenario) func(results.Cell) string {
	cells := levelCells(scenarios)
	connections := connectionsDimension()
	differ := slices.ContainsFunc(cells, func(c Cell) bool { return c.Connections != cells[0].Connections })
	return func(sc Scenario) func(results.Cell) string {
		telling, _ := splitDimensions(sc.Cells)
		first := sc.Cells[0].Cell
		same := slices.ContainsFunc(cells, func(c Cell) bool { return c.Scenario == first.Scenario && open(c.Cell) != open(first) })
		has := func(name string) bool {
			return slices.ContainsFunc(telling, func(d dimension) bool { return d.name == name })
		}
		if differ && !has(connections.name) {
			telling = append([]dimension{connections}, telling...)
		}
		for _, d := range dimensions(sc.Name) {
			if d.name == "rate" && same && !has(d.name) {
				telling = append(telling, d)
			}
		}
		return func(c results.Cell) string {
			return strings.Join(append([]string{plainName(sc.Name)}, phrases(telling, c)...), ", ")
		}
	}
}

// levelCells are those that arms are compared in.
func levelCells(scenarios []Scenario) []Cell {
	var cells []Cell
	for _, sc := range scenarios {
		for _, c := range sc.Cells {
			if alikeWork(c.Cell) {
				cells = append(cells, c)
			}
		}
	}
	return cells
}
