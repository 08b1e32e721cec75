package report_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"muxbench/report"
	"muxbench/results"
)

// trial is an ok trial of arm in an echo cell, with one slice a turn of 1,000
// messages that take the given ns of server CPU each, and twice that of time.
func trial(arm string, block int, perMessage ...float64) results.Trial {
	t := results.Trial{
		Cell:  results.Cell{Scenario: "echo", Connections: 10, Active: 10, Rounds: 100, Size: 64},
		Block: block, Arm: arm, Backend: arm, Reference: arm == "select", Control: arm == "select/control", Status: results.StatusOK,
		Values: map[results.Metric]float64{results.Messages: 1000 * float64(len(perMessage))},
	}
	var sum float64
	for turn, v := range perMessage {
		t.Slices = append(t.Slices, results.Slice{
			Turn: turn, Messages: 1000, ServerCPUNS: int64(1000 * v), ElapsedNS: int64(2000 * v),
		})
		sum += v
	}
	t.Values[results.ServerCPUPerMessage] = sum / float64(len(perMessage))
	return t
}

func ended(t results.Trial, status results.Status, reason string) results.Trial {
	t.Status, t.Reason = status, reason
	return t
}

// onlyCell summarises trials of one cell.
func onlyCell(t *testing.T, trials ...results.Trial) report.Cell {
	t.Helper()
	s := report.Summarise(results.Run{}, trials)
	if len(s.Scenarios) != 1 || len(s.Scenarios[0].Cells) != 1 {
		t.Fatalf("%d scenarios, want one with one cell", len(s.Scenarios))
	}
	return s.Scenarios[0].Cells[0]
}

func TestSummariseKeepsTheOrderOfTheFile(t *testing.T) {
	in := func(scenario string, connections int, arm string) results.Trial {
		u := trial(arm, 0, 1)
		u.Scenario, u.Connections = scenario, connections
		return u
	}
	s := report.Summarise(results.Run{}, []results.Trial{
		in("idle", 900, "poll"), in("echo", 5, "poll"), in("idle", 100, "poll"), in("idle", 900, "epoll-et"), in("idle", 900, "epoll-lt"),
	})
	var got []string
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				got = append(got, sc.Name+" "+string(rune('0'+c.Connections/100))+" "+a.Name)
			}
		}
	}
	want := []string{"idle 9 poll", "idle 9 epoll-et", "idle 9 epoll-lt", "idle 1 poll", "echo 0 poll"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of cells and arms (-want +got):\n%s", diff)
	}
}

