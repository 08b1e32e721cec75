package report_test

import (
	"fmt"
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
	estimates := regexp.MustCompile(`[\d.]+( connections)? \(95 %: [\d.]+ to [\d.]+|[\d.]+ %, are active`)
	wide := alongConnections(10, 100, 1000, 10000)
	var thirteen []costArm
	for i := range 13 {
		thirteen = append(thirteen, costArm{fmt.Sprintf("arm-%d", i), 1000, 20, 4000, 0})
	}
	tests := []struct {
		name  string
		arms  []costArm
		cells []results.Cell
		want  []string
	}{
		{
			"a crossing", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}, alongConnections(10, 30, 300, 1000),
			[]string{"epoll-lt overtakes poll at N connections (N %: N to N; measured at 30 and 300) when 10 are active"},
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
			[]string{"of 1,000 connections, epoll-lt takes less than poll while fewer than N (N %: N to N; measured at 100 and 500), N %, are active"},
		},
		{
			"the share, without a crossing", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 300, 0, 3900, 0}}, alongActive(10, 100, 1000),
			[]string{"of 1,000 connections, epoll-lt takes less than poll at every number of active ones measured (10 to 1,000): no crossing"},
		},
		{
			"from a place on", []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 1200, 0, 4000, 0}}, wide,
			[]string{"epoll-lt takes less than poll from 100 connections on when 10 are active; at 10 no difference can be told"},
		},
		{
			"up to a place", []costArm{{"poll", 1000, 20, 4000, 0}, {"select", 1000, 20, 4000, 0}, {"epoll-lt", 1000, 0, 4020, 0}}, alongActive(10, 100, 999, 1000),
			[]string{
				"of 1,000 connections, epoll-lt takes less than poll and select up to 100 active ones; at 999 to 1,000 no difference can be told",
				"of 1,000 connections, no difference can be told between poll and select from 10 to 1,000 active ones",
			},
		},
		{
			"thirteen arms", thirteen, wide,
			[]string{"where arms overtake each other along connections is not told for 13 arms: it is of up to 12"},
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

// ratioTrials are of poll and epoll-lt, which takes as much but for these
// factors, one for each cell: a number, and how far the blocks are apart from it.
func ratioTrials(cells []results.Cell, ratios, spread []float64) []results.Trial {
	trials := costTrials([]costArm{{"poll", 0, 0, 4000, 0}, {"epoll-lt", 0, 0, 4000, 0}}, cells, 9, 3, 0)
	for i := range trials {
		if t := &trials[i]; t.Arm == "epoll-lt" {
			at := slices.Index(cells, t.Cell)
			for j := range t.Slices {
				cpu := &t.Slices[j].ServerCPUNS
				*cpu = int64(float64(*cpu) * ratios[at] * math.Exp(spread[at]*float64(t.Block-4)))
			}
		}
	}
	return trials
}

// Which arm overtakes is told by the places around the crossing: at the last
// one of all it may look otherwise.
func TestCrossoverOfARatioThatFalls(t *testing.T) {
	trials := ratioTrials(alongConnections(10, 30, 100, 300), []float64{1.1, 1.05, 0.9, 1.2}, []float64{0.01, 0.01, 0.01, 1})
	got := report.Summarise(syntheticRun("idle"), trials).Crossovers
	if len(got) != 1 || got[0].Kind != report.Crosses || got[0].Arm != "epoll-lt" || got[0].Than != "poll" || got[0].FitFrom != 30 || got[0].FitTo != 100 {
		t.Errorf("%+v, want epoll-lt to overtake poll between 30 and 100", got)
	}
}

// Of two precise places that are not clear, none turns round who overtakes whom.
func TestCrossoverAgreesWithItsClearEnds(t *testing.T) {
	trials := ratioTrials(alongConnections(10, 30, 100, 300), []float64{1.06, 0.98, 1.02, 0.94}, []float64{0.01, 0.001, 0.001, 0.01})
	for _, n := range []int{10, 30, 100, 300} {
		control := ratioTrials(alongConnections(n), []float64{1.03}, []float64{0})
		for _, c := range control {
			if c.Arm == "epoll-lt" {
				c.Arm, c.Control = "poll/control", true
				i := slices.IndexFunc(trials, func(o results.Trial) bool { return o.Cell.Connections == n })
				c.Cell = trials[i].Cell
				trials = append(trials, c)
			}
		}
	}
	got := report.Summarise(syntheticRun("idle"), trials).Crossovers
	if len(got) != 1 || got[0].Kind != report.Crosses || got[0].Arm != "epoll-lt" || got[0].FitFrom != 10 || got[0].FitTo != 300 {
		t.Errorf("%+v, want epoll-lt to overtake poll between 10 and 300", got)
	}
}

// No crossing lies where more would be active than there are.
func TestCrossoversArePossible(t *testing.T) {
	for _, along := range [][]results.Cell{alongConnections(10, 11, 12, 60), alongActive(100, 800, 900, 1000)} {
		clipped := 0
		for first := range 10 {
			for second := range 10 {
				edge := 1.04 + 0.002*float64(first)
				next := 0.97 + 0.003*float64(second)
				ratios := []float64{edge, next, next, 0.5}
				spread := []float64{0.015, 0.02, 0.02, 0.02}
				if along[0].Connections == 1000 {
					slices.Reverse(ratios)
					slices.Reverse(spread)
				}
				for _, c := range report.Summarise(syntheticRun("idle"), ratioTrials(along, ratios, spread)).Crossovers {
					if c.Kind != report.Crosses {
						continue
					}
					if c.Low == 10 || c.High == 1000 {
						clipped++
					}
					if c.At < float64(c.From) || c.At > float64(c.To) || c.Low > 0 && c.Low < float64(c.Active) || c.Connections > 0 && c.High > float64(c.Connections) {
						t.Errorf("%+v is impossible", c)
					}
				}
			}
		}
		if clipped == 0 {
			t.Errorf("no interval along %+v reaches what is possible", along)
		}
	}
}

// A cell with too few blocks is named, and is none of those that were compared.
func TestCrossoversNameWhatIsLeftOut(t *testing.T) {
	arms := []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 100, 0, 3000, 0}}
	trials := costTrials(arms, alongConnections(10, 100, 1000, 10000), 9, 3, 0.1)
	trials = slices.DeleteFunc(trials, func(t results.Trial) bool { return t.Connections == 100 && t.Block >= 5 })
	out := render(t, text(0), report.Summarise(syntheticRun("idle"), trials))
	const want = "epoll-lt takes less than poll at every number of connections compared (10 to 10,000) when 10 are active: no crossing; not compared for want of blocks or turns: 100"
	if !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
}

