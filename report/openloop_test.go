package report_test

import (
	"slices"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// offered are the trials of arms in an open loop of so many messages a block,
// by p99 latency in µs in each of them.
func offered(messages int64, arms map[string][]float64) []results.Trial {
	var trials []results.Trial
	for _, name := range []string{"select", "select/control", "poll", "epoll-lt", "epoll-et"} {
		for block, v := range arms[name] {
			t := trial(name, block, 1)
			t.Cell = results.Cell{Scenario: "idle", Connections: 10, Active: 10, Size: 64, DurationNS: 1e9, Schedule: results.Poisson, Rate: 1000}
			t.Values = map[results.Metric]float64{
				results.Messages: float64(messages), results.Offered: 1000, results.Throughput: 1000, results.ServerCPUPerMessage: 10,
				results.LatencyP50: 500 * v, results.LatencyP99: 1000 * v, results.LagP99: 1000, results.LagMax: 5000,
			}
			t.Slices = []results.Slice{{
				Messages: messages, ElapsedNS: 1e9, ServerCPUNS: 10 * messages, Offered: 1000,
				LatencyP50NS: int64(500 * v), LatencyP99NS: int64(1000 * v),
			}}
			trials = append(trials, t)
		}
	}
	return trials
}

// saturating flags the first so many blocks of an arm and of its control.
func saturating(arm string, blocks int, trials []results.Trial) []results.Trial {
	for i, t := range trials {
		if strings.TrimSuffix(t.Arm, "/control") == arm && t.Block < blocks {
			trials[i] = unsound(t, results.CheckSaturated, map[results.Metric]float64{results.Throughput: 610 + 10*float64(t.Block)})
		}
	}
	return trials
}

func summarised(trials ...[]results.Trial) report.Summary {
	return report.Summarise(syntheticRun("idle"), slices.Concat(trials...))
}

// A heading is true of its table, whatever else the run holds, and what a closed
// loop cannot see is said once.
func TestLoopsAreToldApart(t *testing.T) {
	as := func(trials []results.Trial, change func(*results.Trial)) []results.Trial {
		for i := range trials {
			change(&trials[i])
		}
		return trials
	}
	closed := func(scenario string) []results.Trial {
		return as(offered(20000, map[string][]float64{"poll": {1}}), func(u *results.Trial) {
			u.Scenario, u.Schedule, u.Rate = scenario, "", 0
		})
	}
	poisson := func(change func(*results.Trial)) []results.Trial {
		return as(offered(20000, map[string][]float64{"poll": {1}}), change)
	}
	byLoad := func(u *results.Trial) { u.Rate, u.Load = 0, 0.205 }
	fixed := func(u *results.Trial) { u.Schedule = results.Fixed }
	unchanged := func(*results.Trial) {}
	const blind = "Closed loop: while a server stalls nobody sends"
	tests := []struct {
		name   string
		trials [][]results.Trial
		want   []string // headings, in their order
		blind  int
	}{
		{"closed", [][]results.Trial{closed("idle"), closed("echo")}, []string{"idle: 10 connections, all active, 64 bytes a message, 1 s per arm and block; one block, so no ranges; closed loop", "closed loop"}, 1},
		{
			"rate", [][]results.Trial{poisson(unchanged)},
			[]string{"1,000 msgs/s offered, 1 s per arm and block; one block, so no ranges; open loop, Poisson arrivals"}, 0,
		},
		{"load", [][]results.Trial{poisson(byLoad)}, []string{"20.5 % of each one's capacity, 1 s per arm"}, 0},
		{"fixed", [][]results.Trial{poisson(fixed)}, []string{"; open loop, evenly spaced arrivals"}, 0},
		{"both schedules", [][]results.Trial{poisson(fixed), poisson(unchanged)}, []string{"; open loop\n\n      schedule  backend "}, 0},
		{
			"all of one scenario", [][]results.Trial{closed("idle"), poisson(unchanged), poisson(byLoad), closed("connect"), closed("chain")},
			[]string{"closed loop\n", "open loop, Poisson", "open loop, Poisson", "connect: 10 connections", "chain: "}, 1,
		},
		{"connect and chain are neither", [][]results.Trial{poisson(func(u *results.Trial) { u.Scenario = "chain" }), poisson(func(u *results.Trial) { u.Scenario = "connect" })}, []string{"chain: ", "connect: "}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := summarised(tt.trials...)
			out := render(t, text(0), s)
			rest := out
			for _, want := range tt.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("no %q where it belongs in\n%s", want, out)
				}
				rest = after
			}
			if n := strings.Count(out, blind); n != tt.blind {
				t.Errorf("what a closed loop cannot see is said %d times, want %d:\n%s", n, tt.blind, out)
			}
			if md := render(t, report.Markdown, s); strings.Count(md, blind) != tt.blind {
				t.Errorf("what a closed loop cannot see is not said %d times in\n%s", tt.blind, md)
			}
		})
	}
	few := as(closed("idle"), func(u *results.Trial) { u.Values[results.Messages] = 9 })
	if out := render(t, text(0), summarised(few)); strings.Contains(out, blind) {
		t.Errorf("a table without percentiles says what they do not show:\n%s", out)
	}
}

