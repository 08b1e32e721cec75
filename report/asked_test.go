package report_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// Each scenario has words of its own for what its cells have so many of, and none of
// those that are of another.
func TestWordsOfQuestions(t *testing.T) {
	tests := []struct {
		scenario string
		wrong    string // as a regular expression
		trials   []results.Trial
	}{
		{"churn", `msgs/s|/msg|\bactive\b|closed loop|Closed loop|rounds|of each of|throughput of`, churnTrials(6)},
		{"accept", `msg|message|\bactive\b|[Cc]losed loop|rounds|set-up time`, acceptTrials(6)},
		{"ctl", `msg|latency|\bactive\b|[Cc]losed loop|open loop|rounds|server CPU|throughput|p99|connections`, ctlTrials(6)},
		{"fanout", `msgs/s|/msg|\bactive\b|[Cc]losed loop|rounds`, fanoutTrials(6)},
		{"lookup", `alive|burst|room|watched`, lookupTrials(6)},
		{"scaling", `alive|burst|room|watched|× ref  +× 95 %.*speed-up`, scalingTrials(6)},
	}
	for _, tt := range tests {
		t.Run(tt.scenario, func(t *testing.T) {
			wrong := regexp.MustCompile(tt.wrong)
			s := report.Summarise(syntheticRun(tt.scenario), tt.trials)
			md, _, _ := strings.Cut(render(t, report.Markdown, s), "\nEvery two arms")
			for name, out := range map[string]string{"text": beforeCaveat(render(t, text(0), s)), "markdown": md, "explanation": beforeCaveat(render(t, explain(0), s))} {
				for line := range strings.Lines(out) {
					line = strings.ReplaceAll(line, " (throughput and latency are in the table)", "")
					if tt.scenario == "ctl" { // whose name of a thing in file names is another
						line = strings.ReplaceAll(line, "there are no messages to change", "")
					}
					if found := wrong.FindString(line); found != "" {
						t.Errorf("%s has %q: %s", name, found, line)
					}
				}
			}
			for _, c := range report.Charts(s) {
				for _, said := range []string{c.Title, c.Subtitle, c.X.Label, c.Y.Label} {
					if found := wrong.FindString(said); found != "" || strings.HasSuffix(said, ", ") {
						t.Errorf("chart %s says %q", c.Name, said)
					}
				}
			}
		})
	}
}

// beforeCaveat leaves out what is said of every run alike.
func beforeCaveat(out string) string {
	for _, caveat := range []string{"\nEvery two arms", "\nNamed are differences"} {
		out, _, _ = strings.Cut(out, caveat)
	}
	return out
}

