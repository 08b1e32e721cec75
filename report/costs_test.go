package report_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"muxbench/report"
	"muxbench/results"
)

func costModels(t *testing.T, trials []results.Trial) map[string]report.CostModel {
	t.Helper()
	models := make(map[string]report.CostModel)
	for _, m := range report.Summarise(syntheticRun("overview"), trials).Costs {
		models[m.Arm] = m
	}
	return models
}

func TestCostModelsRecoverWhatAWaitCosts(t *testing.T) {
	models := costModels(t, costTrials(costArms(), costCells(), 9, 3, 0.02))
	for _, a := range costArms() {
		m := models[a.name]
		if m.Fit == nil {
			t.Fatalf("%s has no fit: %s", a.name, m.Missing)
		}
		for _, c := range []struct {
			what      string
			got       report.Estimate
			want, off float64 // how far off is close enough
		}{
			{"fixed", m.Fit.Fixed, a.fixed, 700},
			{"per watched", m.Fit.PerWatched, a.perWatched, 0.5},
			{"per ready", m.Fit.PerReady, a.perReady, 60},
		} {
			if math.Abs(c.got.Value-c.want) > c.off {
				t.Errorf("%s, %s: %v ns, want %v", a.name, c.what, c.got.Value, c.want)
			}
			if !(c.got.Low <= c.want && c.want <= c.got.High) {
				t.Errorf("%s, %s: %v is not within %v to %v", a.name, c.what, c.want, c.got.Low, c.got.High)
			}
		}
		if m.Cells != 8 || m.Fit.Fixed.Blocks != 9 || m.Fit.Watched != (report.Span{Low: 10, High: 10000}) || !slices.Equal(m.Scenarios, []string{"idle", "echo"}) {
			t.Errorf("%s: %d cells of %v, %d blocks, watched %v", a.name, m.Cells, m.Scenarios, m.Fit.Fixed.Blocks, m.Fit.Watched)
		}
	}
}

// Noise makes the costs of blocks neither higher nor lower, nor what is made of
// them.
func TestCostModelsAreUnbiased(t *testing.T) {
	const runs, perWatched, noise = 60, 20.0, 0.2
	want := perWatched * math.Exp(noise*noise/2) // the mean of what is 20 in the median
	rng := rand.New(rand.NewPCG(11, 12))
	sum, covering := 0.0, 0
	for range runs {
		m := costModels(t, randomCostTrials(rng, []costArm{{"poll", 1000, perWatched, 4000, 0}}, costCells(), 8, 2, noise))["poll"]
		if m.Fit == nil {
			t.Fatalf("no fit: %s", m.Missing)
		}
		e := m.Fit.PerWatched
		sum += e.Value
		if e.Low <= want && want <= e.High {
			covering++
		}
	}
	if mean := sum / runs; math.Abs(mean/want-1) > 0.02 {
		t.Errorf("the mean is %.2f ns per watched, want %v within 2 %%", mean, want)
	}
	if covering < 0.9*runs {
		t.Errorf("%d of %d intervals at 95 %% hold %v", covering, runs, want)
	}
}

// A fit that one wild cell does not move has the cost there below zero: growth
// would be a share of that.
func TestGrowthFromNothing(t *testing.T) {
	cells := append(alongConnections(10, 300, 1000, 3000, 10000), alongActive(100, 300)...)
	trials := costTrials([]costArm{{"poll", -25000, 100, 10, 0}}, cells, 9, 2, 0.02)
	for i := range trials {
		for j := range trials[i].Slices {
			s := &trials[i].Slices[j]
			s.ServerCPUNS = max(s.ServerCPUNS, -s.ServerCPUNS)
		}
	}
	m := costModels(t, trials)["poll"]
	if m.Fit == nil {
		t.Fatalf("no fit: %s", m.Missing)
	}
	if math.Abs(m.Fit.PerWatched.Value/100-1) > 0.05 {
		t.Errorf("%v ns per watched, want 100", m.Fit.PerWatched.Value)
	}
	if m.Fit.Growth != nil || m.Fit.GrowthWithin != nil || m.Fit.Scaling != report.Undetermined {
		t.Errorf("growth %+v within %+v: %s, want none and undetermined", m.Fit.Growth, m.Fit.GrowthWithin, m.Fit.Scaling)
	}
}

