// Package report turns the trials of a run into what people and programs
// read: a summary, and from it tables, CSV, JSON and charts. It reads nothing
// but results: whatever it shows can be had again from the result file.
//
// Result files may come from anywhere. Every string in them is shown with its
// control characters spelt out, and no file name is made from one unchecked.
package report

import (
	"fmt"
	"math"

	"muxbench/results"
	"muxbench/results/stats"
)

// Summary is a run by scenario, cell and arm, each in the order in which the
// result file first names it. Durations are nanoseconds, sizes bytes, rates
// per second.
type Summary struct {
	Run       results.Run `json:"run"`
	Scenarios []Scenario  `json:"scenarios"`
	// Commands are those of the run, in their order.
	Commands []Command `json:"commands,omitempty"`
	// Costs are what a wait of each arm costs, where the run can tell.
	Costs []CostModel `json:"costs,omitempty"`
	// Crossovers are of any two arms, along each sweep that has cells enough.
	Crossovers []Crossover `json:"crossovers,omitempty"`
	// LevelOrEdge is of a run that compares nothing but the ways of triggering.
	LevelOrEdge []LevelOrEdge `json:"level_or_edge,omitempty"`
}

// missing says what of the plan the file lacks; empty if it is whole or the
// plan is not known. Voided trials are none of the plan's.
func (s Summary) missing() string {
	got := 0
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				got += a.Blocks.Counted()
			}
		}
	}
	cells := 0
	for _, sc := range s.Scenarios {
		cells += len(sc.Cells)
	}
	switch {
	case s.Run.Planned == 0 && cells < s.Run.Cells:
		return fmt.Sprintf("incomplete: %s of %s cells had no block: there was no time left for one", formatInt(int64(s.Run.Cells-cells)), formatInt(int64(s.Run.Cells)))
	case got >= s.Run.Planned:
		return ""
	}
	return fmt.Sprintf("incomplete: %s of %s planned trials are here", formatInt(int64(got)), formatInt(int64(s.Run.Planned)))
}

// Scenario is the cells of one scenario, of a closed loop or of an open one
// whose rate was had in one way: a run may hold several of the same name.
type Scenario struct {
	Name  string `json:"scenario"`
	Cells []Cell `json:"cells"`
}

// Cell is what every arm of one cell did.
type Cell struct {
	results.Cell
	Reference string   `json:"reference"` // name of the arm that ratios are to; empty if the cell has none
	Arms      []Arm    `json:"arms"`
	Verdict   *Verdict `json:"verdict,omitempty"` // nil where there are no two arms to compare
	// Noise is of the metrics that arms are compared by; empty without a control
	// arm that has enough blocks.
	Noise map[results.Metric]Noise `json:"noise,omitempty"`
}

// Estimate is a value over blocks.
type Estimate struct {
	Value float64 `json:"value"` // the median; of a ratio, the Hodges–Lehmann estimate
	// Low and High are the ends of the exact 95 % interval if Interval is true;
	// of fewer blocks than it takes, those of the range from the least to the
	// greatest.
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Interval bool    `json:"interval"`
	Blocks   int     `json:"blocks"` // that it is had from, at least one
}

// Summarise computes the summary of a run. No trial is dropped: one that is
// not ok gives no value, and is counted and kept with its reason.
func Summarise(run results.Run, trials []results.Trial) Summary {
	s := Summary{Run: run}
	var contests []*contest
	for _, sweep := range group(trials, sweepOf) {
		scenario := Scenario{Name: sweep[0].Scenario}
		for _, cell := range group(sweep, func(t results.Trial) results.Cell { return t.Cell }) {
			summary, arms := summariseCell(cell)
			scenario.Cells = append(scenario.Cells, summary)
			contests = append(contests, newContest(summary, arms))
		}
		s.Scenarios = append(s.Scenarios, scenario)
	}
	s.adjustRatios()
	adjustContests(contests)
	for _, sc := range s.Scenarios {
		for i := range sc.Cells {
			sc.Cells[i].Verdict, contests = contests[0].verdict(), contests[1:]
		}
	}
	s.Commands = summariseCommands(run.Commands, s.Scenarios)
	s.Costs = costModels(trials)
	s.Crossovers = crossovers(s.Scenarios, trials)
	s.LevelOrEdge = levelOrEdge(s.Scenarios)
	return s
}

// summariseCell returns the trials of each arm as well, in the order of the
// cell's arms.
func summariseCell(trials []results.Trial) (cell Cell, arms [][]results.Trial) {
	cell = Cell{Cell: trials[0].Cell}
	arms = group(trials, func(t results.Trial) string { return t.Arm })
	void := make(map[int]bool) // blocks, by number
	for _, t := range trials {
		if t.Status == results.StatusVoided {
			void[t.Block] = true
		}
	}
	var reference []results.Trial
	for _, arm := range arms {
		if arm[0].Reference && reference == nil {
			reference = arm
			cell.Reference = arm[0].Arm
		}
	}
	for _, arm := range arms {
		summary := summariseArm(arm, void)
		if reference != nil && arm[0].Arm != cell.Reference {
			for _, m := range cell.Pairings() {
				if r, ok := ratioOverBlocks(arm, reference, m); ok {
					summary.Ratios[m.Metric] = &r
				}
			}
		}
		cell.Arms = append(cell.Arms, summary)
	}
	cell.dropEmptyRatios()
	cell.Noise = cell.noise()
	return cell, arms
}

// estimate is over at least one value.
func estimate(values []float64) Estimate {
	return newEstimate(stats.MedianInterval(values, confidence), values)
}

// newEstimate has the range of values where they are too few for an interval.
func newEstimate(i stats.Interval, values []float64) Estimate {
	e := Estimate{i.Estimate, i.Low, i.High, !math.IsNaN(i.Low), len(values)}
	if !e.Interval {
		e.Low, e.High = stats.Range(values)
	}
	return e
}

// group splits trials by key, keeping the order of first appearance.
func group[K comparable](trials []results.Trial, key func(results.Trial) K) [][]results.Trial {
	var groups [][]results.Trial
	index := make(map[K]int)
	for _, t := range trials {
		k := key(t)
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}
