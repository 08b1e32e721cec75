package report_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"muxbench/report"
	"muxbench/results"
)

func explain(width int) func(io.Writer, report.Summary) error {
	return func(w io.Writer, s report.Summary) error { return report.Explain(w, s, width) }
}

func TestExplainGolden(t *testing.T) {
	idle := idleSweep()
	counted := report.Summarise(syntheticRun("idle"), countedTrials([]results.Cell{idle[0], idle[3], idle[5]}, 10, 2))
	tests := []struct {
		file    string
		width   int
		summary report.Summary
	}{
		{"explain-wide.txt", 0, counted},
		{"explain-80.txt", 80, counted},
		{"explain-churn.txt", 0, report.Summarise(syntheticRun("churn"), churnTrials(10))},
		{"explain-accept.txt", 0, report.Summarise(syntheticRun("accept"), acceptTrials(10))},
		{"explain-ctl.txt", 0, report.Summarise(syntheticRun("ctl"), ctlTrials(10))},
		{"explain-fanout.txt", 0, report.Summarise(syntheticRun("fanout"), fanoutTrials(10))},
		{"explain-chain.txt", 96, report.Summarise(chainRun(), countedChain())},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			golden(t, tt.file, []byte(render(t, explain(tt.width), tt.summary)))
		})
	}
}

// counters are per message or wait, as a trial has them.
type counters map[results.Metric]float64

// quiet are the counters of a server that reads, writes and waits once a
// message.
func quiet(more counters) counters {
	all := counters{
		results.ServerWaitsPerMsg: 1, results.EventsPerWait: 1, results.ServerEmptyWaitsPerMsg: 0, results.ExaminedPerWait: 0,
		results.ServerReadsPerMsg: 1, results.ServerWritesPerMsg: 1, results.ServerRegsPerMsg: 0,
		results.ServerUserCPUPerMsg: 100, results.ServerSystemCPUPerMsg: 900, results.Elapsed: 1e9, results.ServerSwitches: 1,
	}
	for m, v := range more {
		all[m] = v
	}
	return all
}

// rivals are blocks of a reference that takes 1,000 ns a message and of poll,
// in one cell.
func rivals(blocks int, poll float64, reference, of counters) report.Summary {
	var trials []results.Trial
	for block := range blocks {
		for arm, values := range map[string]counters{"select": reference, "poll": of} {
			u := trial(arm, block, 1000)
			if arm == "poll" {
				u = trial(arm, block, poll)
			}
			for m, v := range values {
				u.Values[m] = v
			}
			trials = append(trials, u)
		}
	}
	return report.Summarise(syntheticRun("echo"), trials)
}

func TestExplanations(t *testing.T) {
	const within = "The counters do not differ; the difference is within the calls themselves."
	tests := []struct {
		name          string
		blocks        int
		poll          float64
		reference, of counters
		want          []string // in that order
		none          []string
	}{
		{
			"too few blocks", 5, 2000, quiet(nil), quiet(counters{results.ServerReadsPerMsg: 2}),
			[]string{"too few blocks to tell a difference from select: it takes 6."}, []string{"did 1.00", "took"},
		},
		{
			"no difference", 10, 1000, quiet(nil), quiet(counters{results.ServerReadsPerMsg: 2}),
			[]string{"no difference from select to explain."}, []string{"did 1.00", "took"},
		},
		{"equal counters", 10, 1500, quiet(nil), quiet(nil), []string{"took 1.50 times the server CPU of select. " + within}, []string{"times a message"}},
		{
			"a counter within 2 %", 10, 1500, quiet(counters{results.ServerReadsPerMsg: 2}), quiet(counters{results.ServerReadsPerMsg: 2.04}),
			[]string{within}, []string{"poll read"},
		},
		{
			"a counter within 0.01 a message", 10, 1500, quiet(counters{results.ServerRegsPerMsg: 0.001}), quiet(counters{results.ServerRegsPerMsg: 0.01}),
			[]string{within}, []string{"interest set"},
		},
		{
			"reads before registrations, as more of them", 10, 1500, quiet(nil),
			quiet(counters{results.ServerRegsPerMsg: 0.5, results.ServerReadsPerMsg: 2}),
			[]string{"poll read 2.00 times a message where select did 1.00 times.", "poll changed its interest set 0.50 times a message where select did 0.00 times."},
			[]string{within, "other side"},
		},
		{
			"registrations before reads, as more of them", 10, 1500, quiet(nil),
			quiet(counters{results.ServerRegsPerMsg: 2, results.ServerReadsPerMsg: 2}),
			[]string{"changed its interest set", "poll read"}, nil,
		},
		{
			"examined by the arm", 10, 1500, quiet(nil), quiet(counters{results.ExaminedPerWait: 10002}),
			[]string{"poll examined 10,002 descriptors a wait to find 1.0; select's set stays in the kernel."}, []string{within},
		},
		{
			"examined by the reference, which takes more", 10, 500, quiet(counters{results.ExaminedPerWait: 50}), quiet(nil),
			[]string{"took 0.500 times", "select examined 50 descriptors a wait to find 1.0; poll's set stays in the kernel."}, []string{"other side"},
		},
		{
			"examined by both", 10, 1500, quiet(counters{results.ExaminedPerWait: 50}), quiet(counters{results.ExaminedPerWait: 100}),
			[]string{"poll examined 100 descriptors a wait to find 1.0; select examined 50 descriptors a wait to find 1.0."}, nil,
		},
		{
			"less work and yet dearer", 10, 1500, quiet(counters{results.ServerReadsPerMsg: 2}), quiet(nil),
			[]string{"No counter explains it; the difference is within the calls themselves. On the other side, poll read 1.00 times a message where select did 2.00 times."},
			[]string{within},
		},
		{
			"where the time went", 10, 1500, quiet(nil), quiet(counters{results.ServerSystemCPUPerMsg: 1450, results.ServerUserCPUPerMsg: 50}),
			[]string{"CPU a message: +500 ns; as the kernel divides it, by sampling, +550 ns in the kernel and −50 ns in the server's own code."}, nil,
		},
		{
			"CPU taken away", 10, 1500, quiet(nil), quiet(counters{results.ServerSwitches: 60}),
			[]string{"The kernel took its CPU away 60 times a second, and that of select 1 times."}, nil,
		},
		{"CPU taken away rarely", 10, 1500, quiet(nil), quiet(counters{results.ServerSwitches: 9}), []string{within}, []string{"took its CPU away"}},
		{"older results", 10, 1500, nil, nil, []string{"took 1.50 times", "Why cannot be said: the result has no counters of both."}, []string{within}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := render(t, explain(0), rivals(tt.blocks, tt.poll, tt.reference, tt.of))
			_, got, _ = strings.Cut(got, "\n- poll, 10 connections: ")
			rest := got
			for _, want := range tt.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("no %q, or not in its place, in %s", want, got)
				}
				rest = after
			}
			for _, none := range tt.none {
				if strings.Contains(got, none) {
					t.Errorf("%q is in %s", none, got)
				}
			}
		})
	}
}

