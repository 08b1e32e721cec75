package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"muxbench/report"
	"muxbench/results"
)

func checkPNG(t *testing.T, c report.Chart) {
	t.Helper()
	content, err := c.Render("png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if size := img.Bounds().Size(); size.X != 1600 || size.Y != 1000 {
		t.Errorf("%s: %d by %d pixels, want 1600 by 1000", c.Name, size.X, size.Y)
	}
}

func checkSVG(t interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}, c report.Chart) {
	t.Helper()
	content, err := c.Render("svg")
	if err != nil {
		t.Fatalf("%v", err)
	}
	texts := 0
	for d := xml.NewDecoder(bytes.NewReader(content)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			texts++
		}
	}
	if texts < 5 {
		t.Errorf("%s: %d texts, want title, subtitle, footer and ticks", c.Name, texts)
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if bytes.Contains(content, []byte(bad)) {
			t.Errorf("%s: a coordinate is %s", c.Name, bad)
		}
	}
	if bytes.Contains(content, []byte("font-family:Liberation Sans;")) {
		t.Errorf("%s: names no face but one that few machines have", c.Name)
	}
}

func TestRender(t *testing.T) {
	for name, cells := range map[string][]results.Cell{"idle": idleSweep(), "connect": connectSweep(), "one cell": idleSweep()[:1]} {
		t.Run(name, func(t *testing.T) {
			charts := report.Charts(report.Summarise(syntheticRun(name), sweepTrials(cells, 3, 3)))
			checkPNG(t, charts[0])
			for _, c := range charts {
				checkSVG(t, c)
			}
		})
	}
	c := report.Charts(report.Summarise(syntheticRun("idle"), sweepTrials(idleSweep(), 2, 2)))[0]
	if _, err := c.Render("gif"); err == nil || !strings.Contains(err.Error(), `"gif"`) {
		t.Errorf("Render(gif): %v, want an error that names it", err)
	}
	c.Series = []report.Series{{Name: "poll", Points: []report.Point{{X: 1}}}}
	if _, err := c.Render("png"); err == nil || !strings.Contains(err.Error(), "nothing to draw") {
		t.Errorf("Render of no values: %v, want an error", err)
	}
}

func TestRenderOfExtremes(t *testing.T) {
	at := func(points ...report.Point) []report.Series {
		return []report.Series{{Name: "poll", Style: 1, Points: points}}
	}
	tests := []struct {
		name   string
		series []report.Series
		label  string // that must be on an axis
	}{
		{"all zero", at(report.Point{X: 1, Blocks: 1}, report.Point{X: 2, Blocks: 1}), "0"},
		{"one point", at(report.Point{X: 1e18, Y: 5, Low: 5, High: 5, Blocks: 1}), "1000000T"},
		{"a linear axis begins at zero", at(report.Point{X: 1, Y: 1000, Low: 990, High: 1001, Blocks: 2}, report.Point{X: 2, Y: 1002, Low: 999, High: 1003, Blocks: 2}), "0"},
		{"below zero", at(report.Point{X: 1, Y: -400, Low: -500, High: 3, Blocks: 2}), "-400"},
		{"next to nothing", at(report.Point{X: 1, Y: 1e-18, Low: 1e-18, High: 1e-18, Blocks: 1}), "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, bars := range []bool{false, true} {
				c := report.Chart{Name: "extreme", Title: "t", Subtitle: "s", Footer: "f", Bars: bars, Series: tt.series}
				if bars {
					c.X.Categories = []string{"poll"}
					c.Series = at(tt.series[0].Points[0])
					c.Series[0].Points[0].X = 0
				}
				checkSVG(t, c)
				content, err := c.Render("svg")
				if err != nil {
					t.Fatal(err)
				}
				if !bars && !bytes.Contains(content, []byte(">"+tt.label+"</text>")) {
					t.Errorf("no tick at %s", tt.label)
				}
			}
		})
	}
}

func TestTicks(t *testing.T) {
	linear := func(xs ...float64) report.Chart {
		var points []report.Point
		for _, x := range xs {
			points = append(points, report.Point{X: x, Y: 7, Low: 7, High: 7, Blocks: 1})
		}
		return report.Chart{Series: []report.Series{{Name: "poll", Points: points}}}
	}
	logX := linear(100, 300, 1000, 10000, 19000)
	logX.X.Log = true
	crowdedLog := linear(100, 101, 10000)
	crowdedLog.X.Log = true
	logY := func(low, high float64) report.Chart {
		c := linear(1)
		c.Y.Log = true
		c.Series[0].Points[0] = report.Point{X: 1, Y: low, Low: low, High: high, Blocks: 2}
		return c
	}
	many := linear(1, 2)
	for range 60 {
		many.Series = append(many.Series, many.Series[0])
	}
	tests := []struct {
		name       string
		chart      report.Chart
		want, none []string // texts
	}{
		{"where the points are", linear(1024, 10240), []string{"1,024", "10,240"}, []string{"5k"}},
		{"where the points are, in logarithms", logX, []string{"100", "300", "1k", "10k", "19k"}, []string{"3k"}},
		{"points too close for labels", linear(1000, 1001, 20000), []string{"5k", "10k", "15k", "20k"}, []string{"1,001"}},
		{"points too close, in logarithms", crowdedLog, []string{"100", "1k", "10k"}, []string{"101"}},
		{"few decades", logY(10, 900), []string{"20", "50", "100", "1k"}, []string{"0"}},
		{"many decades", logY(10, 900000), []string{"10", "100", "1k", "100k"}, []string{"20", "5k"}},
		{"more names than there is room for", many, []string{"and 13 more"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content, err := tt.chart.Render("svg")
			if err != nil {
				t.Fatal(err)
			}
			has := func(text string) bool { return bytes.Contains(content, []byte(">"+text+"</text>")) }
			for _, text := range tt.want {
				if !has(text) {
					t.Errorf("no %q", text)
				}
			}
			for _, text := range tt.none {
				if has(text) {
					t.Errorf("%q is there", text)
				}
			}
		})
	}
}