func TestChartsOfEachQuestion(t *testing.T) {
	type said struct{ name, title, x, y string }
	tests := []struct {
		scenario string
		trials   []results.Trial
		want     []said
	}{
		{"churn", churnTrials(6), []said{
			{"churn-connects-by-connections", "churn: connections per second against connections alive at once", "connections alive at once, log scale", "connections per second"},
			{"churn-server-cpu-by-connections", "churn: server CPU per connection against connections alive at once", "connections alive at once, log scale", "server CPU per connection (µs)"},
			{"churn-server-cpu-ratio-by-connections", "churn: server CPU per connection, ratio to select, against connections alive at once", "connections alive at once, log scale", "server CPU per connection, ratio to select"},
			{"churn-p99-by-connections", "churn: latency, 99th percentile against connections alive at once", "connections alive at once, log scale", "p99 latency (µs), log scale"},
			{"churn-latency-connections-1000", "churn: latency percentiles", "percentile of the latencies in a block", "latency (µs)"},
		}},
		{"ctl", ctlTrials(6), []said{
			{"ctl-registration-by-connections", "ctl: time to add, modify and remove against descriptors watched", "descriptors watched, log scale", "all three, per descriptor (ns), log scale"},
			{"ctl-registration-ratio-by-connections", "ctl: time to add, modify and remove, ratio to epoll-lt, against descriptors watched", "descriptors watched, log scale", "time to add, modify and remove, ratio to epoll-lt, log scale"},
			{"ctl-add-by-connections", "ctl: time to add against descriptors watched", "descriptors watched, log scale", "per descriptor (ns), log scale"},
			{"ctl-modify-by-connections", "ctl: time to modify against descriptors watched", "descriptors watched, log scale", "per descriptor (ns), log scale"},
			{"ctl-remove-by-connections", "ctl: time to remove against descriptors watched", "descriptors watched, log scale", "per descriptor (ns), log scale"},
			{"ctl-empty-wait-by-connections", "ctl: time of a wait that finds nothing against descriptors watched", "descriptors watched, log scale", "per wait (µs), log scale"},
			{"crossover-ctl-by-connections", "ctl: where arms overtake each other in time to add, modify and remove", "descriptors watched, log scale", "all three, per descriptor (ns), log scale"},
		}},
		{"fanout", fanoutTrials(6), []said{
			{"fanout-deliveries-by-connections", "fanout: deliveries per second against connections in the room", "connections in the room, log scale", "deliveries per second"},
			{"fanout-server-cpu-by-connections", "fanout: server CPU per delivery against connections in the room", "connections in the room, log scale", "server CPU per delivery (µs)"},
			{"fanout-server-cpu-ratio-by-connections", "fanout: server CPU per delivery, ratio to epoll-lt, against connections in the room", "connections in the room, log scale", "server CPU per delivery, ratio to epoll-lt"},
			{"fanout-p50-by-connections", "fanout: median time to the last delivery against connections in the room", "connections in the room", "p50 of the time to the last delivery (µs), log scale"},
		}},
		{"scaling", scalingTrials(6, 0, 2, 3), []said{
			{"scaling-speed-up-by-threads", "scaling: speed-up against threads", "threads that serve: loops, or those of a pool", "throughput, ratio to epoll-lt, log scale"},
			{"scaling-server-cpu-by-threads", "scaling: server CPU per message against threads", "threads that serve: loops, or those of a pool", "server CPU per message (µs)"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.scenario, func(t *testing.T) {
			var got []said
			for _, c := range report.Charts(report.Summarise(syntheticRun(tt.scenario), tt.trials)) {
				got = append(got, said{c.Name, c.Title, c.X.Label, c.Y.Label})
				checkPNG(t, c)
				checkSVG(t, c)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(said{})); diff != "" {
				t.Errorf("charts (-want +got):\n%s", diff)
			}
		})
	}
}

// A burst that comes in parts is no point on the line of those that come all at once,
// and overflows that there are none of are not drawn.
func TestChartsOfBursts(t *testing.T) {
	charts := report.Charts(report.Summarise(syntheticRun("accept"), acceptTrials(6)))
	want := []string{
		"accept-last-accept-by-connections-at-once-all", "accept-server-cpu-by-connections-at-once-all", "accept-server-cpu-ratio-by-connections-at-once-all",
		"accept-wake-ups-by-connections-at-once-all", "accept-overflows-by-connections-at-once-all",
	}
	for _, at := range []string{"1", "16"} {
		for _, measure := range []string{"server-cpu", "wake-ups"} {
			want = append(want, "accept-"+measure+"-connections-64-at-once-"+at)
		}
	}
	got := chartNames(charts)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charts (-want +got):\n%s", diff)
	}
	c := chart(t, charts, "accept-wake-ups-connections-64-at-once-1")
	if !strings.HasPrefix(c.Subtitle, "64 in a burst, one at a time, ") {
		t.Errorf("subtitle %q", c.Subtitle)
	}
	if p := c.Series[1].Points[0]; c.Series[1].Name != "epoll-shared/loops-4" || p.Y != 3.6 {
		t.Errorf("%s was woken %+v", c.Series[1].Name, p)
	}
	checkPNG(t, c)
	within := slices.DeleteFunc(acceptTrials(6), func(u results.Trial) bool { return u.Connections > 128 })
	if got := strings.Join(chartNames(report.Charts(report.Summarise(syntheticRun("accept"), within))), " "); strings.Contains(got, "overflows") || !strings.Contains(got, "last-accept") {
		t.Errorf("charts of bursts that found room: %s", got)
	}
}

// What a percentile is of differs, and so does how many carry it.
func TestSamplesOfQuestions(t *testing.T) {
	for scenario, tt := range map[string]struct {
		trials []results.Trial
		want   int64
	}{
		"connections of churn":   {churnTrials(1), 3 * 4000},
		"a burst, three times":   {acceptTrials(1), 3 * 64},
		"none of ctl":            {ctlTrials(1), 0},
		"what was said":          {fanoutTrials(1), 3 * 50000 / 10},
		"messages of any others": {lookupTrials(1), 3 * 20000},
	} {
		s := report.Summarise(results.Run{}, tt.trials)
		if got := s.Scenarios[0].Cells[0].Arms[0].Samples; got != tt.want {
			t.Errorf("%s: %d samples, want %d", scenario, got, tt.want)
		}
	}
	// Messages are not what latencies of churn are of.
	odd := churnTrials(1)
	for i := range odd {
		odd[i].Values[results.Messages] = 7
	}
	if got := report.Summarise(results.Run{}, odd).Scenarios[0].Cells[0].Arms[0].Samples; got != 3*4000 {
		t.Errorf("%d samples where messages are said to be 7", got)
	}
}

// What a wait costs, and which backend is the cheapest where, is told of none of them:
// their arms, or their messages, are not those of echo. Lookups may overtake each other.
func TestQuestionsAreNoMatterOfOthers(t *testing.T) {
	active := func(trials []results.Trial) []results.Trial {
		for i := range trials {
			trials[i].Active = 10
			trials[i].Counters = &results.TrialCounters{Server: results.Counters{Waits: 1000, Events: 1000 + int64(trials[i].Block)}}
		}
		return trials
	}
	var scaling []results.Trial
	for _, connections := range []int{64, 128, 256, 512} {
		for _, u := range scalingTrials(6) {
			u.Connections = connections
			scaling = append(scaling, u)
		}
	}
	for scenario, tt := range map[string]struct {
		trials  []results.Trial
		crosses bool
	}{
		"churn": {active(churnTrials(6)), false}, "fanout": {active(fanoutTrials(6)), false}, "lookup": {active(lookupTrials(6)), true},
		"scaling": {active(scaling), false}, "accept": {active(acceptTrials(6)), false},
	} {
		s := report.Summarise(syntheticRun(scenario), tt.trials)
		if len(s.Costs) > 0 || len(s.Crossovers) > 0 != tt.crosses {
			t.Errorf("%s: %d cost models, %d crossovers", scenario, len(s.Costs), len(s.Crossovers))
		}
		for _, name := range chartNames(report.Charts(s)) {
			if strings.HasPrefix(name, "map") {
				t.Errorf("%s: chart %s", scenario, name)
			}
		}
	}
}

// Along the descriptors watched, arms of ctl overtake each other in time.
func TestCrossoversOfChanges(t *testing.T) {
	s := report.Summarise(syntheticRun("ctl"), append(ctlTrials(6), lookupTrials(6)...))
	var got []string
	for _, c := range s.Crossovers {
		got = append(got, c.Scenario+" "+string(c.Kind)+" "+c.Arm+" "+c.Than)
	}
	want := []string{"ctl takes-less select epoll-lt", "ctl crosses epoll-lt poll", "ctl takes-less select poll"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("crossovers (-want +got):\n%s", diff)
	}
	out := render(t, text(0), s)
	for _, want := range []string{
		"\n- epoll-lt overtakes poll at 2,480 descriptors (95 %: 2,470 to 2,500; measured at 1,000 and 10,000) in ctl.\n",
		"\n- select takes less than epoll-lt and poll at every number of descriptors measured (100 to 10,000) in ctl: no crossing.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// An arm that is for messages has no place among those that change sets.
func TestArmsThatAreAbsentFromCtl(t *testing.T) {
	s := report.Summarise(syntheticRun("ctl"), ctlTrials(6))
	for _, c := range s.Scenarios[0].Cells {
		if c.Verdict == nil || len(c.Verdict.TooFew) > 0 {
			t.Errorf("verdict %+v, which is of arms that no set has", c.Verdict)
		}
	}
	for _, c := range report.Charts(s) {
		for _, series := range c.Series {
			if strings.Contains(series.Name, "interest") {
				t.Errorf("chart %s has a series %s", c.Name, series.Name)
			}
		}
	}
}