// What identical arms differ by as well explains nothing.
func TestADifferenceWithinNoiseIsNotExplained(t *testing.T) {
	var trials []results.Trial
	for block := range 12 {
		control := []float64{1000, 1100}[block%2]
		trials = append(trials, trial("select", block, 1000), trial("select/control", block, control), trial("poll", block, 1040))
	}
	got := render(t, explain(0), report.Summarise(syntheticRun("echo"), trials))
	if !strings.Contains(got, "poll, 10 connections: differs from select by no more than identical arms do") || strings.Contains(got, "- select/control") {
		t.Errorf("poll is not within the noise, or the control is explained:\n%s", got)
	}
}

// Neighbours of which the same is to be said are one line, others are not.
func TestExplanationsByStretches(t *testing.T) {
	var trials []results.Trial
	for _, n := range []int{100, 1000, 10000, 19000} {
		for block := range 10 {
			reads := map[int]float64{100: 2, 1000: 3, 10000: 1, 19000: 2}[n]
			for arm, u := range map[string]results.Trial{"select": trial("select", block, 1000), "poll": trial("poll", block, 1000*reads+500)} {
				u.Connections = n
				for m, v := range quiet(nil) {
					u.Values[m] = v
				}
				if arm == "poll" {
					u.Values[results.ServerReadsPerMsg] = reads
				}
				trials = append(trials, u)
			}
		}
	}
	var got []string
	for line := range strings.Lines(render(t, explain(0), report.Summarise(syntheticRun("echo"), trials))) {
		if text, ok := strings.CutPrefix(line, "- "); ok {
			got = append(got, text)
		}
	}
	want := []string{
		"poll, from 100 to 1,000 connections, 10 active: took 2.50 to 3.50 times the server CPU of select. poll read 2.00 to 3.00 times a message where select did 1.00 times.",
		"poll, 10,000 connections, 10 active: took 1.50 times",
		"poll, 19,000 connections, 10 active: took 2.50 times",
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(got), len(want), got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], strings.ReplaceAll(want[i], ", 10 active", "")) {
			t.Errorf("line %d is %q, want %q …", i, got[i], want[i])
		}
	}
}

func TestExplainHostileStrings(t *testing.T) {
	for _, s := range nasty() {
		out := render(t, explain(80), hostile(s))
		for i, r := range out {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%.20q: %q at byte %d", s, r, i)
			}
		}
		for line := range strings.Lines(out) {
			if n := columnsOf(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%.20q: a line takes %d columns: %s", s, n, line)
			}
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestExplainReportsWhatItCannotWrite(t *testing.T) {
	if err := report.Explain(brokenWriter{}, report.Summary{}, 80); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Explain into a writer that fails: %v", err)
	}
	var out bytes.Buffer
	if err := report.Explain(&out, report.Summary{}, 80); err != nil || !strings.Contains(out.String(), "no trial") {
		t.Errorf("Explain of nothing: %v, %q", err, out.String())
	}
}
