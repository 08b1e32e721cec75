package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"muxbench/report"
	"muxbench/results"
)

// suites is JUnit's XML as a reader of it has it.
type suites struct {
	Suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func readJUnit(t *testing.T, text string) suites {
	t.Helper()
	var s suites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if s.Suite.Tests != len(s.Suite.Cases) {
		t.Errorf("%d tests are told, and there are %d", s.Suite.Tests, len(s.Suite.Cases))
	}
	return s
}

// A check's verdicts are what JUnit has for them.
func TestCheckAsJUnit(t *testing.T) {
	c := everyVerdict()
	s := readJUnit(t, renderCheck(t, report.CheckJUnit, c)).Suite
	want := map[string]int{}
	for _, cell := range c.Judgement.Cells {
		want[string(cell.Verdict)]++
	}
	if s.Failures != want["regression"] || s.Errors != want["invalid"]+want["failed"] || s.Skipped != want["inconclusive"] || s.Tests != len(c.Judgement.Cells) {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped of verdicts %v", s.Tests, s.Failures, s.Errors, s.Skipped, want)
	}
	for i, cell := range c.Judgement.Cells {
		if failed := s.Cases[i].Failure != nil; failed != (cell.Verdict == "regression") {
			t.Errorf("%s is a failure: %t, and the verdict %s", s.Cases[i].Name, failed, cell.Verdict)
		}
	}
}

// A run's failed trials fail, and skipped arms are skipped with the reason.
func TestRunAsJUnit(t *testing.T) {
	cell := results.Cell{Scenario: "echo", Connections: 10, Active: 10, DurationNS: 1e8, Size: 64}
	trial := func(arm string, status results.Status, reason string) results.Trial {
		return results.Trial{Cell: cell, Arm: arm, Backend: arm, Reference: arm == "a", Status: status, Reason: reason, Values: map[results.Metric]float64{results.ServerCPUPerMessage: 5}}
	}
	summary := report.Summarise(results.Run{Scenario: "echo"}, []results.Trial{trial("a", "ok", ""), trial("b", "failed", "it died"), trial("c", "skipped", "no room")})
	var out bytes.Buffer
	if err := report.JUnit(&out, summary); err != nil {
		t.Fatal(err)
	}
	s := readJUnit(t, out.String()).Suite
	if s.Tests != 4 || s.Failures != 1 || s.Skipped != 1 || s.Errors != 0 {
		t.Errorf("%d tests, %d failures, %d skipped, %d errors", s.Tests, s.Failures, s.Skipped, s.Errors)
	}
	if c := s.Cases[3]; c.Skipped == nil || c.Skipped.Message != "no room" {
		t.Errorf("%s does not say why it is skipped: %+v", c.Name, c.Skipped)
	}
}

// benchLines reads the Go benchmark format as benchstat does.
func benchLines(t *testing.T, text string) (lines []*benchfmt.Result, units benchfmt.UnitMetadataMap) {
	t.Helper()
	r := benchfmt.NewReader(strings.NewReader(text), "test")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			lines = append(lines, rec.Clone())
		case *benchfmt.SyntaxError:
			t.Errorf("%v", rec)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return lines, r.Units()
}

func gatedTrial(arm string, block int, cpu float64) results.Trial {
	return results.Trial{
		Cell: gatedCell("echo", "epoll-lt", 200), Arm: arm, Backend: "epoll-lt", Block: block, Status: results.StatusOK,
		Reference: arm == "epoll-lt@base", Control: arm == "epoll-lt@base/control",
		Values: map[results.Metric]float64{results.ServerCPUPerMessage: cpu, results.Throughput: 1e9 / cpu, results.LatencyP50: 1000, results.LatencyP999: 2000, results.Messages: 5000},
		Slices: []results.Slice{{Messages: 2000}, {Messages: 3000}},
	}
}

// Head and base have one name and differ in a key, every trial is a line, units say
// what is better, and percentiles that few samples carry are left out.
func TestCheckAsBenchmarks(t *testing.T) {
	failed := gatedTrial("epoll-lt", 1, 7000)
	failed.Status = results.StatusFailed
	file := &results.File{Run: gatedRun(), Trials: []results.Trial{
		gatedTrial("epoll-lt@base", 0, 5000), gatedTrial("epoll-lt@base/control", 0, 5100), gatedTrial("epoll-lt", 0, 6000), failed,
	}}
	var out bytes.Buffer
	if err := report.Benchfmt(&out, report.Side{File: file}); err != nil {
		t.Fatal(err)
	}
	lines, units := benchLines(t, out.String())
	var builds []string
	for _, l := range lines {
		builds = append(builds, l.GetConfig("build"))
		if got, want := string(l.Name), "Echo/server=epoll-lt/connections=200/active=200/window=400ms/size=64"; got != want || l.Iters != 5000 {
			t.Errorf("%s with %d iterations, want %s with 5000", got, l.Iters, want)
		}
		if l.GetConfig("label-branch") != "drain-less" || l.GetConfig("cpu") == "" {
			t.Errorf("configuration %v", l.Config)
		}
		if _, ok := l.Value("p99.9-sec"); ok {
			t.Error("the 99.9th percentile of 5,000 messages is told")
		}
	}
	if strings.Join(builds, " ") != "base control head" {
		t.Errorf("builds %v", builds)
	}
	if v, ok := lines[2].Value("server-cpu-sec/msg"); !ok || math.Abs(v-6e-6) > 1e-12 {
		t.Errorf("the head took %g s, %t", v, ok)
	}
	if units.GetBetter("server-cpu-sec/msg") != -1 || units.GetBetter("msgs/s") != 1 {
		t.Error("units do not say what is better")
	}
}

// Arms of a run have names of their own, that do not end in what is taken for a number
// of processors.
func TestRunAsBenchmarks(t *testing.T) {
	cell := results.Cell{Scenario: "idle", Connections: 10, Active: 1, Rounds: 5, Size: 64}
	file := &results.File{Run: results.Run{}, Trials: []results.Trial{
		{Cell: cell, Arm: "select-1024", Status: results.StatusOK, Values: map[results.Metric]float64{results.ServerCPUPerMessage: 5}},
		{Cell: cell, Arm: "epoll-lt/runtime", Status: results.StatusOK, Values: map[results.Metric]float64{results.ServerCPUPerMessage: 6}},
	}}
	var out bytes.Buffer
	if err := report.Benchfmt(&out, report.Side{Name: "a", File: file}, report.Side{Name: "b", File: file}); err != nil {
		t.Fatal(err)
	}
	lines, _ := benchLines(t, out.String())
	got := ""
	for _, l := range lines {
		got += fmt.Sprintln(l.GetConfig("side"), string(l.Name.Full()))
	}
	want := "a Idle/arm=select-1024/connections=10/active=1/rounds=5/size=64\na Idle/arm=epoll-lt:runtime/connections=10/active=1/rounds=5/size=64\n"
	if got != want+strings.ReplaceAll(want, "a Idle", "b Idle") {
		t.Errorf("got\n%s", got)
	}
}

// Each direction has a file of its own, numbers that are none have no place in JSON, and
// without any figure nothing is written.
func TestFigures(t *testing.T) {
	dir := t.TempDir()
	names, err := report.WriteFigures(dir, "run", []report.Figure{
		{Name: "cpu", Unit: "ns", Value: 5, Low: 4, High: 6}, {Name: "nothing", Value: math.NaN()}, {Name: "rate", Unit: "msgs/s", Value: 7, More: true},
	})
	if err != nil || len(names) != 2 {
		t.Fatalf("%v: %v", names, err)
	}
	for i, want := range []string{"cpu 5 4–6", "rate 7 "} {
		encoded, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		var entries []struct {
			Name, Unit, Range string
			Value             float64
		}
		if err := json.Unmarshal(encoded, &entries); err != nil || len(entries) != 1 {
			t.Fatalf("%s: %v", encoded, err)
		}
		if got := fmt.Sprintf("%s %g %s", entries[0].Name, entries[0].Value, entries[0].Range); got != want {
			t.Errorf("%s has %q, want %q", names[i], got, want)
		}
	}
	if filepath.Base(names[0]) != "run-smaller-is-better.json" || filepath.Base(names[1]) != "run-bigger-is-better.json" {
		t.Errorf("files %v", names)
	}
	empty := t.TempDir()
	if names, err := report.WriteFigures(empty, "run", nil); err == nil || len(names) > 0 {
		t.Errorf("%v were written of nothing", names)
	}
}

// GitHub shows ten annotations: the tenth says how many more there are.
func TestAnnotations(t *testing.T) {
	var all []report.Annotation
	for i := range 12 {
		all = append(all, report.Annotation{Level: "error", Title: "a: b, c", Message: fmt.Sprintf("100%% of %d", i)})
	}
	lines := strings.Split(strings.TrimSuffix(report.Annotations(all), "\n"), "\n")
	if len(lines) != 10 || lines[0] != "::error title=a%3A b%2C c::100%25 of 0" || lines[9] != "::error title=a%3A b%2C c::100%25 of 9 (and 2 more: see the summary)" {
		t.Errorf("%d lines, of which the first and the last:\n%s\n%s", len(lines), lines[0], lines[len(lines)-1])
	}
	if got := (everyVerdict()).Annotations(); got[0].Level != "error" || !strings.Contains(got[0].Message, "select") {
		t.Errorf("the worst is not first: %v", got[0])
	}
}

// Whatever a file calls things, no format is broken by it, or obeyed.
func TestHostileStringsOfFormats(t *testing.T) {
	for _, s := range append(nasty(), "]]>", "\n::error::pwned", "%0A::error::pwned", "a b/c=d", "Unit x better=higher\nBenchmarkEvil 1 1 ns/op") {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			c := hostileCheck(s)
			readJUnit(t, renderCheck(t, report.CheckJUnit, c))
			var run bytes.Buffer
			if err := report.JUnit(&run, hostile(s)); err != nil {
				t.Fatal(err)
			}
			readJUnit(t, run.String())
			for _, line := range strings.Split(strings.TrimSuffix(report.Annotations(append(c.Annotations(), hostile(s).Annotations()...)), "\n"), "\n") {
				if !strings.HasPrefix(line, "::error title=muxbench") && !strings.HasPrefix(line, "::warning title=muxbench") || strings.ContainsAny(line, "\r\x1b\x00") {
					t.Errorf("annotation %q", line)
				}
			}
			trial := gatedTrial("epoll-lt", 0, 5000)
			trial.Arm, trial.Subject, trial.Scenario = s, s, s
			trial.Schedule, trial.SLO = results.Schedule(s), results.Metric(s)
			var bench bytes.Buffer
			if err := report.Benchfmt(&bench, report.Side{Name: s, File: &results.File{Run: c.Run, Trials: []results.Trial{trial}}}); err != nil {
				t.Fatal(err)
			}
			if lines, _ := benchLines(t, bench.String()); len(lines) != 1 {
				t.Errorf("%d lines of one trial:\n%s", len(lines), bench.String())
			}
			dir := t.TempDir()
			if _, err := report.WriteFigures(dir, "check", c.Figures()); err != nil {
				t.Fatal(err)
			}
			encoded, err := os.ReadFile(filepath.Join(dir, "check-smaller-is-better.json"))
			if err != nil || !json.Valid(encoded) || bytes.ContainsAny(encoded, "\r\x1b\x00") {
				t.Errorf("figures %s: %v", encoded, err)
			}
		})
	}
}
