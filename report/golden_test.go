package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

var update = flag.Bool("update", false, "write the files in testdata anew, the synthetic runs among them")

// syntheticFiles are the runs in testdata. They are made up: see
// synthetic_test.go.
func syntheticFiles() map[string][]results.Trial {
	idle := idleSweep()
	hourA, hourB := twice()
	return map[string][]results.Trial{
		"synthetic-idle":    troubled(sweepTrials([]results.Cell{idle[0], idle[3], idle[4], idle[5]}, 3, 2)),
		"synthetic-connect": sweepTrials(connectSweep()[3:], 3, 2),
		"synthetic-chain":   chainTrials(chainCells(), 3),
		"synthetic-outside": outsideTrials(),
		"synthetic-control": controlledTrials(),
		"synthetic-load":    openTrials(loadCells(), 8),
		"synthetic-rate":    openTrials(rateCells(), 8),
		"synthetic-slo":     openTrials(sloCells(), 8),
		"synthetic-costs":   costTrials(kneedArms(), costCells(), 7, 2, 0.05),
		"synthetic-trigger": triggeredTrials(slices.Concat(triggeredWorkloads()[1:6:6], triggeredWorkloads()[10:]), 6),
		"synthetic-churn":   churnTrials(6),
		"synthetic-accept":  acceptTrials(6),
		"synthetic-ctl":     ctlTrials(6),
		"synthetic-fanout":  fanoutTrials(6),
		"synthetic-lookup":  lookupTrials(6),
		"synthetic-scaling": scalingTrials(6, 0, 2, 3),
		"synthetic-echo":    sweepTrials(echoSizes()[:2], 1, 2),
		"synthetic-commands": withoutBackend("select", 19000,
			sweepTrials([]results.Cell{connectSweep()[0], connectSweep()[4], echoSizes()[0], echoSizes()[1]}, 3, 2)),
		"synthetic-compare-a": hourA, "synthetic-compare-b": hourB,
	}
}

// load reads the summary of a run in testdata, after writing the run if
// -update asks for it.
func load(t *testing.T, name string) report.Summary {
	t.Helper()
	path := filepath.Join("testdata", name+".jsonl")
	if *update {
		writeSynthetic(t, path, name)
	}
	f, err := results.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 {
		t.Fatal(f.Warnings)
	}
	return report.Summarise(f.Run, f.Trials)
}

