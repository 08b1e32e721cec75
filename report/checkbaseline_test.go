package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

func TestGoldenChecksByBaseline(t *testing.T) {
	alike, unlike := byBaseline(), byBaseline(`kernel: "6.1.0" in the baseline, "6.12.0" here`, `CPUs: "4" in the baseline, "2" here`)
	for _, test := range []struct {
		file   string
		check  report.Check
		render func(io.Writer, report.Check) error
	}{
		{"check-baseline-wide.txt", alike, checkText(0)},
		{"check-baseline-80.txt", alike, checkText(80)},
		{"check-unlike-100.txt", unlike, checkText(100)},
		{"check-unlike.md", unlike, report.CheckMarkdown},
		{"check-unlike.csv", unlike, report.CheckCSV},
		{"check-unlike.xml", unlike, report.CheckJUnit},
	} {
		t.Run(test.file, func(t *testing.T) {
			golden(t, test.file, []byte(renderCheck(t, test.render, test.check)))
		})
	}
}

// That machines are unlike is the first thing that each format says, whatever the verdict.
func TestUnlikeMachinesAreSaidFirst(t *testing.T) {
	const words = "not the baseline's machine"
	for _, c := range []report.Check{byBaseline("CPUs: 4 there, 2 here"), passingByBaseline("CPUs: 4 there, 2 here")} {
		if text := renderCheck(t, checkText(0), c); !strings.HasPrefix(text, words) {
			t.Errorf("text begins with %.80q", text)
		}
		if text := renderCheck(t, report.CheckMarkdown, c); strings.Index(text, "not the baseline") > strings.Index(text, "baseline of") {
			t.Errorf("it is not first in\n%s", text)
		}
		lines, err := csv.NewReader(strings.NewReader(renderCheck(t, report.CheckCSV, c))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range lines[1:] {
			if last := line[len(line)-1]; lines[0][len(line)-1] != "unlike_machine" || !strings.Contains(last, words) {
				t.Errorf("line %d of the CSV ends with %q", i+1, last)
			}
		}
		var decoded struct {
			Run struct {
				Gate struct {
					Unlike []string `json:"unlike_machine"`
				}
			}
		}
		if err := json.Unmarshal([]byte(renderCheck(t, report.CheckJSON, c)), &decoded); err != nil || len(decoded.Run.Gate.Unlike) != 1 {
			t.Errorf("%+v, %v", decoded, err)
		}
		if xml := renderCheck(t, report.CheckJUnit, c); strings.Count(xml, "<system-out>"+strings.ReplaceAll(words, "'", "&#39;")) != len(c.Judgement.Cells) || strings.Count(xml, "message=") != strings.Count(xml, `message="not the baseline`) {
			t.Errorf("cases do not begin with it:\n%s", xml)
		}
		if first := c.Annotations()[0]; first.Level != "warning" || !strings.HasPrefix(first.Message, words) {
			t.Errorf("the first annotation is %+v", first)
		}
		for _, f := range c.Figures() {
			if !strings.HasPrefix(f.Extra, words) || strings.HasSuffix(f.Name, ": base") {
				t.Errorf("%+v", f)
			}
		}
		if chart := c.Charts()[0]; !strings.HasPrefix(chart.Subtitle, words) {
			t.Errorf("the chart says %q", chart.Subtitle)
		}
	}
	for name, of := range map[string]string{
		"text": renderCheck(t, checkText(0), byBaseline()), "JUnit": renderCheck(t, report.CheckJUnit, byBaseline()),
		"CSV": renderCheck(t, report.CheckCSV, byBaseline()), "chart": byBaseline().Charts()[0].Subtitle, "annotation": byBaseline().Annotations()[0].Message,
	} {
		if strings.Contains(of, "not the baseline") {
			t.Errorf("machines are alike, and the %s says\n%s", name, of)
		}
	}
}

// passingByBaseline has the cell that passes alone.
func passingByBaseline(unlike ...string) report.Check {
	c := byBaseline(unlike...)
	c.Judgement.Cells, c.Judgement.Verdict = c.Judgement.Cells[:1], c.Judgement.Cells[0].Verdict
	return c
}

// benchstat would compare two different servers if the yardstick were called the base.
func TestTheYardstickIsNoBase(t *testing.T) {
	c := byBaseline("CPUs: 4 there,\n2 here")
	cell := c.Judgement.Cells[0].Cell
	file := &results.File{Run: c.Run}
	for i, arm := range []string{"go-net", "go-net/control", "epoll-lt"} {
		file.Trials = append(file.Trials, results.Trial{
			Cell: cell, Arm: arm, Reference: i == 0, Control: i == 1, Status: results.StatusOK,
			Values: map[results.Metric]float64{results.ServerCPUPerMessage: 5000}, Slices: []results.Slice{{Messages: 10}},
		})
	}
	var out bytes.Buffer
	if err := report.Benchfmt(&out, report.Side{File: file}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"\nbuild: yardstick\n", "\nbuild: control\n", "\nbuild: head\n", "\nunlike-machine: CPUs: 4 there,"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "build: base") {
		t.Errorf("the yardstick is called a base:\n%s", text)
	}
}
