package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// heading says what the cells of a scenario have in common and how to read
// the figures.
func heading(sc Scenario, fixed []dimension) string {
	what := phrases(fixed, sc.Cells[0].Cell)
	blocks := 0
	references := make(map[string]bool)
	for _, c := range sc.Cells {
		references[c.Reference] = true
		for _, a := range c.Arms {
			blocks = max(blocks, a.Blocks.Counted())
		}
	}
	how := "one block, so no ranges"
	if blocks > 1 {
		how = fmt.Sprintf("median over %d blocks, %s", blocks, spread(sc, "from the lowest to the highest"))
	}
	switch sc.Name {
	case results.ScenarioChain:
		how = chainBlocks(sc, blocks) + "; registration is not timed"
	case results.ScenarioCtl:
		how = chainBlocks(sc, blocks)
	}
	parts := []string{strings.Join(what, ", "), how}
	if reference := sc.Cells[0].Reference; len(references) == 1 && reference != "" {
		by := "turn by turn"
		if open(sc.Cells[0].Cell) { // which has one turn in a block
			by = "block by block"
		}
		parts = append(parts, "ratio to "+plainName(reference)+" "+by)
	}
	parts = append(parts, loop(sc))
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return plainName(sc.Name) + ": " + strings.Join(parts, "; ")
}

// spread says what the ends beside an estimate are; a range is that from the
// lowest to the highest of something.
func spread(sc Scenario, extremes string) string {
	exact, least := false, math.MaxInt
	for a := range sc.arms() {
		for _, e := range a.Values {
			exact = exact || e.Interval
		}
		if a.Blocks.OK > 0 {
			least = min(least, a.Blocks.OK)
		}
	}
	switch {
	case !exact:
		return "range " + extremes
	case least < leastTests:
		return fmt.Sprintf("exact 95 %% intervals where there are at least %d", leastTests)
	}
	return "exact 95 % intervals"
}

// loop says what latencies are of: in scenario connect, of what the client's
// kernel does, before any server has accepted. Scenario chain has none.
func loop(sc Scenario) string {
	switch first := sc.Cells[0].Cell; {
	case sc.Name == results.ScenarioChurn:
		return "latency from connect(2) to after the close"
	case sc.Name == results.ScenarioFanout:
		return "latency to the last delivery of a message, one in the room at a time"
	case first.SetsUp():
		return "latency from connect(2) to the client's seeing it established"
	case first.OneProcess():
		return ""
	case first.Closed():
		return "closed loop"
	case slices.ContainsFunc(sc.Cells, func(c Cell) bool { return c.Schedule != first.Schedule }):
		return "open loop"
	default:
		return "open loop, " + scheduleDimension().phrase(first)
	}
}

// environment is the machine and the tool, in one sentence.
func environment(run results.Run) string {
	e := run.Environment
	parts := []string{
		"muxbench " + orUnknown(run.Version),
		strings.TrimSpace(orUnknown(e.Kernel) + " " + e.Arch),
		orUnknown(e.CPUModel),
		cpus(run),
		unless(e.Hypervisor == "", "on "+e.Hypervisor),
		e.GoVersion,
		unless(e.ClockSource == "", "clock "+e.ClockSource),
		run.Started.UTC().Format("2006-01-02 15:04 UTC"),
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	for i := range parts {
		parts[i] = plainText(parts[i])
	}
	return strings.Join(parts, ", ")
}

const maxLabels = 10 // of a run, that are shown

// labels are what the user has named the run by, sorted by key. It is empty if
// there are none.
func labels(run results.Run) string {
	keys := slices.Sorted(maps.Keys(run.Labels))
	var shown []string
	for _, k := range keys[:min(len(keys), maxLabels)] {
		shown = append(shown, plainText(k+"="+run.Labels[k]))
	}
	if len(shown) == 0 {
		return ""
	}
	text := "labels: " + strings.Join(shown, ", ")
	if more := len(keys) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func cpus(run results.Run) string {
	switch n := run.Environment.CPUs; {
	case n != 1:
		return fmt.Sprintf("%d CPUs", n)
	case results.Cell{Scenario: run.Scenario}.OneProcess(): // has no load generator
		return "1 CPU"
	}
	return "1 CPU, which server and load share"
}
