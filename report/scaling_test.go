package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// threadsOf is the column of threads in the table of a run, by arm.
func threadsOf(t *testing.T, s report.Summary) map[string]string {
	t.Helper()
	got := make(map[string]string)
	column := -1
	for line := range strings.Lines(render(t, report.Markdown, s)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch i := slices.Index(cells, "threads"); {
		case i >= 0:
			column = i
		case column > 0 && len(cells) > column && cells[0] != ":---":
			got[cells[0]] = cells[column]
		}
	}
	return got
}

// optioned are the trials of a scaling run whose arms have options of their own.
func optioned(options map[string]map[string]string) []results.Trial {
	trials := scalingTrials(6)
	for i := range trials {
		if o, ok := options[trials[i].Arm]; ok {
			trials[i].Options = o
		}
	}
	return trials
}

func TestThreadsOfAnArm(t *testing.T) {
	s := report.Summarise(syntheticRun("scaling"), optioned(map[string]map[string]string{
		"epoll-lt": nil, "epoll-lt/control": nil,
		"reuseport/loops-1": {"loops": "two"}, "reuseport/loops-2": {"loops": "-2"}, "reuseport/loops-4": {"loops": "4", "threads": "vary"},
		"epoll-pool/threads-1": {"pool_threads": "99999999999999999999"}, "epoll-pool/threads-2": {"threads": "3"}, "epoll-pool/threads-4": {"pool_threads": ""},
		"blocking": {"threads": "vary"},
	}))
	want := map[string]string{
		"epoll-lt": "1", "epoll-lt/control": "1", "reuseport/loops-1": "", "reuseport/loops-2": "", "reuseport/loops-4": "4",
		"epoll-pool/threads-1": "", "epoll-pool/threads-2": "3", "epoll-pool/threads-4": "", "blocking": "",
	}
	if diff := cmp.Diff(want, threadsOf(t, s)); diff != "" {
		t.Errorf("threads (-want +got):\n%s", diff)
	}
	charts := report.Charts(s)
	c := chart(t, charts, "scaling-server-cpu-by-threads")
	if want := "no value, or no number of threads: reuseport/loops-1, reuseport/loops-2, epoll-pool/threads-1, epoll-pool/threads-4, blocking; "; !strings.HasPrefix(c.Footer, want) {
		t.Errorf("footer %q, want %q first", c.Footer, want)
	}
	if got := names(c); got != "epoll-lt reuseport epoll-pool" {
		t.Errorf("series %q", got)
	}
}

// A line is of arms that differ in nothing but their threads.
func TestLinesOfSpeedUp(t *testing.T) {
	trials := scalingTrials(6)
	for _, u := range scalingTrials(6) {
		if u.Backend == "reuseport" {
			u.Arm += "/spin-1ms"
			trials = append(trials, u)
		}
	}
	c := chart(t, report.Charts(report.Summarise(syntheticRun("scaling"), trials)), "scaling-speed-up-by-threads")
	got := make(map[string][]float64)
	for _, s := range c.Series {
		for _, p := range s.Points {
			got[s.Name] = append(got[s.Name], p.X)
		}
	}
	want := map[string][]float64{"epoll-lt (reference)": {1, 4}, "reuseport": {1, 2, 4}, "reuseport/spin-1ms": {1, 2, 4}, "epoll-pool": {1, 2, 4}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("threads of points (-want +got):\n%s", diff)
	}
	line := c.Series[0]
	for i, p := range line.Points {
		if p.Y != 1 || !line.Unmarked || line.Control[i].Low > 1 || line.Control[i].High < 1 || line.Control[i].Low == line.Control[i].High {
			t.Errorf("the line at 1 is %+v, with the control from %g to %g", p, line.Control[i].Low, line.Control[i].High)
		}
	}
}

