package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
	"muxbench/results/stats"
)

func comparisonFormats() map[string]func(io.Writer, report.SideBySide) error {
	return map[string]func(io.Writer, report.SideBySide) error{
		"text": comparisonText(80), "markdown": report.ComparisonMarkdown, "csv": report.ComparisonCSV, "json": report.ComparisonJSON,
	}
}

func renderComparison(t *testing.T, to func(io.Writer, report.SideBySide) error, c report.SideBySide) string {
	t.Helper()
	var out bytes.Buffer
	if err := to(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func comparisonRow(t *testing.T, c report.SideBySide, connections int, arm string, m results.Metric) report.ComparisonRow {
	t.Helper()
	i := slices.IndexFunc(c.Rows, func(r report.ComparisonRow) bool {
		return r.Connections == connections && r.ArmA == arm && r.Metric == m
	})
	if i < 0 {
		t.Fatalf("no row of %s, %d connections, %s", arm, connections, m)
	}
	return c.Rows[i]
}

// What has changed is found, and what the hour did to all arms alike is not taken
// for a change of any.
func TestComparisonTellsAChangeFromTheHour(t *testing.T) {
	a, b := comparedTwice(t)
	c := compareRuns(t, a, b)
	if !c.Alike || c.Together || c.SameRun || len(c.Unlike) != 0 {
		t.Errorf("alike %t, together %t, same %t, unlike in %v", c.Alike, c.Together, c.SameRun, c.Unlike)
	}
	judged := 0
	for _, r := range c.Rows {
		if r.Metric != results.ServerCPUPerMessage {
			continue
		}
		if r.Why == "" && (r.Ratio.Low > 1.15 && r.ArmA != "epoll-et" || r.Ratio.Low < 1.05) {
			t.Errorf("%s, %d connections: the ratio of values is %+v, want the hour's 1.125", r.ArmA, r.Connections, r.Ratio)
		}
		switch {
		case r.Why != "" || r.Control || r.ArmA == "select":
			if r.JudgedBy != "" || r.Stars != "" || r.Relative != nil && r.Relative.PAdjusted != 0 {
				t.Errorf("%s is judged by %q: %q", r.ArmA, r.JudgedBy, r.Stars)
			}
		case r.ArmA == "epoll-et":
			judged++
			if r.JudgedBy != report.ByRatioOfRatios || r.Stars != "***" || r.Relative.Low > 1.15 || r.Relative.High < 1.15 {
				t.Errorf("epoll-et, %d connections, is judged by %q: %q, %+v", r.Connections, r.JudgedBy, r.Stars, r.Relative)
			}
		default:
			judged++
			if r.JudgedBy != report.ByRatioOfRatios || r.Stars != "~" || r.Relative.Low > 1 || r.Relative.High < 1 {
				t.Errorf("%s, %d connections, is judged by %q: %q, %+v", r.ArmA, r.Connections, r.JudgedBy, r.Stars, r.Relative)
			}
		}
	}
	if judged != 5 || c.Asked != 2*judged {
		t.Errorf("%d ratios of CPU are judged, and %d in all, want 5 and 10", judged, c.Asked)
	}
}

// The figures of a row are those of the blocks that it is of.
func TestComparisonIsMadeOfBlocks(t *testing.T) {
	a, b := comparedTwice(t)
	for _, u := range b.Trials[len(b.Trials)/3:] { // one that is void counts for nothing
		if u.Arm == "epoll-lt" && u.Connections == 1000 {
			u = ended(u, results.StatusVoided, "steal")
			u.Block, u.Values = 99, map[results.Metric]float64{results.ServerCPUPerMessage: 1e9}
			b.Trials = append(b.Trials, u)
			break
		}
	}
	r := comparisonRow(t, compareRuns(t, a, b), 1000, "epoll-lt", results.ServerCPUPerMessage)
	of := func(trials []results.Trial, arm string) (ts []results.Trial, logs []float64) {
		for _, u := range trials {
			if u.Arm == arm && u.Connections == 1000 && u.Status == results.StatusOK {
				ts, logs = append(ts, u), append(logs, math.Log(u.Values[results.ServerCPUPerMessage]))
			}
		}
		return ts, logs
	}
	armA, logsA := of(a.Trials, "epoll-lt")
	armB, logsB := of(b.Trials, "epoll-lt")
	refA, _ := of(a.Trials, "select")
	refB, _ := of(b.Trials, "select")
	near := func(what string, got report.ComparisonRatio, x, y []float64) {
		t.Helper()
		shift, p := stats.ShiftBetween(x, y, 0.95), stats.TwoSided(stats.MannWhitney(x, y))
		for _, v := range [][2]float64{{got.Value, math.Exp(shift.Estimate)}, {got.Low, math.Exp(shift.Low)}, {got.High, math.Exp(shift.High)}, {got.P, p}} {
			if math.Abs(v[0]/v[1]-1) > 1e-8 {
				t.Errorf("%s is %+v, want %+v and p = %v", what, got, shift, p)
			}
		}
		if !got.Interval || got.BlocksA != len(x) || got.BlocksB != len(y) {
			t.Errorf("%s is %+v, want %d and %d blocks", what, got, len(x), len(y))
		}
	}
	near("the ratio", *r.Ratio, logsA, logsB)
	p := r.Cell.Primary()
	near("the ratio of ratios", *r.Relative, p.BlockLogRatios(armA, refA), p.BlockLogRatios(armB, refB))
}

// Identical arms, measured an hour apart: judged by their ratio to the reference
// they are seldom called different, and by their values they would be mostly.
func TestTwoRunsOfTheSameRaiseFewFalseAlarms(t *testing.T) {
	const runs = 150
	random := rand.New(rand.NewPCG(4, 4))
	alarms, byValues := 0, 0
	for i := range runs {
		hour := math.Exp(0.1 * random.NormFloat64())
		cells := idleSweep()[:1]
		a := sideOf("a", comparedTrials(uint64(1000+i), 1, backends(), cells, 8))
		b := sideOf("b", comparedTrials(uint64(9000+i), hour, backends(), cells, 8))
		c := compareRuns(t, a, b)
		if slices.ContainsFunc(c.Rows, func(r report.ComparisonRow) bool { return r.Stars == "*" || r.Stars == "**" || r.Stars == "***" }) {
			alarms++
		}
		if comparisonRow(t, c, 100, "poll", results.ServerCPUPerMessage).Ratio.P <= 0.05 {
			byValues++
		}
	}
	t.Logf("%d of %d pairs of runs have a star, and %d had one by values", alarms, runs, byValues)
	if alarms > runs*5/100+6 {
		t.Errorf("%d of %d pairs of identical runs have a star, want 5 %% and what chance adds", alarms, runs)
	}
	if byValues < runs/3 {
		t.Errorf("%d of %d pairs would have one by values: the hour was too little to see", byValues, runs)
	}
}

// Where the machines are not alike, every format says so, and none concludes.
func TestUnlikeMachinesConcludeNothing(t *testing.T) {
	a, b := comparedTwice(t)
	b.Run.Environment.CPUModel, b.Run.Environment.CPUs = "Another CPU", 64
	c := compareRuns(t, a, b)
	if want := []string{"CPU model", "CPUs"}; c.Alike || !slices.Equal(c.Unlike, want) {
		t.Errorf("alike is %t, unlike in %v, want %v", c.Alike, c.Unlike, want)
	}
	for _, r := range c.Rows {
		if r.Stars != "" || r.JudgedBy != "" || r.Ratio != nil && (r.Ratio.P != 0 || r.Ratio.PAdjusted != 0) || r.Relative != nil && r.Relative.P != 0 {
			t.Errorf("%s is judged: %+v, %+v", r.ArmA, r, r.Ratio)
		}
	}
	if r := comparisonRow(t, c, 100, "epoll-et", results.ServerCPUPerMessage); r.Relative == nil || r.Relative.Low <= 1 {
		t.Errorf("the figures are gone too: %+v", r.Relative)
	}
	first := map[string]string{
		"text":     "! The machines of A and B are not alike, or cannot be told to be: CPU model and",
		"markdown": "# muxbench: B against A\n\n- **The machines of A and B are not alike, or cannot be told to be: CPU model and CPUs.",
	}
	for format, to := range comparisonFormats() {
		out := renderComparison(t, to, c)
		for _, bad := range []string{"***", "\\*\\*\\*", "~", "can be told:", "What can be told", "p ≤"} {
			if strings.Contains(out, bad) {
				t.Errorf("%s holds %q:\n%s", format, bad, out)
			}
		}
		if !strings.HasPrefix(out, first[format]) {
			t.Errorf("%s does not begin with it: %.200s", format, out)
		}
		switch format {
		case "json":
			var decoded struct {
				Alike  *bool
				Unlike []string
			}
			if err := json.Unmarshal([]byte(out), &decoded); err != nil || decoded.Alike == nil || *decoded.Alike || len(decoded.Unlike) != 2 {
				t.Errorf("JSON has alike %v, unlike %v (%v)", decoded.Alike, decoded.Unlike, err)
			}
		case "csv":
			for i, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
				if !strings.HasPrefix(line, "false,CPU model; CPUs,") {
					t.Errorf("line %d of the CSV: %s", i+2, line)
				}
			}
		}
	}
	for _, chart := range report.ComparisonCharts(c) {
		hollow := !slices.ContainsFunc(chart.Series[1:], func(s report.Series) bool {
			return slices.ContainsFunc(s.Points, func(p report.Point) bool { return !p.Hollow })
		})
		if !hollow || !strings.HasSuffix(chart.Title, "(machines not alike)") {
			t.Errorf("chart %s has the title %q, all hollow is %t", chart.Name, chart.Title, hollow)
		}
	}
}

// What only one side has, every format names.
func TestWhatOneSideHasIsNamed(t *testing.T) {
	a, b := comparedTwice(t)
	c := compareRuns(t, a, b)
	want := []report.ComparisonOnly{{Cell: idleSweep()[1], Arms: []string{"select", "select/control", "poll", "epoll-lt", "epoll-et"}, Whole: true}}
	if diff := cmp.Diff(want, c.OnlyA); diff != "" {
		t.Errorf("only in A (-want +got):\n%s", diff)
	}
	want = []report.ComparisonOnly{
		{Cell: idleSweep()[0], Arms: []string{"epoll-oneshot"}}, {Cell: idleSweep()[2], Arms: []string{"epoll-oneshot"}},
		{Cell: idleSweep()[4], Arms: []string{"select", "select/control", "poll", "epoll-lt", "epoll-et", "epoll-oneshot"}, Whole: true},
	}
	if diff := cmp.Diff(want, c.OnlyB); diff != "" {
		t.Errorf("only in B (-want +got):\n%s", diff)
	}
	for format, wants := range map[string][]string{
		"text":     {"! Only in A: idle, 300 connections\n", "! Only in B: idle, 10,000 connections\n", "! Only in B: epoll-oneshot of all 2 cells that are compared\n"},
		"markdown": {"**Only in A: idle, 300 connections**", "**Only in B: epoll-oneshot of all 2 cells"},
		"csv":      {",300,100,0,500000000,64,0,0,,,,,poll,,a,", ",10000,100,0,500000000,64,0,0,,,,,,epoll-oneshot,b,", ",100,100,0,500000000,64,0,0,,,,,,epoll-oneshot,b,"},
		"json":     {`"only_in_a"`, `"epoll-oneshot"`},
	} {
		out := renderComparison(t, comparisonFormats()[format], c)
		for _, text := range wants {
			if !strings.Contains(out, text) {
				t.Errorf("%s lacks %q:\n%s", format, text, out)
			}
		}
	}
}

// What has no figure in common is an error that says what each has.
func TestNothingInCommonIsAnError(t *testing.T) {
	cells := idleSweep()
	some := sideOf("runs/some", comparedTrials(1, 1, backends()[:2], cells[:2], 6))
	other := sideOf("runs/other", comparedTrials(1, 1, backends()[2:], cells[:1], 6))
	failed := sideOf("runs/failed", slices.Clone(some.Trials))
	for i, u := range failed.Trials {
		failed.Trials[i] = ended(u, results.StatusFailed, "no answer")
	}
	for _, tt := range []struct {
		name string
		a, b report.ComparisonSide
		want []string
	}{
		{"arms", some, other, []string{"A (runs/some) has select, poll of idle, 100 connections; idle, 300 connections.", "B (runs/other) has epoll-lt, epoll-et of idle, 100 connections, all active, 64 bytes a message, 500 ms per arm and block."}},
		{"no trial", sideOf("none", nil), some, []string{"A (none) has no trial."}},
		{"none is ok", some, failed, []string{"B (runs/failed) has select, poll of", ", and no trial that is ok."}},
	} {
		_, err := report.CompareRuns(tt.a, tt.b)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.name, err, want)
			}
		}
	}
	if _, err := report.CompareArms(some, []report.ComparisonPair{{A: "select", B: "kqueue"}}); err == nil || !strings.Contains(err.Error(), "runs/some has select, poll of") {
		t.Errorf("arms that are not there: %v", err)
	}
}

