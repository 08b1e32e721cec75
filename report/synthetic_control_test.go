package report_test

import (
	"math"
	"math/rand/v2"

	"muxbench/results"
)

// controlledRun is of a machine that is not quite as it should be, and was to
// measure to 2 %.
func controlledRun() results.Run {
	run := syntheticRun("idle")
	run.Precision = 0.02
	run.Findings = []results.Finding{
		{Check: "governor", Text: "the CPUs' frequency is governed by powersave", Fix: "cpupower frequency-set -g performance"},
		{Check: "siblings", Text: "CPUs 0 and 1 share a core"},
	}
	return run
}

// controlledTrials are ten blocks of each arm and of the reference's control,
// and two blocks that were voided. In one cell, an arm failed more often than
// not.
func controlledTrials() []results.Trial {
	rng := rand.New(rand.NewPCG(5, 6))
	arms := backends()
	arms = append([]backend{arms[0], {"poll", 4230, 2396}}, arms[2:]...) // at many connections all but select
	control := arms[0]
	control.name = "select/control"
	arms = append(arms, control)
	sweep := idleSweep()
	var trials []results.Trial
	for block := range 12 {
		for _, cell := range []results.Cell{sweep[0], sweep[4], sweep[2]} {
			if block >= 10 && cell.Connections != 10000 {
				continue
			}
			noise := make([]float64, 3)
			for i := range noise {
				noise[i] = math.Exp(0.05 * rng.NormFloat64())
			}
			for i, b := range arms {
				t := syntheticTrial(cell, block, i, b, noise, rng)
				t.Control = b.name == control.name
				if t.Control {
					t.Backend = "select"
				}
				trials = append(trials, disturbed(t))
			}
		}
	}
	return trials
}

// disturbed is the trial as the machine of that block left it.
func disturbed(t results.Trial) results.Trial {
	flag := func(c results.Check, m results.Metric, v float64) {
		t.Validity = append(t.Validity, string(c))
		t.Values[m] = v
	}
	switch block := t.Block; {
	case t.Connections == 10000 && (block == 3 || block == 7):
		t = ended(t, results.StatusVoided, "the hypervisor took more than 5 % of the CPUs' time")
		flag(results.CheckSteal, results.StealShare, 0.08)
	case t.Connections == 1000 && t.Arm == "epoll-et" && block < 6:
		t = ended(t, results.StatusFailed, "3 replies did not come within 2s")
		t.Values, t.Slices = nil, nil
		return t
	case block%4 == 0:
		flag(results.CheckSteal, results.StealShare, 0.012+0.002*float64(block))
	}
	if t.Arm == "epoll-lt" && t.Connections == 100 {
		t.Values[results.ServerBusyShare] = 0.71
		flag(results.CheckClientBound, results.LoadBusyShare, 0.96+0.003*float64(t.Block%5))
	}
	if t.Block == 5 && t.Arm == "poll" {
		flag("phase-of-moon", results.Drift, 0.03)
	}
	return t
}
