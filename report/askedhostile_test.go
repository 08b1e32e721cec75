package report_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"muxbench/report"
	"muxbench/results"
)

// everyQuestion is a run of all the scenarios that ask one thing.
func everyQuestion() []results.Trial {
	return slices.Concat(churnTrials(6), acceptTrials(6), ctlTrials(6), fanoutTrials(6), lookupTrials(6), scalingTrials(6, 0, 2))
}

// Whatever a file says, tables and charts come of it, and no number that is none.
func TestQuestionsOfAnyValues(t *testing.T) {
	all := everyQuestion()
	first := make(map[string]map[string]results.Trial) // of each arm, by scenario
	for _, u := range all {
		if first[u.Scenario] == nil {
			first[u.Scenario] = make(map[string]results.Trial)
		}
		if _, ok := first[u.Scenario][u.Arm]; !ok {
			first[u.Scenario][u.Arm] = u
		}
	}
	scenarios := slices.Sorted(maps.Keys(first))
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(0, 1e18), rapid.SampledFrom([]float64{0, 1e-300, 1, 1e18}))
		whole := rapid.SampledFrom([]int64{0, 1, 1 << 50})
		connections := rapid.SampledFrom([]int{0, 1, 64, 1 << 30})
		threads := rapid.SampledFrom([]string{"", "0", "1", "-1", "4096", "9223372036854775807", "vary", "x\x1b[m"})
		scenario := rapid.SampledFrom(scenarios).Draw(rt, "scenario")
		cell := results.Cell{
			Scenario: scenario, Connections: connections.Draw(rt, "connections"), Active: connections.Draw(rt, "active"),
			Schedule: rapid.SampledFrom([]results.Schedule{"", "", results.Poisson, "\x1b[m"}).Draw(rt, "schedule"),
			Rounds:   rapid.SampledFrom([]int{0, 7}).Draw(rt, "rounds"), DurationNS: whole.Draw(rt, "duration") % 1e9,
		}
		var trials []results.Trial
		for _, arm := range slices.Sorted(maps.Keys(first[scenario])) {
			u := first[scenario][arm]
			for block := range rapid.SampledFrom([]int{1, 6}).Draw(rt, "blocks") {
				v := u
				v.Cell, v.Block, v.Values = cell, block, map[results.Metric]float64{}
				for _, m := range slices.Sorted(maps.Keys(u.Values)) {
					if rapid.IntRange(0, 9).Draw(rt, "has "+string(m)) > 0 {
						v.Values[m] = number.Draw(rt, string(m))
					}
				}
				v.Slices = slices.Clone(u.Slices)
				for i := range v.Slices {
					s := &v.Slices[i]
					for _, field := range []*int64{&s.Connects, &s.Messages, &s.ElapsedNS, &s.ServerCPUNS, &s.Changes, &s.AddNS, &s.ModifyNS, &s.RemoveNS, &s.EmptyWaits, &s.Overflows} {
						if rapid.Bool().Draw(rt, "other") {
							*field = whole.Draw(rt, "field")
						}
					}
				}
				v.Options = map[string]string{"loops": threads.Draw(rt, "loops"), "pool_threads": threads.Draw(rt, "pool"), "threads": threads.Draw(rt, "threads"), "spin": "\x1b[31m"}
				v.ServerCPU = rapid.SampledFrom([]int{-1, 0}).Draw(rt, "cpu")
				if err := v.Validate(); err != nil {
					rt.Fatal(err)
				}
				trials = append(trials, v)
			}
		}
		s := report.Summarise(results.Run{Precision: 0.02}, trials)
		out := render(t, text(0), s) + render(t, report.Markdown, s) + render(t, report.CSV, s) + render(t, explain(0), s)
		for _, bad := range []string{"NaN", "Inf", "\x1b", "-9223372036854775808", "%!"} {
			if at := strings.Index(out, bad); at >= 0 {
				rt.Fatalf("%q is in ...%s", bad, out[max(0, at-200):at+20])
			}
		}
		if !json.Valid([]byte(render(t, report.JSON, s))) {
			rt.Fatal("the JSON is none")
		}
		for i, c := range report.Charts(s) {
			if i%3 == 0 { // drawing takes its time
				checkSVG(rt, c)
			}
		}
	})
}

// Strings of a file stay what they are wherever these scenarios show them.
func TestHostileNamesInQuestions(t *testing.T) {
	for _, s := range nasty() {
		trials := slices.Concat(ctlTrials(6), scalingTrials(6), acceptTrials(1))
		for i := range trials {
			u := &trials[i]
			if u.Reference || u.Control {
				continue
			}
			u.Backend, u.Arm = s, u.Arm+s
			u.Reason = s
			u.Options = map[string]string{"spin": s, "loops": s}
		}
		sum := report.Summarise(syntheticRun("questions"), trials)
		for format, out := range map[string]string{
			"text": render(t, text(80), sum), "markdown": render(t, report.Markdown, sum), "csv": render(t, report.CSV, sum), "explanation": render(t, explain(80), sum),
		} {
			for i, r := range out {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("%.20q: %s has %q at byte %d: %.60q", s, format, r, i, out[max(0, i-20):])
				}
			}
			if format == "markdown" {
				checkMarkdown(t, out)
			}
		}
		for _, c := range report.Charts(sum) {
			if strings.Contains(c.Name, "threads") {
				checkSVG(t, c)
			}
		}
	}
}

// A rate in the file makes no open loop of what cannot be one.
func TestWhatIsNeverAnOpenLoop(t *testing.T) {
	for scenario, trials := range map[string][]results.Trial{"churn": churnTrials(6), "accept": acceptTrials(6), "ctl": ctlTrials(6)} {
		for i := range trials {
			trials[i].Schedule, trials[i].Rate, trials[i].SLO, trials[i].SLONS = results.Poisson, 100, results.LatencyP99, 1e6
		}
		out := beforeCaveat(render(t, text(0), report.Summarise(syntheticRun(scenario), trials)))
		for _, wrong := range []string{"open loop", "block by block", "arrivals", "saturated", "achieved"} {
			if strings.Contains(out, wrong) {
				t.Errorf("%s: %q is in\n%s", scenario, wrong, out)
			}
		}
	}
}
