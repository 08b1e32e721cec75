package report_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// iterations is an ok trial of scenario chain that took so many µs for each of
// its iterations.
func iterations(arm string, block int, us ...int64) results.Trial {
	t := results.Trial{
		Cell:  results.Cell{Scenario: "chain", Connections: 100, Active: 1, Rounds: 10, Size: 1},
		Block: block, Arm: arm, Backend: arm, Reference: arm == "select", Status: results.StatusOK,
		Values: map[results.Metric]float64{results.Elapsed: float64(us[len(us)/2]) * 1e3, results.Messages: 11 * float64(len(us))},
	}
	for turn, v := range us {
		t.Slices = append(t.Slices, results.Slice{Turn: turn, Messages: 11, ElapsedNS: v * 1e3, ServerCPUNS: 500})
	}
	return t
}

func inBlocks(blocks int, arm string, us ...int64) []results.Trial {
	var trials []results.Trial
	for block := range blocks {
		trials = append(trials, iterations(arm, block, us...))
	}
	return trials
}

// Arms of a chain are compared by time, whatever their CPU time is.
func TestChainIsComparedByTime(t *testing.T) {
	cell := onlyCell(t, append(inBlocks(6, "select", 30, 40, 20), inBlocks(6, "poll", 15, 10, 10)...)...)
	want := map[results.Metric]report.Estimate{
		results.Elapsed:             {Value: 0.5, Low: 0.5, High: 0.5, Interval: true, Blocks: 6},
		results.ServerCPUPerMessage: {Value: 1, Low: 1, High: 1, Interval: true, Blocks: 6},
	}
	if diff := cmp.Diff(want, estimates(cell.Arms[1])); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
	if v := cell.Verdict; v == nil || v.Metric != results.Elapsed || v.Lowest != "poll" || len(v.Above) != 1 {
		t.Errorf("verdict %+v, want poll below select by the time of an iteration", v)
	}
	if cell.Arms[0].Samples != 0 {
		t.Errorf("%d samples of latencies, of which there are none", cell.Arms[0].Samples)
	}
}

func TestAnswerOfAChain(t *testing.T) {
	chain := append(inBlocks(9, "select", 30, 30), inBlocks(9, "epoll-lt", 10, 10)...)
	echo := blocksOf(map[string][]float64{"select": steady(9, 3), "epoll-lt": steady(9, 1)}, 2)
	const (
		ofChain = "- chain, 100 connections: epoll-lt takes the least time; select 3.00 times as long.\n"
		ofEcho  = "- echo, 10 connections: epoll-lt takes the least; select 3.00 times as much.\n"
	)
	tests := []struct {
		name           string
		trials         []results.Trial
		text, markdown string // titles
		lines          []string
	}{
		{"chain", chain, "Which takes the least time per iteration:", "## Which takes the least time per iteration", []string{ofChain}},
		{
			"echo", echo, "Which takes the least server CPU (throughput and latency are in the table):",
			"## Which takes the least server CPU", []string{ofEcho},
		},
		{
			"both", append(append([]results.Trial(nil), chain...), echo...),
			"Which takes the least server CPU, and in chain the least time per iteration (throughput and latency are in the table):",
			"## Which takes the least server CPU, and in chain the least time per iteration", []string{ofChain, ofEcho},
		},
		{
			"a chain that cannot be judged beside echo", append(inBlocks(9, "select", 30, 30), echo...),
			"Which takes the least server CPU (throughput and latency are in the table):", "## Which takes the least server CPU", []string{ofEcho},
		},
		{
			"two that cannot be told apart", append(inBlocks(9, "poll", 10, 10), chain...), "Which takes the least time per iteration:", "## Which takes",
			[]string{"- chain, 100 connections: poll or epoll-lt takes the least time, which of them cannot be told; select 3.00 times as long.\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(results.Run{}, tt.trials)
			out := render(t, text(0), s)
			for _, want := range append(tt.lines, "\n"+tt.text+"\n") {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if out := render(t, report.Markdown, s); !strings.Contains(out, "\n"+tt.markdown) {
				t.Errorf("no %q in\n%s", tt.markdown, out)
			}
		})
	}
}

func TestHeadingOfAChain(t *testing.T) {
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"blocks", inBlocks(3, "select", 1, 2, 3), "median over 3 blocks of the median of 3 iterations, range from the lowest to the highest block; registration is not timed; ratio"},
		{"one block that has none", []results.Trial{ended(iterations("poll", 0, 1), results.StatusFailed, "no")}, "one block, the median of its iterations, so no ranges; registration"},
		{"one block", inBlocks(1, "select", 1, 2, 3), "one block, the median of 3 iterations, so no ranges; registration is not timed"},
		{
			"blocks of different length", append(inBlocks(1, "select", 1, 2, 3), iterations("select", 1, 5, 6)),
			"median over 2 blocks of the median of their iterations, range",
		},
		{
			"arms of different length", append(inBlocks(2, "select", 1, 2, 3), inBlocks(2, "poll", 1)...),
			"median over 2 blocks of the median of their iterations, range",
		},
		{
			"a failed trial has none", append(inBlocks(2, "select", 1, 2, 3), ended(iterations("poll", 0, 1), results.StatusFailed, "no")),
			"median over 2 blocks of the median of 3 iterations, range",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := render(t, text(0), report.Summarise(results.Run{}, tt.trials))
			if want := "\nchain: 100 connections, 1 active, one byte a write, 10 writes; " + tt.want; !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		})
	}
}