func TestSummariseUsesNoValueOfATrialThatIsNotOK(t *testing.T) {
	flagged := trial("poll", 4, 40)
	flagged.Validity = []string{"steal", "throttled"}
	flagged.Values[results.Messages] = 700
	again := trial("poll", 0, 10)
	again.Validity = []string{"steal"}
	failed := ended(trial("poll", 1, 9e9), results.StatusFailed, "2 replies wrong")
	failed.Errors.Mismatch, failed.Stderr = 2, "oops"
	got := onlyCell(t, again, failed,
		ended(trial("poll", 2, 0.001), results.StatusVoided, "steal"),
		ended(trial("poll", 3, 0.001), results.StatusInterrupted, ""),
		flagged,
		ended(trial("poll", 5, 0.001), results.StatusSkipped, "no descriptors"),
		trial("poll", 6, 20),
	).Arms[0]
	want := report.Arm{
		Name: "poll", Backend: "poll",
		Blocks: report.Tally{OK: 3, Failed: 1, Skipped: 1, Voided: 1, Interrupted: 1, InVoid: 1},
		Problems: []report.Problem{
			{Block: 1, Status: results.StatusFailed, Reason: "2 replies wrong", Errors: results.Errors{Mismatch: 2}, Stderr: "oops"},
			{Block: 2, Status: results.StatusVoided, Reason: "steal"},
			{Block: 3, Status: results.StatusInterrupted},
			{Block: 5, Status: results.StatusSkipped, Reason: "no descriptors"},
		},
		Flags:   []report.Flag{{Text: "steal", Blocks: 2}, {Text: "throttled", Blocks: 1}},
		Samples: 700, Slices: 1, MostSlices: 1, CPUs: 1,
		Values: map[results.Metric]report.Estimate{
			results.Messages:            {Value: 1000, Low: 700, High: 1000, Blocks: 3},
			results.ServerCPUPerMessage: {Value: 20, Low: 10, High: 40, Blocks: 3},
		},
		Ratios: map[results.Metric]*report.Ratio{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arm (-want +got):\n%s", diff)
	}
}

func TestRatios(t *testing.T) {
	reordered := trial("poll", 0, 30, 10, 20)
	reordered.Slices[0], reordered.Slices[2] = reordered.Slices[2], reordered.Slices[0]
	unpaired := trial("poll", 0, 20, 30, 999)
	unpaired.Slices[2].Turn = 77
	idle := trial("poll", 0, 20, 0, 30)
	// The median of 2, 3, 4 and the geometric means of each two, which are six.
	hodgesLehmann := math.Sqrt(math.Sqrt(8) * 3)
	tests := []struct {
		name      string
		trials    []results.Trial
		cpu, rate *report.Estimate // nil for none
	}{
		{
			"median over turns, then Hodges–Lehmann over blocks",
			[]results.Trial{
				trial("select", 0, 10, 10, 10), trial("poll", 0, 20, 30, 90), // ×3
				trial("select", 1, 10, 20, 40), trial("poll", 1, 20, 40, 80), // ×2
				trial("select", 2, 10, 10, 10), trial("poll", 2, 70, 40, 40), // ×4
			},
			&report.Estimate{Value: hodgesLehmann, Low: 2, High: 4, Blocks: 3}, &report.Estimate{Value: 1 / hodgesLehmann, Low: 0.25, High: 0.5, Blocks: 3},
		},
		{
			"even number of turns: mean of logarithms",
			[]results.Trial{trial("select", 0, 10, 10), trial("poll", 0, 20, 80)},
			&report.Estimate{Value: 4, Low: 4, High: 4, Blocks: 1}, &report.Estimate{Value: 0.25, Low: 0.25, High: 0.25, Blocks: 1},
		},
		{
			"turns are paired by number, not by place",
			[]results.Trial{trial("select", 0, 30, 10, 20), reordered},
			&report.Estimate{Value: 1, Low: 1, High: 1, Blocks: 1}, &report.Estimate{Value: 1, Low: 1, High: 1, Blocks: 1},
		},
		{
			"turns without a counterpart, or without time, have no ratio",
			[]results.Trial{trial("select", 0, 10, 10, 10), unpaired, trial("select", 1, 10, 10, 10), func() results.Trial { idle.Block = 1; return idle }()},
			&report.Estimate{Value: math.Sqrt(6), Low: math.Sqrt(6), High: math.Sqrt(6), Blocks: 2}, &report.Estimate{Value: 1 / math.Sqrt(6), Low: 1 / math.Sqrt(6), High: 1 / math.Sqrt(6), Blocks: 2},
		},
		{
			"blocks in which either is not ok have none",
			[]results.Trial{
				trial("select", 0, 10), trial("poll", 0, 20),
				ended(trial("select", 1, 10), results.StatusFailed, ""), trial("poll", 1, 90),
				trial("select", 2, 10), ended(trial("poll", 2, 90), results.StatusVoided, ""),
				trial("poll", 3, 90),
			},
			&report.Estimate{Value: 2, Low: 2, High: 2, Blocks: 1}, &report.Estimate{Value: 0.5, Low: 0.5, High: 0.5, Blocks: 1},
		},
		{"no common block", []results.Trial{trial("select", 0, 10), trial("poll", 1, 20)}, nil, nil},
		{"no reference", []results.Trial{trial("epoll-lt", 0, 10), trial("poll", 0, 20)}, nil, nil},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-8*math.Abs(a) || a == b })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cell := onlyCell(t, tt.trials...)
			for metric, want := range map[results.Metric]*report.Estimate{results.ServerCPUPerMessage: tt.cpu, results.Throughput: tt.rate} {
				var got *report.Estimate
				for _, a := range cell.Arms {
					if r := a.Ratios[metric]; r != nil && a.Name == "poll" {
						got = &r.Estimate
					} else if r != nil {
						t.Errorf("%s has a ratio", a.Name)
					}
				}
				if diff := cmp.Diff(want, got, near); diff != "" {
					t.Errorf("ratio of %s (-want +got):\n%s", metric, diff)
				}
			}
		})
	}
}

// estimates are the ratios of an arm without what they are worth.
func estimates(a report.Arm) map[results.Metric]report.Estimate {
	all := make(map[results.Metric]report.Estimate)
	for metric, r := range a.Ratios {
		all[metric] = r.Estimate
	}
	return all
}

func TestRatiosOfConnect(t *testing.T) {
	arm := func(name string, cpu, elapsed int64) results.Trial {
		return results.Trial{
			Cell: results.Cell{Scenario: "connect", Connections: 500}, Arm: name, Backend: name, Reference: name == "select", Status: results.StatusOK,
			Slices: []results.Slice{
				{Turn: 0, Connects: 500, ServerCPUNS: cpu, ElapsedNS: elapsed}, {Turn: 1, Connects: 500, ServerCPUNS: cpu, ElapsedNS: elapsed},
			},
		}
	}
	cell := onlyCell(t, arm("select", 4000, 9000), arm("poll", 1000, 4500))
	want := map[results.Metric]report.Estimate{
		results.ConnectElapsed:         {Value: 0.5, Low: 0.5, High: 0.5, Blocks: 1},
		results.ServerCPUPerConnection: {Value: 0.25, Low: 0.25, High: 0.25, Blocks: 1},
	}
	if diff := cmp.Diff(want, estimates(cell.Arms[1])); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
	if cell.Arms[0].Samples != 1000 {
		t.Errorf("%d samples, want 1000: one for each connection of each slice", cell.Arms[0].Samples)
	}
}

