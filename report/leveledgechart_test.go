package report_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

func forest(t *testing.T, trials []results.Trial) report.Chart {
	t.Helper()
	return chart(t, report.Charts(levelOrEdge(trials)), "level-or-edge")
}

// A row shows the ratio of its arm, hollow where no difference is told, and the
// control is a band across the rows of its workload.
func TestForestOfLevelAndEdge(t *testing.T) {
	trials := triggeredTrials(triggeredWorkloads(), 8)
	c := forest(t, trials)
	if want := "Level or edge? Server CPU per message, epoll-lt = 1"; c.Title != want {
		t.Errorf("title %q, want %q", c.Title, want)
	}
	if want := "left of the line: takes less than level-triggered; 400 ms per arm and block"; c.Subtitle != want {
		t.Errorf("subtitle %q, want %q", c.Subtitle, want)
	}
	if want := "server CPU per message, ratio to epoll-lt: 1 is in the middle, and zero is not on the axis, log scale"; c.Y.Label != want {
		t.Errorf("axis %q, want %q", c.Y.Label, want)
	}
	if names(c) != "epoll-lt (reference) epoll-et epoll-oneshot" || !c.Series[0].Unmarked || c.Series[1].Unmarked || c.Series[1].Style != 1 || c.Series[2].Style != 2 {
		t.Errorf("series %s of styles %d and %d", names(c), c.Series[1].Style, c.Series[2].Style)
	}
	s := levelOrEdge(trials)
	var names []string
	for i, l := range slices.DeleteFunc(s.LevelOrEdge, func(l report.LevelOrEdge) bool { return l.Metric != results.ServerCPUPerMessage }) {
		place := len(names)
		if i%2 == 1 { // the second arm of a workload
			place--
		} else {
			names = append(names, l.Scenario)
			if c.Series[0].Control[place].High < l.Control.High {
				t.Errorf("the band of %s ends at %g, and the control at %g", c.X.Categories[place], c.Series[0].Control[place].High, l.Control.High)
			}
		}
		if !strings.HasPrefix(c.X.Categories[place], l.Scenario+", ") {
			t.Errorf("%s is called %s", l.Scenario, c.X.Categories[place])
		}
		p := c.Series[1+i%2].Points[place]
		if l.Verdict == report.LeftOut {
			if p.Blocks != 0 {
				t.Errorf("%s of %s is drawn: %+v", l.Arm, c.X.Categories[place], p)
			}
			continue
		}
		r := l.Ratio
		hollow := l.Verdict != report.Less && l.Verdict != report.More
		want := report.Point{X: float64(place), Y: r.Value, Low: r.Low, High: r.High, Blocks: 8, Interval: true, Hollow: hollow}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", l.Arm, c.X.Categories[place], diff)
		}
	}
	if len(names) != 12 || len(c.X.Categories) != 12 {
		t.Errorf("workloads %v, want 12", c.X.Categories)
	}
	for _, want := range []string{
		"not compared: epoll-oneshot at rate, 1,000 connections, 120,000 msgs/s offered; ", "ratios turn by turn; whiskers: 95 % intervals over 8 blocks", "hollow: no difference", "grey: ",
	} {
		if !strings.Contains(c.Footer, want) {
			t.Errorf("no %q in the footer: %s", want, c.Footer)
		}
	}
	if strings.Contains(c.Footer, "side by side") {
		t.Errorf("arms have rows of their own: %s", c.Footer)
	}
}

// What is drawn: all names and ticks, around 1, and the bands with their keys.
func TestForestIsDrawn(t *testing.T) {
	trials := triggeredTrials(triggeredWorkloads(), 8)
	uncontrolled := slices.DeleteFunc(slices.Clone(trials), func(t results.Trial) bool { return t.Control })
	for _, tt := range []struct {
		name       string
		trials     []results.Trial
		want, none []string // texts
		bands      int      // of controls, that of the legend among them
	}{
		{"all", trials, []string{"0.9", "1", "1.1", "within 1 %", "identical arms (control)", "bulk, 100 connections, socket buffers of 16,384 bytes"}, []string{"0"}, 13},
		{"no control", uncontrolled, []string{"0.9", "1", "1.1", "within 1 %"}, []string{"identical arms (control)"}, 0},
		{"next to nothing", byBlocks(map[string][]float64{"epoll-et": slices.Repeat([]float64{1.0001}, 8)}), []string{"0.99", "1", "1.01", "echo"}, []string{"0", "2"}, 0},
		{"several times", byBlocks(map[string][]float64{"epoll-et": slices.Repeat([]float64{3}, 8)}), []string{"0.5", "1", "2"}, []string{"0", "1.1"}, 0},
		{"many times", byBlocks(map[string][]float64{"epoll-et": slices.Repeat([]float64{1e-5}, 8)}), []string{"1", "32", "32,768"}, []string{"0"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := forest(t, tt.trials)
			checkSVG(t, c)
			content, err := c.Render("svg")
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range tt.want {
				if !bytes.Contains(content, []byte(">"+text+"</text>")) {
					t.Errorf("no %q in the chart", text)
				}
			}
			for _, text := range tt.none {
				if bytes.Contains(content, []byte(">"+text+"</text>")) {
					t.Errorf("%q is in the chart", text)
				}
			}
			if got := bytes.Count(content, []byte("fill:#C4C4C4")); got != tt.bands {
				t.Errorf("%d bands of controls, want %d", got, tt.bands)
			}
			if got := bytes.Count(content, []byte("fill:#F4EED0")); got != 2 {
				t.Errorf("%d bands of the bound, want one and its key", got)
			}
		})
	}
	checkPNG(t, forest(t, trials))
}