func writeSynthetic(t *testing.T, path, name string) {
	t.Helper()
	run := syntheticRun(strings.TrimPrefix(name, "synthetic-"))
	switch name {
	case "synthetic-commands":
		run = commandsRun()
	case "synthetic-chain":
		run = chainRun()
	case "synthetic-control":
		run = controlledRun()
	}
	w, err := results.Create(t.TempDir(), run)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(syntheticFiles()[name]...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

func text(width int) func(io.Writer, report.Summary) error {
	return func(w io.Writer, s report.Summary) error { return report.Text(w, s, width) }
}

func TestGolden(t *testing.T) {
	tests := []struct {
		run, file string
		render    func(io.Writer, report.Summary) error
	}{
		{"synthetic-idle", "idle-wide.txt", text(0)},
		{"synthetic-idle", "idle-80.txt", text(80)},
		{"synthetic-idle", "idle.md", report.Markdown},
		{"synthetic-idle", "idle.csv", report.CSV},
		{"synthetic-idle", "idle.json", report.JSON},
		{"synthetic-connect", "connect-wide.txt", text(0)},
		{"synthetic-connect", "connect-80.txt", text(80)},
		{"synthetic-connect", "connect.csv", report.CSV},
		{"synthetic-echo", "echo-one-block.txt", text(80)},
		{"synthetic-control", "control-wide.txt", text(0)},
		{"synthetic-control", "control-100.txt", text(100)},
		{"synthetic-control", "control-80.txt", text(80)},
		{"synthetic-control", "control-60.txt", text(60)},
		{"synthetic-control", "control.md", report.Markdown},
		{"synthetic-control", "control.csv", report.CSV},
		{"synthetic-control", "control.json", report.JSON},
		{"synthetic-commands", "commands-wide.txt", text(0)},
		{"synthetic-commands", "commands-80.txt", text(80)},
		{"synthetic-commands", "commands.md", report.Markdown},
		{"synthetic-commands", "commands.json", report.JSON},
		{"synthetic-chain", "chain-wide.txt", text(0)},
		{"synthetic-chain", "chain-96.txt", text(96)},
		{"synthetic-chain", "chain-80.txt", text(80)},
		{"synthetic-chain", "chain.md", report.Markdown},
		{"synthetic-chain", "chain.csv", report.CSV},
		{"synthetic-chain", "chain.json", report.JSON},
		{"synthetic-load", "load-wide.txt", text(0)},
		{"synthetic-load", "load-100.txt", text(100)},
		{"synthetic-load", "load-80.txt", text(80)},
		{"synthetic-load", "load.md", report.Markdown},
		{"synthetic-rate", "rate-100.txt", text(100)},
		{"synthetic-rate", "rate-60.txt", text(60)},
		{"synthetic-rate", "rate.csv", report.CSV},
		{"synthetic-slo", "slo-wide.txt", text(0)},
		{"synthetic-slo", "slo-80.txt", text(80)},
		{"synthetic-slo", "slo.csv", report.CSV},
		{"synthetic-slo", "slo.json", report.JSON},
		{"synthetic-costs", "costs-80.txt", text(80)},
		{"synthetic-costs", "costs-60.txt", text(60)},
		{"synthetic-costs", "costs.md", report.Markdown},
		{"synthetic-costs", "costs.json", report.JSON},
		{"synthetic-trigger", "trigger-wide.txt", text(0)},
		{"synthetic-trigger", "trigger-80.txt", text(80)},
		{"synthetic-trigger", "trigger-60.txt", text(60)},
		{"synthetic-trigger", "trigger.md", report.Markdown},
		{"synthetic-trigger", "trigger.json", report.JSON},
		{"synthetic-churn", "churn-wide.txt", text(0)},
		{"synthetic-churn", "churn-80.txt", text(80)},
		{"synthetic-churn", "churn.md", report.Markdown},
		{"synthetic-accept", "accept-wide.txt", text(0)},
		{"synthetic-accept", "accept-80.txt", text(80)},
		{"synthetic-accept", "accept.md", report.Markdown},
		{"synthetic-ctl", "ctl-wide.txt", text(0)},
		{"synthetic-ctl", "ctl-80.txt", text(80)},
		{"synthetic-ctl", "ctl.md", report.Markdown},
		{"synthetic-fanout", "fanout-wide.txt", text(0)},
		{"synthetic-fanout", "fanout-80.txt", text(80)},
		{"synthetic-fanout", "fanout.md", report.Markdown},
		{"synthetic-lookup", "lookup-wide.txt", text(0)},
		{"synthetic-lookup", "lookup-80.txt", text(80)},
		{"synthetic-scaling", "scaling-wide.txt", text(0)},
		{"synthetic-scaling", "scaling-80.txt", text(80)},
		{"synthetic-scaling", "scaling.md", report.Markdown},
		{"synthetic-accept", "accept.csv", report.CSV},
		{"synthetic-ctl", "ctl.csv", report.CSV},
		{"synthetic-outside", "outside-wide.txt", text(0)},
		{"synthetic-outside", "outside-80.txt", text(80)},
		{"synthetic-outside", "outside.md", report.Markdown},
		{"synthetic-outside", "outside.csv", report.CSV},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := tt.render(&got, load(t, tt.run)); err != nil {
				t.Fatal(err)
			}
			golden(t, tt.file, got.Bytes())
		})
	}
}

// golden wants got to be what the file in testdata holds, and writes that anew if
// -update asks for it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is right, run go test ./report -update:\n%s", path, diff)
	}
}