// What disturbs a turn disturbs all arms in it, and is not in their ratio:
// the reason for slices.
func TestRatioIsFreeOfCommonNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.SliceOfN(rapid.Float64Range(1, 50), 1, 9).Draw(t, "noise")
		factor := rapid.Float64Range(0.2, 5).Draw(t, "factor")
		var base, arm []float64
		for _, n := range noise {
			base = append(base, 1000*n)
			arm = append(arm, 1000*n*factor)
		}
		s := report.Summarise(results.Run{}, []results.Trial{trial("select", 0, base...), trial("poll", 0, arm...)})
		got := s.Scenarios[0].Cells[0].Arms[1].Ratios[results.ServerCPUPerMessage].Value
		if math.Abs(got/factor-1) > 1e-4 { // slices hold whole ns
			t.Errorf("ratio %v under noise %v, want %v", got, noise, factor)
		}
	})
}

// blocksOf is arms in as many blocks as they have factors of 1,000 ns, each of
// so many turns.
func blocksOf(arms map[string][]float64, turns int) []results.Trial {
	var trials []results.Trial
	for _, name := range []string{"select", "select/control", "poll", "epoll-lt", "epoll-et"} {
		for block, v := range arms[name] {
			trials = append(trials, trial(name, block, slices.Repeat([]float64{1000 * v}, turns)...))
		}
	}
	return trials
}

// steady is a factor in so many blocks, over and over.
func steady(blocks int, factors ...float64) []float64 {
	var all []float64
	for i := range blocks {
		all = append(all, factors[i%len(factors)])
	}
	return all
}

