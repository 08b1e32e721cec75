package report_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// byBlocks are trials of an echo cell with a reference, epoll-lt, that takes 1 µs a
// message in every block, and other arms that take so many times that.
func byBlocks(ratios map[string][]float64) []results.Trial {
	const messages = 1e6
	most := 0
	for _, r := range ratios {
		most = max(most, len(r))
	}
	all := map[string][]float64{"epoll-lt": slices.Repeat([]float64{1}, most)}
	for name, r := range ratios {
		all[name] = r
	}
	var trials []results.Trial
	for _, name := range []string{"epoll-lt", "epoll-lt/control", "epoll-et", "epoll-oneshot"} {
		for block, r := range all[name] {
			t := trial(name, block, 1000*r)
			t.Backend, _, _ = strings.Cut(name, "/")
			t.Reference, t.Control = name == "epoll-lt", name == "epoll-lt/control"
			t.Slices[0] = results.Slice{Messages: messages, ServerCPUNS: int64(1000*messages*r + 0.5), ElapsedNS: 2000 * messages}
			trials = append(trials, t)
		}
	}
	return trials
}

func levelOrEdge(trials []results.Trial) report.Summary {
	return report.Summarise(syntheticRun("echo"), trials)
}

// verdictOf is that of the arm's server CPU, in the only cell that it is in.
func verdictOf(t *testing.T, s report.Summary, arm string) report.LevelOrEdge {
	t.Helper()
	i := slices.IndexFunc(s.LevelOrEdge, func(l report.LevelOrEdge) bool { return l.Arm == arm && l.Metric == results.ServerCPUPerMessage })
	if i < 0 {
		t.Fatalf("nothing is said of %s among %d comparisons", arm, len(s.LevelOrEdge))
	}
	return s.LevelOrEdge[i]
}

// level is the section of a text report; empty if there is none.
func level(t *testing.T, s report.Summary) string {
	t.Helper()
	_, section, _ := strings.Cut(render(t, text(0), s), "\nLevel or edge?")
	section, _, _ = strings.Cut(section, "\n\n")
	return section
}

// The section is of runs that ask nothing else.
func TestWhenLevelAndEdgeAreCompared(t *testing.T) {
	with := func(change func(*results.Trial)) []results.Trial {
		trials := triggeredTrials(triggeredWorkloads()[:2], 6)
		for i := range trials {
			change(&trials[i])
		}
		return trials
	}
	drop := func(backend string) []results.Trial {
		return slices.DeleteFunc(with(func(*results.Trial) {}), func(t results.Trial) bool { return t.Backend == backend && !t.Reference })
	}
	tests := []struct {
		name   string
		trials []results.Trial
		want   int // comparisons
	}{
		{"all three", with(func(*results.Trial) {}), 4},
		{"without one-shot", drop("epoll-oneshot"), 2},
		{"without edge-triggered", drop("epoll-et"), 2},
		{"without a control", drop("epoll-lt"), 4},
		{"nothing but level-triggered", slices.DeleteFunc(drop("epoll-et"), func(t results.Trial) bool { return t.Backend == "epoll-oneshot" }), 0},
		{"another backend", append(with(func(*results.Trial) {}), trial("poll", 0, 5)), 0},
		{"another backend in place of one", with(func(t *results.Trial) {
			if t.Backend == "epoll-oneshot" {
				t.Backend = "poll"
			}
		}), 0},
		{"an external server", with(func(t *results.Trial) {
			if t.Arm == "epoll-et" {
				t.Options["server"] = "./epoll-et"
			}
		}), 0},
		{"another reference", with(func(t *results.Trial) { t.Reference = t.Arm == "epoll-et" }), 0},
		{"another reference in one cell", with(func(t *results.Trial) {
			if t.Connections == 1000 {
				t.Reference = t.Arm == "epoll-et"
			}
		}), 0},
		{"no reference", with(func(t *results.Trial) { t.Reference = false }), 0},
		{"none at all", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := levelOrEdge(tt.trials)
			if len(s.LevelOrEdge) != tt.want {
				t.Errorf("%d comparisons, want %d", len(s.LevelOrEdge), tt.want)
			}
			out := render(t, text(0), s) + render(t, report.Markdown, s)
			if strings.Contains(out, "Level or edge") != (tt.want > 0) || strings.Contains(render(t, report.JSON, s), "level_or_edge") != (tt.want > 0) {
				t.Errorf("want a section: %v\n%s", tt.want > 0, out)
			}
			if slices.ContainsFunc(report.Charts(s), func(c report.Chart) bool { return c.Name == "level-or-edge" }) != (tt.want > 0) {
				t.Errorf("want a chart: %v", tt.want > 0)
			}
		})
	}
}

