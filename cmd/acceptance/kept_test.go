//go:build linux

package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muxbench/results"
	"muxbench/results/gate"
)

// What is kept of a check says the same as the check, line and result alike.
func TestKept(t *testing.T) {
	done := checksOf(t, 20, strokes(1, gate.Regression)+", "+strokes(1, gate.Pass), 500)
	for _, steps := range done.repetitions {
		steps[0].step.name = "check"
		run := &steps[0].file.Run
		run.Type, run.Schema, run.Tool, run.Seed, run.Version = "run", results.Schema, "muxbench", 7, "v1"
		for i := range steps[0].file.Trials {
			steps[0].file.Trials[i].LatencyHDR = "a histogram"
		}
	}
	dir := filepath.Join(t.TempDir(), "kept")
	if err := keep(dir, "gate-slower-5", done); err != nil {
		t.Fatal(err)
	}
	summary, err := os.ReadFile(filepath.Join(dir, "gate-slower-5.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(summary)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	for i, c := range done.checks() {
		var line keptCheck
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Fatal(err)
		}
		if line.Verdict != c.Verdict || line.Seconds != 20 || line.InjectedNS != 500 || line.Share != 0.05 || line.Seed != 7 || line.Version != "v1" ||
			line.Raw != "gate-slower-5/"+c.repetition+"-check.jsonl.gz" {
			t.Errorf("line %d is %+v", i, line)
		}
		file := unpacked(t, filepath.Join(dir, line.Raw))
		again := gate.Judge(*file.Run.Gate, file.Looks, file.Trials)
		if len(file.Warnings) > 0 || len(again.Cells) != 1 || again.Verdict != c.Verdict || !reflect.DeepEqual(again.Cells[0].Ratio, c.Cells[0].Ratio) {
			t.Errorf("what is kept of check %d comes to %+v, %v", i, again, file.Warnings)
		}
		if got := file.Trials[0].LatencyHDR; got != "" {
			t.Errorf("its histogram is %q", got)
		}
	}
	if done.repetitions[0][0].file.Trials[0].LatencyHDR == "" {
		t.Error("what was measured has lost its histogram")
	}
}

func unpacked(t *testing.T, path string) *results.File {
	t.Helper()
	compressed, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = compressed.Close() }() // nothing was written
	z, err := gzip.NewReader(compressed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := results.Decode(z, path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
