package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// unsound is a trial that did not pass a check, with the figures that it is of.
func unsound(t results.Trial, check results.Check, values map[results.Metric]float64) results.Trial {
	t.Validity = append(slices.Clone(t.Validity), string(check))
	return having(t, t.Options, values)
}

func TestChecksInWords(t *testing.T) {
	type values = map[results.Metric]float64
	tests := []struct {
		check     results.Check
		one, more values
		want      string
	}{
		{results.CheckSteal, values{results.StealShare: 0.012}, values{results.StealShare: 0.034}, "steal time above 1 % (1.2 to 3.4 %)"},
		{results.CheckSteal, values{results.StealShare: 0.034}, values{results.StealShare: 0.034}, "steal time above 1 % (3.4 %)"},
		{results.CheckSpeed, values{results.SpeedChange: 0.023}, values{results.SpeedChange: 0.041}, "the speed of a CPU changed by 2.3 to 4.1 % within a block"},
		{results.CheckThrottled, values{results.Throttled: 3e6}, values{results.Throttled: 2e9}, "a CPU quota stopped the processes (for 3 ms to 2 s)"},
		{results.CheckThrottled, values{results.Throttled: 3e6}, values{results.Throttled: 3e6}, "a CPU quota stopped the processes (for 3 ms)"},
		{results.CheckQueue, values{results.ServerQueueShare: 0.02}, values{results.ServerQueueShare: 0.05}, "the server was ready and had no CPU (2 to 5 % of the time)"},
		{results.CheckSwitches, values{results.ServerSwitches: 40}, values{results.ServerSwitches: 1340}, "the server's CPU was taken away more than 50 times a second (40 to 1,340 times a trial)"},
		{
			results.CheckClientBound, values{results.LoadBusyShare: 0.98, results.ServerBusyShare: 0.71}, values{results.LoadBusyShare: 0.96, results.ServerBusyShare: 0.71},
			"the load generator was the bottleneck (96 to 98 % busy, the server 71 %): throughput is not the server's, CPU per message is",
		},
		{results.CheckListen, values{results.ListenDrops: 12}, values{results.ListenDrops: 12}, "listen queue overflowed (12 drops)"},
		{results.CheckRetransmits, values{results.RetransmittedShare: 0.011}, values{results.RetransmittedShare: 0.2}, "segments were sent again (1.1 to 20 % of all)"},
		{results.CheckDrift, values{results.Drift: -0.03}, values{results.Drift: 0.05}, "the window drifted (its last third differs from its first by -3 to 5 %)"},
		{"phase-of-moon", nil, nil, "phase-of-moon"},
		{"control\x1b[m", nil, nil, `control\u001b[m`},
		{results.CheckSteal, nil, nil, "steal"}, // an older file may lack the figure
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			s := report.Summarise(results.Run{}, []results.Trial{
				trial("select", 0, 1), unsound(trial("poll", 0, 1), tt.check, tt.one), trial("select", 1, 1), unsound(trial("poll", 1, 1), tt.check, tt.more),
			})
			if out := render(t, text(0), s); !strings.Contains(out, "\n! "+tt.want+": in 2 of 4 trials (poll)\n") {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
}

// However many cells and arms a flag is of, it takes one line.
func TestFlagsAreSaidOnce(t *testing.T) {
	at := func(connections int, u results.Trial) results.Trial { u.Connections = connections; return u }
	all := func(cells, arms, flaggedCells, flaggedArms int) []results.Trial {
		var trials []results.Trial
		for i := range cells {
			for j := range arms {
				u := at(100*(i+1), trial(fmt.Sprintf("arm%d", j), 0, 1))
				if i < flaggedCells && j < flaggedArms {
					u = unsound(u, results.CheckListen, map[results.Metric]float64{results.ListenDrops: float64(i)})
				}
				trials = append(trials, u)
			}
		}
		return trials
	}
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"everywhere", all(6, 6, 6, 6), "(0 to 5 drops): in 36 of 36 trials"},
		{"all arms of few cells", all(6, 6, 2, 6), "(0 to 1 drops): in 12 of 36 trials (100 connections; 200 connections)"},
		{"all arms of most cells", all(6, 6, 5, 6), "(0 to 4 drops): in 30 of 36 trials (5 of 6 cells)"},
		{"few arms", all(6, 6, 6, 3), "(0 to 5 drops): in 18 of 36 trials (arm0, arm1 and arm2)"},
		{"most arms, few cells", all(6, 6, 1, 5), "(0 drops): in 5 of 36 trials (5 of 6 arms; 100 connections)"},
		{"one cell, one arm", all(1, 1, 1, 1), "(0 drops): in 1 of 1 trial"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := render(t, text(0), report.Summarise(results.Run{}, tt.trials))
			if want := "\n! listen queue overflowed " + tt.want + "\n"; !strings.Contains(out, want) || strings.Count(out, "listen queue") != 1 {
				t.Errorf("no %q, or not once, in\n%s", want, out)
			}
		})
	}
}

