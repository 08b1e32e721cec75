package report_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// hostileSides are two runs with s wherever a result file or a command line may
// hold a string.
func hostileSides(s string) (a, b report.ComparisonSide) {
	side := func(more string, seed uint64) report.ComparisonSide {
		trials := comparedTrials(seed, 1, backends()[:3], idleSweep()[:2], 6)
		for i := range trials {
			u := &trials[i]
			if u.Connections == 300 {
				u.Scenario = s + more // a cell of its own
			} else {
				u.Scenario = s
			}
			u.Arm, u.Backend, u.Build = u.Arm[:1]+s, s+more, s+more
			u.Options = map[string]string{s: s + more}
			u.Validity, u.Reason = []string{s}, s
			u.Schedule = results.Schedule(s) // which makes a closed loop an open one
			for j := range u.Slices {
				u.Slices[j].LatencyP99NS = int64(u.Values[results.LatencyP99])
			}
		}
		run := syntheticRun(s)
		run.Version, run.Labels, run.Seed = s+more, map[string]string{s: s}, seed
		run.Findings = []results.Finding{{Check: s, Text: s, Fix: s}}
		e := &run.Environment
		e.OS, e.Arch, e.Kernel, e.CPUModel, e.Hypervisor, e.GoVersion, e.ClockSource, e.Congestion = s, s, s, s, s+more, s+more, s+more, s+more
		return report.ComparisonSide{Name: s + more, Run: run, Trials: trials}
	}
	return side("", 1), side("2", 2)
}

func TestHostileStringsInComparisons(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			a, b := hostileSides(s)
			pair := report.ComparisonPair{A: "s" + s, B: "p" + s}
			b.Run.Environment.Hypervisor = a.Run.Environment.Hypervisor
			alike := compareRuns(t, a, b)
			a.Run.Environment.CPUModel = "another"
			for name, c := range map[string]report.SideBySide{"alike": alike, "unlike": compareRuns(t, a, b), "arms": compareArms(t, a, pair)} {
				checkComparison(t, name, c)
			}
			if _, err := report.CompareRuns(a, report.ComparisonSide{Name: s}); err == nil {
				t.Error("a run without trials is compared")
			} else {
				checkPrintable(t, map[string]string{"error": err.Error()})
			}
		})
	}
}

// Values and counts may be anything that a reader lets through.
func TestHostileFiguresInComparisons(t *testing.T) {
	for i, spoil := range []func(i int, t *results.Trial){
		func(i int, t *results.Trial) { t.Slices = nil },
		func(i int, t *results.Trial) { t.Values[results.ServerCPUPerMessage] = float64(i%2) * 1e18 },
		func(i int, t *results.Trial) { t.Values[results.ServerCPUPerMessage] = 1e-300 },
		func(i int, t *results.Trial) { t.Block = i },
		func(i int, t *results.Trial) { t.Slices[0].ServerCPUNS = int64(i%3) << 54 },
		func(i int, t *results.Trial) { t.Reference = true },
		func(i int, t *results.Trial) { t.Control = true },
		func(i int, t *results.Trial) { t.Connections, t.Active, t.Size = 1<<30, 1<<30, 1<<50 },
		func(i int, t *results.Trial) { t.Schedule, t.SLO, t.SLONS = "poisson", results.LatencyP99, 1 },
	} {
		a := sideOf("a", comparedTrials(1, 1, backends(), idleSweep()[:2], 6))
		b := sideOf("b", comparedTrials(2, 1, backends(), idleSweep()[:2], 6))
		for j := range b.Trials {
			spoil(j, &b.Trials[j])
			if i > 5 { // what it does to the cell, it does to both
				spoil(j, &a.Trials[j])
			}
		}
		c, err := report.CompareRuns(a, b)
		if err != nil {
			checkPrintable(t, map[string]string{"error": err.Error()})
			continue
		}
		checkComparison(t, fmt.Sprint("spoilt ", i), c)
	}
}

// checkComparison renders and draws everything.
func checkComparison(t *testing.T, name string, c report.SideBySide) {
	t.Helper()
	outputs := make(map[string]string)
	for format, to := range comparisonFormats() {
		outputs[format] = renderComparison(t, to, c)
	}
	checkPrintable(t, outputs)
	checkMarkdown(t, strings.ReplaceAll(outputs["markdown"], "**", ""))
	if !json.Valid([]byte(outputs["json"])) {
		t.Errorf("%s: the JSON is none", name)
	}
	lines, err := csv.NewReader(strings.NewReader(outputs["csv"])).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%s: %d lines of CSV: %v", name, len(lines), err)
	}
	for _, line := range lines {
		for _, cell := range line {
			if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("%s: a spreadsheet takes %q for a formula", name, cell)
			}
		}
	}
	for _, width := range []int{72, 80, 132} {
		for line := range strings.Lines(renderComparison(t, comparisonText(width), c)) {
			if n := columnsOf(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%s at width %d: a line takes %d: %s", name, width, n, line)
			}
		}
	}
	for format, out := range outputs {
		for _, bad := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(out, bad) {
				t.Errorf("%s: %q is in the %s:\n%s", name, bad, format, out)
			}
		}
	}
	if charts := report.ComparisonCharts(c); name != "spoilt 6" { // which has control arms only
		checkCharts(t, charts)
	} else if len(charts) > 0 {
		t.Errorf("control arms are drawn: %s", charts[0].Name)
	}
}
