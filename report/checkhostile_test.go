package report_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// hostileCheck has s wherever a file has a string, and a cell of each way to fail.
func hostileCheck(s string) report.Check {
	run := gatedRun()
	run.Version, run.Scenario, run.Args, run.Labels = s, s, []string{s}, map[string]string{s: s}
	run.Findings = []results.Finding{{Check: s, Text: s, Fix: s}}
	run.Gate.Base, run.Gate.Head = results.Build{Version: s, Go: s, Platform: s, Layouts: 2}, results.Build{Version: s, Go: s + "2", Platform: s}
	e := &run.Environment
	e.OS, e.Arch, e.Kernel, e.CPUModel, e.Hypervisor, e.GoVersion, e.ClockSource = s, s, s, s, s, s, s
	subject := s
	if s == "" {
		subject = " " // without one it is no gated cell
	}
	return check(run,
		gated{cell: gatedCell(s, subject, 100), blocks: 12, head: 1.1, control: 1, deviation: 0.05, looks: 12, carried: 2},
		gated{cell: gatedCell(s+"2", subject, 200), blocks: 3, head: 1, control: 1, deviation: 0.01, looks: 12, change: func(t *results.Trial) {
			t.Options, t.Build, t.Validity = map[string]string{s: s}, s, []string{s}
			if t.Block == 2 {
				*t = ended(*t, results.StatusFailed, s+" "+s)
				t.Stderr = s
			}
		}},
		gated{cell: gatedCell("ctl", subject, 200), blocks: 12, head: 1, control: 1, deviation: 0.01, looks: 12},
	)
}

// hostileCell is a check of a single cell, whose scenario stands above the table.
func hostileCell(s string) report.Check {
	subject := s
	if s == "" {
		subject = " "
	}
	return check(gatedRun(), gated{cell: gatedCell(s, subject, 100), blocks: 9, head: 1.1, control: 1, deviation: 0.01, looks: 9})
}

// Whatever a file calls things, nothing of it is obeyed by who reads a check.
func TestHostileStringsOfAllChecks(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			c := hostileCheck(s)
			outputs := map[string]string{
				"text": renderCheck(t, checkText(80), c), "markdown": renderCheck(t, report.CheckMarkdown, c),
				"csv": renderCheck(t, report.CheckCSV, c), "json": renderCheck(t, report.CheckJSON, c),
				"markdown of a cell": renderCheck(t, report.CheckMarkdown, hostileCell(s)), "text of a cell": renderCheck(t, checkText(80), hostileCell(s)),
				"complaints": strings.Join(c.Complaints(), "\n") + "\n",
			}
			checkPrintable(t, outputs)
			// What is bold is so by the report itself.
			checkMarkdown(t, regexp.MustCompile(`(?m)^\*\*(.*)\*\*$`).ReplaceAllString(outputs["markdown"], "$1"))
			checkMarkdown(t, outputs["markdown of a cell"])
			if !json.Valid([]byte(outputs["json"])) {
				t.Error("the JSON is none")
			}
			lines, err := csv.NewReader(strings.NewReader(outputs["csv"])).ReadAll()
			if err != nil || len(lines) != 4 {
				t.Fatalf("%d lines, %v, want a header and three cells", len(lines), err)
			}
			for _, line := range lines {
				for _, cell := range line {
					if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("a spreadsheet takes %q for a formula", cell)
					}
				}
			}
		})
	}
}

// A narrow terminal gets fewer columns and broken sentences, and no line that it would
// break itself.
func TestChecksKeepToTheirWidth(t *testing.T) {
	checks := map[string]report.Check{"every verdict": everyVerdict(), "passing": passing(), "restless": restless(), "nothing": check(gatedRun())}
	for _, s := range nasty() {
		checks[s] = hostileCheck(s)
	}
	for name, c := range checks {
		for _, width := range []int{80, 100, 132} {
			for line := range strings.Lines(renderCheck(t, checkText(width), c)) {
				if n := columnsOf(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%.20q at width %d: a line takes %d: %s", name, width, n, line)
				}
			}
		}
	}
}

// Costs and thresholds that nothing has are written all the same, and as numbers.
func TestAbsurdChecks(t *testing.T) {
	for name, change := range map[string]func(*results.Trial){
		"nothing takes any time": func(t *results.Trial) { t.Slices[0].ServerCPUNS = 0 },
		"a head that takes a year": func(t *results.Trial) {
			if !t.Reference {
				t.Slices[0].ServerCPUNS, t.Values[results.ServerCPUPerMessage] = 365*864e11, 1e18
			}
		},
		"no slices":   func(t *results.Trial) { t.Slices = nil },
		"no values":   func(t *results.Trial) { t.Values = nil },
		"no counters": func(t *results.Trial) { t.Counters = nil },
		"all is void": func(t *results.Trial) { *t = ended(*t, results.StatusVoided, "restless") },
	} {
		t.Run(name, func(t *testing.T) {
			for _, carried := range []float64{0.03, 1e100} {
				c := check(gatedRun(), gated{cell: gatedCell("echo", "poll", 10), blocks: 12, head: 1, control: 1, deviation: 0.01, looks: 9, carried: carried, change: change})
				for _, out := range []string{renderCheck(t, checkText(0), c), renderCheck(t, report.CheckMarkdown, c), renderCheck(t, report.CheckCSV, c)} {
					if strings.Contains(out, "NaN") || strings.Contains(out, "Inf") {
						t.Errorf("what is no number is written:\n%s", out)
					}
				}
				var decoded struct {
					Judgement struct {
						Cells []struct{ Deviation, Threshold float64 }
					}
				}
				if err := json.Unmarshal([]byte(renderCheck(t, report.CheckJSON, c)), &decoded); err != nil || len(decoded.Judgement.Cells) != 1 || math.Abs(decoded.Judgement.Cells[0].Threshold/carried-1) > 1e-9 {
					t.Errorf("%+v, %v", decoded, err)
				}
			}
		})
	}
}