func TestScaling(t *testing.T) {
	tests := []struct {
		name       string
		perWatched float64
		noise      float64
		want       report.Scaling
	}{
		{"more than 10 % and clear", 5, 0.02, report.Scales},
		{"nothing", 0, 0.002, report.Flat},
		{"clear, but 5 % in all", 0.2, 0.002, report.Flat},
		{"nothing, in much noise", 0, 0.3, report.Undetermined},
		{"little, in too much noise for none", 0.2, 0.08, report.Undetermined},
		{"more than 10 %, in too much noise", 0.6, 0.5, report.Undetermined},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := costModels(t, costTrials([]costArm{{"poll", 1000, tt.perWatched, 4000, 0}}, costCells(), 9, 2, tt.noise))["poll"]
			if m.Fit == nil || m.Fit.Scaling != tt.want {
				t.Errorf("%+v, want %s", m.Fit, tt.want)
			}
		})
	}
}

func TestMisfitIsSaid(t *testing.T) {
	kneed := costTrials(kneedArms(), costCells(), 9, 2, 0.01)
	m := costModels(t, kneed)["poll"].Fit.Misfit
	if m.Connections != 10000 || m.Active != 10 || m.Deviation < 0.2 {
		t.Errorf("the misfit is %+v, want much at 10,000 connections", m)
	}
	if n := len(m.Slopes); n != 3 || math.Abs(m.Slopes[0].PerWatched-20) > 3 || math.Abs(m.Slopes[1].PerWatched-20) > 3 || math.Abs(m.Slopes[2].PerWatched-150) > 10 {
		t.Errorf("slopes are %+v, want 20 ns at first and 150 ns from 1,000 connections on", m.Slopes)
	}
	out := render(t, text(0), report.Summarise(syntheticRun("overview"), kneed))
	for _, want := range []string{
		"! poll does not fit well: at 10,000 connections, 10 active, the model is ", " below what was measured; a watched one costs ", "150 ns from 1,000 to 10,000\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "epoll-lt does not fit") {
		t.Errorf("a good fit is told off:\n%s", out)
	}
}

func TestWhatACostModelTakes(t *testing.T) {
	of := func(cells ...results.Cell) []results.Trial {
		return costTrials(costArms(), cells, 9, 2, 0.01)
	}
	at := func(connections, active int) results.Cell {
		return results.Cell{Scenario: "idle", Connections: connections, Active: active, DurationNS: 100e6, Size: 64}
	}
	few := costTrials(costArms(), costCells(), 2, 2, 0.01)
	control, uncounted, unwaited, open := of(costCells()...), of(costCells()...), of(costCells()...), of(costCells()...)
	for i := range control {
		control[i].Control = true
		uncounted[i].Counters = nil
		unwaited[i].Counters.Server.Waits = 0
		open[i].Schedule = results.Poisson
	}
	tests := []struct {
		name   string
		trials []results.Trial
		want   string // "" for no model and no word of it
	}{
		{"active ones are as many", of(at(10, 10), at(100, 10), at(1000, 10)), "active connections do not vary"},
		{"connections are as many", of(at(100, 10), at(100, 50), at(100, 100)), "connections do not vary"},
		{"all active", of(at(10, 10), at(100, 100), at(1000, 1000)), "active connections vary only along with all"},
		{"two cells", of(at(10, 10), at(100, 50)), "active connections vary only along with all"},
		{"two blocks", few, "fewer than 3 blocks"},
		{"one cell", of(at(100, 10)), ""},
		{"controls", control, ""},
		{"servers that do not count", uncounted, ""},
		{"servers that do not wait", unwaited, ""},
		{"open loops", open, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(syntheticRun("overview"), tt.trials)
			for _, m := range s.Costs {
				if m.Fit != nil || m.Missing != tt.want || tt.want == "" {
					t.Errorf("%s: %q, fit %+v", m.Arm, m.Missing, m.Fit)
				}
			}
			if tt.want != "" && len(s.Costs) != len(costArms()) {
				t.Errorf("%d models, want one for each arm", len(s.Costs))
			}
			for format, out := range map[string]string{"text": render(t, text(0), s), "Markdown": render(t, report.Markdown, s)} {
				if got := strings.Contains(out, "cannot be told: "+tt.want); got != (tt.want != "") {
					t.Errorf("the %s:\n%s", format, out)
				}
			}
		})
	}
}

// In scenario chain one process does all: its waits cost time.
func TestCostsOfChain(t *testing.T) {
	trials := costTrials([]costArm{{"poll", 1000, 20, 4000, 0}}, costCells(), 9, 2, 0.01)
	for i := range trials {
		trials[i].Scenario = "chain"
		for j := range trials[i].Slices {
			s := &trials[i].Slices[j]
			s.ElapsedNS, s.ServerCPUNS = 2*s.ServerCPUNS, 1
		}
	}
	s := report.Summarise(syntheticRun("chain"), trials)
	if len(s.Costs) != 1 || s.Costs[0].Fit == nil || math.Abs(s.Costs[0].Fit.PerWatched.Value-40) > 1 {
		t.Errorf("models %+v, want 40 ns per watched", s.Costs)
	}
	if out := render(t, text(0), s); !strings.Contains(out, "What a wait costs: time from one wait to the next") {
		t.Error(out)
	}
}