// A line over a count that an arm was not measured at would be invented.
func TestLinesAreBrokenWhereThereIsNoValue(t *testing.T) {
	dashed := func(blocks int) int {
		c := report.Chart{Name: "gap", Series: []report.Series{{Name: "poll", Style: 1, Points: []report.Point{
			{X: 1, Y: 5, Low: 5, High: 5, Blocks: 1}, {X: 2, Y: 5, Low: 5, High: 5, Blocks: blocks}, {X: 3, Y: 5, Low: 5, High: 5, Blocks: 1},
		}}}}
		content, err := c.Render("svg")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(content, []byte("stroke-dasharray"))
	}
	if whole, broken := dashed(1), dashed(0); whole != 2 || broken != 1 {
		t.Errorf("%d dashed lines with all values and %d with a gap, want 2 and 1, the legend's", whole, broken)
	}
}

// No values that a file may hold make the plotting library panic, nor give
// axes without labels: it panics readily.
func TestRenderAnything(t *testing.T) {
	value := rapid.OneOf(
		rapid.Float64Range(0, 1e18), rapid.Float64Range(0, 2), rapid.SampledFrom([]float64{0, 1, 1, 1e-18, 1e18, 100, 100.0000001}),
		rapid.Map(rapid.Float64Range(-18, 18), func(e float64) float64 { return math.Pow(10, e) }),
	)
	rapid.Check(t, func(rt *rapid.T) {
		var trials []results.Trial
		counts := rapid.SliceOfN(rapid.IntRange(0, 1<<30), 1, 5).Draw(rt, "connections")
		for _, arm := range []string{"select", "poll"}[:rapid.IntRange(1, 2).Draw(rt, "arms")] {
			for _, n := range counts {
				u := trial(arm, 0, 1000)
				u.Connections = n
				u.Values = map[results.Metric]float64{
					results.Throughput: value.Draw(rt, "throughput"), results.Messages: 1e6, results.LatencyP50: value.Draw(rt, "p50"),
				}
				trials = append(trials, u)
				u.Block, u.Values = 1, map[results.Metric]float64{results.Throughput: value.Draw(rt, "throughput again")}
				trials = append(trials, u)
			}
		}
		for _, c := range report.Charts(report.Summarise(results.Run{}, trials)) {
			checkSVG(rt, c)
		}
	})
}

func TestWriteMarkdown(t *testing.T) {
	s := load(t, "synthetic-connect")
	path := filepath.Join(t.TempDir(), "report.md")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteMarkdown(path, s); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != render(t, report.Markdown, s) {
		t.Errorf("the file (%v) differs from what Markdown writes:\n%s", err, got)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%d files (%v), want the report alone", len(entries), err)
	}
	if err := report.WriteMarkdown(filepath.Join(path, "none.md"), s); err == nil || !strings.Contains(err.Error(), "none.md") {
		t.Errorf("WriteMarkdown below a file: %v, want an error that names it", err)
	}
}

func TestWriteCharts(t *testing.T) {
	s := report.Summarise(syntheticRun("echo"), []results.Trial{trial("select", 0, 1000), trial("poll", 0, 2000)})
	dir := filepath.Join(t.TempDir(), "new", "charts")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "echo-server-cpu.svg")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	names, err := report.WriteCharts(dir, report.Charts(s))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range report.Charts(s) {
		want = append(want, filepath.Join(dir, c.Name+".png"), filepath.Join(dir, c.Name+".svg"))
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(want) {
		t.Errorf("%d files (%v), want %d and nothing left over", len(entries), err, len(want))
	}
	if content, err := os.ReadFile(old); err != nil || !bytes.Contains(content, []byte("</svg>")) {
		t.Errorf("the old chart is not replaced: %v", err)
	}

	if names, err := report.WriteCharts(old, report.Charts(s)); err == nil || names != nil {
		t.Errorf("WriteCharts into a file: %v, %v, want an error", names, err)
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	if names, err := report.WriteCharts(nowhere, nil); err != nil || names != nil {
		t.Errorf("WriteCharts of nothing: %v, %v, want neither", names, err)
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, os.ErrNotExist) {
		t.Error("a directory was made for no charts")
	}
}
