package report_test

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"muxbench/report"
	"muxbench/results"
)

// alongConnections are cells with 10 active of each number of connections.
func alongConnections(connections ...int) []results.Cell {
	var cells []results.Cell
	for i, n := range connections {
		cells = append(cells, results.Cell{Scenario: "idle", Connections: n, Active: 10, DurationNS: 100e6 * int64(1+i%2), Size: 64})
	}
	return cells
}

// alongActive are cells with each number of active ones of 1,000 connections.
func alongActive(active ...int) []results.Cell {
	var cells []results.Cell
	for _, n := range active {
		scenario := "idle"
		if n == 1000 {
			scenario = "echo"
		}
		cells = append(cells, results.Cell{Scenario: scenario, Connections: 1000, Active: n, DurationNS: 100e6, Size: 64})
	}
	return cells
}

func TestCrossoverRecoversWhereArmsCostAsMuch(t *testing.T) {
	// poll costs what epoll does at (3000−1000)/20 connections, and of 1,000 at
	// 10,000/(4100−4070) active ones.
	tests := []struct {
		arms  []costArm
		cells []results.Cell
		want  float64
	}{
		{[]costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}, alongConnections(10, 30, 100, 300, 1000, 10000), 100},
		{[]costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 7000, 0, 4000, 0}}, alongConnections(10, 30, 100, 300, 1000, 10000), 300},
		{[]costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4060, 0}}, alongActive(10, 100, 300, 1000), 300},
	}
	for _, tt := range tests {
		for _, arms := range [][]costArm{tt.arms, {tt.arms[1], tt.arms[0]}} {
			s := report.Summarise(syntheticRun("overview"), costTrials(arms, tt.cells, 9, 3, 0.1))
			if len(s.Crossovers) != 1 {
				t.Fatalf("%d crossovers, want one", len(s.Crossovers))
			}
			c := s.Crossovers[0]
			if c.Kind != report.Crosses || c.Arm != "epoll-lt" || c.Than != "poll" || math.Abs(c.At/tt.want-1) > 0.1 || !(c.Low <= tt.want && tt.want <= c.High) {
				t.Errorf("%+v, want epoll-lt to overtake poll at %v", c, tt.want)
			}
		}
	}
}

func TestCrossoverSentences(t *testing.T) {
	// What is estimated is another test's.
	estimates := regexp.MustCompile(`[\d.]+( connections)? \(95 %: [\d.]+ to [\d.]+\)(, [\d.]+ %,)?`)
	wide := alongConnections(10, 100, 1000, 10000)
	tests := []struct {
		name  string
		arms  []costArm
		cells []results.Cell
		want  []string
	}{
		{
			"a crossing", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}, alongConnections(10, 30, 300, 1000),
			[]string{"epoll-lt overtakes poll at N connections (N %: N to N) when 10 are active"},
		},
		{
			"none in range", []costArm{{"select", 1000, 22, 4000, 0}, {"poll", 1000, 20, 4000, 0}, {"epoll-lt", 100, 0, 3000, 0}}, wide[1:],
			[]string{
				"epoll-lt takes less than select and poll at every number of connections measured (100 to 10,000) when 10 are active: no crossing",
				"poll takes less than select at every number of connections measured (100 to 10,000) when 10 are active: no crossing",
			},
		},
		{
			"arms that agree", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 900, 0, 3000, 0}, {"epoll-et", 900, 0, 3000, 0}}, wide[1:],
			[]string{
				"epoll-lt and epoll-et take less than poll at every number of connections measured (100 to 10,000) when 10 are active: no crossing",
				"no difference can be told between epoll-lt and epoll-et from 100 to 10,000 connections when 10 are active",
			},
		},
		{
			"the share", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4060, 0}}, alongActive(10, 100, 500, 1000),
			[]string{"of 1,000 connections, epoll-lt takes less than poll while fewer than N (N %: N to N), N %, are active"},
		},
		{
			"the share, without a crossing", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 300, 0, 3900, 0}}, alongActive(10, 100, 1000),
			[]string{"of 1,000 connections, epoll-lt takes less than poll at every number of active ones measured (10 to 1,000): no crossing"},
		},
		{
			"a crossing below all cells", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 1205, 0, 4000, 0}}, wide,
			[]string{"epoll-lt overtakes poll at or below "},
		},
		{
			"two cells are too few", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}, wide[:2], nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := render(t, text(0), report.Summarise(syntheticRun("overview"), costTrials(tt.arms, tt.cells, 9, 3, 0.1)))
			var got []string
			for line := range strings.Lines(out) {
				if line, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok && !strings.HasPrefix(line, "idle, ") && !strings.HasPrefix(line, "echo, ") {
					got = append(got, estimates.ReplaceAllStringFunc(line, func(s string) string {
						return regexp.MustCompile(`[\d.]+`).ReplaceAllString(s, "N")
					}))
				}
			}
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("%q, want %q in\n%s", got, tt.want, out)
			}
		})
	}
}

