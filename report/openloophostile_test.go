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

// Whatever a file says of rates, what is not known is told by no number.
func TestOpenLoopsOfAnyValues(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(0, 1e18), rapid.SampledFrom([]float64{0, 1e-300, 1e18}))
		whole := rapid.OneOf(rapid.Int64Range(0, 1<<50), rapid.SampledFrom([]int64{0, 1, 1 << 50}))
		checks := []string{string(results.CheckSaturated), string(results.CheckLag), string(results.CheckSLO), string(results.CheckSLOUnconfirmed), string(results.CheckClientBound)}
		cell := rapid.Custom(func(rt *rapid.T) results.Cell {
			return results.Cell{
				Scenario: "idle", Connections: 10, Active: 10,
				Rate:     rapid.SampledFrom([]float64{0, 5, 1 << 50}).Draw(rt, "rate"),
				Load:     rapid.SampledFrom([]float64{0, 0.2, 1e-9, 1000}).Draw(rt, "load"),
				SLO:      rapid.SampledFrom([]results.Metric{"", results.LatencyP99, results.LatencyP999, "nonsense"}).Draw(rt, "slo"),
				SLONS:    rapid.SampledFrom([]int64{0, 1e6, 365 * 864 * 1e11}).Draw(rt, "bound"),
				Schedule: rapid.SampledFrom([]results.Schedule{"", results.Poisson, results.Fixed, "\x1b[m"}).Draw(rt, "schedule"),
			}
		})
		cells := rapid.SliceOfN(cell, 1, 2).Draw(rt, "cells")
		var trials []results.Trial
		for i, u := range offered(20000, map[string][]float64{"select": steady(7, 2), "select/control": steady(7, 2), "poll": steady(7, 1)}) {
			u.Cell = cells[i%len(cells)]
			for _, m := range slices.Sorted(maps.Keys(u.Values)) {
				u.Values[m] = number.Draw(rt, string(m))
			}
			for _, m := range []results.Metric{results.Unsent, results.SLORate, results.Capacity, results.LatencyRise} {
				if rapid.Bool().Draw(rt, "has "+string(m)) {
					u.Values[m] = number.Draw(rt, string(m))
				}
			}
			u.Slices[0].Offered, u.Slices[0].LatencyP99NS = float64(whole.Draw(rt, "offered")), whole.Draw(rt, "p99")
			if rapid.Bool().Draw(rt, "missed") {
				u.Slices = nil
			}
			for range rapid.IntRange(0, 3).Draw(rt, "probes") {
				u.Probes = append(u.Probes, results.Probe{Offered: float64(whole.Draw(rt, "tried")), LatencyNS: whole.Draw(rt, "latency"), Kept: rapid.Bool().Draw(rt, "kept"), Why: "\x1b[m"})
			}
			u.Validity = rapid.SliceOfN(rapid.SampledFrom(checks), 0, 2).Draw(rt, "validity")
			if err := u.Validate(); err != nil {
				rt.Fatal(err)
			}
			trials = append(trials, u)
		}
		s := report.Summarise(results.Run{Precision: 0.02}, trials)
		out := render(t, text(0), s) + render(t, report.Markdown, s) + render(t, report.CSV, s) + render(t, explain(0), s)
		for _, bad := range []string{"NaN", "Inf", "\x1b", "-9223372036854775808", "%!"} {
			if strings.Contains(out, bad) {
				rt.Fatalf("%q is in\n%s", bad, out)
			}
		}
		if !json.Valid([]byte(render(t, report.JSON, s))) {
			rt.Fatal("the JSON is none")
		}
	})
}

// A schedule and an SLO are strings of a file like any other.
func TestHostileSchedules(t *testing.T) {
	for _, s := range nasty() {
		trials := slices.Concat(offered(20000, map[string][]float64{"select": steady(7, 2)}), searching(map[string][]float64{"poll": steady(7, 1, 0)}))
		for i := range trials {
			trials[i].Schedule = results.Schedule(s)
			if i%2 == 0 {
				trials[i].Schedule = results.Fixed
			}
			if trials[i].SLO != "" {
				trials[i].SLO = results.Metric(s)
			}
			if len(trials[i].Probes) > 0 {
				trials[i].Probes[len(trials[i].Probes)-1].Why = s
			}
		}
		sum := summarised(trials)
		for format, out := range map[string]string{
			"text": render(t, text(80), sum), "markdown": render(t, report.Markdown, sum), "csv": render(t, report.CSV, sum), "json": render(t, report.JSON, sum),
			"explanation": render(t, explain(80), sum),
		} {
			for i, r := range out {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("%.20q: %s has %q at byte %d: %.60q", s, format, r, i, out[max(0, i-20):])
				}
			}
			switch format {
			case "markdown":
				checkMarkdown(t, out)
			case "text":
				for line := range strings.Lines(out) {
					if n := columnsOf(strings.TrimSuffix(line, "\n")); n > 80 {
						t.Errorf("%.20q: a line takes %d: %s", s, n, line)
					}
				}
			}
		}
	}
}