// Without a reference in common an arm is judged by its values, and the words say
// what that is worth. One that failed on a side is no reference.
func TestComparisonWithoutCommonReference(t *testing.T) {
	cells := idleSweep()[:1]
	a := sideOf("a", comparedTrials(1, 1, backends(), cells, 8))
	other := backends()
	slices.Reverse(other)
	c := compareRuns(t, a, sideOf("b", comparedTrials(2, 1.3, other, cells, 8)))
	for _, r := range c.Rows {
		if r.Reference != "" || r.Relative != nil || r.JudgedBy != report.ByRatio || r.Stars == "" || r.Stars == "~" {
			t.Errorf("%s is judged by %q: %q, %+v", r.ArmA, r.JudgedBy, r.Stars, r.Relative)
		}
	}
	if out := renderComparison(t, comparisonText(0), c); !strings.Contains(out, "Where no reference is common to both, stars say that the runs differ, and not that the arms do.") {
		t.Errorf("nothing says what stars are worth:\n%s", out)
	}
}

// A run held against itself is said to be that, and differs in nothing.
func TestComparisonOfARunWithItself(t *testing.T) {
	a, _ := comparedTwice(t)
	c := compareRuns(t, a, a)
	for _, r := range c.Rows {
		if r.Ratio.Value != 1 || r.Stars != "" && r.Stars != "~" || r.Relative != nil && r.Relative.Value != 1 {
			t.Errorf("%s: %+v, %+v, %q", r.ArmA, r.Ratio, r.Relative, r.Stars)
		}
	}
	out := renderComparison(t, comparisonText(80), c)
	if !c.SameRun || !strings.HasPrefix(out, "! A and B are the same run") || strings.Contains(out, "hour") || !strings.Contains(out, "- no difference can be told.") {
		t.Errorf("same run is %t:\n%s", c.SameRun, out)
	}
}