// As everywhere, a difference is named from six blocks on.
func TestCrossoversTakeBlocks(t *testing.T) {
	for blocks, want := range map[int]int{5: 0, 6: 1} {
		s := report.Summarise(syntheticRun("idle"), costTrials(costArms()[:2], alongConnections(10, 100, 1000), blocks, 3, 0))
		if len(s.Crossovers) != want {
			t.Errorf("%d crossovers from %d blocks, want %d", len(s.Crossovers), blocks, want)
		}
	}
}

// In an open loop, other things are compared.
func TestOpenLoopsHaveNoCrossovers(t *testing.T) {
	trials := costTrials(costArms(), costCells(), 9, 3, 0)
	for i := range trials {
		trials[i].Schedule, trials[i].Rate = results.Poisson, 1000
		for j := range trials[i].Slices {
			trials[i].Slices[j].LatencyP99NS = trials[i].Slices[j].ServerCPUNS
		}
	}
	if got := report.Summarise(syntheticRun("idle"), trials).Crossovers; len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// Blocks of one turn are compared under all of the machine's noise.
func TestACellOfOneTurnMustDifferByMuch(t *testing.T) {
	arms := []costArm{{"poll", 1000, 0, 4000, 0}, {"epoll-lt", 1000, 0, 4400, 0}}
	cells := alongConnections(10, 100, 1000, 10000)
	if got := report.Summarise(syntheticRun("idle"), costTrials(arms, cells, 9, 1, 0)).Crossovers; len(got) > 0 {
		t.Errorf("%+v from single turns that differ by 10 %%", got)
	}
	arms[1].perReady = 9000
	got := report.Summarise(syntheticRun("idle"), costTrials(arms, cells, 9, 1, 0)).Crossovers
	if len(got) != 1 || got[0].Kind != report.TakesLess || got[0].Arm != "poll" || !got[0].Everywhere {
		t.Errorf("%+v from single turns, of which one took twice as much", got)
	}
}

// The noise that identical arms show is no difference.
func TestCrossoversHeedTheControl(t *testing.T) {
	cells := alongConnections(10, 100, 1000)
	arms := []costArm{{"poll", 1000, 0, 4000, 0}, {"poll/control", 1000, 0, 4500, 0}, {"epoll-lt", 1000, 0, 4200, 0}}
	trials := costTrials(arms, cells, 9, 3, 0)
	kind := func() report.CrossoverKind {
		s := report.Summarise(syntheticRun("idle"), trials)
		if len(s.Crossovers) == 0 {
			t.Fatal("no crossovers")
		}
		for _, c := range s.Crossovers {
			if slices.Contains([]string{c.Arm, c.Than}, "epoll-lt") && slices.Contains([]string{c.Arm, c.Than}, "poll") {
				return c.Kind
			}
		}
		t.Fatalf("%+v", s.Crossovers)
		return ""
	}
	if got := kind(); got != report.TakesLess {
		t.Errorf("5 %% without a control: %s", got)
	}
	for i := range trials {
		trials[i].Control = trials[i].Arm == "poll/control"
	}
	if got := kind(); got != report.CannotTell {
		t.Errorf("5 %%, where identical arms differ by 12 %%: %s", got)
	}
}

// What is measured of a pair does not depend on which is named first.
func TestCrossoversDoNotDependOnTheOrderOfArms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Float64Range(0.5, 2)
		a := costArm{"a", 1000 * factor.Draw(t, "a"), 20 * factor.Draw(t, "a watched"), 4000, 0}
		b := costArm{"b", 3000 * factor.Draw(t, "b"), 5 * factor.Draw(t, "b watched"), 4000, 0}
		trials := costTrials([]costArm{a, b}, alongConnections(10, 100, 1000), 7, 2, 0.1)
		reversed := slices.Clone(trials)
		slices.Reverse(reversed)
		first := report.Summarise(syntheticRun("idle"), trials).Crossovers
		second := report.Summarise(syntheticRun("idle"), reversed).Crossovers
		if len(first) != 1 || len(second) != 1 {
			t.Fatalf("%d and %d crossovers", len(first), len(second))
		}
		f, s := first[0], second[0]
		same := f.Kind == s.Kind && math.Abs(f.At-s.At) <= 1e-3*f.At && f.Blocks == s.Blocks
		if f.Kind != report.CannotTell {
			same = same && f.Arm == s.Arm && f.Than == s.Than
		}
		if !same {
			t.Errorf("%+v, and in another order %+v", f, s)
		}
	})
}