// What nobody knows is said once.
func TestLevelWithoutControl(t *testing.T) {
	const unknown = "Nobody knows by how much identical servers would differ "
	trials := triggeredTrials(triggeredWorkloads(), 6)
	none := slices.DeleteFunc(slices.Clone(trials), func(t results.Trial) bool { return t.Control })
	some := slices.DeleteFunc(slices.Clone(trials), func(t results.Trial) bool { return t.Control && t.Scenario == "echo" })
	for _, tt := range []struct {
		name, want string
		trials     []results.Trial
	}{{"all", "", trials}, {"some", unknown + "in 3 of 12 workloads:", some}, {"none", unknown + "here:", none}} {
		section := level(t, levelOrEdge(tt.trials))
		if strings.Count(section, unknown) != min(1, len(tt.want)) || !strings.Contains(section, tt.want) {
			t.Errorf("%s have a control, want %q once in\n%s", tt.name, tt.want, section)
		}
	}
}

// Whoever is saturated does other work for a message than who is not.
func TestLevelAtRatesThatAreNotCarried(t *testing.T) {
	rate := triggeredWorkloads()[10]
	for _, tt := range []struct {
		saturated  string
		edge       string // what is said of it
		controlled bool
		metrics    int
	}{
		{"", "rate, epoll-et: no difference above 1 % (", true, 6},
		{"epoll-et", "rate, epoll-et: left out: epoll-et is saturated.", false, 4},
		{"epoll-lt", "rate, epoll-et: left out: epoll-lt is saturated.", false, 2},
		{"epoll-lt/control", "rate, epoll-et: no difference above 1 % (", false, 6},
	} {
		rate.saturated = tt.saturated
		s := levelOrEdge(triggeredTrials([]triggered{rate}, 8))
		if section := level(t, s); !strings.Contains(section, tt.edge) {
			t.Errorf("%q is saturated: no %q in\n%s", tt.saturated, tt.edge, section)
		}
		l := verdictOf(t, s, "epoll-et")
		if out := l.Verdict == report.LeftOut; out != strings.Contains(tt.edge, "left out") || out != (l.Ratio == nil) || out != (l.Why != "") {
			t.Errorf("%q is saturated: %s with ratio %v for %q", tt.saturated, l.Verdict, l.Ratio, l.Why)
		}
		if (l.Control != nil) != tt.controlled {
			t.Errorf("%q is saturated: control %v", tt.saturated, l.Control)
		}
		if len(s.LevelOrEdge) != tt.metrics {
			t.Errorf("%q is saturated: %d comparisons, want %d", tt.saturated, len(s.LevelOrEdge), tt.metrics)
		}
	}
	rate.saturated = "epoll-lt"
	if section, want := level(t, levelOrEdge(triggeredTrials([]triggered{rate}, 8))), "epoll-oneshot (one-shot) could be compared in none of 1 workload."; !strings.Contains(section, want) {
		t.Errorf("no %q in\n%s", want, section)
	}
}

// Latencies have a verdict of their own where enough samples carry them.
func TestLevelLatencies(t *testing.T) {
	rate := triggeredWorkloads()[10]
	trials := triggeredTrials([]triggered{rate}, 8)
	if section, want := level(t, levelOrEdge(trials)), "takes 19.8 % more (19.5 to 20.1 %); p50 latency: 19.8 % higher (19.5 to 20.1 %); p99 latency: 19.8 % higher (19.5 to 20.1 %).\n"; !strings.Contains(section, want) {
		t.Errorf("no %q in\n%s", want, section)
	}
	for i := range trials {
		if trials[i].Arm == "epoll-et" {
			trials[i].Values[results.Messages] = 900
		}
	}
	section := level(t, levelOrEdge(trials))
	if _, edge, _ := strings.Cut(section, "epoll-et: "); strings.Contains(edge[:strings.Index(edge, "\n")], "p99") {
		t.Errorf("p99 of 900 messages is compared:\n%s", section)
	}
	if !strings.Contains(section, "p50") || strings.Count(section, "p99") != 1 {
		t.Errorf("too much is left out:\n%s", section)
	}
}

// Where arms have rates of their own, or no messages, nothing is compared.
func TestLevelScope(t *testing.T) {
	w := triggeredWorkloads()
	load, slo, connect := w[0], w[0], w[0]
	load.cell.Scenario, load.cell.Schedule, load.cell.Load = "load", results.Poisson, 0.5
	slo.cell.Scenario, slo.cell.Schedule, slo.cell.SLO, slo.cell.SLONS = "slo", results.Poisson, results.LatencyP99, 1e6
	connect.cell.Scenario = "connect"
	s := levelOrEdge(triggeredTrials([]triggered{load, w[0], slo, connect}, 6))
	if section, want := level(t, s), "at the same rate: load, slo and connect."; len(s.LevelOrEdge) != 2 || !strings.Contains(section, want) {
		t.Errorf("%d comparisons, want 2 and %q in\n%s", len(s.LevelOrEdge), want, section)
	}
	if s := levelOrEdge(triggeredTrials([]triggered{load, connect}, 6)); len(s.LevelOrEdge) > 0 || level(t, s) != "" {
		t.Errorf("%d comparisons of what cannot be compared:\n%s", len(s.LevelOrEdge), level(t, s))
	}
}

