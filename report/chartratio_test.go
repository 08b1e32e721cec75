package report_test

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// armTimes are ns per message of ten blocks, in turn, by connections and arm.
type armTimes map[int]map[string][]float64

func (at armTimes) summary() report.Summary {
	var trials []results.Trial
	for _, n := range []int{100, 1000, 10000} {
		for _, arm := range []string{"select", "select/control", "poll"} {
			for block := range 10 {
				times := at[n][arm]
				if len(times) == 0 {
					break
				}
				u := trial(arm, block, times[block%len(times)])
				u.Connections = n
				trials = append(trials, u)
			}
		}
	}
	return report.Summarise(syntheticRun("echo"), trials)
}

func (at armTimes) chart(t *testing.T, name string) report.Chart {
	t.Helper()
	return chart(t, report.Charts(at.summary()), name)
}

func names(c report.Chart) string {
	var all []string
	for _, s := range c.Series {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

// The control arm takes no colour from others and has no line: it is a band as
// wide as it is from the reference, which is always within.
func TestControlIsABand(t *testing.T) {
	at := armTimes{
		100:   {"select": {1000}, "select/control": {980, 1000, 1040}, "poll": {2000}},
		1000:  {"select": {2000}, "select/control": {2040, 2060}, "poll": {3000}},
		10000: {"select": {4000}, "poll": {5000}},
	}
	c := at.chart(t, "echo-server-cpu-by-connections")
	if names(c) != "select poll" || c.Series[0].Style != 0 || c.Series[1].Style != 1 {
		t.Errorf("series %s with styles %d and %d, want select and poll with 0 and 1", names(c), c.Series[0].Style, c.Series[1].Style)
	}
	first, second := controlRatio(at.summary(), 0), controlRatio(at.summary(), 1)
	if first.Low >= 1 || first.High <= 1 || second.Low <= 1 {
		t.Fatalf("control ratios %v and %v, want one around 1 and one above", first, second)
	}
	want := []report.Point{
		{X: 100, Y: 1, Low: first.Low, High: first.High, Blocks: 10, Interval: true},
		{X: 1000, Y: 2, Low: 2, High: 2 * second.High, Blocks: 10, Interval: true},
		{X: 10000},
	}
	if diff := cmp.Diff(want, c.Series[0].Control); diff != "" {
		t.Errorf("band (-want +got):\n%s", diff)
	}
	if c.Series[1].Control != nil {
		t.Errorf("poll has a band: %v", c.Series[1].Control)
	}
	bars := armTimes{100: at[100]}.chart(t, "echo-server-cpu")
	if names(bars) != "select poll" || !cmp.Equal(bars.X.Categories, []string{"select", "poll"}) {
		t.Errorf("bars for %s in categories %v, want select and poll", names(bars), bars.X.Categories)
	}
	if diff := cmp.Diff([]report.Point{{Y: 1, Low: first.Low, High: first.High, Blocks: 10, Interval: true}}, bars.Series[0].Control); diff != "" {
		t.Errorf("band of bars (-want +got):\n%s", diff)
	}
	for _, c := range []report.Chart{c, bars} {
		if !strings.Contains(c.Footer, "whiskers: 95 % intervals over 10 blocks") || !strings.Contains(c.Footer, "grey: ") {
			t.Errorf("the footer tells of no intervals or no band: %s", c.Footer)
		}
	}
}

func controlRatio(s report.Summary, cell int) report.Estimate {
	for _, a := range s.Scenarios[0].Cells[cell].Arms {
		if a.Control {
			return a.Ratios[results.ServerCPUPerMessage].Estimate
		}
	}
	return report.Estimate{}
}

func TestChartOfRatios(t *testing.T) {
	at := armTimes{
		100:  {"select": {1000}, "select/control": {990, 1010}, "poll": {2000, 2010}},
		1000: {"select": {1000}, "poll": {990, 1010}},
	}
	c := at.chart(t, "echo-server-cpu-ratio-by-connections")
	if want := "echo: server CPU per message, ratio to select, against connections"; c.Title != want {
		t.Errorf("title %q, want %q", c.Title, want)
	}
	if names(c) != "select (reference) poll" || !c.Series[0].Unmarked || c.Series[1].Unmarked {
		t.Errorf("series %s, unmarked %v and %v, want the reference as a line only", names(c), c.Series[0].Unmarked, c.Series[1].Unmarked)
	}
	for i, p := range c.Series[0].Points {
		if p.Y != 1 || p.Low != 1 || p.High != 1 || p.Blocks != 10 {
			t.Errorf("point %d of the reference is %v, want 1", i, p)
		}
	}
	if band := c.Series[0].Control; band[0].Low >= 1 || band[0].High <= 1 || band[1].Blocks != 0 {
		t.Errorf("band %v, want one around 1, and none at 1,000", band)
	}
	told, untold := c.Series[1].Points[0], c.Series[1].Points[1]
	if told.Hollow || math.Abs(told.Y-2.005) > 0.006 || told.Low > told.Y || told.High < told.Y {
		t.Errorf("a difference that is told is %+v, want one filled around 2.005", told)
	}
	if !untold.Hollow || math.Abs(untold.Y-1) > 0.011 {
		t.Errorf("a difference that is not told is %+v, want one hollow around 1", untold)
	}
	if !strings.Contains(c.Footer, "hollow: no difference") {
		t.Errorf("the footer does not tell what is hollow: %s", c.Footer)
	}
	if c.Y.Log {
		t.Error("ratios that span a factor of 2 are on a logarithmic axis")
	}
	at[1000]["poll"] = []float64{3200}
	if c = at.chart(t, "echo-server-cpu-ratio-by-connections"); !c.Y.Log || strings.Contains(c.Footer, "hollow") {
		t.Errorf("ratios that span a factor of 3.2: logarithmic %v, footer %s", c.Y.Log, c.Footer)
	}
}

// A ratio has to be to something, and of something else.
func TestNoChartOfRatios(t *testing.T) {
	tests := map[string]armTimes{
		"nothing but the control": {
			100: {"select": {1000}, "select/control": {1000}}, 1000: {"select": {1000}, "select/control": {1000}},
		},
		"no reference":        {100: {"poll": {1000}}, 1000: {"poll": {1000}}},
		"another in one cell": {100: {"poll": {1000}}, 1000: {"select": {1000}, "poll": {1000}}},
		"one cell":            {100: {"select": {1000}, "poll": {1000}}},
	}
	for name, at := range tests {
		t.Run(name, func(t *testing.T) {
			for _, c := range report.Charts(at.summary()) {
				if strings.Contains(c.Name, "ratio") {
					t.Errorf("there is a chart %s", c.Name)
				}
			}
		})
	}
}

// A band is visible however narrow it is, on axes of either kind and across
// bars, and the legend names it. Without a control there is none.
func TestBandIsDrawn(t *testing.T) {
	narrow := armTimes{
		100:   {"select": {1000}, "select/control": {1000}, "poll": {2000}},
		1000:  {"select": {1000}, "select/control": {1000}, "poll": {2000}},
		10000: {"select": {1000}, "select/control": {1000}, "poll": {20000}},
	}
	one := armTimes{100: narrow[100]}
	lone := armTimes{100: narrow[100], 1000: {"select": {1000}, "poll": {2000}}}
	none := armTimes{100: {"select": {1000}, "poll": {2000}}, 1000: {"select": {1000}, "poll": {2000}}}
	tests := []struct {
		name, chart string
		at          armTimes
		bands       int // that of the legend among them
	}{
		{"logarithmic", "echo-server-cpu-by-connections", narrow, 2},
		{"ratios", "echo-server-cpu-ratio-by-connections", narrow, 2},
		{"bars", "echo-server-cpu", one, 2},
		{"one cell of two", "echo-server-cpu-by-connections", lone, 2},
		{"no control", "echo-server-cpu-by-connections", none, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.at.chart(t, tt.chart)
			checkSVG(t, c)
			content, err := c.Render("svg")
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Count(content, []byte("fill:#C4C4C4")); got != tt.bands {
				t.Errorf("%d grey areas, want %d", got, tt.bands)
			}
			if named := bytes.Contains(content, []byte(">identical arms (control)</text>")); named != (tt.bands > 0) {
				t.Errorf("the legend has the band: %v", named)
			}
			if visible := greyBelowTheLegend(t, c); visible != (tt.bands > 0) {
				t.Errorf("the band is visible: %v", visible)
			}
		})
	}
}

// greyBelowTheLegend tells whether the picture has the band's colour where the
// plot is, in more than the edge of a letter.
func greyBelowTheLegend(t *testing.T, c report.Chart) bool {
	t.Helper()
	content, err := c.Render("png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	const legend, enough = 200, 4 // pixels
	grey := func(x, y int) bool {
		r, g, b, _ := img.At(x, y).RGBA()
		return r == 0xc4c4 && g == r && b == r
	}
	across := make([]int, img.Bounds().Max.X) // of the rows above, by column
	for y := legend; y < img.Bounds().Max.Y; y++ {
		along := 0
		for x := range across {
			if !grey(x, y) {
				along, across[x] = 0, 0
				continue
			}
			if along++; along >= enough {
				across[x]++
			}
			if across[x] >= 2 {
				return true
			}
		}
	}
	return false
}

// A chart of a run that is not to be trusted says so.
func TestChartsSayThatARunIsNotToBeTrusted(t *testing.T) {
	trials := sweepTrials(idleSweep(), 8, 3)
	for _, restless := range []bool{false, true} {
		if restless {
			for i := range trials {
				if trials[i].Block < 3 {
					trials[i].Status, trials[i].Reason = results.StatusVoided, "steal"
				}
			}
		}
		charts := report.Charts(report.Summarise(syntheticRun("idle"), trials))
		if len(charts) == 0 {
			t.Fatal("no chart")
		}
		for _, c := range charts {
			if says := strings.Contains(c.Title, "not to be trusted"); says != restless {
				t.Errorf("%s: %q, where 3 of 8 blocks being void is %v", c.Name, c.Title, restless)
			}
		}
	}
}

// Windows that are as long as the number of connections demands are no dimension
// of their own; those that differ where nothing else does are.
func TestWindowsThatFollowTellNoCellsApart(t *testing.T) {
	follow := idleSweep()
	for i := range follow {
		follow[i].DurationNS = int64(i+1) * 1e8
	}
	alone := []results.Cell{follow[0], follow[0]}
	alone[1].DurationNS *= 2
	tests := []struct {
		name  string
		cells []results.Cell
		says  string
		along string
	}{
		{"follow", follow, fmt.Sprintf("100 ms to %d ms per arm and block", 100*len(follow)), "idle-server-cpu-by-connections"},
		{"alone", alone, "duration", "idle-server-cpu-by-duration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := report.Summarise(syntheticRun("idle"), sweepTrials(test.cells, 8, 3))
			if out := render(t, text(0), s); !strings.Contains(out, test.says) {
				t.Errorf("no %q in\n%s", test.says, out)
			}
			found := false
			for _, c := range report.Charts(s) {
				found = found || c.Name == test.along
			}
			if !found {
				t.Errorf("no chart %s", test.along)
			}
		})
	}
}
