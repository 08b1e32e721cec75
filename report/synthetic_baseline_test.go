package report_test

import (
	"strings"

	"muxbench/report"
	"muxbench/results"
)

// byBaseline is a check by a file, in a run that says in what its machine is another one.
func byBaseline(unlike ...string) report.Check {
	run := gatedRun()
	run.Labels, run.Scenario = nil, "idle"
	run.Gate = &results.Gate{
		Threshold: 0.2, Unlike: unlike,
		Base: results.Build{Version: "v0.4.0", Go: "go1.26.0"}, Head: results.Build{Version: "v0.4.1", Go: "go1.26.0", Platform: "linux/amd64"},
	}
	beside := func(t *results.Trial) {
		if t.Reference || t.Control {
			t.Arm, t.Backend = strings.Replace(t.Arm, t.Subject+"@base", "go-net", 1), "go-net"
		}
	}
	var cells []gated
	for _, k := range []struct {
		subject              string
		ratio, spread, times float64 // kept, half its interval, and how many times it is now
	}{{"epoll-lt", 0.8, 0.004, 1.01}, {"epoll-et", 0.78, 0.004, 0.7}, {"poll", 1.2, 0.01, 1.3}, {"select", 1.25, 0.4, 1.02}} {
		cell := gatedCell("idle", k.subject, 200)
		run.Gate.Baseline = append(run.Gate.Baseline, results.Kept{Cell: cell, Options: map[string]string{"entry": "raw"}, Ratio: k.ratio, Low: k.ratio - k.spread, High: k.ratio + k.spread, Blocks: 24})
		cells = append(cells, gated{cell: cell, blocks: 36, head: k.ratio * k.times, control: 1, deviation: 0.008, looks: 12, change: beside})
	}
	return check(run, cells...)
}
