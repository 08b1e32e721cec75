package report_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// placed are ten blocks of every arm in a closed loop, which takes as many ns
// of CPU for a message as times say, in turn; scenario echo has all active.
func placed(connections, active int, times map[string][]float64) []results.Trial {
	var trials []results.Trial
	for _, arm := range []string{"select", "select/control", "poll", "epoll-lt"} {
		for block := range 10 {
			at := times[arm]
			if len(at) == 0 {
				continue
			}
			u := trial(arm, block, at[block%len(at)], at[block%len(at)])
			u.Connections, u.Active = connections, active
			if active < connections {
				u.Scenario = "idle"
			}
			trials = append(trials, u)
		}
	}
	return trials
}

func clearlyPoll() map[string][]float64 {
	return map[string][]float64{"select": {3000}, "poll": {1000}, "epoll-lt": {1500}}
}

func mapsOf(trials ...[]results.Trial) []report.Chart {
	return slices.DeleteFunc(report.Charts(report.Summarise(syntheticRun("idle"), slices.Concat(trials...))), func(c report.Chart) bool { return c.Tiles == nil })
}

func TestMap(t *testing.T) {
	got := mapsOf(
		placed(1000, 1000, clearlyPoll()),
		placed(100, 100, map[string][]float64{"select": {1000, 1010}, "select/control": {1000}, "poll": {1010, 1000}, "epoll-lt": {2000}}),
		placed(100, 1, map[string][]float64{"select": {1000, 1010}, "poll": {1010, 1000}, "epoll-lt": {1000, 1010}}),
		placed(10000, 100, map[string][]float64{"select": {32000}, "poll": {16000}, "epoll-lt": {1000}}),
		placed(1000, 20, map[string][]float64{"poll": {1000}})[:3],
	)
	if len(got) != 1 {
		t.Fatalf("%d maps, want one", len(got))
	}
	want := report.Chart{
		Name: "map", Title: "which backend takes the least server CPU",
		Subtitle: "echo and idle: server CPU per message, 64 bytes a message, 100 rounds, closed loop",
		X:        report.Axis{Label: "connections", Categories: []string{"100", "1k", "10k"}},
		Y:        report.Axis{Label: "active connections, share of all", Categories: []string{"1 %", "2 %", "100 %"}},
		Tiles: []report.Tile{
			{X: 1, Y: 2, Least: []report.TileArm{{Name: "poll", Style: 1}}, Next: 1.5, Most: 3, Blocks: 10},
			{X: 0, Y: 2, Least: []report.TileArm{{Name: "select", Style: 0}, {Name: "poll", Style: 1}}, Next: 1.99, Most: 1.99, Blocks: 10},
			{X: 0, Y: 0}, // no difference
			{X: 2, Y: 0, Least: []report.TileArm{{Name: "epoll-lt", Style: 2}}, Next: 16, Most: 32, Blocks: 10},
			{X: 1, Y: 1}, // nothing to compare with
		},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 0.006 })
	footer := got[0].Footer
	got[0].Footer = ""
	if diff := cmp.Diff(want, got[0], near); diff != "" {
		t.Errorf("map (-want +got):\n%s", diff)
	}
	for _, part := range []string{"ratios turn by turn over 10 blocks", "no tile: not measured", "Synthetic CPU"} {
		if !strings.Contains(footer, part) {
			t.Errorf("no %q in the footer: %s", part, footer)
		}
	}
	checkPNG(t, got[0])
	checkSVG(t, got[0])
	content, err := got[0].Render("svg")
	if err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{
		"select | poll": 1, "×1.50": 1, "dearest ×3.00": 1, "dearest ×32.0": 1, "×16.0": 1, "epoll-lt": 2, // on a tile and in the legend
		"no difference told": 3,
	} {
		if got := bytes.Count(content, []byte(">"+text+"</text>")); got != times {
			t.Errorf("%d times %q, want %d", got, text, times)
		}
	}
}

