package report_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muxbench/report"
	"muxbench/results"
)

// twice are two made-up runs of the same arms: in the hour of B all of them take
// an eighth more, and epoll-et, which has changed, another 15 % on top. Each has a
// cell and an arm of its own, and in one cell poll failed in B.
func twice() (a, b []results.Trial) {
	sweep := idleSweep()
	a = comparedTrials(31, 1, armsOfHour(1), sweep[:3], 10)
	b = comparedTrials(32, 1.125, armsOfHour(1.15), []results.Cell{sweep[0], sweep[2], sweep[4]}, 9)
	a = slices.DeleteFunc(a, func(t results.Trial) bool { return t.Arm == "epoll-oneshot" })
	for i := range b {
		switch t := &b[i]; {
		case t.Arm == "poll" && t.Connections == 1000:
			*t = ended(*t, results.StatusFailed, "3 replies did not come within 2s")
			t.Values, t.Slices = nil, nil
		case t.Arm == "select" && t.Connections == 100, t.Arm == "poll" && t.Connections == 100:
			t.Validity = append(t.Validity, string(results.CheckClientBound))
			t.Values[results.LoadBusyShare], t.Values[results.ServerBusyShare] = 0.97, 0.7
		}
	}
	return a, b
}

// armsOfHour are backends of which one has changed.
func armsOfHour(changed float64) []backend {
	arms := backends()
	control, oneshot := arms[0], arms[2]
	control.name, oneshot.name = "select/control", "epoll-oneshot"
	arms[3].cost *= changed
	arms[3].scanned *= changed
	return slices.Concat(arms[:1], []backend{control}, arms[1:], []backend{oneshot})
}

// comparedTrials take turns; what the hour adds it adds to all.
func comparedTrials(seed uint64, hour float64, arms []backend, cells []results.Cell, blocks int) []results.Trial {
	rng := rand.New(rand.NewPCG(seed, 1))
	var trials []results.Trial
	for _, cell := range cells {
		for block := range blocks {
			noise := make([]float64, 3)
			for i := range noise {
				noise[i] = hour * math.Exp(0.03*rng.NormFloat64())
			}
			for i, arm := range arms {
				t := syntheticTrial(cell, block, i, arm, noise, rng)
				if t.Control = arm.name == "select/control"; t.Control {
					t.Backend = "select"
				}
				trials = append(trials, t)
			}
		}
	}
	return trials
}

// comparedSide is a run in testdata as one side of a comparison, after writing it
// if -update asks for it.
func comparedSide(t *testing.T, name string) report.ComparisonSide {
	t.Helper()
	load(t, name)
	f, err := results.Open(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return report.ComparisonSide{Name: "runs/" + name, Run: f.Run, Trials: f.Trials}
}

// sideOf is a run that is in no file, of an hour of its own.
func sideOf(name string, trials []results.Trial) report.ComparisonSide {
	run := syntheticRun("idle")
	for _, r := range name {
		run.Started = run.Started.Add(time.Duration(r) * time.Hour)
	}
	return report.ComparisonSide{Name: name, Run: run, Trials: trials}
}

// comparedTwice are the two runs of twice, of builds an hour apart.
func comparedTwice(t *testing.T) (a, b report.ComparisonSide) {
	t.Helper()
	a, b = comparedSide(t, "synthetic-compare-a"), comparedSide(t, "synthetic-compare-b")
	b.Run.Version, b.Run.Started = "v0.0.1-synthetic", b.Run.Started.Add(3600e9)
	b.Run.Environment.GoVersion, b.Run.Environment.MemoryBytes = "go1.26.1", 16<<30
	return a, b
}

func compareRuns(t *testing.T, a, b report.ComparisonSide) report.SideBySide {
	t.Helper()
	c, err := report.CompareRuns(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compareArms(t *testing.T, run report.ComparisonSide, pairs ...report.ComparisonPair) report.SideBySide {
	t.Helper()
	c, err := report.CompareArms(run, pairs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
