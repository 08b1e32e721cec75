package results_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"muxbench/results"
)

const looksLine = `{"type":"looks","scenario":"echo","connections":200,"active":200,"size":64,"subject":"poll","blocks":9,"deviation":0.01,"threshold":0.03}`

// gatedRun decides between two builds.
func gatedRun() results.Run {
	run := exampleRun()
	run.Gate = &results.Gate{
		Threshold: 0.03,
		Base:      results.Build{Version: "v1.2.2", Go: "go1.25.1", Platform: "linux/arm64", Layouts: 4},
		Head:      results.Build{Version: "v1.2.3", Go: "go1.26.0", Platform: "linux/arm64", Layouts: 4}, InjectedNS: 250,
	}
	return run
}

// looksOf says when a gate looks at a server.
func looksOf(subject string, connections, blocks int) results.Looks {
	return results.Looks{
		Type: "looks", Cell: results.Cell{Scenario: "echo", Connections: connections, Active: connections, DurationNS: 4e8, Size: 64, Subject: subject},
		Blocks: blocks, Deviation: 0.0125, Threshold: 0.035,
	}
}

func TestAGatesRecordsAreReadAsWritten(t *testing.T) {
	w, err := results.Create(t.TempDir(), gatedRun())
	if err != nil {
		t.Fatal(err)
	}
	looks := []results.Looks{looksOf("poll", 200, 9), looksOf("poll", 1000, 40), looksOf("epoll-lt", 200, 9)}
	trial := exampleTrial(0)
	trial.Subject, trial.Arm, trial.Build, trial.Reference = "poll", "poll@base", "layout 2", true
	after := exampleTrial(1)
	looks[2].Type = "anything" // it is filled in
	if err := errors.Join(w.Append(trial), w.AppendLooks(looks[:2]...), w.AppendLooks(), w.Append(after), w.AppendLooks(looks[2]), w.Close()); err != nil {
		t.Fatal(err)
	}
	looks[2].Type = "looks"
	got, err := results.Open(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	want := &results.File{Run: gatedRun(), Trials: []results.Trial{trial, after}, Looks: looks}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what was read differs from what was written (-want +got):\n%s", diff)
	}
}

// A file without a gate says nothing of one, as all that were written before there was
// any.
func TestARunWithoutAGateSaysNothingOfOne(t *testing.T) {
	content, err := os.ReadFile(write(t, exampleTrial(0)))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"gate", "looks", "subject"} {
		if bytes.Contains(content, []byte(word)) {
			t.Errorf("%q is in %s", word, content)
		}
	}
	f, err := results.Decode(strings.NewReader(runLine+"\n"+trialLine+"\n"), "older")
	if err != nil || f.Run.Gate != nil || len(f.Looks) != 0 || len(f.Trials) != 1 || f.Trials[0].Subject != "" || len(f.Warnings) != 0 {
		t.Errorf("an older file: %+v, %v", f, err)
	}
}

func TestDecodeLooks(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(looksLine, old) {
			panic("looksLine has no " + old)
		}
		return strings.Replace(looksLine, old, new, 1)
	}
	tests := []struct {
		name    string
		line    string
		looks   int
		warning string // what it contains
	}{
		{"as written", looksLine, 1, ""},
		{"unknown fields", with(`"blocks":9`, `"blocks":9,"newer":[1]`), 1, ""},
		{"noise that carries little", with(`"threshold":0.03`, `"threshold":2.5`), 1, ""},
		{"two cells", looksLine + "\n" + with(`"size":64`, `"size":65`), 2, ""},
		{"another server in the same cell", looksLine + "\n" + with("poll", "select"), 2, ""},

		{"the same cell twice", looksLine + "\n" + with(`"blocks":9`, `"blocks":18`), 1, `f.jsonl:3: line left out: when the gate looks at "poll" in this cell is told already`},
		{"torn", looksLine + "\n" + looksLine[:60], 1, "f.jsonl:3: the last line is torn"},
		{"no subject", with("poll", ""), 0, "looks without a subject"},
		{"no scenario", with("echo", ""), 0, "looks at a scenario of 0 bytes"},
		{"an endless scenario", with("echo", strings.Repeat("x", 201)), 0, "looks at a scenario of 201 bytes"},
		{"an endless subject", with("poll", strings.Repeat("x", 201)), 0, "subject 201"},
		{"no blocks", with(`"blocks":9`, `"blocks":0`), 0, "looks after 0 blocks"},
		{"negative blocks", with(`"blocks":9`, `"blocks":-9`), 0, "looks after -9 blocks"},
		{"absurd blocks", with(`"blocks":9`, `"blocks":4611686018427387904`), 0, "looks after 4611686018427387904 blocks"},
		{"blocks that are none", with(`"blocks":9`, `"blocks":"9"`), 0, "blocks"},
		{"a negative deviation", with(`0.01`, `-0.01`), 0, "a deviation of -0.01"},
		{"an absurd deviation", with(`0.01`, `1e9`), 0, "a deviation of 1e+09"},
		{"no threshold", with(`,"threshold":0.03`, ``), 0, "a threshold of 0"},
		{"an absurd threshold", with(`"threshold":0.03`, `"threshold":1e300`), 0, "a threshold of 1e+300"},
		{"a threshold that no float64 holds", with(`"threshold":0.03`, `"threshold":1e400`), 0, "1e400"},
		{"NaN", with(`"threshold":0.03`, `"threshold":NaN`), 0, "f.jsonl:2:"},
		{"an absurd cell", with(`"connections":200`, `"connections":-1`), 0, "connections is -1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// What stands around it is read all the same.
			end := "\n" + trialLine + "\n"
			if test.name == "torn" {
				end = ""
			}
			f, err := results.Decode(strings.NewReader(runLine+"\n"+test.line+end), "f.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			if trials := strings.Count(end, "trial"); len(f.Looks) != test.looks || len(f.Trials) != trials {
				t.Errorf("%d looks and %d trials, want %d and %d", len(f.Looks), len(f.Trials), test.looks, trials)
			}
			switch {
			case test.warning == "" && len(f.Warnings) > 0:
				t.Errorf("warned of %v", f.Warnings)
			case test.warning != "" && (len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Error(), test.warning)):
				t.Errorf("warnings %v, want one with %q in it", f.Warnings, test.warning)
			}
		})
	}
}

