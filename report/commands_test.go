package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// commandsRun reproduces commands of which two share a cell, one is beyond
// select, and one was never got to.
func commandsRun() results.Run {
	run := syntheticRun("commands")
	run.Labels = map[string]string{"host": "one|two", "branch": "main"}
	connect, echo := connectSweep(), echoSizes()
	run.Commands = []results.Command{
		{Line: "./client -c 1000 -m connect", Cell: connect[0]},
		{Line: "./client -c 10000 -r 100 -s 1024", Cell: echo[0]},
		{Line: "./client -c 10000 -r 1000 -s 1024", Cell: echo[1]},
		{Line: "./client -c 10000 -r 1000 -s 1024 --port-range 32768-60999", Cell: echo[1]},
		{Line: "./client -c 10000 -r 100 -s 10240", Cell: echo[2]},
		{Line: "./client -c 19000 -m connect", Cell: connect[4]},
	}
	return run
}

// withoutBackend are trials of which those of one backend were skipped from so
// many connections on.
func withoutBackend(name string, connections int, trials []results.Trial) []results.Trial {
	for i, t := range trials {
		if t.Arm == name && t.Connections >= connections {
			trials[i] = ended(t, results.StatusSkipped, "needs more descriptors than FD_SETSIZE")
			trials[i].Values, trials[i].Slices = nil, nil
		}
	}
	return trials
}

// took is an ok trial of 100 messages a slice, or of one set-up a slice, that
// took so many ms each.
func took(c results.Cell, arm string, block int, ms ...int64) results.Trial {
	t := results.Trial{Cell: c, Block: block, Arm: arm, Backend: arm, Reference: arm == "select", Status: results.StatusOK}
	var sum int64
	for turn, v := range ms {
		s := results.Slice{Turn: turn, ElapsedNS: v * 1e6, ServerCPUNS: 1, Messages: 100}
		if c.Scenario == "connect" {
			s.Messages, s.Connects = 0, 100
		}
		t.Slices = append(t.Slices, s)
		sum += s.ElapsedNS
	}
	if c.Scenario == "connect" {
		t.Values = map[results.Metric]float64{results.ConnectElapsed: float64(t.Slices[0].ElapsedNS), results.Elapsed: float64(sum)}
	} else {
		t.Values = map[results.Metric]float64{results.Elapsed: float64(sum)}
	}
	return t
}

