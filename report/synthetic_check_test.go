package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/report"
	"muxbench/results"
)

// gatedRun is of two builds, as good as identical.
func gatedRun() results.Run {
	run := syntheticRun("echo chain")
	run.Args, run.BudgetNS = []string{"check", "echo", "chain"}, 480e9
	run.Labels = map[string]string{"branch": "drain-less"}
	run.Gate = &results.Gate{
		Threshold: 0.03,
		Base:      results.Build{Version: "v0.4.0", Go: "go1.25.4", Platform: "linux/amd64", Layouts: 4},
		Head:      results.Build{Version: "v0.4.1-0.20261121070000-0123456789ab", Go: "go1.26.0", Platform: "linux/amd64", Layouts: 4},
	}
	return run
}

// gated is a cell of a check, and how its blocks came out.
type gated struct {
	cell          results.Cell
	blocks        int
	head, control float64 // over the base
	deviation     float64
	looks         int     // after how many blocks; 0: it was not told
	carried       float64 // threshold
	change        func(*results.Trial)
}

// check is one of such cells.
func check(run results.Run, cells ...gated) report.Check {
	random := rand.New(rand.NewPCG(8, 9))
	file := &results.File{Run: run}
	for _, g := range cells {
		if g.looks > 0 {
			file.Looks = append(file.Looks, results.Looks{Type: "looks", Cell: g.cell, Blocks: g.looks, Deviation: g.deviation, Threshold: max(run.Gate.Threshold, g.carried)})
		}
		for block := range g.blocks {
			noise := func() float64 { return math.Exp(g.deviation / math.Sqrt2 * random.NormFloat64()) }
			for i, cost := range []float64{5200 * noise(), 5200 * g.control * noise(), 5200 * g.head * noise()} {
				arm := []string{"@base", "@base/control", ""}[i]
				t := results.Trial{
					Type: "trial", Cell: g.cell, Block: block, Arm: g.cell.Subject + arm, Backend: g.cell.Subject, Reference: i == 0, Control: i == 1,
					Options: map[string]string{"entry": "raw"}, Status: results.StatusOK, ServerCPU: 0, LoadCPU: 1,
					Values:   map[results.Metric]float64{results.ServerCPUPerMessage: cost, results.Elapsed: cost * 1e4},
					Counters: &results.TrialCounters{Server: results.Counters{Waits: 1000, Events: 1e4, Reads: 1e4, Writes: 1e4}},
					Slices:   []results.Slice{{Messages: 1e4, ElapsedNS: int64(cost * 1e4), ServerCPUNS: int64(cost * 1e4)}},
				}
				if g.change != nil {
					g.change(&t)
				}
				file.Trials = append(file.Trials, t)
			}
		}
	}
	return report.Judge(file)
}

func gatedCell(scenario, subject string, connections int) results.Cell {
	c := results.Cell{Scenario: scenario, Connections: connections, Active: connections, DurationNS: 400e6, Size: 64, Subject: subject}
	if scenario == "chain" {
		c.Active, c.Rounds, c.DurationNS, c.Size = 1, 10000, 0, 1
	}
	return c
}

// everyVerdict is a check whose cells come to all there is.
func everyVerdict() report.Check {
	headOnly := func(change func(*results.Trial)) func(*results.Trial) {
		return func(t *results.Trial) {
			if !t.Reference && !t.Control {
				change(t)
			}
		}
	}
	return check(gatedRun(),
		gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 12, head: 1.001, control: 1, deviation: 0.008, looks: 12},
		gated{cell: gatedCell("echo", "epoll-lt", 1000), blocks: 12, head: 1.052, control: 1, deviation: 0.008, looks: 12},
		gated{cell: gatedCell("echo", "epoll-et", 200), blocks: 12, head: 0.94, control: 1, deviation: 0.008, looks: 12, change: headOnly(func(t *results.Trial) { t.Counters.Server.Writes = 5e3 })},
		gated{cell: gatedCell("echo", "epoll-et", 1000), blocks: 12, head: 1, control: 1, deviation: 0.008, looks: 12, change: headOnly(func(t *results.Trial) { t.Counters.Server.Modifies = 2e4 })},
		gated{cell: gatedCell("echo", "poll", 200), blocks: 40, head: 1.04, control: 1, deviation: 0.12, looks: 21, carried: 0.124},
		gated{cell: gatedCell("echo", "poll", 1000), blocks: 12, head: 1, control: 1.03, deviation: 0.008, looks: 12},
		gated{cell: gatedCell("echo", "select", 200), blocks: 5, head: 1, control: 1, deviation: 0.008, change: headOnly(func(t *results.Trial) {
			if t.Block == 4 {
				*t = ended(*t, results.StatusFailed, "3 replies did not come within 2s")
				t.Slices, t.Values = nil, nil
			}
		})},
		gated{cell: gatedCell("chain", "epoll-lt", 1000), blocks: 12, head: 1, control: 1, deviation: 0.008, looks: 12, change: func(t *results.Trial) {
			if t.Block == 5 {
				*t = ended(*t, results.StatusVoided, "the hypervisor took more than 5 % of the CPUs' time")
			}
		}},
	)
}

// passing is a check of one cell that passes, and says nothing of where builds come from.
func passing() report.Check {
	run := gatedRun()
	run.Gate.Base, run.Gate.Head, run.Gate.InjectedNS, run.Labels = results.Build{}, results.Build{}, 50, nil
	return check(run, gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 9, head: 1.008, control: 1, deviation: 0.006, looks: 9})
}

// restless is a check on a machine that others use.
func restless() report.Check {
	run := gatedRun()
	run.Findings = []results.Finding{{Check: "governor", Text: "the CPUs' frequency is governed by powersave", Fix: "cpupower frequency-set -g performance"}}
	return check(run, gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 18, head: 1.2, control: 1, deviation: 0.006, looks: 9, change: func(t *results.Trial) {
		if t.Block%3 == 1 {
			*t = ended(*t, results.StatusVoided, "the hypervisor took more than 5 % of the CPUs' time")
		}
	}})
}
