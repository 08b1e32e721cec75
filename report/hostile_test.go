package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"muxbench/report"
	"muxbench/results"
)

// nasty are strings that a result file may hold wherever it holds one.
func nasty() []string {
	return []string{
		"\x1b[2J\x1b]0;owned\x07", "c1\u009b31m", "bidi\u202e txet", "zero\u200bwidth", "a\nb\r\nc\td", "\x00",
		"a|b", `a\|b`, "`code`", "<script>alert(1)</script>", "<!-- x", "[l](http://e.example)", "![i](x)", "www.e.example", "@all #1 *b* _i_ ~s~",
		"=1+1", "+1", "-1", "@SUM(A1)", "  =1+1", "\t=1+1", `"quoted",`,
		"../../etc/passwd", "/abs", ".", "..", "CON", "", strings.Repeat("x", 5000), strings.Repeat("wide 漢字 ", 60), "\xff\xfe",
	}
}

// hostile is a summary with s in every place.
func hostile(s string) report.Summary {
	run := syntheticRun(s)
	run.Version, run.Args, run.Labels = s, []string{s}, map[string]string{s: s}
	run.Findings = []results.Finding{{Check: s, Text: s, Fix: s}}
	run.Precision = 0.02
	e := &run.Environment
	e.OS, e.Arch, e.Kernel, e.CPUModel, e.Hypervisor, e.GoVersion, e.ClockSource = s, s, s, s, s, s, s
	var trials []results.Trial
	for _, arm := range []string{s, s + "2"} {
		for block := range 3 {
			t := trial(arm, block, 1000, 1100)
			t.Scenario, t.Backend, t.Reference = s, s, arm == s
			t.Values[results.Throughput] = 1e5
			t.Options, t.Build, t.Validity = map[string]string{s: s, "server": s, "cpu": "outside"}, s, []string{s}
			t.Values[results.WorldStops] = 1
			if block == 2 {
				t = ended(t, results.StatusFailed, s)
				t.Stderr = s + "\n" + s
			}
			trials = append(trials, t)
		}
	}
	run.Commands = []results.Command{{Line: s, Cell: trials[0].Cell}, {Line: s + s, Cell: results.Cell{Scenario: s}}}
	for _, c := range chainCells() {
		run.Published = append(run.Published, results.Published{Source: s, Cell: c, ElapsedNS: map[string]int64{s: 1e6, s + "2": 2e6, "select": 3e6}, Note: s})
	}
	return report.Summarise(run, trials)
}

func render(t *testing.T, to func(io.Writer, report.Summary) error, s report.Summary) string {
	t.Helper()
	var out bytes.Buffer
	if err := to(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHostileStrings(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			sum := hostile(s)
			outputs := map[string]string{
				"text": render(t, text(80), sum), "markdown": render(t, report.Markdown, sum),
				"csv": render(t, report.CSV, sum), "json": render(t, report.JSON, sum),
			}
			checkPrintable(t, outputs)
			checkMarkdown(t, outputs["markdown"])
			checkCSV(t, outputs["csv"])
			if !json.Valid([]byte(outputs["json"])) {
				t.Error("the JSON is none")
			}
			checkCharts(t, report.Charts(sum))
		})
	}
}

// checkPrintable wants nothing in what is written, by format, that a terminal obeys.
func checkPrintable(t *testing.T, outputs map[string]string) {
	t.Helper()
	for format, out := range outputs {
		for i, r := range out {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%s has %q at byte %d: %.60q", format, r, i, out[max(0, i-20):])
			}
		}
	}
}

func checkMarkdown(t *testing.T, out string) {
	t.Helper()
	bare := regexp.MustCompile(`(^|[^\\])\|`)
	columns := 0
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "|") {
			n := len(bare.FindAllString(line, -1))
			if columns > 0 && n != columns {
				t.Errorf("a row has %d bars and the one before %d: %s", n, columns, line)
			}
			columns = n
		} else {
			columns = 0
		}
	}
	for _, mark := range []string{"<", "http://", "www."} {
		if strings.Contains(out, mark) {
			t.Errorf("%q means something in Markdown:\n%s", mark, out)
		}
	}
	if found := regexp.MustCompile("(^|[^\\\\])[][`*_@~]").FindString(out); found != "" {
		t.Errorf("%q means something in Markdown:\n%s", found, out)
	}
}

func checkCSV(t *testing.T, out string) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 {
		t.Errorf("%d lines, want a header and two arms", len(lines))
	}
	for _, line := range lines {
		for _, cell := range line {
			if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
}

func checkCharts(t *testing.T, charts []report.Chart) {
	t.Helper()
	if len(charts) == 0 {
		t.Error("no charts")
	}
	safe := regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	for _, c := range charts {
		if !safe.MatchString(c.Name) || len(c.Name) > 200 {
			t.Errorf("a file name comes of %q", c.Name)
		}
	}
	checkSVG(t, charts[0])
}

// A narrow terminal gets fewer columns and broken sentences, but no line that
// it would break itself.
func TestTextKeepsToItsWidth(t *testing.T) {
	summaries := map[string]report.Summary{
		"idle": load(t, "synthetic-idle"), "connect": load(t, "synthetic-connect"), "commands": load(t, "synthetic-commands"),
		"chain": load(t, "synthetic-chain"), "outside": load(t, "synthetic-outside"), "load": load(t, "synthetic-load"), "rate": load(t, "synthetic-rate"), "slo": load(t, "synthetic-slo"), "control": load(t, "synthetic-control"),
		"costs": load(t, "synthetic-costs"), "churn": load(t, "synthetic-churn"), "accept": load(t, "synthetic-accept"), "ctl": load(t, "synthetic-ctl"),
		"fanout": load(t, "synthetic-fanout"), "lookup": load(t, "synthetic-lookup"), "scaling": load(t, "synthetic-scaling"),
	}
	for _, s := range nasty() {
		summaries[s] = hostile(s)
	}
	for name, s := range summaries {
		for _, width := range []int{72, 80, 96, 100, 132, 200} {
			for line := range strings.Lines(render(t, text(width), s)) {
				if n := columnsOf(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%.20q at width %d: a line takes %d: %s", name, width, n, line)
				}
			}
		}
	}
}

// columnsOf counts what a terminal needs for the characters that these tests
// have.
func columnsOf(line string) int {
	n := 0
	for _, r := range line {
		n++
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}