func TestSummariseCommands(t *testing.T) {
	rounds := results.Cell{Scenario: "echo", Connections: 10, Active: 10, Rounds: 20, Size: 64}
	window := results.Cell{Scenario: "echo", Connections: 10, Active: 10, DurationNS: 1e9, Size: 64}
	connect := results.Cell{Scenario: "connect", Connections: 100, Active: 100}
	exactly := func(median, low, high float64, blocks int) *report.Estimate {
		return &report.Estimate{Value: median, Low: low, High: high, Blocks: blocks}
	}
	tests := []struct {
		name   string
		cell   results.Cell
		trials []results.Trial
		want   report.Command
	}{
		{
			"rounds: the sum over slices, and the inverse ratio of throughput", rounds,
			[]results.Trial{
				took(rounds, "select", 0, 100, 100), took(rounds, "poll", 0, 50, 50),
				took(rounds, "select", 1, 100, 100), took(rounds, "poll", 1, 25, 25),
				took(rounds, "select", 2, 300, 300), took(rounds, "poll", 2, 300, 300),
			},
			report.Command{Reference: "select", Blocks: 3, Arms: []report.CommandTime{
				{Arm: "select", Elapsed: exactly(200e6, 200e6, 600e6, 3)},
				{Arm: "poll", Elapsed: exactly(100e6, 50e6, 600e6, 3), Ratio: exactly(0.5, 0.25, 1, 3)},
			}},
		},
		{
			"connect: one set-up", connect,
			[]results.Trial{took(connect, "select", 0, 100, 100), took(connect, "poll", 0, 50, 50)},
			report.Command{Reference: "select", Blocks: 1, Arms: []report.CommandTime{
				{Arm: "select", Elapsed: exactly(100e6, 100e6, 100e6, 1)},
				{Arm: "poll", Elapsed: exactly(50e6, 50e6, 50e6, 1), Ratio: exactly(0.5, 0.5, 0.5, 1)},
			}},
		},
		{
			"a window has no ratio of times", window,
			[]results.Trial{took(window, "select", 0, 100), took(window, "poll", 0, 50)},
			report.Command{Reference: "select", Blocks: 1, Arms: []report.CommandTime{
				{Arm: "select", Elapsed: exactly(100e6, 100e6, 100e6, 1)},
				{Arm: "poll", Elapsed: exactly(50e6, 50e6, 50e6, 1)},
			}},
		},
		{
			"no trial ok", rounds,
			[]results.Trial{took(rounds, "select", 0, 100), ended(took(rounds, "poll", 0, 50), results.StatusFailed, "no")},
			report.Command{Reference: "select", Blocks: 1, Arms: []report.CommandTime{
				{Arm: "select", Elapsed: exactly(100e6, 100e6, 100e6, 1)}, {Arm: "poll"},
			}},
		},
		{
			"no reference", rounds, []results.Trial{took(rounds, "poll", 0, 50)},
			report.Command{Blocks: 1, Arms: []report.CommandTime{{Arm: "poll", Elapsed: exactly(50e6, 50e6, 50e6, 1)}}},
		},
		{
			"the cell is not in the run, but one much like it", rounds, []results.Trial{took(window, "poll", 0, 50)},
			report.Command{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := syntheticRun("commands")
			run.Commands = []results.Command{{Line: "first", Cell: tt.cell}, {Line: "again", Cell: tt.cell}}
			var want []report.Command
			for _, c := range run.Commands {
				tt.want.Line, tt.want.Cell = c.Line, c.Cell
				want = append(want, tt.want)
			}
			if diff := cmp.Diff(want, report.Summarise(run, tt.trials).Commands); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing of a command is lost to a narrow terminal, nor a time.
func TestCommandsOnANarrowTerminal(t *testing.T) {
	s := load(t, "synthetic-commands")
	for _, width := range []int{60, 72, 80, 100, 132} {
		out := render(t, text(width), s)
		_, table, _ := strings.Cut(out, "command ")
		table, _, _ = strings.Cut(table, "\n\n")
		words := make(map[string]int)
		for word := range strings.FieldsSeq(table) {
			words[word]++
		}
		for _, c := range s.Commands {
			for word := range strings.FieldsSeq(c.Line) {
				if words[word]--; words[word] < 0 {
					t.Errorf("width %d: %q of %q is missing:\n%s", width, word, c.Line, out)
				}
			}
			for _, a := range c.Arms {
				if a.Elapsed == nil {
					continue
				}
				if seconds := fmt.Sprintf("%.3f", a.Elapsed.Value/1e9); words[seconds] == 0 {
					t.Errorf("width %d: no %s s of %s for %q:\n%s", width, seconds, a.Arm, c.Line, out)
				}
			}
		}
	}
}

// A run of one arm, or of windows, has no ratios, and one that was interrupted
// before its first trial no table at all.
func TestCommandsOfAPoorRun(t *testing.T) {
	run := commandsRun()
	if out := render(t, text(0), report.Summarise(run, nil)); strings.Contains(out, "command") || !strings.Contains(out, "holds no trial") {
		t.Errorf("a run without trials:\n%s", out)
	}
	window := results.Cell{Scenario: "echo", Connections: 10, Active: 10, DurationNS: 1e9, Size: 64}
	run.Commands[0].Cell = window
	out := render(t, report.Markdown, report.Summarise(run, []results.Trial{took(window, "select", 0, 1000), took(window, "poll", 0, 1001)}))
	if want := "| command | select s | poll s |\n"; !strings.Contains(out, want) {
		t.Errorf("a reference without a ratio to it: no %q in\n%s", want, out)
	}
	run = commandsRun()
	out = render(t, report.Markdown, report.Summarise(run, []results.Trial{took(run.Commands[1].Cell, "poll", 0, 1234)}))
	for _, want := range []string{
		"| command | poll s |\n| :--- | ---: |\n| ./client -c 1000 -m connect | - |\n| ./client -c 10000 -r 100 -s 1024 | 1.23 |\n",
		"seconds to complete, in one block; times are",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestHostileCommandLines(t *testing.T) {
	tests := []struct{ line, text, markdown string }{
		{"a\x1b[2Jb\r\nc", `a\u001b[2Jb c`, `a\\u001b\[2Jb c`},
		{"x | tee y", "x | tee y", `x \| tee y`},
		{`x \| tee y`, `x \| tee y`, `x \\\| tee y`},
		{"<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"},
		{"`rm` *.c [l](http://e.example)", "`rm` *.c [l](http://e.example)", "\\`rm\\` \\*.c \\[l\\](http&#58;//e.example)"},
		{"\u202egnp.exe", `\u202egnp.exe`, `\\u202egnp.exe`},
	}
	cell := results.Cell{Scenario: "connect", Connections: 100, Active: 100}
	for _, tt := range tests {
		run := syntheticRun("commands")
		run.Commands = []results.Command{{Line: tt.line, Cell: cell}}
		s := report.Summarise(run, []results.Trial{took(cell, "select", 0, 1500)})
		if out := render(t, text(0), s); !strings.Contains(out, "\n "+tt.text+"    1.50\n") {
			t.Errorf("%q: no row of %q in\n%s", tt.line, tt.text, out)
		}
		if out := render(t, report.Markdown, s); !strings.Contains(out, "\n| "+tt.markdown+" | 1.50 |\n") {
			t.Errorf("%q: no row of %q in\n%s", tt.line, tt.markdown, out)
		}
	}
}

func TestLabels(t *testing.T) {
	many := make(map[string]string)
	for i := range 12 {
		many[fmt.Sprintf("k%02d", i)] = "v"
	}
	tests := []struct {
		labels map[string]string
		want   string // the line; empty for none
	}{
		{nil, ""},
		{map[string]string{}, ""},
		{map[string]string{"b": "2", "a": "", "c": "x y"}, "labels: a=, b=2, c=x y"},
		{map[string]string{"a\n": "\x1b[m"}, `labels: a =\u001b[m`},
		{many, "labels: k00=v, k01=v, k02=v, k03=v, k04=v, k05=v, k06=v, k07=v, k08=v, k09=v and 2 more"},
	}
	for _, tt := range tests {
		run := syntheticRun("echo")
		run.Labels = tt.labels
		s := report.Summarise(run, nil)
		out := render(t, text(0), s)
		if tt.want == "" {
			if strings.Contains(out, "labels") || strings.Contains(render(t, report.Markdown, s), "labels") {
				t.Errorf("labels %v:\n%s", tt.labels, out)
			}
			continue
		}
		if !strings.Contains(out, "UTC\n"+tt.want+"\n") {
			t.Errorf("no %q in\n%s", tt.want, out)
		}
		if md := render(t, report.Markdown, s); !strings.Contains(strings.ReplaceAll(md, `\`, ""), "\n\n"+strings.ReplaceAll(tt.want, `\`, "")+"\n") {
			t.Errorf("no %q in\n%s", tt.want, md)
		}
	}
}
