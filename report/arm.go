package report

import (
	"slices"

	"muxbench/results"
)

// Arm is what one arm of a cell did over all blocks.
type Arm struct {
	Name      string            `json:"arm"`
	Backend   string            `json:"backend"`
	Reference bool              `json:"reference"`
	Control   bool              `json:"control,omitempty"` // the reference a second time
	Options   map[string]string `json:"options,omitempty"`
	Build     string            `json:"build,omitempty"`
	Blocks    Tally             `json:"blocks"`
	// Problems are the trials that are not ok: none of their values is used.
	Problems []Problem `json:"problems,omitempty"`
	// Flags are the validity flags that its trials carry, but for voided ones.
	Flags []Flag `json:"validity,omitempty"`
	// Samples is the number of latencies in the ok trial that has the fewest:
	// messages, connections in scenarios connect, accept and churn, what was said in
	// fanout. Scenarios chain and ctl have none.
	Samples int64 `json:"latency_samples"`
	// Slices is the number of slices in the ok trial that has the fewest.
	Slices int `json:"slices"`
	// MostSlices is the number of slices in the ok trial that has the most.
	MostSlices int `json:"-"`
	// WorldStopped is the number of ok trials within whose slices the Go
	// runtime stopped the world.
	WorldStopped int `json:"trials_with_world_stops,omitempty"`
	// CPUs is how many the server's threads had in the ok trial that has the most; 0 if
	// they were pinned to none.
	CPUs int `json:"-"`
	// Open is nil for an arm of a closed loop, and for one without ok trials.
	Open *OpenLoop `json:"open_loop,omitempty"`
	// Values are over the ok trials.
	Values map[results.Metric]Estimate `json:"values"`
	// Ratios are to the reference arm, turn by turn within each block, of the
	// metrics that slices carry. The reference has none to itself.
	Ratios map[results.Metric]*Ratio `json:"ratios_to_reference"`
}

// Tally counts the trials of an arm, one a block, by how they ended.
type Tally struct {
	OK          int `json:"ok"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	Voided      int `json:"voided"`
	Interrupted int `json:"interrupted"`

	InVoid int `json:"-"` // of those, the ones of void blocks: a trial that fails in one has failed
}

// Total is the number of trials, however they ended.
func (t Tally) Total() int { return t.OK + t.Failed + t.Skipped + t.Voided + t.Interrupted }

// Counted is the number of trials but for those of voided blocks, which were
// measured beside the others.
func (t Tally) Counted() int { return t.Total() - t.InVoid }

// Problem is a trial that is not ok.
type Problem struct {
	Block  int            `json:"block"`
	Status results.Status `json:"status"`
	Reason string         `json:"reason"`
	Errors results.Errors `json:"errors"`
	Stderr string         `json:"stderr,omitempty"`
}

func summariseArm(trials []results.Trial, void map[int]bool) Arm {
	first := trials[0]
	arm := Arm{
		Name: first.Arm, Backend: first.Backend, Reference: first.Reference, Control: first.Control,
		Options: first.Options, Build: first.Build,
		Values: map[results.Metric]Estimate{}, Ratios: map[results.Metric]*Ratio{},
	}
	values := make(map[results.Metric][]float64)
	measured := 0 // ok trials that counted anything
	for _, t := range trials {
		arm.Blocks.count(t.Status)
		if void[t.Block] {
			arm.Blocks.InVoid++
		}
		if t.Status != results.StatusVoided {
			arm.flag(t)
		}
		if t.Status != results.StatusOK {
			arm.Problems = append(arm.Problems, Problem{t.Block, t.Status, t.Reason, t.Errors, t.Stderr})
			continue
		}
		arm.countOpen(t)
		if !missedSLO(t) {
			measured++
			if n := samples(t); measured == 1 || n < arm.Samples {
				arm.Samples = n
			}
			if n := len(t.Slices); measured == 1 || n < arm.Slices {
				arm.Slices = n
			}
		}
		arm.MostSlices = max(arm.MostSlices, len(t.Slices))
		if t.ServerCPU >= 0 {
			arm.CPUs = max(arm.CPUs, 1, distinct(t.ServerCPUs))
		}
		if t.Values[results.WorldStops] > 0 {
			arm.WorldStopped++
		}
		for metric, v := range t.Values {
			values[metric] = append(values[metric], v)
		}
		if share, ok := figure(t, sloShare); ok {
			values[sloShare] = append(values[sloShare], share)
		}
	}
	for metric, v := range values {
		arm.Values[metric] = estimate(v)
	}
	return arm
}

func distinct(numbers []int) int {
	return len(slices.Compact(slices.Sorted(slices.Values(numbers))))
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

// samples is the number of latencies in a trial's histogram.
func samples(t results.Trial) int64 {
	switch t.Scenario {
	case results.ScenarioChain, results.ScenarioCtl:
		return 0
	case results.ScenarioFanout: // whose latencies are of what was said, not of each delivery
		if t.Connections > 0 {
			return int64(t.Values[results.Messages]) / int64(t.Connections)
		}
		return 0
	case results.ScenarioConnect, results.ScenarioAccept, results.ScenarioChurn:
		var n int64
		for _, s := range t.Slices {
			n += s.Connects
		}
		return n
	}
	// Of an open loop, a message that was never sent has waited all the same.
	return int64(t.Values[results.Messages] + t.Values[results.Unsent])
}
