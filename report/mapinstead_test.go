package report_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// mapCells are numbers of connections, each with shares of them active, but for
// those that are the same number.
func mapCells() []results.Cell {
	var cells []results.Cell
	for _, n := range []int{10, 30, 100, 300, 1000, 3000, 10000} {
		for _, percent := range []int{1, 10, 50, 100} {
			c := results.Cell{Scenario: "idle", Connections: n, Active: max(1, n*percent/100), DurationNS: 100e6, Size: 64}
			if !slices.Contains(cells, c) {
				cells = append(cells, c)
			}
		}
	}
	return cells
}

// overviewCells are few of each number of active connections.
func overviewCells() []results.Cell {
	return append(alongConnections(10, 30, 100, 300, 1000, 5000),
		results.Cell{Scenario: "idle", Connections: 300, Active: 100, DurationNS: 100e6, Size: 64},
		results.Cell{Scenario: "echo", Connections: 300, Active: 300, DurationNS: 100e6, Size: 64})
}

// mapArms overtake each other at numbers of connections of their own, whatever
// the number active.
func mapArms() []costArm {
	return []costArm{{"select", 900, 22, 4000, 0}, {"poll", 1000, 20, 4000, 0}, {"epoll-lt", 3000, 0, 4060, 0}, {"epoll-et", 4500, 0, 4030, 0}}
}

// A map of many sweeps stands for their charts, but for its outer rows.
func TestAMapStandsForSweeps(t *testing.T) {
	charts := report.Charts(report.Summarise(syntheticRun("map"), costTrials(mapArms(), mapCells(), 8, 2, 0.02)))
	crossovers := 0
	var others []string
	for _, c := range charts {
		if strings.HasPrefix(c.Name, "crossover-") {
			crossovers++
			continue
		}
		others = append(others, c.Name)
	}
	want := []string{
		"idle-server-cpu-by-connections-share-1", "idle-server-cpu-ratio-by-connections-share-1",
		"idle-server-cpu-by-connections-share-100", "idle-server-cpu-ratio-by-connections-share-100", "map",
	}
	if !slices.Equal(others, want) {
		t.Errorf("charts %q, want %q", others, want)
	}
	if crossovers != 4 {
		t.Errorf("%d charts of crossovers, want 4", crossovers)
	}
	if !strings.Contains(charts[0].Subtitle, "1 % active") || !strings.Contains(charts[2].Subtitle, "all active") {
		t.Errorf("subtitles %q and %q do not say how many are active", charts[0].Subtitle, charts[2].Subtitle)
	}
	for i, want := range map[int]string{
		4:               `^not drawn beside this map, and left to --format json: what \d+ sweeps of idle show one by one; `,
		len(charts) - 1: `^\d+ sweeps with crossovers are not drawn, and left to --format json; `,
	} {
		if !regexp.MustCompile(want).MatchString(charts[i].Footer) {
			t.Errorf("the footer of %s is %q, want %s", charts[i].Name, charts[i].Footer, want)
		}
	}
}

// Where the cells of a map lie along few sweeps, those have their charts.
func TestAMapBesideItsSweeps(t *testing.T) {
	var names []string
	for _, c := range report.Charts(report.Summarise(syntheticRun("overview"), costTrials(mapArms(), overviewCells(), 8, 2, 0.02))) {
		if strings.Contains(c.Footer, "--format json") {
			t.Errorf("%s leaves something out: %s", c.Name, c.Footer)
		}
		names = append(names, c.Name)
	}
	for _, want := range []string{"idle-server-cpu-by-connections-active-10", "idle-server-cpu-by-active-connections-300", "echo-server-cpu", "map"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s among %q", want, names)
		}
	}
}

// Of more sentences about crossovers than anybody would read, those along
// connections are left.
func TestManyCrossoversAreCutShort(t *testing.T) {
	s := report.Summarise(syntheticRun("map"), costTrials(mapArms(), mapCells(), 8, 2, 0.02))
	for format, out := range map[string]string{"text": render(t, text(0), s), "Markdown": render(t, report.Markdown, s)} {
		var said []string
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "- idle, ") && strings.Contains(line, " active") {
				said = append(said, line)
			}
		}
		if len(said) == 0 || len(said) > 12 {
			t.Errorf("%s: %d sentences about crossovers, want 1 to 12: %q", format, len(said), said)
		}
		for _, line := range said {
			if !strings.Contains(line, " overtakes ") || !regexp.MustCompile(` when [\d,]+ (is|are) active\.$`).MatchString(strings.TrimSpace(line)) {
				t.Errorf("%s: not of a crossing along connections: %s", format, line)
			}
		}
		if !regexp.MustCompile(`(?m)^- and \d+ more about crossovers: \\?-\\?-format json has all\.$`).MatchString(out) {
			t.Errorf("%s does not say how many more there are:\n%s", format, out)
		}
	}
	along := 0
	for _, c := range s.Crossovers {
		if c.Along == "active" {
			along++
		}
	}
	if along == 0 {
		t.Error("the summary lacks those along active connections")
	}
}