// A map needs both dimensions, and something that is told. Its rows are shares
// unless numbers of active connections fill it better.
func TestWhichMaps(t *testing.T) {
	at := func(places ...[2]int) (trials []results.Trial) {
		for _, p := range places {
			trials = append(trials, placed(p[0], p[1], clearlyPoll())...)
		}
		return trials
	}
	changed := func(trials []results.Trial, change func(*results.Trial)) []results.Trial {
		for i := range trials {
			change(&trials[i])
		}
		return trials
	}
	shares := at([2]int{100, 1}, [2]int{100, 50}, [2]int{1000, 10}, [2]int{1000, 500})
	numbers := at([2]int{100, 1}, [2]int{100, 7}, [2]int{1000, 1}, [2]int{1000, 7}, [2]int{3000, 1}, [2]int{3000, 7})
	var rows [][2]int
	for i := range 13 {
		rows = append(rows, [2]int{100, 1 + i}, [2]int{1000, 10 + 10*i})
	}
	tests := []struct {
		name   string
		trials []results.Trial
		want   string // names and rows
	}{
		{"as many rows as there is room for", at(rows[:24]...), "map[1 % 2 % 3 % 4 % 5 % 6 % 7 % 8 % 9 % 10 % 11 % 12 %]"},
		{"more rows", at(rows...), ""},
		{"shares", shares, "map[1 % 50 %]"},
		{"numbers", numbers, "map[1 7]"},
		{"close shares are one row", at([2]int{300, 1}, [2]int{600, 2}, [2]int{30, 15}, [2]int{301, 1}, [2]int{600, 300}), "map[0.33 % 50 %]"},
		{"close shares of as many connections are not", at([2]int{1000, 101}, [2]int{1000, 102}, [2]int{100, 10}, [2]int{100, 50}), "map[10 % 10.1 % 10.2 % 50 %]"},
		{"one share", at([2]int{10, 10}, [2]int{100, 100}, [2]int{200, 200}, [2]int{300, 300}), ""},
		{"one number", at([2]int{10, 5}, [2]int{100, 5}, [2]int{200, 5}, [2]int{300, 5}), ""},
		{"one number of connections", at([2]int{100, 1}, [2]int{100, 2}, [2]int{100, 3}, [2]int{100, 100}), ""},
		{"three places", at([2]int{100, 1}, [2]int{100, 50}, [2]int{1000, 10}), ""},
		{"two sizes", slices.Concat(shares, changed(slices.Clone(shares), func(t *results.Trial) { t.Size = 1024 })), "map-size-64[1 % 50 %] map-size-1024[1 % 50 %]"},
		{"too few blocks to tell", slices.DeleteFunc(slices.Clone(shares), func(t results.Trial) bool { return t.Block > 3 }), ""},
		{"open loop", changed(slices.Clone(shares), func(t *results.Trial) {
			t.Schedule, t.Load = results.Poisson, 0.5
			t.Values = map[results.Metric]float64{results.LatencyP99: 1e6}
			t.Slices = []results.Slice{{LatencyP99NS: t.Slices[0].ServerCPUNS}}
		}), ""},
		{"all failed", changed(slices.Clone(shares), func(t *results.Trial) { t.Status = results.StatusFailed }), ""},
		{"a place where all failed", append(changed(at([2]int{100, 20}), func(t *results.Trial) { t.Status = results.StatusFailed }), shares...), "map[1 % 50 %]"},
		{"no connections", append(slices.Clone(shares), at([2]int{0, 0})...), "map[1 % 50 %]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range mapsOf(tt.trials) {
				got = append(got, c.Name+fmt.Sprint(c.Y.Categories))
				checkSVG(t, c)
			}
			if all := strings.Join(got, " "); all != tt.want {
				t.Errorf("maps %s, want %s", all, tt.want)
			}
		})
	}
	var equal [][]results.Trial
	for _, p := range [][2]int{{100, 1}, {100, 50}, {1000, 10}, {1000, 500}} {
		equal = append(equal, placed(p[0], p[1], map[string][]float64{"select": {1000, 1010}, "poll": {1010, 1000}}))
	}
	if got := mapsOf(equal...); len(got) > 0 {
		t.Errorf("a map on which nothing is told: %+v", got[0].Tiles)
	}
}

// What one place was measured twice for is shown once, from the more blocks, and
// arms that cannot be compared are named.
func TestMapSaysWhatItDoesNotShow(t *testing.T) {
	again := placed(100, 1, map[string][]float64{"select": {1000}, "poll": {5000}})
	again = slices.DeleteFunc(again, func(u results.Trial) bool { return u.Block > 7 })
	for i := range again {
		again[i].Rounds = 7
	}
	few := placed(1000, 500, clearlyPoll())
	few = slices.DeleteFunc(few, func(u results.Trial) bool { return u.Arm == "select" && u.Block > 2 })
	got := mapsOf(again, placed(100, 1, clearlyPoll()), placed(100, 50, clearlyPoll()), placed(1000, 10, clearlyPoll()), few)
	if len(got) != 1 || len(got[0].Tiles) != 4 || got[0].Tiles[0].Least[0].Name != "poll" {
		t.Fatalf("%+v, want one map of four tiles, poll on the first", got)
	}
	if want := "too few blocks to compare: select in 1 of 4 tiles; measured more than once, and the one with most blocks shown: 1 tile; "; !strings.HasPrefix(got[0].Footer, want) {
		t.Errorf("footer %q, want %q first", got[0].Footer, want)
	}
}