func TestCrossoverChart(t *testing.T) {
	run := syntheticRun("overview")
	s := report.Summarise(run, costTrials(costArms(), costCells(), 9, 5, 0.1))
	c := chart(t, report.Charts(s), "crossover-by-connections")
	if len(c.Series) != 3 || len(c.Crossings) != 2 || !c.X.Log || !c.Y.Log {
		t.Fatalf("%d series, %d crossings, axes %+v and %+v", len(c.Series), len(c.Crossings), c.X, c.Y)
	}
	for _, k := range c.Crossings {
		if !strings.Contains(k.Label, " overtakes poll at ") || !(k.Low < 100 && 100 < k.High) {
			t.Errorf("the crossing is %q from %v to %v, want one of poll at 100", k.Label, k.Low, k.High)
		}
		// The lines meet where the crossing is marked.
		base, ratio := k.Lines[0].Points, k.Lines[1].Points
		for i := range base {
			if above := ratio[i].Y > base[i].Y; above != (base[i].X > k.X) {
				t.Errorf("%s: at %v connections the lines are %v and %v", k.Label, base[i].X, base[i].Y, ratio[i].Y)
			}
		}
		if from, to := base[0].X, base[len(base)-1].X; from < 10 || to > 1000 {
			t.Errorf("lines from %v to %v, want those places only that a crossing is from", from, to)
		}
	}
	for _, series := range c.Series {
		for _, p := range series.Points {
			if p.X == 10000 {
				t.Error("a place far from the crossings is in the chart")
			}
		}
	}
	checkSVG(t, c)
	if names := chartNames(report.Charts(report.Summarise(run, costTrials(costArms()[1:2], costCells(), 9, 3, 0)))); slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "crossover") }) {
		t.Errorf("one arm alone has %v", names)
	}
}

// A chart of each sweep has a name of its own.
func TestCrossoverChartsOfSeveralSweeps(t *testing.T) {
	arms := []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}
	cells := alongConnections(10, 30, 300)
	for _, c := range cells {
		c.Active = 5
		cells = append(cells, c)
	}
	names := chartNames(report.Charts(report.Summarise(syntheticRun("idle"), costTrials(arms, cells, 9, 3, 0))))
	for _, want := range []string{"crossover-by-connections-active-10", "crossover-by-connections-active-5"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %v", want, names)
		}
	}
}