// That the world was stopped is said with how often, and not twice.
func TestWorldStopsAreSaidOnce(t *testing.T) {
	u := unsound(trial("poll", 0, 1), results.CheckWorldStops, map[results.Metric]float64{results.WorldStops: 3})
	out := render(t, text(0), report.Summarise(results.Run{}, []results.Trial{u}))
	if !strings.Contains(out, "\n! the Go runtime stopped the world within slices of one trial: poll 1\n") || strings.Contains(out, "world-stops") {
		t.Errorf("stops of the world are not said once:\n%s", out)
	}
}

// A voided block is neither missed nor had: others were measured beside it.
func TestVoidedBlocks(t *testing.T) {
	var trials []results.Trial
	for block := range 5 {
		for _, arm := range []string{"select", "poll"} {
			u := trial(arm, block, 1, 1)
			switch block {
			case 1, 3:
				u = unsound(ended(u, results.StatusVoided, "a CPU quota stopped the processes"), results.CheckThrottled, map[results.Metric]float64{results.Throttled: 1e9})
			case 2:
				u = ended(u, results.StatusVoided, "the speed of a CPU changed")
			}
			trials = append(trials, u)
		}
	}
	s := report.Summarise(results.Run{Planned: 4}, trials)
	out := render(t, text(0), s)
	for _, want := range []string{
		"\n! 2 blocks voided, beside 2 that count: a CPU quota stopped the processes\n",
		"\n! 1 block voided, beside 2 that count: the speed of a CPU changed\n", "; median over 2 blocks, ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, none := range []string{"incomplete", "2/5", "in 2 of", "(for 1 s)"} {
		if strings.Contains(out, none) {
			t.Errorf("%q is in\n%s", none, out)
		}
	}
	s.Run.Planned = 6
	if out, want := render(t, text(0), s), "\n! incomplete: 4 of 6 planned trials are here\n"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
}

func TestFindings(t *testing.T) {
	run := syntheticRun("echo")
	run.Findings = []results.Finding{
		{Check: "governor", Text: "the governor is\npowersave", Fix: "make it *performance*"}, {Check: "siblings", Text: "CPUs share a core"},
		{Check: "governor", Text: "the governor is powersave", Fix: "make it *performance*"}, {Check: "nothing-said"},
	}
	s := report.Summarise(run, []results.Trial{trial("poll", 0, 1)})
	out := render(t, text(0), s)
	if want := "UTC\nMachine: the governor is powersave\n\n"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	md := render(t, report.Markdown, s)
	if want := "\n\n- Machine: the governor is powersave Fix: make it \\*performance\\*.\n- Machine: CPUs share a core\n- Machine: nothing-said\n\n"; !strings.Contains(md, want) {
		t.Errorf("no %q in\n%s", want, md)
	}
	for i := range 50 {
		run.Findings = append(run.Findings, results.Finding{Check: "many", Text: fmt.Sprint("finding ", i), Fix: "none"})
	}
	out = render(t, text(0), report.Summarise(run, nil))
	if n := strings.Count(out, "Machine: "); n != 41 || !strings.Contains(out, "Machine: 11 findings more: see --format json\n") {
		t.Errorf("%d findings, want 40 and how many more there are:\n%s", n, out)
	}
}

func TestFlagsKeepTheirFigures(t *testing.T) {
	steal := func(block int, v float64) results.Trial {
		return unsound(trial("poll", block, 1), results.CheckSteal, map[results.Metric]float64{results.StealShare: v})
	}
	got := onlyCell(t, steal(0, 0.03), steal(1, 0.02), ended(steal(2, 0.9), results.StatusVoided, "steal")).Arms[0].Flags
	want := []report.Flag{{Text: "steal", Blocks: 2, Figures: map[results.Metric]report.Span{results.StealShare: {Low: 0.02, High: 0.03}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
}
