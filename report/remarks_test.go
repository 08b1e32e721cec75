package report_test

import (
	"maps"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// having is a trial with those options and, beside its own, those values.
func having(t results.Trial, options map[string]string, values map[results.Metric]float64) results.Trial {
	t.Options = options
	maps.Copy(t.Values, values)
	return t
}

func TestRemarks(t *testing.T) {
	type values = map[results.Metric]float64
	outside := map[string]string{"cpu": "outside"}
	own := func(ns float64) values {
		return values{results.ServerCPUPerMessage: 1000, results.ServerOwnCPUPerMessage: ns}
	}
	server := func(command string) map[string]string { return map[string]string{"server": command} }
	long := strings.Repeat("x", 500)
	elsewhere := trial("c", 0, 1)
	elsewhere.Connections++
	const read = "\nServer CPU is read from outside while the server sleeps, of all its processes and threads, for "
	const took = "\nWithin slices, the kernel took "
	tests := []struct {
		name   string
		trials []results.Trial
		want   []string
		none   string
	}{
		{"nothing to remark", []results.Trial{trial("poll", 0, 1)}, nil, "outside"},
		{
			"outside, for all", []results.Trial{having(trial("poll", 0, 1), outside, own(980)), having(trial("c", 0, 1), outside, nil), having(trial("epoll-lt", 0, 1), outside, own(1000))},
			[]string{read + "every arm alike; what our loops' own threads read is 0.98 to 1.00 of it.\n"}, "",
		},
		{
			"outside, without own readings", []results.Trial{having(trial("poll", 0, 1), outside, nil)},
			[]string{read + "every arm alike.\n"}, "",
		},
		{
			"outside, for some", []results.Trial{having(trial("poll", 0, 1), outside, own(991)), having(trial("epoll-lt", 0, 1), nil, own(5))},
			[]string{read + "poll only; what our loops' own threads read is 0.99 of it.\n"}, "",
		},
		{
			"no CPU time to compare with", []results.Trial{having(trial("poll", 0, 1), outside, values{results.ServerCPUPerMessage: 0, results.ServerOwnCPUPerMessage: 5})},
			[]string{read + "every arm alike.\n"}, "Inf",
		},
		{
			"external servers, each once", []results.Trial{having(trial("c", 0, 1), server("./c {port}"), nil), having(elsewhere, server("./c {port}"), nil), having(trial("d", 0, 1), server("./d\x1b[m\n"), nil)},
			[]string{"\nc is an external server: ./c {port}\nd is an external server: ./d\\u001b[m\n"}, "m\nc is",
		},
		{"a long command", []results.Trial{having(trial("c", 0, 1), server(long), nil)}, []string{": " + long[:200] + "…\n"}, long[:201]},
		{"in a chain", []results.Trial{having(iterations("c", 0, 1), server("bench"), nil)}, []string{"\nc is an external program: bench\n"}, ""},
		{
			"switches of both sides", []results.Trial{
				having(trial("poll", 0, 1), nil, values{results.ServerSwitches: 14, results.LoadSwitches: 7}),
				having(trial("poll", 1, 1), nil, values{results.ServerSwitches: 0, results.LoadSwitches: 7}),
				having(trial("c", 0, 1), nil, values{results.LoadSwitches: 20}),
			},
			[]string{took + "the server's CPU away 0 to 14 times a trial, and the load generator's 7 to 20 times.\n"}, "",
		},
		{"of the load generator", []results.Trial{having(trial("c", 0, 1), nil, values{results.LoadSwitches: 2})}, []string{took + "the load generator's CPU away 2 times a trial.\n"}, ""},
		{"once", []results.Trial{having(trial("c", 0, 1), nil, values{results.ServerSwitches: 1, results.LoadSwitches: 0})}, []string{took + "the server's CPU away once a trial, and the load generator's 0 times.\n"}, ""},
		{"one stop", []results.Trial{having(trial("c", 0, 1), nil, values{results.WorldStops: 4})}, []string{"stopped the world within slices of one trial: c 1\n"}, ""},
		{"of a chain", []results.Trial{having(iterations("c", 0, 1), nil, values{results.ServerSwitches: 2})}, []string{took + "the loop's CPU away 2 times a trial.\n"}, ""},
		{"no switches", []results.Trial{having(trial("c", 0, 1), nil, values{results.ServerSwitches: 0, results.LoadSwitches: 0, results.WorldStops: 0})}, nil, "the kernel took"},
		{
			"the world is stopped", []results.Trial{
				having(trial("poll", 0, 1), nil, values{results.WorldStops: 5}), having(trial("poll", 1, 1), nil, values{results.WorldStops: 0}), having(trial("poll", 2, 1), nil, values{results.WorldStops: 1}),
				having(trial("epoll-lt/runtime", 0, 1), nil, values{results.WorldStops: 1}),
				ended(having(trial("epoll-et", 0, 1), nil, values{results.WorldStops: 9}), results.StatusFailed, "no"),
			},
			[]string{"\n! the Go runtime stopped the world within slices of 3 trials: poll 2, epoll-lt/runtime 1\n"}, "epoll-et 1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(results.Run{}, tt.trials)
			out := render(t, text(0), s)
			md := strings.ReplaceAll(render(t, report.Markdown, s), `\`, "")
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
				for line := range strings.SplitSeq(strings.Trim(want, "\n"), "\n") {
					line = strings.ReplaceAll(strings.TrimPrefix(line, "! "), `\`, "")
					if !strings.Contains(md, line) {
						t.Errorf("no %q in\n%s", line, md)
					}
				}
			}
			if tt.none != "" && strings.Contains(out, tt.none) {
				t.Errorf("%q is in\n%s", tt.none, out)
			}
		})
	}
}
