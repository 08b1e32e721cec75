//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// identical measures a server beside itself for some seconds: what the two
// differ by is what any two arms on this machine do. Its only cell has 200
// connections, where slices are as short as they get.
func identical(ctx context.Context, program string) (report.Summary, error) {
	plan, err := scenarios.Build(scenarios.Request{
		Scenarios: []string{"echo"}, Backends: []string{"epoll-lt"},
		Sweep: scenarios.Sweep{Connections: []int{200}, Sizes: []int{64}, Duration: 200 * time.Millisecond},
	})
	if err != nil {
		return report.Summary{}, err
	}
	if err := scenarios.CheckLimits(&plan); err != nil {
		return report.Summary{}, err
	}
	executable, err := os.Executable()
	if err != nil {
		return report.Summary{}, fmt.Errorf("finding this program, to start workers of it: %w", err)
	}
	var trials []results.Trial
	runner := scenarios.Runner{
		Launcher: scenarios.Processes{Program: executable, Args: []string{program, "worker"}},
		Machine:  scenarios.ThisMachine(),
		Record:   func(ended []results.Trial) error { trials = append(trials, ended...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	if err := runner.Run(ctx, plan); err != nil {
		return report.Summary{}, fmt.Errorf("measuring identical arms: %w", err)
	}
	return report.Summarise(results.Run{Scenario: plan.Scenario, Planned: plan.Trials()}, trials), nil
}
