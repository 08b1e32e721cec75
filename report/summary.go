// Package report turns the trials of a run into what people and programs
// read: a summary, and from it tables, CSV, JSON and charts. It reads nothing
// but results: whatever it shows can be had again from the result file.
//
// Result files may come from anywhere. Every string in them is shown with its
// control characters spelt out, and no file name is made from one unchecked.
package report

import (
	"fmt"

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
}

// missing says what of the plan the file lacks; empty if it is whole or the
// plan is not known.
func (s Summary) missing() string {
	got := 0
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				got += a.Blocks.Total()
			}
		}
	}
	if got >= s.Run.Planned {
		return ""
	}
	return fmt.Sprintf("incomplete: %s of %s planned trials are here", formatInt(int64(got)), formatInt(int64(s.Run.Planned)))
}

// Scenario is the cells of one scenario.
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
}

// Arm is what one arm of a cell did over all blocks.
type Arm struct {
	Name      string            `json:"arm"`
	Backend   string            `json:"backend"`
	Reference bool              `json:"reference"`
	Options   map[string]string `json:"options,omitempty"`
	Build     string            `json:"build,omitempty"`
	Blocks    Tally             `json:"blocks"`
	// Problems are the trials that are not ok: none of their values is used.
	Problems []Problem `json:"problems,omitempty"`
	// Flags are the validity flags that its trials carry.
	Flags []Flag `json:"validity,omitempty"`
	// Samples is the number of latencies in the ok trial that has the fewest:
	// messages, or connections in scenario connect. Scenario chain has none.
	Samples int64 `json:"latency_samples"`
	// Slices is the number of slices in the ok trial that has the fewest.
	Slices int `json:"slices"`
	// MostSlices is the number of slices in the ok trial that has the most.
	MostSlices int `json:"-"`
	// WorldStopped is the number of ok trials within whose slices the Go
	// runtime stopped the world.
	WorldStopped int `json:"trials_with_world_stops,omitempty"`
	// Values are over the ok trials.
	Values map[results.Metric]Estimate `json:"values"`
	// Ratios are to the reference arm, turn by turn within each block, of the
	// metrics that slices carry. The reference has none to itself.
	Ratios map[results.Metric]Estimate `json:"ratios_to_reference"`
}

// Estimate is a value over blocks: median, least and greatest.
type Estimate struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Blocks int     `json:"blocks"` // that it is had from, at least one
}

// Tally counts the trials of an arm, one a block, by how they ended.
type Tally struct {
	OK          int `json:"ok"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	Voided      int `json:"voided"`
	Interrupted int `json:"interrupted"`
}

// Total is the number of trials, however they ended.
func (t Tally) Total() int { return t.OK + t.Failed + t.Skipped + t.Voided + t.Interrupted }

// Problem is a trial that is not ok.
type Problem struct {
	Block  int            `json:"block"`
	Status results.Status `json:"status"`
	Reason string         `json:"reason"`
	Errors results.Errors `json:"errors"`
	Stderr string         `json:"stderr,omitempty"`
}

// Flag is a validity flag and the number of trials that carry it.
type Flag struct {
	Text   string `json:"flag"`
	Blocks int    `json:"blocks"`
}

// Summarise computes the summary of a run. No trial is dropped: one that is
// not ok gives no value, and is counted and kept with its reason.
func Summarise(run results.Run, trials []results.Trial) Summary {
	s := Summary{Run: run}
	for _, sweep := range group(trials, func(t results.Trial) string { return t.Scenario }) {
		scenario := Scenario{Name: sweep[0].Scenario}
		for _, cell := range group(sweep, func(t results.Trial) results.Cell { return t.Cell }) {
			scenario.Cells = append(scenario.Cells, summariseCell(cell))
		}
		s.Scenarios = append(s.Scenarios, scenario)
	}
	s.Commands = summariseCommands(run.Commands, s.Scenarios)
	return s
}

func summariseCell(trials []results.Trial) Cell {
	cell := Cell{Cell: trials[0].Cell}
	arms := group(trials, func(t results.Trial) string { return t.Arm })
	var reference []results.Trial
	for _, arm := range arms {
		if arm[0].Reference && reference == nil {
			reference = arm
			cell.Reference = arm[0].Arm
		}
	}
	for _, arm := range arms {
		summary := summariseArm(arm)
		if reference != nil && arm[0].Arm != cell.Reference {
			for _, m := range pairedMetrics(cell.Cell) {
				if e, ok := ratioOverBlocks(arm, reference, m); ok {
					summary.Ratios[m.metric] = e
				}
			}
		}
		cell.Arms = append(cell.Arms, summary)
	}
	cell.Verdict = judge(cell, arms)
	return cell
}

func summariseArm(trials []results.Trial) Arm {
	first := trials[0]
	arm := Arm{
		Name: first.Arm, Backend: first.Backend, Reference: first.Reference,
		Options: first.Options, Build: first.Build,
		Values: map[results.Metric]Estimate{}, Ratios: map[results.Metric]Estimate{},
	}
	values := make(map[results.Metric][]float64)
	for _, t := range trials {
		arm.Blocks.count(t.Status)
		arm.flag(t.Validity)
		if t.Status != results.StatusOK {
			arm.Problems = append(arm.Problems, Problem{t.Block, t.Status, t.Reason, t.Errors, t.Stderr})
			continue
		}
		if n := samples(t); arm.Blocks.OK == 1 || n < arm.Samples {
			arm.Samples = n
		}
		if n := len(t.Slices); arm.Blocks.OK == 1 || n < arm.Slices {
			arm.Slices = n
		}
		arm.MostSlices = max(arm.MostSlices, len(t.Slices))
		if t.Values[results.WorldStops] > 0 {
			arm.WorldStopped++
		}
		for metric, v := range t.Values {
			values[metric] = append(values[metric], v)
		}
	}
	for metric, v := range values {
		arm.Values[metric] = estimate(v)
	}
	return arm
}

// count counts a trial. A status that no reader lets through counts as
// failed: whatever it means, it is not ok.
func (t *Tally) count(status results.Status) {
	switch status {
	case results.StatusOK:
		t.OK++
	case results.StatusSkipped:
		t.Skipped++
	case results.StatusVoided:
		t.Voided++
	case results.StatusInterrupted:
		t.Interrupted++
	default:
		t.Failed++
	}
}

func (a *Arm) flag(texts []string) {
next:
	for _, text := range texts {
		for i := range a.Flags {
			if a.Flags[i].Text == text {
				a.Flags[i].Blocks++
				continue next
			}
		}
		a.Flags = append(a.Flags, Flag{text, 1})
	}
}

// samples is the number of latencies in a trial's histogram.
func samples(t results.Trial) int64 {
	switch t.Scenario {
	case scenarioChain:
		return 0
	case scenarioConnect:
		var n int64
		for _, s := range t.Slices {
			n += s.Connects
		}
		return n
	}
	return int64(t.Values[results.Messages])
}

// estimate is over at least one value.
func estimate(values []float64) Estimate {
	low, high := stats.Range(values)
	return Estimate{Median: stats.Median(values), Low: low, High: high, Blocks: len(values)}
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