// More rows than anybody can read are left out, and the footer says so.
func TestForestOfManyWorkloads(t *testing.T) {
	many := func(workloads int, drop string) report.Chart {
		var all []triggered
		for i := range workloads {
			w := triggeredWorkloads()[i%12]
			w.cell.Connections += i
			all = append(all, w)
		}
		return forest(t, slices.DeleteFunc(triggeredTrials(all, 6), func(t results.Trial) bool { return t.Backend == drop }))
	}
	for _, tt := range []struct {
		workloads, shown int
		drop, note       string
	}{
		{15, 15, "", ""}, {16, 15, "", "2 rows are not shown, the report has all; "}, {40, 15, "", "50 rows are not shown, the report has all; "},
		{30, 30, "epoll-oneshot", ""}, {31, 30, "epoll-oneshot", "1 row is not shown, the report has all; "},
	} {
		c := many(tt.workloads, tt.drop)
		if len(c.X.Categories) != tt.shown || !strings.HasPrefix(c.Footer, tt.note) || strings.Contains(c.Footer, "shown, the report") != (tt.note != "") {
			t.Errorf("%d workloads: %d shown, footer %s", tt.workloads, len(c.X.Categories), c.Footer)
		}
		for _, s := range c.Series[1:] {
			if len(s.Points) != tt.shown {
				t.Errorf("%d workloads: %d points of %s, want %d", tt.workloads, len(s.Points), s.Name, tt.shown)
			}
		}
		checkSVG(t, c)
	}
}

// Arms and scenarios may have any name, and any number of them.
func TestHostileNamesOfLevelAndEdge(t *testing.T) {
	few := slices.Concat(triggeredWorkloads()[4:6:6], triggeredWorkloads()[10:])
	for _, name := range nasty() {
		trials := triggeredTrials(few, 6)
		for i := range trials {
			switch u := &trials[i]; u.Arm {
			case "epoll-et":
				u.Arm = name
			case "epoll-lt":
				u.Arm = name + "2"
			}
			if trials[i].Scenario == "idle" {
				trials[i].Scenario = name
			}
			if trials[i].Open() {
				trials[i].Schedule = results.Schedule(name + "x")
			}
		}
		checkLevel(t, fmt.Sprintf("%.20q", name), levelOrEdge(trials))
	}
	trials := triggeredTrials(triggeredWorkloads()[:2], 2)
	for i := range trials {
		if trials[i].Arm == "epoll-et" {
			for n := range 35 {
				u := trials[i]
				u.Arm = fmt.Sprintf("et-%d", n)
				trials = append(trials, u)
			}
		}
	}
	checkLevel(t, "many arms", levelOrEdge(trials))
	for _, spoil := range []func(i int, t *results.Trial){
		func(i int, t *results.Trial) { t.Slices = nil },
		func(i int, t *results.Trial) { t.Values = nil },
		func(i int, t *results.Trial) { t.Status = results.StatusFailed },
		func(i int, t *results.Trial) { t.Block = i },
		func(i int, t *results.Trial) { t.Slices[0].ServerCPUNS = int64(i%3) << 54 },
		func(i int, t *results.Trial) { t.Slices[0].Messages = int64(i%5) << 48 },
	} {
		trials := triggeredTrials(few, 7)
		for i := range trials {
			spoil(i, &trials[i])
		}
		checkLevel(t, "spoilt", levelOrEdge(trials))
	}
}

// checkLevel renders everything about a run with a section.
func checkLevel(t *testing.T, name string, s report.Summary) {
	t.Helper()
	if len(s.LevelOrEdge) == 0 {
		t.Fatalf("%s: nothing is compared", name)
	}
	md := render(t, report.Markdown, s)
	_, section, _ := strings.Cut(md, "\n## Level or edge?\n")
	checkMarkdown(t, section)
	for _, width := range []int{80, 132} {
		out := render(t, text(width), s)
		for line := range strings.Lines(out) {
			if n := columnsOf(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%s: a line takes %d of %d columns: %s", name, n, width, line)
			}
		}
		for _, r := range out + md {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%s: %q is shown", name, r)
			}
		}
		for _, bad := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(out+md, bad) {
				t.Errorf("%s: %q is in\n%s", name, bad, out)
			}
		}
	}
	for _, c := range report.Charts(s) {
		if c.Name == "level-or-edge" {
			if len(c.X.Categories) == 0 {
				t.Errorf("%s: no workload is drawn", name)
			}
			checkSVG(t, c)
		}
	}
}