// A chain has no rounds, and its loop is neither closed nor open.
func TestWordsThatAreNotOfAChain(t *testing.T) {
	s := report.Summarise(syntheticRun("chain"), chainTrials(chainCells(), 3))
	wrong := regexp.MustCompile(`closed|open|rounds|msgs/s|message|p99|RSS`)
	for name, out := range map[string]string{"text": render(t, text(0), s), "markdown": render(t, report.Markdown, s)} {
		if found := wrong.FindString(out); found != "" {
			t.Errorf("%s has %q:\n%s", name, found, out)
		}
	}
	for _, c := range report.Charts(s) {
		for _, said := range []string{c.Name, c.Title, c.Subtitle, c.X.Label, c.Y.Label} {
			if found := wrong.FindString(said); found != "" || strings.HasSuffix(said, ", ") {
				t.Errorf("chart %s says %q", c.Name, said)
			}
		}
	}
}

// What no arm has is no column, and what only external programs lack is a dash.
func TestColumnsOfAChain(t *testing.T) {
	external := iterations("libevent", 0, 10, 10)
	external.Options = map[string]string{"server": "bench"}
	counting := iterations("poll", 0, 20, 20)
	counting.Values[results.ServerSyscallsPerMsg], counting.Values[results.EventsPerWait] = 3, 1.5
	skipped := ended(external, results.StatusSkipped, "no")
	skipped.Values, skipped.Slices = nil, nil
	tests := []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"external programs only", []results.Trial{external}, "| backend | µs per iteration |\n| :--- | ---: |\n| libevent | 10 |\n"},
		{
			"beside another", []results.Trial{external, counting},
			"| backend | µs per iteration | syscalls/msg | events/wait |\n| :--- | ---: | ---: | ---: |\n| libevent | 10 | - | - |\n| poll | 20 | 3 | 1.50 |\n",
		},
		{
			"skipped in every block", []results.Trial{skipped, counting},
			"| libevent | 0/1 |  |  |  |\n| poll | 1/1 | 20 | 3 | 1.50 |\n\n- libevent: skipped in 1 of 1 blocks: no\n",
		},
		{"one iteration", []results.Trial{iterations("poll", 0, 20), iterations("select", 0, 20)}, "\n- all arms: one turn in a block: noise does not cancel in its ratio\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if out := render(t, report.Markdown, report.Summarise(results.Run{}, tt.trials)); !strings.Contains(out, tt.want) {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
}

func TestChartsOfAChain(t *testing.T) {
	charts := report.Charts(report.Summarise(syntheticRun("chain"), chainTrials(chainCells(), 3)))
	want := []string{
		"chain-time-by-connections-active-1-writes-100", "chain-time-ratio-by-connections-active-1-writes-100",
		"chain-time-by-connections-active-100-writes-1000", "chain-time-ratio-by-connections-active-100-writes-1000",
	}
	if diff := cmp.Diff(want, chartNames(charts)); diff != "" {
		t.Fatalf("charts (-want +got):\n%s", diff)
	}
	c := charts[0]
	if c.Title != "chain: time per iteration against connections" || c.Subtitle != "1 active, one byte a write, 100 writes" ||
		c.Y.Label != "time per iteration (µs), log scale" || !c.X.Log || !c.Y.Log {
		t.Errorf("title %q, subtitle %q, axes %+v and %+v", c.Title, c.Subtitle, c.X, c.Y)
	}
	if p := c.Series[1].Points[0]; p.Y < 100 || p.Y > 200 || p.Blocks != 3 {
		t.Errorf("poll takes %+v at 100 connections, want 100 to 200 µs", p)
	}
	checkPNG(t, c)
	checkSVG(t, c)
}
