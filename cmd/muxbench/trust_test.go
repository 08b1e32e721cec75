//go:build linux

package main

import (
	"errors"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// Which complete runs are an answer, and what the others end with.
func TestTrust(t *testing.T) {
	trials := func(status results.Status, n int) []results.Trial {
		var all []results.Trial
		for block := range n {
			for _, arm := range []string{"poll", "epoll-lt"} {
				all = append(all, results.Trial{
					Block: block, Cell: results.Cell{Scenario: "echo", Connections: 10, Active: 10}, Arm: arm, Backend: arm, Reference: arm == "poll",
					Status: status, Reason: "", Values: map[results.Metric]float64{results.ServerCPUPerMessage: 10},
					Slices: []results.Slice{{Messages: 10, ElapsedNS: 1000, ServerCPUNS: 100}},
				})
			}
		}
		return all
	}
	void := trials(results.StatusVoided, 5)
	for i := range void {
		void[i].Block += 10
	}
	tests := []struct {
		name      string
		precision float64
		trials    []results.Trial
		want      error
	}{
		{"all well", 0, trials(results.StatusOK, 10), nil},
		{"precise enough", 0.02, trials(results.StatusOK, 10), nil},
		{"too few to be precise", 0.02, trials(results.StatusOK, 5), errInconclusive},
		{"too many void", 0, append(trials(results.StatusOK, 10), void...), errUntrusted},
		{"too many void, and too few", 0.02, append(trials(results.StatusOK, 5), void...), errUntrusted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := trust(report.Summarise(results.Run{Precision: test.precision}, test.trials)); !errors.Is(err, test.want) {
				t.Errorf("trust is %v, want %v", err, test.want)
			}
		})
	}
}
