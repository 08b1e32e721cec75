package results_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"muxbench/results"
)

func exampleRun() results.Run {
	return results.Run{
		Type: "run", Schema: results.Schema, Tool: "muxbench", Version: "v1.2.3", Scenario: "echo idle",
		Started: time.Date(2026, 11, 21, 7, 0, 0, 123, time.UTC), Args: []string{"run", "echo", "--label", "a=<b>"}, Seed: math.MaxUint64,
		Labels:      map[string]string{"a": "<b>"},
		Environment: results.Environment{OS: "linux", Arch: "arm64", Kernel: "6.8.0", CPUs: 2, OpenFiles: math.MaxUint64},
	}
}

func exampleTrial(block int) results.Trial {
	return results.Trial{
		Type: "trial", Block: block,
		Cell: results.Cell{Scenario: "echo", Connections: 10000, Active: 10000, Rounds: 100, Size: 1024, Rate: 0.5},
		Arm:  "poll", Backend: "poll", Options: map[string]string{"entry": "raw"}, Status: results.StatusOK,
		StartedAt: 1, ServerCPU: -1, LoadCPU: 1,
		Values:   map[results.Metric]float64{results.Messages: 1e6, results.ServerRSSPerConnection: -12.25},
		Counters: &results.TrialCounters{Server: results.Counters{Waits: 7, EmptyWaits: 1}},
		Slices:   []results.Slice{{Turn: 0, Order: 1, Messages: 5, ElapsedNS: 6, ServerCPUNS: 7, LoadCPUNS: 8}, {Turn: 1}},
		Errors:   results.Errors{Reset: 2},
		Validity: []string{"steal"},
	}
}

// write makes a result file of trials and returns its path.
func write(t *testing.T, trials ...results.Trial) string {
	t.Helper()
	w, err := results.Create(filepath.Join(t.TempDir(), "run"), exampleRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(trials...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Path()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	trials := []results.Trial{exampleTrial(0), exampleTrial(1), exampleTrial(2)}
	trials[1].Status, trials[1].Reason, trials[1].Values = results.StatusFailed, "2 connections reset", nil
	trials[1].Stderr = "panic: \x1b[31m|\n"
	trials[2].Status, trials[2].Counters, trials[2].Slices = results.StatusSkipped, nil, nil
	path := write(t, trials...)
	for _, name := range []string{path, filepath.Dir(path)} {
		got, err := results.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		want := &results.File{Run: exampleRun(), Trials: trials}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Open(%s) differs from what was written (-want +got):\n%s", name, diff)
		}
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	run := exampleRun()
	run.Type, run.Schema, run.Tool = "", 99, "other"
	w, err := results.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "run.jsonl"); w.Path() != want {
		t.Errorf("Path() = %s, want %s", w.Path(), want)
	}
	// Before any trial and before Close: an interrupted run has a first line.
	first, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"run","schema":1,"tool":"muxbench","version":"v1.2.3",`; !strings.HasPrefix(string(first), want) {
		t.Errorf("the file begins with %.80s, want %s", first, want)
	}

	_, err = results.Create(dir, run)
	if !errors.Is(err, results.ErrHoldsRun) || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("Create in a directory that holds a run: %v, want ErrHoldsRun", err)
	}
	if again, _ := os.ReadFile(w.Path()); string(again) != string(first) {
		t.Error("the refused Create changed the run that was there")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestCreateLeavesNothingBehindOnError(t *testing.T) {
	dir := t.TempDir()
	run := exampleRun()
	run.Started = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
	if _, err := results.Create(dir, run); err == nil {
		t.Fatal("a run that cannot be encoded was accepted")
	}
	if _, err := results.Create(dir, exampleRun()); err != nil {
		t.Errorf("the second attempt: %v", err)
	}
}

func TestAppendWritesAllOrNothing(t *testing.T) {
	w, err := results.Create(t.TempDir(), exampleRun())
	if err != nil {
		t.Fatal(err)
	}
	bad := []struct {
		name   string
		change func(*results.Trial)
	}{
		{"NaN", func(t *results.Trial) { t.Values[results.Throughput] = math.NaN() }},
		{"infinity", func(t *results.Trial) { t.Values["of_a_later_version"] = math.Inf(1) }},
		{"no status", func(t *results.Trial) { t.Status = "" }},
		{"negative count", func(t *results.Trial) { t.Counters.Load.Reads = -1 }},
		{"too long a line", func(t *results.Trial) { t.Stderr = strings.Repeat("x", 5<<20) }},
	}
	before, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			broken := exampleTrial(3)
			tt.change(&broken)
			err := w.Append(exampleTrial(2), broken)
			if err == nil || !strings.Contains(err.Error(), `block 3 of arm "poll"`) {
				t.Errorf("Append: %v, want an error that names the trial", err)
			}
			if after, _ := os.ReadFile(w.Path()); string(after) != string(before) {
				t.Error("the file has changed")
			}
		})
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Append(exampleTrial(0)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Append after Close: %v, want os.ErrClosed", err)
	}
}