func TestAnswer(t *testing.T) {
	wobble := []float64{1.001, 0.998, 1.002, 0.999, 1.0005, 0.9995, 0.997, 1.003, 1}
	tests := []struct {
		name string
		arms map[string][]float64
		want string
	}{
		{
			"one clearly below", map[string][]float64{"select": steady(9, 3, 3.1, 3.2), "poll": steady(9, 2, 2.1, 1.9), "epoll-lt": steady(9, 1)},
			"echo, 10 connections: epoll-lt takes the least; select 3.10 times and poll 2.00 times as much.",
		},
		{
			"two that differ both ways", map[string][]float64{"select": steady(9, 3), "epoll-lt": wobble, "epoll-et": steady(9, 1)},
			"epoll-lt or epoll-et takes the least, which of them cannot be told; select 3.00 times as much.",
		},
		{
			"three that differ both ways", map[string][]float64{"select": steady(9, 3), "poll": steady(9, 1.01, 0.99), "epoll-lt": wobble, "epoll-et": steady(9, 1)},
			"poll, epoll-lt or epoll-et takes the least, which of them cannot be told; select 3.00 times as much.",
		},
		{
			"small, but in every block", map[string][]float64{"poll": steady(9, 1.034, 1.035, 1.036), "epoll-lt": steady(9, 1)},
			"epoll-lt takes the least; poll 1.035 times as much.",
		},
		{
			"too small to be named", map[string][]float64{"poll": steady(9, 1.028, 1.029, 1.03), "epoll-lt": steady(9, 1)},
			"no clear difference in this run between poll and epoll-lt.",
		},
		{
			"large, but not in enough blocks", map[string][]float64{"poll": {2, 2, 2, 0.5, 0.4, 2, 0.45, 2, 2}, "epoll-lt": steady(9, 1)},
			"no clear difference in this run between poll and epoll-lt.",
		},
		{
			"one contrary block of nine", map[string][]float64{"poll": {2, 2, 2, 2, 0.9, 2, 2, 2, 2}, "epoll-lt": steady(9, 1)},
			"epoll-lt takes the least; poll 2.00 times as much.",
		},
		{
			"no difference at all", map[string][]float64{"poll": steady(9, 1), "epoll-lt": steady(9, 1)},
			"no clear difference in this run between poll and epoll-lt.",
		},
		{
			"five blocks", map[string][]float64{"poll": steady(5, 2), "epoll-lt": steady(5, 1)},
			"echo, 10 connections: too few blocks to say (6 are needed).",
		},
		{
			"six blocks", map[string][]float64{"poll": steady(6, 2), "epoll-lt": steady(6, 1)},
			"echo, 10 connections: epoll-lt takes the least; poll 2.00 times as much.",
		},
		{
			// Alone, poll and epoll-lt would be told apart: p is 0.031.
			"six blocks are too few for one difference among three comparisons", map[string][]float64{
				"select": {0.9, 1.3, 0.8, 1.4, 0.95, 1.2}, "poll": {1.10, 1.11, 1.12, 1.13, 1.14, 1.15}, "epoll-lt": steady(6, 1),
			},
			"no clear difference in this run between select, poll and epoll-lt.",
		},
		{
			"one arm with two blocks", map[string][]float64{"select": {0.1, 0.1}, "poll": steady(9, 2), "epoll-lt": steady(9, 1)},
			"epoll-lt takes the least; poll 2.00 times as much; too few blocks to say of select (6 are needed).",
		},
		{
			// poll's median is the lower one for blocks that epoll-lt has not.
			"lowest median is not lowest block by block", map[string][]float64{"poll": append(steady(6, 2), steady(9, 0.1)...), "epoll-lt": steady(6, 1)},
			"epoll-lt takes the least; poll 2.00 times as much.",
		},
		{
			"the lowest is no control", map[string][]float64{"poll": steady(9, 2), "select": steady(9, 1), "select/control": steady(9, 0.98)},
			"select takes the least; poll 2.00 times as much.",
		},
		{
			"what the words stand on", map[string][]float64{"poll": steady(9, 2), "epoll-lt": steady(9, 1)},
			"Every two arms of a cell are compared block by block. A difference is named where the signed-rank test finds it at 5 %, after Benjamini–Hochberg over all comparisons of the run, " +
				"and it is 3 % at least, and beyond that of identical arms where that is known, and 50 % where a block has a single turn. With few blocks (9 here), small differences cannot be seen: no clear difference does not mean equal.",
		},
		{
			"where the words stand on nothing", map[string][]float64{"poll": steady(5, 2), "epoll-lt": steady(5, 1)},
			"A difference is named from 6 blocks on: ask for more with --blocks, or for more time with --budget.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := render(t, text(0), report.Summarise(results.Run{}, blocksOf(tt.arms, 2)))
			if !strings.Contains(out, tt.want+"\n") {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
}

// A difference that identical arms show as well is not named, however sure.
func TestAnswerKeepsAboveTheNoise(t *testing.T) {
	for reach, want := range map[float64]string{
		0.05: "no clear difference in this run between select and poll.",
		0.03: "poll takes the least; select 1.040 times as much.",
	} {
		arms := map[string][]float64{"select": steady(9, 1.04), "poll": steady(9, 1), "select/control": steady(9, 1.04*(1-reach), 1.04*(1+reach), 1.04)}
		if out := render(t, text(0), report.Summarise(results.Run{}, blocksOf(arms, 2))); !strings.Contains(out, want+"\n") {
			t.Errorf("identical arms within %g: no %q in\n%s", reach, want, out)
		}
	}
}

// Where there is one CPU, the figures are of both sides at once.
func TestOneCPUIsSaid(t *testing.T) {
	for _, tt := range []struct {
		scenario string
		cpus     int
		want     string
	}{{"echo", 1, "unknown, 1 CPU, which server and load share, "}, {"chain", 1, "unknown, 1 CPU, 0001"}, {"echo", 2, "unknown, 2 CPUs, 0001"}} {
		run := results.Run{Scenario: tt.scenario, Environment: results.Environment{CPUs: tt.cpus}}
		if out := render(t, text(0), report.Summarise(run, nil)); !strings.Contains(out, tt.want) {
			t.Errorf("%d CPUs in %s: no %q in %s", tt.cpus, tt.scenario, tt.want, out)
		}
	}
}

// Neighbours that agree are joined, but not across a count that says nothing.
func TestAnswerJoinsNeighbours(t *testing.T) {
	var trials []results.Trial
	for i, connections := range []int{10000, 100, 300, 1000, 3000} { // in no order
		for block := range 9 {
			poll, epoll := trial("poll", block, float64(1000+1000*i)), trial("epoll-lt", block, 500)
			if connections == 1000 {
				poll, epoll = ended(poll, results.StatusFailed, "no"), ended(epoll, results.StatusFailed, "no")
			}
			for _, u := range []results.Trial{poll, epoll} {
				u.Connections, u.Active = connections, connections
				trials = append(trials, u)
			}
		}
	}
	out := render(t, text(0), report.Summarise(results.Run{}, trials))
	for _, want := range []string{
		"- echo, from 100 to 300 connections: epoll-lt takes the least; poll 4.00 to 6.00 times as much.\n",
		"- echo, from 3,000 to 10,000 connections: epoll-lt takes the least; poll 2.00 to 10.0 times as much.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