// No two workloads bear one name.
func TestLevelWorkloadsAreToldApart(t *testing.T) {
	w := triggeredWorkloads()
	offered := w[0]
	offered.cell.Schedule, offered.cell.Rate = results.Poisson, 5000
	section := level(t, levelOrEdge(triggeredTrials(append(w, offered), 6)))
	seen := make(map[string]bool)
	for line := range strings.Lines(section) {
		if name, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "- ") {
			if seen[name] {
				t.Errorf("there are two %q", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != 26 || !seen["- echo, 100 connections, 5,000 msgs/s offered, epoll-et"] {
		t.Errorf("workloads are %v", seen)
	}
}

// Sentences at the end count what the lines above them say.
func TestLevelCounts(t *testing.T) {
	section := level(t, levelOrEdge(triggeredTrials(triggeredWorkloads(), 8)))
	edge := strings.Count(section, ", epoll-et: takes ")
	for _, want := range []string{
		"Of 12 comparisons, epoll-et (edge-triggered) takes less in ", "Of 11 comparisons, epoll-oneshot (one-shot) takes less in ", "; 1 workload is left out.\n",
		"Where epoll-et takes less, counts for a message that differ for certain, epoll-lt against it: registrations 0.42 to 2.60 against none (in 2 of ",
		"waits 1.40 against 0.30 to 1.10 (in 2 of ", "Where epoll-oneshot takes more, counts for a message that differ for certain, epoll-lt against it: registrations none",
	} {
		if !strings.Contains(section, want) {
			t.Errorf("no %q in\n%s", want, section)
		}
	}
	var less, more int
	_, counts, _ := strings.Cut(section, "Of 12 comparisons, epoll-et (edge-triggered) ")
	if _, err := fmt.Sscanf(counts, "takes less in %d", &less); err != nil {
		t.Fatal(err)
	}
	_, counts, _ = strings.Cut(counts, "takes more in ")
	if _, err := fmt.Sscanf(counts, "%d", &more); err != nil {
		t.Fatal(err)
	}
	if less+more != edge {
		t.Errorf("%d less and %d more are counted, and there are %d:\n%s", less, more, edge, section)
	}
}

// A counter that a file lacks, or whose blocks overlap, is no reason.
func TestLevelCountsThatAreNotCertain(t *testing.T) {
	bulk := triggeredWorkloads()[3:4]
	for name, change := range map[string]func(*results.Trial){
		"absent": func(t *results.Trial) { delete(t.Values, results.ServerRegsPerMsg) },
		"overlapping": func(t *results.Trial) {
			t.Values[results.ServerRegsPerMsg] += float64(t.Block % 2)
		},
		"next to nothing": func(t *results.Trial) {
			t.Values[results.ServerRegsPerMsg] /= 100
		},
	} {
		trials := triggeredTrials(bulk, 8)
		for i := range trials {
			change(&trials[i])
		}
		section := level(t, levelOrEdge(trials))
		if strings.Contains(section, "registrations") || !strings.Contains(section, "against it: waits 1.40 against 1.10") {
			t.Errorf("registrations are %s:\n%s", name, section)
		}
	}
}

func TestLevelJSON(t *testing.T) {
	var got struct {
		LevelOrEdge []map[string]any `json:"level_or_edge"`
	}
	if err := json.Unmarshal([]byte(render(t, report.JSON, levelOrEdge(triggeredTrials(triggeredWorkloads(), 8)))), &got); err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]int)
	for _, l := range got.LevelOrEdge {
		kinds[l["verdict"].(string)]++
	}
	if len(got.LevelOrEdge) != 30 || kinds["left_out"] != 1 || kinds["within_noise"] == 0 || kinds["lost_in_noise"] == 0 || kinds["less"] == 0 || kinds["more"] == 0 || kinds["equivalent"] == 0 {
		t.Errorf("%d comparisons by verdict: %v", len(got.LevelOrEdge), kinds)
	}
	bulk := got.LevelOrEdge[6]
	ratio, control := bulk["ratio_to_reference"].(map[string]any), bulk["control_ratio_to_reference"].(map[string]any)
	if low, high := ratio["low"].(float64), ratio["high"].(float64); !(0.96 < low && low < ratio["value"].(float64) && ratio["value"].(float64) < high && high < 0.98) || ratio["interval"] != true || ratio["p_adjusted"].(float64) > 0.05 {
		t.Errorf("ratio %v, want about 0.97", ratio)
	}
	if v := control["value"].(float64); v < 0.99 || v > 1.01 {
		t.Errorf("control %v, want about 1", control)
	}
	for _, key := range []string{"ratio_to_reference", "control_ratio_to_reference", "rounds", "duration_ns", "rate", "active", "socket_buffers"} {
		delete(bulk, key)
	}
	want := map[string]any{
		"scenario": "bulk", "connections": 100.0, "size": 102400.0, "arm": "epoll-et", "backend": "epoll-et",
		"metric": "server_cpu_ns_per_msg", "verdict": "less", "bound": 0.01, "within_bound": false,
	}
	if diff := cmp.Diff(want, bulk); diff != "" {
		t.Errorf("a comparison (-want +got):\n%s", diff)
	}
	last := got.LevelOrEdge[29]
	if _, has := last["ratio_to_reference"]; has || last["left_out_because"] != "epoll-oneshot is saturated" {
		t.Errorf("left out: %v", last)
	}
}
