//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// reported is what is judged of a run's report, in muxbench's JSON.
type reported struct {
	Scenarios []struct {
		Cells []struct {
			results.Cell
			Verdict *chosenArms `json:"verdict"`
		} `json:"cells"`
	} `json:"scenarios"`
	Costs      []costs   `json:"costs"`
	Crossovers []crossed `json:"crossovers"`
}

// chosenArms is a cell's verdict: the arm that took the least, and those that
// cannot be told from it.
type chosenArms struct {
	Lowest string   `json:"lowest"`
	Equal  []string `json:"no_clear_difference"`
}

// String has the arms in an order of their own: which of equals is the lowest
// is chance.
func (v *chosenArms) String() string {
	if v == nil {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(append([]string{v.Lowest}, v.Equal...))), ", ")
}

// costs are what a wait of an arm costs; without a fit where the run cannot
// tell.
type costs struct {
	Arm     string `json:"arm"`
	Missing string `json:"missing"`
	Fit     *struct {
		PerWatched struct {
			Value float64 `json:"value"`
		} `json:"ns_per_watched"`
	} `json:"fit"`
}

// crossed is where two arms cost as much, along a sweep.
type crossed struct {
	Along       string  `json:"along"`
	Connections int     `json:"connections"`
	Active      int     `json:"active"`
	Size        int     `json:"size"`
	Buffers     int     `json:"socket_buffers"`
	Kind        string  `json:"kind"`
	Arm         string  `json:"arm"`
	Than        string  `json:"than"`
	At          float64 `json:"at"`
	Low         float64 `json:"low"`  // 0: beyond what was measured
	High        float64 `json:"high"` // likewise
}

// report has muxbench report on a run. It takes a moment, and goes on after an
// interrupt, so that what is complete is judged.
func (b *bench) report(ctx context.Context, dir string) (*reported, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	out, err := child(ctx, b.muxbench, "report", dir, "--format", "json").Output()
	if err != nil {
		return nil, fmt.Errorf("muxbench report %s: %w", dir, err)
	}
	return parseReport(out)
}

func parseReport(out []byte) (*reported, error) {
	r := &reported{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("reading what muxbench report prints: %w", err)
	}
	return r, nil
}