// Few blocks and many ratios: that nothing can be told is said.
func TestComparisonOfTooFewBlocks(t *testing.T) {
	of := func(blocks, cells int) string {
		a := sideOf("a", comparedTrials(1, 1, backends(), idleSweep()[:cells], blocks))
		b := sideOf("b", comparedTrials(2, 1, armsOfHour(2), idleSweep()[:cells], blocks))
		return renderComparison(t, comparisonText(0), compareRuns(t, a, b))
	}
	const hopeless = "ratios that are judged together none can be told from so few blocks"
	const answer = "no difference can be told, nor could any be from so few blocks, however large it is"
	if out := of(4, 2); !strings.Contains(out, "Among 12 "+hopeless) || !strings.Contains(out, answer) {
		t.Errorf("of 12 ratios of 4 blocks, nothing is said:\n%s", out)
	}
	if out := of(6, 2); strings.Contains(out, hopeless) || !strings.Contains(out, "server CPU of epoll-et in B is 2.0") {
		t.Errorf("of 12 ratios of 6 blocks, something can be told:\n%s", out)
	}
	if out := of(2, 1); !strings.Contains(out, "no difference can be told") || strings.Contains(out, "95 %  ") {
		t.Errorf("two blocks have no intervals:\n%s", out)
	}
}

// An arm that is another one under the same name is pointed out.
func TestChangedArmsArePointedOut(t *testing.T) {
	a, b := comparedTwice(t)
	for i := range b.Trials {
		if b.Trials[i].Arm == "epoll-et" {
			b.Trials[i].Options = map[string]string{"entry": "runtime"}
			b.Trials[i].Build = "new"
		}
	}
	out := renderComparison(t, comparisonText(0), compareRuns(t, a, b))
	if want := "! epoll-et is not the same arm in both: build: A: unknown / B: new, entry: A: raw / B: runtime\n"; strings.Count(out, want) != 1 {
		t.Errorf("%q is not there once:\n%s", want, out)
	}
}
