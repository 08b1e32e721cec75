package report_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// searching are the trials of searches for a rate whose p99 is at most 1 ms, by
// what they found in each block; 0 is none.
func searching(arms map[string][]float64) []results.Trial {
	trials := offered(20000, arms)
	for i := range trials {
		t := &trials[i]
		rate := arms[t.Arm][t.Block]
		t.Rate, t.SLO, t.SLONS = 0, results.LatencyP99, 1e6
		t.Probes = []results.Probe{
			{Offered: 4 * rate, LatencyNS: 9e6}, {Offered: rate, LatencyNS: 7e5, Kept: true}, {Offered: 2 * rate, LatencyNS: 2e6, Why: "saturated"},
		}
		if rate == 0 {
			*t = missed(*t, 100+float64(t.Block), 3e6)
			continue
		}
		t.Values[results.SLORate], t.Values[results.Offered], t.Values[results.Capacity] = rate, rate, 4*rate
		t.Values[results.LatencyP99] = 7e5
		t.Slices[0].Offered, t.Slices[0].LatencyP99NS = rate, 7e5
	}
	return trials
}

// missed is a trial of which not even the rate kept to the SLO.
func missed(t results.Trial, rate float64, ns int64) results.Trial {
	t.Slices, t.Values = nil, map[results.Metric]float64{results.Capacity: 5000}
	t.Probes = []results.Probe{{Offered: 2 * rate, LatencyNS: 2 * ns}, {Offered: rate, LatencyNS: ns}}
	t.Validity = []string{string(results.CheckSLO)}
	return t
}

// Of the rate that keeps to an SLO, more is better.
func TestTheHighestRateIsBest(t *testing.T) {
	tests := []struct {
		name   string
		arms   map[string][]float64
		best   string
		missed int
		want   string
	}{
		{
			"more", map[string][]float64{"select": steady(9, 1000), "poll": steady(9, 2000), "epoll-lt": steady(9, 4000)}, "epoll-lt", 0,
			"epoll-lt carries the most; select 0.250 times and poll 0.500 times as much.",
		},
		{
			"the reference", map[string][]float64{"select": steady(9, 4000), "poll": steady(9, 2000)}, "select", 0,
			"select carries the most; poll 0.500 times as much.",
		},
		{
			"none in half", map[string][]float64{"select": steady(8, 1000, 0), "poll": steady(8, 2000), "epoll-lt": steady(8, 4000)}, "epoll-lt", 1,
			"epoll-lt carries the most; poll 0.500 times as much; select keeps to the SLO at no rate that was tried.",
		},
		{
			"none in a third", map[string][]float64{"select": steady(9, 1000, 1000, 0), "poll": steady(9, 2000)}, "poll", 0,
			"poll carries the most; select 0.500 times as much.",
		},
		{
			"none of any", map[string][]float64{"select": steady(9, 0), "poll": steady(9, 0)}, "", 2,
			"select and poll keep to the SLO at no rate that was tried: nothing to compare.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := summarised(searching(tt.arms))
			out := render(t, text(0), s)
			if want := "\nWhich carries the highest rate that keeps to the SLO:\n- idle, 10 connections: " + tt.want + "\n"; !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
			v := s.Scenarios[0].Cells[0].Verdict
			if !v.HighestIsBest || v.Lowest != tt.best || len(v.Missed) != tt.missed || v.Saturated != nil {
				t.Errorf("the verdict is %+v", v)
			}
			for _, c := range v.Above {
				if !(c.Ratio.Value < 1 && c.Ratio.Low <= c.Ratio.Value && c.Ratio.Value <= c.Ratio.High) {
					t.Errorf("%s has the ratio %+v to the best", c.Arm, c.Ratio)
				}
			}
		})
	}
}

