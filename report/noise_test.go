package report_test

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// controlled is a reference and its control in cells of so many connections.
func controlled(cells map[int][]float64) []results.Trial {
	var trials []results.Trial
	for _, connections := range []int{10, 100, 1000, 10000} {
		for _, u := range blocksOf(map[string][]float64{"select": steady(len(cells[connections]), 1), "select/control": cells[connections]}, 2) {
			u.Connections, u.Active = connections, connections
			trials = append(trials, u)
		}
	}
	return trials
}

func TestIdenticalArms(t *testing.T) {
	// Another test has this figure.
	smallest := regexp.MustCompile(`; the smallest difference in server CPU that a single comparison here would have shown is [0-9.e-]+( to [0-9.]+)? %, with 80 % probability`)
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"no control", blocksOf(against(steady(9, 2)...), 2), "\nNo control arm: how far identical arms would differ is not known.\n"},
		{"too few blocks", controlled(map[int][]float64{10: steady(5, 1.01)}), "\nHow far identical arms differ is not known: the control arm has fewer than 6 blocks.\n"},
		{"one cell", controlled(map[int][]float64{10: steady(8, 1.02)}), "\nIdentical arms: server CPU within 2 % and throughput within 2 % of each other.\n"},
		{
			"cells", controlled(map[int][]float64{10: steady(8, 1.02, 1.03), 100: steady(8, 0.99, 1), 1000: steady(8, 0.95)}),
			"\nIdentical arms: server CPU within 1 % (100 connections) to 5.3 % (1,000 connections) and throughput within 1 to 5.3 % of each other.\n",
		},
		{
			"a cell that is not known", controlled(map[int][]float64{10: steady(8, 1.02), 100: steady(4, 0.9)}),
			"\nIdentical arms: server CPU within 2 % and throughput within 2 % of each other (known of 1 of 2 cells).\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := render(t, text(0), report.Summarise(results.Run{}, tt.trials))
			out = smallest.ReplaceAllString(out, "")
			if !strings.Contains(out, tt.want) {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
	if out := render(t, text(0), report.Summarise(results.Run{}, []results.Trial{trial("poll", 0, 1)})); strings.Contains(out, "dentical") {
		t.Errorf("identical arms are spoken of where none are compared:\n%s", out)
	}
}

// The noisier the control, the greater is what it takes to be seen; and an
// effect well above that is.
func TestSmallestVisibleEffect(t *testing.T) {
	noise := func(spread float64) report.Noise {
		s := report.Summarise(results.Run{}, controlled(map[int][]float64{10: {1 - spread, 1, 1 + spread, 1 - spread/2, 1 + spread/2, 1 - spread/3, 1 + spread/3, 1, 1 + spread/4, 1 - spread/4}}))
		return s.Scenarios[0].Cells[0].Noise[results.ServerCPUPerMessage]
	}
	quiet, loud := noise(0.01), noise(0.1)
	if !(quiet.Visible > 0.001 && quiet.Visible < 0.02 && loud.Visible > 5*quiet.Visible && loud.Floor > 5*quiet.Floor) {
		t.Errorf("noise of 1 %% is %+v, and of 10 %% %+v", quiet, loud)
	}
}

func TestDistrust(t *testing.T) {
	voided := func(void, count int) []results.Trial {
		var trials []results.Trial
		for block := range void + count {
			for _, arm := range []string{"select", "poll"} {
				u := trial(arm, block, 1, 1)
				if block < void {
					u = ended(u, results.StatusVoided, "steal")
				}
				trials = append(trials, u)
			}
		}
		return trials
	}
	tests := []struct {
		name   string
		trials []results.Trial
		want   []string
	}{
		{"no control", blocksOf(against(steady(9, 2)...), 2), nil},
		{"a control that is equal", controlled(map[int][]float64{10: steady(9, 1.03, 0.97)}), nil},
		{"surely different, but little", controlled(map[int][]float64{10: steady(9, 1.015)}), nil},
		{"different, but not surely", controlled(map[int][]float64{10: {1.1, 1.2, 1.3, 0.8, 0.75, 1.15, 1.2, 0.9}}), nil},
		{"too few blocks", controlled(map[int][]float64{10: steady(5, 2)}), nil},
		{
			"different", controlled(map[int][]float64{10: steady(9, 1.031)}),
			[]string{"echo: select/control and select are the same, and yet server CPU of the one is 1.031 times that of the other (p = 0.0039)"},
		},
		{
			"less", controlled(map[int][]float64{10: steady(9, 1), 100: steady(9, 0.9)}),
			[]string{"echo, 100 connections: select/control and select are the same, and yet server CPU of the one is 0.900 times that of the other (p = 0.0078)"},
		},
		{"surely, were it not for the number of cells", controlled(map[int][]float64{10: steady(6, 1.05), 100: steady(6, 1), 1000: steady(6, 1)}), nil},
		{"a fifth voided", voided(2, 8), nil},
		{"more", voided(3, 9), []string{"3 of 12 blocks were voided, more than 20 %: the machine was too restless"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(syntheticRun("echo"), tt.trials)
			got := s.Distrust()
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("Distrust() = %q, want %q", got, tt.want)
			}
			out, md := render(t, text(0), s), render(t, report.Markdown, s)
			for _, reason := range tt.want {
				if !strings.HasPrefix(out, "! Not to be trusted: "+reason+".\n") || !strings.Contains(md, "echo\n\n**Not to be trusted:**\n\n- "+reason+".\n") {
					t.Errorf("the reason does not come first in\n%s\nor in\n%s", out, md)
				}
			}
			if tt.want == nil && strings.Contains(out+md, "trusted") {
				t.Errorf("a run that nothing is against is distrusted:\n%s", out)
			}
		})
	}
}