// Without a reference there is no speed-up, and what a message costs is told all the
// same. A reference that is one of several keeps its line.
func TestSpeedUpAndItsReference(t *testing.T) {
	none := scalingTrials(6)
	for i := range none {
		none[i].Reference = false
	}
	if got := chartNames(report.Charts(report.Summarise(syntheticRun("scaling"), none))); !slices.Equal(got, []string{"scaling-server-cpu-by-threads"}) {
		t.Errorf("charts without a reference: %v", got)
	}
	other := slices.DeleteFunc(scalingTrials(6), func(u results.Trial) bool { return u.Backend == "epoll-lt" })
	for i := range other {
		other[i].Reference = other[i].Arm == "reuseport/loops-2"
	}
	c := chart(t, report.Charts(report.Summarise(syntheticRun("scaling"), other)), "scaling-speed-up-by-threads")
	if got := names(c); got != "reuseport/loops-2 (reference) reuseport epoll-pool" {
		t.Errorf("series %q", got)
	}
	if p := c.Series[1].Points[1]; p.X != 2 || p.Y != 1 {
		t.Errorf("the reference is at %+v", p)
	}
	checkPNG(t, c)
}

// How many CPUs threads had is said in words, as more threads than those are no faster.
func TestCPUsOfThreads(t *testing.T) {
	unpinned := scalingTrials(6)
	for i := range unpinned {
		unpinned[i].ServerCPU, unpinned[i].ServerCPUs = -1, nil
	}
	alone := slices.DeleteFunc(scalingTrials(6), func(u results.Trial) bool { return u.Backend != "epoll-lt" })
	tests := map[string]struct {
		trials     []results.Trial
		text, also string // of the table, and of the charts' subtitles
	}{
		"one":               {scalingTrials(6, 0), "\nAll threads of a server shared one CPU, ", ", 1 CPU for a server's threads"},
		"the same one over": {scalingTrials(6, 0, 0, 0), "\nAll threads of a server shared one CPU, ", ", 1 CPU for a server's threads"},
		"three":             {scalingTrials(6, 0, 2, 3), "\nThe server's threads had up to 3 CPUs.\n", ", 3 CPUs for a server's threads"},
		"none of their own": {unpinned, "\nThe server's threads were on no CPUs of their own.\n", ", closed loop"},
		"one thread":        {alone, "\nEach message costs the server 20µs of CPU time on top, as work would.\n", ""},
	}
	for name, tt := range tests {
		s := report.Summarise(syntheticRun("scaling"), tt.trials)
		if out := render(t, text(0), s); !strings.Contains(out, tt.text) {
			t.Errorf("%s: no %q in\n%s", name, tt.text, out)
		}
		if name == "one thread" && strings.Contains(render(t, text(0), s), "shared one CPU") {
			t.Error("one thread is said to have CPUs")
		}
		for _, c := range report.Charts(s) {
			if !strings.HasSuffix(c.Subtitle, tt.also) {
				t.Errorf("%s: subtitle %q, want %q at its end", name, c.Subtitle, tt.also)
			}
		}
	}
}

// At a given rate throughput is the rate, and no speed-up: the table is that of any
// open loop, and so are the charts.
func TestScalingOfAnOpenLoop(t *testing.T) {
	trials := scalingTrials(6)
	for i := range trials {
		trials[i].Schedule, trials[i].Rate = results.Poisson, 1000
		trials[i].Slices = trials[i].Slices[:1]
		trials[i].Slices[0].LatencyP50NS, trials[i].Slices[0].LatencyP99NS = 1e6+int64(i), 2e6+int64(i)
		trials[i].Values[results.Offered] = 1000
	}
	s := report.Summarise(syntheticRun("scaling"), trials)
	out := render(t, text(0), s)
	if strings.Contains(out, "speed-up") || !strings.Contains(out, "achieved") {
		t.Errorf("no table of an open loop:\n%s", out)
	}
	for _, name := range chartNames(report.Charts(s)) {
		if strings.Contains(name, "threads") {
			t.Errorf("chart %s", name)
		}
	}
}