// Of the cells at one place, that with most blocks is taken, as on the map.
func TestCrossoversTakeTheCellWithMostBlocks(t *testing.T) {
	arms := []costArm{{"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4000, 0}}
	few := alongConnections(10)
	few[0].DurationNS = 50e6
	trials := append(costTrials(arms, few, 3, 3, 0.1), costTrials(arms, alongConnections(10, 100, 1000), 9, 3, 0.1)...)
	got := report.Summarise(syntheticRun("idle"), trials).Crossovers
	if len(got) != 1 || got[0].From != 10 || len(got[0].LeftOut) != 0 {
		t.Errorf("%+v, want one from 10 connections on", got)
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

// What the chart has no place for is counted, a crossing that may lie anywhere
// as well.
func TestCrossoverChartCountsWhatItLeavesOut(t *testing.T) {
	cells := alongConnections(10, 20, 30, 40)
	trials := ratioTrials(cells, []float64{1.06, 0.996, 1.004, 0.94}, []float64{0.015, 0.003, 0.003, 0.015})
	for _, o := range ratioTrials(cells, []float64{1.5, 1.2, 0.8, 0.7}, []float64{0, 0, 0, 0}) {
		if o.Arm == "epoll-lt" {
			o.Arm = "epoll-et"
			trials = append(trials, o)
		}
	}
	s := report.Summarise(syntheticRun("idle"), trials)
	anywhere := 0
	for _, c := range s.Crossovers {
		if c.Kind == report.Crosses && c.Low == 0 && c.High == 0 {
			anywhere++
		}
	}
	c := chart(t, report.Charts(s), "crossover-by-connections")
	if anywhere != 1 || len(c.Crossings) != 2 || !strings.Contains(c.Footer, "1 crossing is not shown, the report has all") {

		t.Errorf("%d that may lie anywhere, %d shown, and below the chart %q", anywhere, len(c.Crossings), c.Footer)
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