func TestPrecision(t *testing.T) {
	within := func(half float64) []float64 { return steady(9, 2*math.Exp(half), 2*math.Exp(-half), 2) }
	several := func(arms ...map[string][]float64) []results.Trial {
		var trials []results.Trial
		for i, a := range arms {
			for _, u := range blocksOf(a, 2) {
				u.Connections = 10 * (i + 1)
				trials = append(trials, u)
			}
		}
		return trials
	}
	withControl := against(within(0.005)...)
	withControl["select/control"] = within(0.2)
	const reached = "Precision: every ratio of server CPU is within ±2 %."
	tests := []struct {
		name   string
		asked  float64
		trials []results.Trial
		want   []string
		line   string
	}{
		{"none asked for", 0, several(against(within(0.5)...)), nil, ""},
		{"reached", 0.02, several(against(within(0.018)...), against(within(0.005)...)), nil, reached},
		{"a control need not", 0.02, several(withControl), nil, reached},
		{
			"not reached", 0.02, several(against(within(0.01)...), against(within(0.03)...)), []string{"echo, 20 connections: poll ±3 %"},
			"Precision: ±2 % was not reached in 1 cell:\n! echo, 20 connections: poll ±3 %\n",
		},
		{
			"too few blocks", 0.02, several(against(2, 2, 2)), []string{"echo: poll has too few blocks"},
			"Precision: ±2 % was not reached in 1 cell:\n! echo: poll has too few blocks\n",
		},
		{
			"an arm that has nothing is not waited for", 0.02, append(several(against(within(0.01)...)), ended(trial("epoll-et", 0, 1), results.StatusSkipped, "no")), nil, reached,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(results.Run{Precision: tt.asked}, tt.trials)
			if got := s.Imprecise(); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("Imprecise() = %q, want %q", got, tt.want)
			}
			out := render(t, text(0), s)
			if !strings.Contains(out, tt.line) || tt.line == "" && strings.Contains(out, "Precision") {
				t.Errorf("no %q in\n%s", tt.line, out)
			}
		})
	}
}

// Identical arms may differ more in a tail than in CPU time before the run is
// distrusted.
func TestDistrustOfOpenLoops(t *testing.T) {
	for factor, distrusted := range map[float64]bool{1.05: false, 1.09: false, 1.12: true, 0.89: true} {
		s := summarised(offered(20000, map[string][]float64{"select": steady(9, 1000), "select/control": steady(9, 1000*factor)}))
		if got := s.Distrust(); (len(got) > 0) != distrusted || distrusted && !strings.Contains(got[0], "and yet p99 latency of the one is ") {
			t.Errorf("a control of %g times: %q", factor, got)
		}
		s = summarised(saturating("select", 9, offered(20000, map[string][]float64{"select": steady(9, 1000), "select/control": steady(9, 1000*factor)})))
		if got := s.Distrust(); len(got) > 0 {
			t.Errorf("a saturated control of %g times is held against its run: %q", factor, got)
		}
	}
}

func TestPrecisionOfOpenLoops(t *testing.T) {
	arms := map[string][]float64{"select": steady(9, 1000), "poll": steady(9, 500, 700, 900), "epoll-lt": steady(9, 10)}
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"wide", offered(20000, arms), "idle: poll ±"},
		{"saturated", saturating("poll", 9, offered(20000, arms)), ""},
		{"saturated reference", saturating("select", 9, offered(20000, arms)), "idle: poll has no p99 latency of select to compare with, epoll-lt has no p99 latency of select to compare with"},
	}
	for _, tt := range tests {
		s := report.Summarise(results.Run{Precision: 0.02}, tt.trials)
		if got := strings.Join(s.Imprecise(), "\n"); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
