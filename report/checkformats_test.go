package report_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// Cells that were to be measured and have no block are told wherever a machine reads: what
// is there has passed, and the check has not.
func TestMissingCellsAreTold(t *testing.T) {
	c := passing()
	run := c.Run
	planned := *run.Gate
	planned.Cells = len(c.Judgement.Cells) + 2
	run.Gate = &planned
	c = check(run, gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 12, head: 1, control: 1, deviation: 0.008, looks: 12})
	const words = "gated cells have no block at all"
	if xml := renderCheck(t, report.CheckJUnit, c); !strings.Contains(xml, `errors="1"`) || !strings.Contains(xml, words) {
		t.Errorf("JUnit has\n%s", xml)
	}
	lines, err := csv.NewReader(strings.NewReader(renderCheck(t, report.CheckCSV, c))).ReadAll()
	if err != nil || lines[0][len(lines[0])-2] != "check_verdict" || lines[1][len(lines[1])-2] != "inconclusive" {
		t.Errorf("%v, %q", err, lines)
	}
	for _, f := range c.Figures() {
		if !strings.Contains(f.Extra, words) {
			t.Errorf("%+v", f)
		}
	}
}

// A threshold that was widened is a warning, though the check passes.
func TestAWidenedThresholdIsAWarning(t *testing.T) {
	of := func(carried float64) []report.Annotation {
		c := check(gatedRun(), gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 9, head: 1, control: 1, deviation: 0.008, looks: 9, carried: carried})
		return c.Annotations()
	}
	if all := of(0); len(all) != 1 || all[0].Level != "notice" {
		t.Errorf("of what was asked for: %+v", all)
	}
	if all := of(0.05); len(all) != 2 || all[0].Level != "warning" || !strings.Contains(all[0].Message, "5 % instead of 3 %") || all[1].Level != "notice" {
		t.Errorf("of more: %+v", all)
	}
}

// Numbers of calls that differ are in the report, whatever the verdict is of.
func TestChangedCountersAreAlwaysTold(t *testing.T) {
	for _, head := range []float64{0.9, 1, 1.1} {
		c := check(gatedRun(), gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 9, head: head, control: 1, deviation: 0.008, looks: 9, change: func(t *results.Trial) {
			if !t.Reference && !t.Control {
				t.Counters.Server.Modifies = 2e4
				t.Counters.Server.Writes = 5e3
			}
		}})
		for _, words := range []string{"more for each message: 2 registrations instead of 0", "less for each message: 0.5 writes instead of 1"} {
			if text := renderCheck(t, checkText(0), c); strings.Count(text, words) != 1 {
				t.Errorf("× %g: %d times %q in\n%s", head, strings.Count(text, words), words, text)
			}
		}
	}
}

// Machines tell arms by their names, which may begin with the same 40 characters.
func TestLongNamesAreWholeForMachines(t *testing.T) {
	long := strings.Repeat("epoll-pool/threads-4/", 4)
	c := check(gatedRun(),
		gated{cell: gatedCell("echo", long+"1", 200), blocks: 12, head: 1, control: 1, deviation: 0.008, looks: 12},
		gated{cell: gatedCell("echo", long+"2", 200), blocks: 12, head: 1, control: 1, deviation: 0.008, looks: 12})
	for name, text := range map[string]string{"JUnit": renderCheck(t, report.CheckJUnit, c), "CSV": renderCheck(t, report.CheckCSV, c)} {
		if !strings.Contains(text, long+"1") || !strings.Contains(text, long+"2") {
			t.Errorf("%s does not tell them apart:\n%s", name, text)
		}
	}
	if f := c.Figures(); f[0].Name == f[3].Name {
		t.Errorf("two figures are %q", f[0].Name)
	}
}

// benchstat compares what has one configuration: versions and labels of two results do not
// keep it from that, and their machines do.
func TestSidesHaveOneConfiguration(t *testing.T) {
	side := func(name, version, cpu, label string) report.Side {
		file := &results.File{Run: results.Run{Version: version, Labels: map[string]string{"of": label, "same": "x"}, Environment: results.Environment{OS: "linux", CPUModel: cpu}}, Trials: []results.Trial{
			{Cell: results.Cell{Scenario: "idle", Connections: 10, Active: 1, Size: 64}, Arm: "poll", Status: results.StatusOK, Values: map[results.Metric]float64{results.ServerCPUPerMessage: 5}},
		}}
		return report.Side{Name: name, File: file}
	}
	var out bytes.Buffer
	if err := report.Benchfmt(&out, side("a", "v1", "one", "before"), side("b", "v2", "other", "after")); err != nil {
		t.Fatal(err)
	}
	lines, _ := benchLines(t, out.String())
	for i, l := range lines {
		got := strings.Join([]string{l.GetConfig("side"), l.GetConfig("cpu"), l.GetConfig("muxbench"), l.GetConfig("label-of"), l.GetConfig("label-same")}, "|")
		if want := []string{"a|one|||x", "b|other|||x"}[i]; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	out.Reset()
	if err := report.Benchfmt(&out, side("", "v1", "one", "before")); err != nil {
		t.Fatal(err)
	}
	if lines, _ := benchLines(t, out.String()); lines[0].GetConfig("muxbench") != "v1" || lines[0].GetConfig("label-of") != "before" {
		t.Errorf("one result has all that there is: %s", out.String())
	}
}

// A mark is hollow by the verdict: one that lies beside 1 for certain, and is less than
// anybody asked for, has passed.
func TestHollowMarksOfAChartAreByTheVerdict(t *testing.T) {
	c := check(gatedRun(), gated{cell: gatedCell("echo", "epoll-lt", 200), blocks: 12, head: 0.992, control: 1, deviation: 0.004, looks: 12})
	chart := c.Charts()[0]
	p := chart.Series[1].Points[0]
	if !p.Hollow || p.High >= 1 || !strings.Contains(chart.Footer, "hollow: by the rules neither a regression nor an improvement") || strings.Contains(chart.Footer, "no difference") {
		t.Errorf("%+v, and the footer says %q", p, chart.Footer)
	}
}
