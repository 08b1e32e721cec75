package results_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
)

func someBaseline() results.Baseline {
	cell := results.Cell{Scenario: "idle", Connections: 200, Active: 10, DurationNS: 2e8, Size: 64, Subject: "epoll-lt"}
	other := cell
	other.Subject = "poll"
	return results.Baseline{Version: "v1", Environment: someMachine(), Yardstick: "go-net", Cells: []results.Kept{
		{Cell: cell, Options: map[string]string{"entry": "raw"}, Ratio: 0.8, Low: 0.79, High: 0.81, Blocks: 18},
		{Cell: other, Ratio: 1.2, Low: 1.1, High: 1.3, Blocks: 18},
	}}
}

func TestBaselineIsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "baseline.json")
	want := someBaseline()
	for range 2 { // the second one replaces the first
		if err := want.Write(path); err != nil {
			t.Fatal(err)
		}
		got, err := results.ReadBaseline(path)
		if err != nil {
			t.Fatal(err)
		}
		want.Tool, want.Type, want.Schema = got.Tool, got.Type, got.Schema
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		want.Cells[0].Ratio = 0.805
	}
	if k, ok := want.Find(want.Cells[1].Cell); !ok || k.Ratio != 1.2 {
		t.Errorf("%+v, %t", k, ok)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside it lie %v, %v", entries, err)
	}
}

// What is no baseline is neither read nor replaced, and the error says what it is.
func TestWhatIsNoBaseline(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	if err := someBaseline().Write(whole); err != nil {
		t.Fatal(err)
	}
	encoded, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	good := string(encoded)
	for name, tt := range map[string]struct{ content, says string }{
		"empty":               {"", "is no JSON, or is cut"},
		"cut":                 {good[:len(good)/2], "is no JSON, or is cut"},
		"foreign":             {`{"tool": "other", "type": "baseline"}`, "is not a baseline of muxbench"},
		"a list":              {`[1, 2]`, "is not a baseline of muxbench"},
		"a run":               {`{"type":"run","schema":1,"tool":"muxbench"}`, "is not a baseline of muxbench"},
		"newer":               {strings.Replace(good, `"schema": 1`, `"schema": 7`, 1), "schema 7, and this muxbench reads up to 1"},
		"no schema":           {strings.Replace(good, `"schema": 1`, `"schema": 0`, 1), "schema 0"},
		"no ratio":            {strings.Replace(good, `"ratio": 0.8`, `"ratio": 0`, 1), `"epoll-lt": its ratio is 0`},
		"turned ends":         {strings.Replace(good, `"low": 0.79`, `"low": 0.9`, 1), "which is none"},
		"no subject":          {strings.Replace(good, `"subject": "poll"`, `"subject": ""`, 1), "names no server"},
		"twice":               {strings.Replace(good, `"subject": "poll"`, `"subject": "epoll-lt"`, 1), "is there twice"},
		"no yardstick":        {strings.Replace(good, `"yardstick": "go-net"`, `"yardstick": ""`, 1), "its yardstick has 0 bytes"},
		"a name to obey":      {strings.Replace(good, `"subject": "poll"`, `"subject": "poll\n::error::"`, 1), "is no name"},
		"an option to obey":   {strings.Replace(good, `"entry": "raw"`, `"entry": "raw\u001b[2J"`, 1), `its option "entry" has`},
		"a yardstick to obey": {strings.Replace(good, `"yardstick": "go-net"`, `"yardstick": "go\nnet"`, 1), "is no name"},
		"endless":             {good + strings.Repeat(" ", 2<<20), "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "baseline\x1b.json")
			if err := os.WriteFile(path, []byte(tt.content), 0o666); err != nil {
				t.Fatal(err)
			}
			if b, err := results.ReadBaseline(path); err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%+v, %v", b, err)
			}
			if err := someBaseline().Write(path); err == nil || !strings.Contains(err.Error(), "it is not replaced") {
				t.Errorf("it is replaced: %v", err)
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != tt.content {
				t.Errorf("it has become %q, %v", left, err)
			}
		})
	}
}

// Whatever the order in which cells were measured, a file has them in the same one, so
// that what has not changed is no difference.
func TestBaselinesHaveOneOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "baseline.json")
	write := func(b results.Baseline) string {
		t.Helper()
		if err := b.Write(path); err != nil {
			t.Fatal(err)
		}
		encoded, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	b := someBaseline()
	for _, connections := range []int{100, 20} {
		k := b.Cells[0]
		k.Connections = connections
		b.Cells = append(b.Cells, k)
	}
	want := write(b)
	slices.Reverse(b.Cells)
	if got := write(b); got != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
	if third := b.Cells[2].Subject; third != "poll" {
		t.Errorf("the caller's cells are in another order: the third is %s", third)
	}
	read, err := results.ReadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, k := range read.Cells {
		order = append(order, fmt.Sprint(k.Connections, " ", k.Subject))
	}
	if diff := cmp.Diff([]string{"20 epoll-lt", "100 epoll-lt", "200 epoll-lt", "200 poll"}, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What stands in the way of writing is said, and what was there stays.
func TestBaselinesThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nowhere", "baseline.json")
	if err := someBaseline().Write(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want an error that names the file", err)
	}
	if _, err := results.Replaced(path); err == nil || !strings.Contains(err.Error(), path+" has no directory to be in") {
		t.Errorf("%v, want that to be said before anything is measured", err)
	}
	path = filepath.Join(t.TempDir(), "baseline.json")
	if err := someBaseline().Write(path); err != nil {
		t.Fatal(err)
	}
	worse := someBaseline()
	worse.Cells[1].Ratio = 0
	if err := worse.Write(path); err == nil {
		t.Error("a ratio of nothing is written")
	}
	if b, err := results.Replaced(path); err != nil || b == nil || b.Cells[1].Ratio != 1.2 {
		t.Errorf("%+v, %v: want what was there", b, err)
	}
	if b, err := results.Replaced(path + ".new"); b != nil || err != nil {
		t.Errorf("%+v, %v: there is no such file", b, err)
	}
}
