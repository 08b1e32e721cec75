package report_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"muxbench/report"
	"muxbench/results"
)

// against is select in as many blocks as there are factors, which are poll's.
func against(factors ...float64) map[string][]float64 {
	return map[string][]float64{"select": steady(len(factors), 1), "poll": factors}
}

// cpuRatio is that of an arm in the first cell.
func cpuRatio(t interface{ Fatalf(string, ...any) }, s report.Summary, arm string) report.Ratio {
	for _, a := range s.Scenarios[0].Cells[0].Arms {
		if r := a.Ratios[results.ServerCPUPerMessage]; a.Name == arm && r != nil {
			return *r
		}
	}
	t.Fatalf("%s has no ratio", arm)
	return report.Ratio{}
}

// Of n blocks that all agree, the test's p is 2/2ⁿ.
func TestWhatARatioIsWorth(t *testing.T) {
	up := func(n int) []float64 { return steady(n, 1.1, 1.2, 1.3) }
	tests := []struct {
		name     string
		factors  []float64
		interval bool
		held     int
		p        float64
		stars    string
	}{
		{"one block", up(1), false, 1, 1, "~"},
		{"too few blocks", up(5), false, 5, 2. / 32, "~"},
		{"as many as it takes", up(6), true, 6, 2. / 64, "*"},
		{"more", up(8), true, 8, 2. / 256, "**"},
		{"many", up(12), true, 12, 2. / 4096, "***"},
		{"below", steady(8, 0.5, 0.6), true, 8, 2. / 256, "**"},
		{"a contrary block does not hold", []float64{1.3, 1.1, 0.99, 1.2, 1.4, 1.1, 1.15, 1.2}, true, 7, 4. / 256, "*"},
		{"both ways", []float64{1.1, 0.9, 1.2, 0.8, 1.3, 0.7, 1.1, 0.9}, true, 4, 0.7109375, "~"},
		{"the same", steady(9, 1), true, 9, 1, "~"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := cpuRatio(t, report.Summarise(results.Run{}, blocksOf(against(tt.factors...), 2)), "poll")
			if r.Interval != tt.interval || r.Held != tt.held || math.Abs(r.P-tt.p) > 1e-6 || r.Stars != tt.stars {
				t.Errorf("%+v, want interval %v, held in %d blocks, p %g and %q", r, tt.interval, tt.held, tt.p, tt.stars)
			}
			want := r.P // alone, nothing is adjusted
			if !tt.interval {
				want = 1
			}
			if r.PAdjusted != want {
				t.Errorf("adjusted p %g, want %g", r.PAdjusted, want)
			}
		})
	}
}

// Whoever asks often enough is told something: p is adjusted over the ratios of
// a metric in all cells, and those of too few blocks are not asked.
func TestRatiosAreAdjustedOverTheRun(t *testing.T) {
	sure, unsure := []float64{1.1, 1.2, 1.3, 1.1, 1.2, 1.3}, []float64{1.1, 0.9, 1.2, 0.8, 1.3, 0.7}
	in := func(connections int, arms map[string][]float64) []results.Trial {
		trials := blocksOf(arms, 2)
		for i := range trials {
			trials[i].Connections = connections
		}
		return trials
	}
	tests := []struct {
		name   string
		others [][]results.Trial
		want   float64
		stars  string
	}{
		{"alone", nil, 0.03125, "*"},
		{"beside one that is unsure", [][]results.Trial{in(20, against(unsure...))}, 0.0625, "~"},
		{"beside one as sure", [][]results.Trial{in(20, against(sure...))}, 0.03125, "*"},
		{"beside two, one of them sure", [][]results.Trial{in(20, against(unsure...)), in(30, against(sure...))}, 0.046875, "*"},
		{"beside one of too few blocks", [][]results.Trial{in(20, against(unsure[:4]...))}, 0.03125, "*"},
		{"beside a control", [][]results.Trial{in(20, map[string][]float64{"select": steady(6, 1), "select/control": unsure})}, 0.03125, "*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trials := append(in(10, against(sure...)), slices.Concat(tt.others...)...)
			if r := cpuRatio(t, report.Summarise(results.Run{}, trials), "poll"); math.Abs(r.PAdjusted-tt.want) > 1e-9 || r.Stars != tt.stars {
				t.Errorf("adjusted p %g and %q, want %g and %q", r.PAdjusted, r.Stars, tt.want, tt.stars)
			}
		})
	}
}