// An arm that is saturated in most blocks is named so, and compared with none.
func TestSaturatedArmsAreNotCompared(t *testing.T) {
	even := map[string][]float64{"select": steady(9, 900), "poll": steady(9, 30), "epoll-lt": steady(9, 20)}
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
		out    []string
	}{
		{"none", offered(20000, even), ": epoll-lt has the lowest; select 45.0 times and poll 1.50 times as high.", nil},
		{"in few blocks", saturating("select", 4, offered(20000, even)), ": epoll-lt has the lowest; select 45.0 times and poll 1.50 times as high.", nil},
		{"in most", saturating("select", 5, offered(20000, even)), ": epoll-lt has the lowest; poll 1.50 times as high; select is saturated.", []string{"select"}},
		{"but one", saturating("poll", 9, saturating("select", 9, offered(20000, even))), ": select and poll are saturated, and epoll-lt alone is left.", []string{"select", "poll"}},
		{"all", saturating("epoll-lt", 9, saturating("poll", 9, saturating("select", 9, offered(20000, even)))), ": select, poll and epoll-lt are saturated: nothing to compare.", []string{"select", "poll", "epoll-lt"}},
		{"and too few blocks", saturating("select", 3, offered(20000, map[string][]float64{"select": steady(3, 9), "poll": steady(3, 2), "epoll-lt": steady(3, 1)})), ": too few blocks to say (6 are needed); select is saturated.", []string{"select"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := summarised(tt.trials)
			out := render(t, text(0), s)
			if want := "\nWhich has the lowest p99 latency:\n- idle, 10 connections" + tt.want + "\n"; !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
			cell := s.Scenarios[0].Cells[0]
			if got := cell.Verdict.Saturated; !slices.Equal(got, tt.out) {
				t.Errorf("saturated are %q, want %q", got, tt.out)
			}
			for _, a := range cell.Arms {
				_, latency := a.Ratios[results.LatencyP99]
				want := a.Name != "select" && !slices.Contains(tt.out, "select") && !slices.Contains(tt.out, a.Name)
				if latency != want {
					t.Errorf("%s has a ratio of latency: %v, want %v", a.Name, latency, want)
				}
				if _, cpu := a.Ratios[results.ServerCPUPerMessage]; cpu != (a.Name != "select") {
					t.Errorf("%s has a ratio of server CPU: %v", a.Name, cpu)
				}
			}
		})
	}
}

// The one slice of an open loop is a second at least: it is not held to be short.
func TestOneTurnOfAnOpenLoopIsEnough(t *testing.T) {
	out := render(t, text(0), summarised(offered(20000, map[string][]float64{"select": steady(9, 104), "poll": steady(9, 100)})))
	if !strings.Contains(out, "poll has the lowest; select 1.040 times as high.") {
		t.Errorf("a difference is not named in\n%s", out)
	}
	for _, none := range []string{"one turn in a block", "single turn", "turn by turn"} {
		if strings.Contains(out, none) {
			t.Errorf("%q is in\n%s", none, out)
		}
	}
}