// A run is decoded as a whole or not at all, its gate included.
func TestDecodeAGate(t *testing.T) {
	for _, test := range []struct{ gate, err string }{
		{`{"threshold":0.03}`, ""},
		{`{"threshold":0.005,"base":{"version":"v1","layouts":4},"head":{},"injected_ns":500}`, ""},
		{`null`, ""},
		{`{}`, "a gate's threshold is 0"},
		{`{"threshold":0.0049}`, "a gate's threshold is 0.0049"},
		{`{"threshold":1.01}`, "a gate's threshold is 1.01"},
		{`{"threshold":0.03,"base":{"layouts":-1}}`, "it -1 layouts"},
		{`{"threshold":0.03,"head":{"layouts":1001}}`, "it 1001 layouts"},
		{`{"threshold":0.03,"head":{"version":"` + strings.Repeat("x", 201) + `"}}`, "version, Go and platform have 201"},
		{`{"threshold":0.03,"injected_ns":-1}`, "gate.injected_ns is -1"},
	} {
		_, err := results.Decode(strings.NewReader(strings.Replace(runLine, "}", `,"gate":`+test.gate+"}", 1)), "f.jsonl")
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%.60s: %v, want %q", test.gate, err, test.err)
		}
	}
}

// What a reader would leave out is not written, and neither is what comes with it.
func TestAppendLooksWritesAllOrNothing(t *testing.T) {
	w, err := results.Create(t.TempDir(), gatedRun())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	before, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*results.Looks){
		"NaN":        func(l *results.Looks) { l.Threshold = math.NaN() },
		"infinity":   func(l *results.Looks) { l.Threshold = math.Inf(1) },
		"deviation":  func(l *results.Looks) { l.Deviation = math.NaN() },
		"no subject": func(l *results.Looks) { l.Subject = "" },
	} {
		broken := looksOf("select", 100, 9)
		change(&broken)
		if err := w.AppendLooks(looksOf("poll", 100, 9), broken); err == nil || !strings.Contains(err.Error(), "encode the looks at") {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(w.Path()); string(after) != string(before) {
			t.Errorf("%s: the file has changed", name)
		}
	}
	run := gatedRun()
	run.Gate.Threshold = math.NaN()
	if _, err := results.Create(t.TempDir(), run); err == nil {
		t.Error("a gate without a threshold was written")
	}
}

// A file is cut anywhere, and what is whole of it is read.
func TestDecodeLooksCutAtEveryLength(t *testing.T) {
	whole := runLine + "\n" + looksLine + "\n"
	for n := len(runLine); n <= len(whole); n++ {
		f, err := results.Decode(strings.NewReader(whole[:n]), "cut")
		if err != nil {
			t.Fatal(err)
		}
		wantLooks, wantWarnings := 0, 1
		switch {
		case n <= len(runLine)+1:
			wantWarnings = 0
		case n >= len(whole)-1:
			wantLooks, wantWarnings = 1, 0
		}
		if len(f.Looks) != wantLooks || len(f.Warnings) != wantWarnings {
			t.Errorf("cut after %d of %d bytes: %d looks, %d warnings", n, len(whole), len(f.Looks), len(f.Warnings))
		}
	}
}