// Words are left out where there is no room for them, and never run out of their
// tile.
func TestTilesWithoutRoom(t *testing.T) {
	const long = "a-server-of-quite-some-name-v1.2"
	crowd := func(places int, least ...report.TileArm) report.Chart {
		c := report.Chart{Name: "map", Title: "t", Subtitle: "s", Footer: "f"}
		for i := range places {
			name := strconv.Itoa(i)
			c.X.Categories, c.Y.Categories = append(c.X.Categories, name), append(c.Y.Categories, name)
			c.Tiles = append(c.Tiles, report.Tile{X: i, Y: i, Least: least, Next: 1.5, Most: 32, Blocks: 9})
		}
		return c
	}
	one, other := report.TileArm{Name: long}, report.TileArm{Name: "poll", Style: 1}
	tests := []struct {
		name         string
		chart        report.Chart
		texts, never string
	}{
		{"two lines of names", crowd(4, one, other), long + ",poll,×1.50,dearest ×32.0", "…"},
		{"a name is cut", crowd(7, one), "×1.50,dearest ×32.0", long + "<.*" + long + "<"},
		{"names are counted", crowd(8, one, other, report.TileArm{Name: "epoll-lt", Style: 2}), "×1.50 to ×32.0", "poll \\|"},
		{"both ratios in a line", crowd(9, other), "poll,×1.50 to ×32.0", "dearest"},
		{"one line", crowd(12, report.TileArm{Name: long}), "×1.50", "dearest| to |" + long + "<.*" + long + "<"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkSVG(t, tt.chart)
			content, err := tt.chart.Render("svg")
			if err != nil {
				t.Fatal(err)
			}
			for text := range strings.SplitSeq(tt.texts, ",") {
				if !bytes.Contains(content, []byte(">"+text+"</text>")) {
					t.Errorf("no %q", text)
				}
			}
			if regexp.MustCompile("(?s)" + tt.never).Match(content) {
				t.Errorf("there is %q", tt.never)
			}
		})
	}
}

// A deeper colour is a greater ratio, and words can be read on all: WCAG asks for
// a contrast of 4.5.
func TestColoursOfTiles(t *testing.T) {
	fills := func(style int, next float64) []string {
		c := report.Chart{
			Name: "map", X: report.Axis{Categories: []string{"1"}}, Y: report.Axis{Categories: []string{"1"}},
			Tiles: []report.Tile{{Least: []report.TileArm{{Name: "poll", Style: style}}, Next: next, Most: next}},
		}
		content, err := c.Render("svg")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range regexp.MustCompile(`<path[^>]*fill:#([0-9A-F]{6})`).FindAllSubmatch(content, -1) {
			all = append(all, string(m[1]))
		}
		return all
	}
	luminance := func(hex string) float64 {
		n, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		part := func(shift int, weight float64) float64 {
			v := float64(n>>shift&0xff) / 255
			if v <= 0.04045 {
				return weight * v / 12.92
			}
			return weight * math.Pow((v+0.055)/1.055, 2.4)
		}
		return part(16, 0.2126) + part(8, 0.7152) + part(0, 0.0722)
	}
	ink := luminance("202020")
	for style := range 6 {
		lightest := 2.0
		for _, next := range []float64{1.01, 1.5, 3, 6, 1000} {
			all := fills(style, next)
			if len(all) < 4 {
				t.Fatalf("%d areas, want those of a tile and of the legend", len(all))
			}
			body := luminance(all[len(all)-2]) // below the strip
			if body >= lightest {
				t.Errorf("style %d: ×%g is no deeper than a smaller ratio", style, next)
			}
			lightest = body
			if contrast := (body + 0.05) / (ink + 0.05); contrast < 4.5 {
				t.Errorf("style %d at ×%g: contrast %.2f", style, next, contrast)
			}
		}
	}
}