// What a file may hold within its bounds, whoever wrote it.
func TestHostileCosts(t *testing.T) {
	spoil := map[string]func(int, *results.Trial){
		"zero waits": func(i int, t *results.Trial) { t.Counters.Server.Waits = 0 },
		"no events":  func(i int, t *results.Trial) { t.Counters.Server.Events = 0 },
		"huge": func(i int, t *results.Trial) {
			t.Connections, t.Active = 1<<30, 1<<30-i%5
			for j := range t.Slices {
				t.Slices[j].ServerCPUNS = int64(i%7) << 54
			}
			t.Counters.Server = results.Counters{Waits: 1, Events: 1 << 50}
		},
		"no time": func(i int, t *results.Trial) {
			for j := range t.Slices {
				t.Slices[j].ServerCPUNS = 0
			}
		},
		"wild": func(i int, t *results.Trial) {
			t.Counters.Server.Waits = 1 << (i * 7 % 50)
			t.Connections = 1 << (i * 11 % 30)
			t.Active = max(0, t.Connections-i)
		},
		"a block each":  func(i int, t *results.Trial) { t.Block = i },
		"one block":     func(i int, t *results.Trial) { t.Block = 0 },
		"none active":   func(i int, t *results.Trial) { t.Active = 0 },
		"none is ok":    func(i int, t *results.Trial) { t.Status = results.StatusVoided },
		"no slice":      func(i int, t *results.Trial) { t.Slices = nil },
		"one arm":       func(i int, t *results.Trial) { t.Arm = "poll" },
		"an arm a cell": func(i int, t *results.Trial) { t.Arm = string(rune('a' + t.Connections%7)) },
	}
	for name, change := range spoil {
		t.Run(name, func(t *testing.T) {
			trials := costTrials(costArms(), costCells(), 7, 2, 0.5)
			for i := range trials {
				change(i, &trials[i])
			}
			s := report.Summarise(syntheticRun("overview"), trials)
			for _, out := range []string{render(t, text(80), s), render(t, report.Markdown, s), render(t, report.JSON, s)} {
				if strings.Contains(out, "NaN") || strings.Contains(out, "Inf") {
					t.Errorf("a number is none:\n%s", out)
				}
			}
			for _, c := range report.Charts(s) {
				if _, err := c.Render("svg"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Arms may have any name wherever costs and crossovers are shown.
func TestHostileNamesInCosts(t *testing.T) {
	for _, name := range nasty() {
		arms := costArms()
		arms[0].name, arms[1].name = name, name+"2"
		s := report.Summarise(syntheticRun("overview"), costTrials(arms, costCells(), 7, 2, 0.01))
		if len(s.Costs) != 3 || len(s.Crossovers) == 0 {
			t.Fatalf("%q: %d models and %d crossovers", name, len(s.Costs), len(s.Crossovers))
		}
		md := render(t, report.Markdown, s)
		checkMarkdown(t, md)
		checkCharts(t, report.Charts(s))
		out := render(t, text(80), s)
		for line := range strings.Lines(out) {
			if n := columnsOf(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%.20q: a line takes %d columns: %s", name, n, line)
			}
		}
		for _, r := range out + md {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%.20q: %q is shown", name, r)
			}
		}
	}
}

// Waits of the same cell may find two descriptors ready in one block and fifty in
// the next: what a wait costs is then no number to take means of, and a model that
// holds in every block holds over all.
func TestCostModelsOfUnevenWaits(t *testing.T) {
	a := costArms()[0]
	trials := costTrials([]costArm{a}, costCells(), 8, 1, 0)
	for i := range trials {
		trial := &trials[i]
		ready := 1.5
		if trial.Block%2 == 1 {
			ready = 0.7 * float64(trial.Active)
		}
		c := &trial.Counters.Server
		c.Waits = int64(float64(c.Events) / ready)
		trial.Slices[0].ServerCPUNS = int64(a.ns(float64(trial.Connections), float64(c.Events)/float64(c.Waits)) * float64(c.Waits))
	}
	fit := costModels(t, trials)[a.name].Fit
	if fit == nil {
		t.Fatal("no fit")
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"fixed", fit.Fixed.Value, a.fixed}, {"per watched", fit.PerWatched.Value, a.perWatched}, {"per ready", fit.PerReady.Value, a.perReady}} {
		if math.Abs(c.got-c.want) > 0.01*c.want+0.1 {
			t.Errorf("%s: %v ns, want %v", c.what, c.got, c.want)
		}
	}
}