// A control is no competitor: it has no stars, and is adjusted among controls.
func TestControlsHaveNoStars(t *testing.T) {
	arms := map[string][]float64{"select": steady(6, 1), "select/control": steady(6, 1.1, 1.2), "poll": steady(6, 2, 3)}
	trials := blocksOf(arms, 2)
	for _, u := range blocksOf(arms, 2) {
		u.Connections = 20
		trials = append(trials, u)
	}
	s := report.Summarise(results.Run{}, trials)
	if r := cpuRatio(t, s, "select/control"); r.Stars != "" || r.PAdjusted != 2*r.P {
		t.Errorf("two controls: %+v, want no stars, and twice the p by Holm", r)
	}
	if r := cpuRatio(t, s, "poll"); r.Stars != "*" || r.PAdjusted != r.P {
		t.Errorf("%+v, want a star, and p as it is among two that are as sure", r)
	}
}

// factorsOf draws what an arm takes in each block, of the reference.
func factorsOf(t *rapid.T) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(0.5, 2), 1, 14).Draw(t, "factors")
}

func near(tolerance float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b)) })
}

// What is three times as slow throughout is three times its ratio, and no more
// or less sure of its values.
func TestScalingAnArm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factors := factorsOf(t)
		scaled := slices.Clone(factors)
		for i := range scaled {
			scaled[i] *= 3
		}
		summary := func(f []float64) report.Summary { return report.Summarise(results.Run{}, blocksOf(against(f...), 2)) }
		a, b := summary(factors), summary(scaled)
		value := func(s report.Summary) report.Estimate {
			return s.Scenarios[0].Cells[0].Arms[1].Values[results.ServerCPUPerMessage]
		}
		times := func(e report.Estimate) report.Estimate {
			e.Value, e.Low, e.High = 3*e.Value, 3*e.Low, 3*e.High
			return e
		}
		if diff := cmp.Diff(times(value(a)), value(b), near(1e-9)); diff != "" {
			t.Errorf("value of what takes three times as much (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(times(cpuRatio(t, a, "poll").Estimate), cpuRatio(t, b, "poll").Estimate, near(1e-5)); diff != "" { // slices hold whole ns
			t.Errorf("ratio of what takes three times as much (-want +got):\n%s", diff)
		}
	})
}

// Whether a machine is fast or slow, if it is so for both arms, says nothing
// about either.
func TestScalingBothArms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factors := factorsOf(t)
		scaled := map[string][]float64{"select": steady(len(factors), 8), "poll": slices.Clone(factors)}
		for i := range factors {
			scaled["poll"][i] *= 8
		}
		a := cpuRatio(t, report.Summarise(results.Run{}, blocksOf(against(factors...), 2)), "poll")
		b := cpuRatio(t, report.Summarise(results.Run{}, blocksOf(scaled, 2)), "poll")
		if math.Abs(a.P-b.P) > 0.05 || cmp.Diff(a.Estimate, b.Estimate, near(1e-5)) != "" { // p moves where whole ns make or break a tie
			t.Errorf("%+v, and %+v on a machine eight times as slow", a, b)
		}
	})
}

func TestIdenticalArmsTellNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factors := factorsOf(t)
		s := report.Summarise(results.Run{}, blocksOf(map[string][]float64{"select": factors, "poll": factors}, 2))
		if r := cpuRatio(t, s, "poll"); r.Value != 1 || r.P != 1 || r.Stars != "~" || r.Held != len(factors) {
			t.Errorf("identical arms: %+v", r)
		}
		if v := s.Scenarios[0].Cells[0].Verdict; len(v.Above) > 0 {
			t.Errorf("of identical arms, one is named: %+v", v)
		}
	})
}

func TestSwappingTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trials := blocksOf(against(factorsOf(t)...), 2)
		a := cpuRatio(t, report.Summarise(results.Run{}, trials), "poll")
		for i := range trials {
			trials[i].Reference = trials[i].Arm == "poll"
		}
		b := cpuRatio(t, report.Summarise(results.Run{}, trials), "select")
		want := a
		want.Value, want.Low, want.High = 1/a.Value, 1/a.High, 1/a.Low
		if diff := cmp.Diff(want, b, near(1e-7)); diff != "" {
			t.Errorf("ratio the other way (-want +got):\n%s", diff)
		}
	})
}

// The control stands below the reference, whatever the file's order is, and a
// column of intervals has a dash for what is none.
func TestRowsOfATable(t *testing.T) {
	arms := map[string][]float64{"select": steady(8, 1), "poll": steady(8, 2), "epoll-lt": steady(4, 0.5)}
	control := blocksOf(map[string][]float64{"select/control": steady(8, 1)}, 2)
	out := render(t, report.Markdown, report.Summarise(results.Run{}, append(blocksOf(arms, 2), control...)))
	want := "| backend | × ref |  | × 95 % | blocks held | server CPU ns/msg | 95 % | × ref |  | × 95 % | blocks held |\n" +
		"| :--- | ---: | :--- | ---: | ---: | ---: | ---: | ---: | :--- | ---: | ---: |\n" +
		"| select |  |  |  |  | 1,000 | 1,000–1,000 | 1.000 |  |  |  |\n" +
		"| select/control | 1.000 |  | 1.000–1.000 | 8/8 | 1,000 | 1,000–1,000 | 1.000 |  | 1.000–1.000 | 8/8 |\n" +
		`| poll | 0.500 | \*\* | 0.500–0.500 | 8/8 | 2,000 | 2,000–2,000 | 2.000 | \*\* | 2.000–2.000 | 8/8 |` + "\n" +
		`| epoll-lt | 2.000 | \~ | - | 4/4 | 500 | - | 0.500 | \~ | - | 4/4 |` + "\n"
	if !strings.Contains(out, want) {
		t.Errorf("no\n%s\nin\n%s", want, out)
	}
}

// What tells whether server CPU differs is the last to go.
func TestRatioOfServerCPUStaysLongest(t *testing.T) {
	s := load(t, "synthetic-control")
	for width, want := range map[int]string{
		66: "connections backend server CPU × ref × 95 %", 60: "connections backend server CPU × ref", 46: "connections backend server CPU",
	} {
		_, table, _ := strings.Cut(render(t, text(width), s), "\n\n connections")
		header, _, _ := strings.Cut(" connections"+table, "\n")
		if got := strings.Join(strings.Fields(header), " "); got != want {
			t.Errorf("width %d: columns %s, want %s", width, got, want)
		}
	}
}

// Where a block has a single turn, nothing cancels in its ratio: only what no
// disturbance explains is named.
func TestASingleTurnNamesOnlyWhatIsLarge(t *testing.T) {
	tests := []struct {
		ratio float64
		turns int
		named bool
	}{{1.04, 1, false}, {1.04, 2, true}, {1.6, 1, true}}
	for _, test := range tests {
		trials := blocksOf(map[string][]float64{"poll": steady(9, test.ratio), "epoll-lt": steady(9, 1)}, test.turns)
		v := report.Summarise(results.Run{}, trials).Scenarios[0].Cells[0].Verdict
		if named := len(v.Above) == 1; named != test.named {
			t.Errorf("%g times in blocks of %d turns: named is %v", test.ratio, test.turns, named)
		}
	}
}