// A block that found no rate takes nothing away from the others' figures.
func TestBlocksWithoutARate(t *testing.T) {
	trials := searching(map[string][]float64{"select": steady(9, 4000), "poll": steady(9, 1000, 1000, 0), "epoll-lt": steady(9, 0)})
	for i := range trials {
		if trials[i].Arm == "epoll-lt" && trials[i].Block > 6 {
			trials[i].Probes[1].Why = "saturated"
		}
		if trials[i].Arm == "select" && trials[i].Block < 2 {
			trials[i].Probes = trials[i].Probes[1:2]
		}
	}
	s := summarised(trials)
	out := render(t, text(0), s)
	rows := make(map[string]string)
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 && strings.HasPrefix(line, " ") && rows[fields[0]] == "" {
			rows[fields[0]] = strings.Join(fields, " ")
		}
	}
	for _, want := range []string{
		"select 4,000 4,000–4,000 1.000 25 2,000 700 1 10 16,000",
		"poll 1,000 1,000–1,000 0.250 * 0.250–0.250 6/6 25 3/9 500 700 1 10 4,000",
		"epoll-lt none 9/9 5,000",
	} {
		if name := strings.Fields(want)[0]; rows[name] != want {
			t.Errorf("the row of %s is %q, want %q", name, rows[name], want)
		}
	}
	for _, want := range []string{
		"\nidle: 10 connections, all active, 64 bytes a message, p99 at most 1 ms, 1 s per arm and block; ",
		"\n! no rate that was tried kept to the SLO (the lowest, 100 to 108 msgs/s, had 3 ms): in 12 of 27 trials (poll and epoll-lt)\n",
		"\n! against the lowest rate was also: saturated\n",
		"\n! the highest rate that was tried (4,000 msgs/s) kept to the SLO, and a higher one may too: in 2 of 27 trials (select)\n",
		"\n! poll: ratios are from 6 of 9 blocks: in the others the reference is not ok, or one of the two lacks the rate",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	lines, err := csv.NewReader(strings.NewReader(render(t, report.CSV, s))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	poll := make(map[string]string)
	for i, name := range lines[0] {
		poll[name] = lines[2][i]
	}
	for name, want := range map[string]string{
		"arm": "poll", "schedule": "poisson", "load": "", "slo": "latency_p99_ns", "slo_ns": "1000000", "saturated_blocks": "0", "slo_missed_blocks": "3",
		"slo_rate_msgs_per_s": "1000", "slo_rate_msgs_per_s_ratio": "0.25", "slo_rate_of_capacity": "0.25", "slo_rate_msgs_per_s_ratio_held_in_blocks": "6",
		"latency_samples": "20000", "send_lag_p99_ns": "1000",
	} {
		if got, ok := poll[name]; !ok || got != want {
			t.Errorf("column %s is %q, want %q", name, got, want)
		}
	}
}

// The slice that is counted may have a tail that the search did not see.
func TestAnSLOThatTheShownSliceDoesNotKeep(t *testing.T) {
	trials := searching(map[string][]float64{"select": steady(9, 4000), "poll": steady(9, 1000)})
	for i, ns := range []float64{1.1e6, 1.3e6} {
		trials[9+i] = unsound(trials[9+i], results.CheckSLOUnconfirmed, map[results.Metric]float64{results.LatencyP99: ns})
	}
	want := "\n! at the rate that was found, the latency that the SLO bounds was above its bound in the slice that is shown (1.1 ms to 1.3 ms): in 2 of 18 trials (poll)\n"
	out := render(t, text(0), summarised(trials))
	if !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	if !strings.Contains(out, "not con-") || !strings.Contains(out, " 2/9 ") {
		t.Errorf("no column says that 2 of 9 are not confirmed in\n%s", out)
	}
}

func TestDistrustOfSearchedRates(t *testing.T) {
	for factor, distrusted := range map[float64]bool{1.04: false, 1.06: true} {
		s := summarised(searching(map[string][]float64{"select": steady(9, 1000), "select/control": steady(9, 1000*factor)}))
		if got := s.Distrust(); (len(got) > 0) != distrusted {
			t.Errorf("a control of %g times: %q", factor, got)
		}
	}
}

// A run may ask several things at once.
func TestQuestionsOfSeveralLoops(t *testing.T) {
	arms := map[string][]float64{"select": steady(9, 1000), "poll": steady(9, 2000)}
	closed := blocksOf(against(steady(9, 2)...), 2)
	chain := blocksOf(against(steady(9, 2)...), 2)
	for i := range chain {
		chain[i].Scenario = "chain"
		chain[i].Values[results.Elapsed] = 1e6
	}
	open := offered(20000, arms)
	tests := []struct {
		trials [][]results.Trial
		want   string
	}{
		{[][]results.Trial{chain, closed}, "Which takes the least server CPU, and in chain the least time per iteration (throughput and latency are in the table):"},
		{[][]results.Trial{open, closed}, "Which takes the least server CPU, and in an open loop has the lowest p99 latency (throughput and latency are in the table):"},
		{[][]results.Trial{open, searching(arms)}, "Which has the lowest p99 latency, and under an SLO carries the highest rate that keeps to the SLO:"},
	}
	for _, tt := range tests {
		if out := render(t, text(0), summarised(tt.trials...)); !strings.Contains(out, "\n"+tt.want+"\n") {
			t.Errorf("no %q in\n%s", tt.want, out)
		}
	}
}