func TestFlagsOfAnOpenLoop(t *testing.T) {
	type values = map[results.Metric]float64
	tests := []struct {
		name   string
		check  results.Check
		values [2]values
		want   string
	}{
		{
			"less than offered", results.CheckSaturated, [2]values{{results.Throughput: 612}, {results.Throughput: 980, results.LatencyRise: 1.2}},
			"saturated (achieved 61.2 to 98.0 % of the offered rate, latency at the end 1.20 times that of the beginning (10th percentiles)): its latency is of an overloaded server and grows with the window",
		},
		{"no figures", results.CheckSaturated, [2]values{{results.Offered: 0}, {results.Offered: 0}}, "saturated: its latency is of an overloaded server and grows with the window"},
		{
			"late", results.CheckLag, [2]values{{results.LagP99: 30e3}, {results.LagP99: 80e3}},
			"the load generator was late (p99 of send lag 30 µs to 80 µs, more than 10 % of p99 latency): latencies are partly its own",
		},
		{"no probes", results.CheckSLO, [2]values{{}, {}}, "no rate that was tried kept to the SLO"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trials := offered(20000, map[string][]float64{"select": steady(2, 2), "poll": steady(2, 1)})
			for i, v := range tt.values {
				trials[2+i] = unsound(trials[2+i], tt.check, v)
			}
			if out, want := render(t, text(0), summarised(trials)), "\n! "+tt.want+": in 2 of 4 trials (poll)\n"; !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		})
	}
}

// A load generator that looks at the clock is always busy, and not to blame.
func TestSpinningIsNoBottleneck(t *testing.T) {
	busy := map[results.Metric]float64{results.LoadBusyShare: 1, results.ServerBusyShare: 0.1}
	for scenario, blamed := range map[string]bool{"idle": false, "connect": true} {
		u := unsound(offered(20000, map[string][]float64{"poll": {1}})[0], results.CheckClientBound, busy)
		u.Scenario = scenario
		if out := render(t, text(0), summarised([]results.Trial{u})); strings.Contains(out, "bottleneck") != blamed {
			t.Errorf("%s: the load generator is blamed: %v, want %v\n%s", scenario, !blamed, blamed, out)
		}
	}
}

func TestPacing(t *testing.T) {
	trials := offered(20000, map[string][]float64{"select": steady(3, 2), "poll": steady(3, 1)})
	for i := range trials {
		trials[i].Values[results.LagP99] = 1000 + 500*float64(i)
		trials[i].Values[results.LagMax] = 70e3 - 1000*float64(i)
	}
	trials[4].Values[results.Unsent], trials[5].Values[results.Unsent] = 1200, 34
	trials = append(trials, ended(offered(20000, map[string][]float64{"epoll-lt": {1}})[0], results.StatusFailed, "no"))
	trials[6].Values[results.LagMax] = 1e9
	out := render(t, text(0), summarised(trials))
	for _, want := range []string{
		"\nSent within 1 µs to 3.5 µs (p99) and 70 µs at most of when they could be: the load generator's own lag.\n",
		"\n! 1,234 messages were never sent, given up a second after twice the window; they count with the time they had waited: in 2 of 7 trials (poll)\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// A percentile is compared only as far as its samples carry it.
func TestComparedPercentilesAreCarried(t *testing.T) {
	row := func(messages int64) string {
		out := render(t, text(0), summarised(offered(messages, map[string][]float64{"select": steady(9, 30), "poll": steady(9, 60)})))
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, " poll") {
				return strings.Join(strings.Fields(line), " ")
			}
		}
		t.Fatalf("no row of poll in\n%s", out)
		return ""
	}
	for messages, want := range map[int64]string{
		20000: " 60 60.0–60.0 2.000 ** 2.000–2.000 9/9 1 ",
		5000:  " ~60 60.0–60.0 2.000 ** 2.000–2.000 9/9 1 ",
		500:   " - 2.000 ** 2.000–2.000 9/9 1 ",
	} {
		if got := row(messages); !strings.Contains(got, want) {
			t.Errorf("of %d messages: %q, want %q in it", messages, got, want)
		}
	}
}

// Latency is a matter of queues: what counters can explain is CPU time.
func TestExplainAnOpenLoop(t *testing.T) {
	trials := offered(20000, map[string][]float64{"select": steady(9, 1000), "poll": steady(9, 3000)})
	for i := range trials {
		v := trials[i].Values
		v[results.ServerWaitsPerMsg] = 1
		if trials[i].Arm == "poll" {
			v[results.ServerWaitsPerMsg], v[results.ServerCPUPerMessage] = 2, 15
			trials[i].Slices[0].ServerCPUNS = 15 * 20000
		}
	}
	out := render(t, explain(0), summarised(trials))
	if want := "- poll, 10 connections: took 1.50 times the server CPU of select. poll waited 2.00 times a message where select did 1.00 times."; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
}
