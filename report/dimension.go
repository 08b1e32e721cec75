package report

import (
	"cmp"
	"slices"
	"strconv"

	"muxbench/results"
)

// dimension is one thing that cells of a sweep can differ in.
type dimension struct {
	name   string // in file names and column headings
	header string // of columns, where it is not the name
	noun   string // after a number, where the phrase is one
	axis   string // label of a chart's axis
	value  func(results.Cell) float64
	phrase func(results.Cell) string // in a sentence; empty if the cell has none
	// show writes the value in a table, where a number alone does not tell.
	show func(results.Cell) string
	// told is one whose value 0 is worth telling where all cells have it.
	told bool
	// zero is what the value 0 stands for where it is no quantity. Cells are
	// told apart by such a dimension, but never drawn along it.
	zero string
}

// dimensions are in the order in which a chart prefers them for its x axis.
func dimensions(scenario string) []dimension {
	rounds := "rounds"
	if scenario == results.ScenarioChain {
		rounds = "writes"
	}
	active := dimension{
		name: "active", axis: "active connections",
		value:  func(c results.Cell) float64 { return float64(c.Active) },
		phrase: activePhrase,
	}
	if scenario == results.ScenarioAccept {
		active = atOnceDimension()
	}
	return []dimension{
		connectionsOf(scenario),
		active,
		{
			name: "size", axis: "payload size (bytes)",
			value:  func(c results.Cell) float64 { return float64(c.Size) },
			phrase: sizePhrase,
		},
		{
			name: rounds, axis: rounds,
			value:  func(c results.Cell) float64 { return float64(c.Rounds) },
			phrase: roundsPhrase,
		},
		{
			name: "rate", axis: "offered rate (msgs/s)",
			value: func(c results.Cell) float64 { return c.Rate },
			phrase: func(c results.Cell) string {
				return unless(c.Rate == 0, formatNumber(c.Rate, 0)+" msgs/s offered")
			},
		},
		{
			name: "load", axis: "offered rate (share of each one's capacity)",
			value: func(c results.Cell) float64 { return c.Load },
			phrase: func(c results.Cell) string {
				return unless(c.Load == 0, loadPercent(c)+" of each one's capacity")
			},
			show: loadPercent,
		},
		{
			name: "slo", axis: "bound on latency (µs)",
			value:  func(c results.Cell) float64 { return float64(c.SLONS) / 1e3 },
			phrase: sloPhrase,
			show:   func(c results.Cell) string { return latencyName(c.SLO) + " ≤ " + formatDuration(float64(c.SLONS)) },
		},
		scheduleDimension(),
		{
			name: "duration", axis: "window (s)",
			value: func(c results.Cell) float64 { return float64(c.DurationNS) / 1e9 },
			phrase: func(c results.Cell) string {
				return unless(c.DurationNS == 0, formatDuration(float64(c.DurationNS))+" per arm and block")
			},
		},
		{
			name: "socket-buffers", axis: "socket buffers (bytes)",
			value: func(c results.Cell) float64 { return float64(c.SocketBuffers) },
			phrase: func(c results.Cell) string {
				if c.SocketBuffers == 0 {
					return "the kernel's own socket buffers"
				}
				return "socket buffers of " + formatInt(int64(c.SocketBuffers)) + " bytes"
			},
			zero: "kernel's",
		},
	}
}

func connectionsDimension() dimension {
	return dimension{
		name: "connections", axis: "connections",
		value:  func(c results.Cell) float64 { return float64(c.Connections) },
		phrase: func(c results.Cell) string { return formatInt(int64(c.Connections)) + connectionsOf(c.Scenario).noun },
		noun:   " connections",
	}
}

// connectionsOf is the dimension of a scenario, by what those are there.
func connectionsOf(scenario string) dimension {
	d := connectionsDimension()
	switch scenario {
	case results.ScenarioChurn:
		d.axis, d.noun, d.header = "connections alive at once", " alive at once", "alive"
	case results.ScenarioAccept:
		d.axis, d.noun, d.header = "connections in a burst", " in a burst", "burst"
	case results.ScenarioFanout:
		d.axis, d.noun, d.header = "connections in the room", " in the room", "in room"
	case results.ScenarioCtl:
		d.axis, d.noun, d.header = "descriptors watched", " watched", "watched"
	}
	return d
}

// scheduleDimension has no quantity: it is never drawn along.
func scheduleDimension() dimension {
	return dimension{
		name: "schedule", axis: "arrivals",
		value: func(c results.Cell) float64 {
			switch c.Schedule {
			case "", results.Poisson:
				return 0
			case results.Fixed:
				return 1
			}
			return 2
		},
		phrase: func(c results.Cell) string { return unless(!open(c), arrivals(c)+" arrivals") },
		show:   arrivals,
		zero:   "Poisson",
	}
}

func arrivals(c results.Cell) string {
	switch c.Schedule {
	case results.Poisson:
		return "Poisson"
	case results.Fixed:
		return "evenly spaced"
	}
	return plainName(string(c.Schedule))
}

func loadPercent(c results.Cell) string {
	return strconv.FormatFloat(roundTo(100*c.Load, 4), 'f', -1, 64) + " %"
}

func activePhrase(c results.Cell) string {
	if c.Active == c.Connections {
		return unless(countPhrase(c) == "", "all active")
	}
	return countPhrase(c)
}

// countPhrase is empty where none are silent, or there are no messages.
func countPhrase(c results.Cell) string {
	switch c.Scenario {
	case results.ScenarioConnect, results.ScenarioChurn, results.ScenarioFanout, results.ScenarioCtl:
		return "" // there are none but active ones
	}
	return unless(c.Active == 0, formatInt(int64(c.Active))+" active")
}

func sizePhrase(c results.Cell) string {
	if c.Scenario == results.ScenarioChain {
		if c.Size == 1 {
			return "one byte a write"
		}
		return unless(c.Size == 0, formatInt(int64(c.Size))+" bytes a write")
	}
	return unless(c.Size == 0, formatInt(int64(c.Size))+" bytes a message")
}

// roundsPhrase is empty where a duration is asked for instead, which in
// scenario chain never is.
func roundsPhrase(c results.Cell) string {
	switch c.Scenario {
	case results.ScenarioChain:
		return formatInt(int64(c.Rounds)) + " writes"
	case results.ScenarioChurn: // which has as many in turn of each that is alive
		return unless(c.Rounds == 0, formatInt(int64(c.Rounds))+" in turn of each")
	}
	return unless(c.Rounds == 0, formatInt(int64(c.Rounds))+" rounds")
}

func unless(absent bool, s string) string {
	if absent {
		return ""
	}
	return s
}

// splitDimensions tells what cells differ in from what they have in common.
// Where connections vary, active ones that are the same share of them
// everywhere are had in common, and otherwise they are a number. A window that
// is as long as the rest of the cell demands tells no cells apart. A schedule
// that is common to all is told with the loop: see loop.
func splitDimensions(cells []Cell) (varying, fixed []dimension) {
	first := cells[0].Cell
	sweepsConnections := slices.ContainsFunc(cells, func(c Cell) bool { return c.Connections != first.Connections })
	for _, d := range dimensions(first.Scenario) {
		switch {
		case d.name == "duration" && windowsFollow(cells):
			d.value = func(results.Cell) float64 { return 0 }
			d.phrase = func(results.Cell) string { return durationsPhrase(cells) }
		case d.name != "active" || !sweepsConnections:
		case sameShare(cells):
			d.value = func(results.Cell) float64 { return 0 }
			d.phrase = sharePhrase
		default:
			d.phrase = countPhrase
		}
		if slices.ContainsFunc(cells, func(c Cell) bool { return d.value(c.Cell) != d.value(first) }) {
			varying = append(varying, d)
		} else if d.name == "schedule" {
			continue
		} else if d.zero == "" || d.told || d.value(first) != 0 { // what was left as it is goes without saying
			fixed = append(fixed, d)
		}
	}
	return varying, fixed
}

// windowsFollow says that no two cells differ in their windows alone.
func windowsFollow(cells []Cell) bool {
	windows := make(map[results.Cell]int64)
	for _, c := range cells {
		rest := c.Cell
		rest.DurationNS = 0
		if other, known := windows[rest]; known && other != c.DurationNS {
			return false
		}
		windows[rest] = c.DurationNS
	}
	return true
}

// durationsPhrase is of windows that may differ.
func durationsPhrase(cells []Cell) string {
	least, most := cells[0].DurationNS, cells[0].DurationNS
	for _, c := range cells {
		least, most = min(least, c.DurationNS), max(most, c.DurationNS)
	}
	if least == most {
		return unless(most == 0, formatDuration(float64(most))+" per arm and block")
	}
	return formatDuration(float64(least)) + " to " + formatDuration(float64(most)) + " per arm and block"
}

func sameShare(cells []Cell) bool {
	first := cells[0]
	for _, c := range cells {
		if int64(c.Active)*int64(first.Connections) != int64(first.Active)*int64(c.Connections) {
			return false
		}
	}
	return true
}

func sharePhrase(c results.Cell) string {
	if c.Connections == 0 || c.Active == c.Connections {
		return activePhrase(c)
	}
	percent := roundTo(100*float64(c.Active)/float64(c.Connections), 3)
	return unless(activePhrase(c) == "", strconv.FormatFloat(percent, 'f', -1, 64)+" % active")
}

// phrases describes a cell by those dimensions.
func phrases(dims []dimension, c results.Cell) []string {
	var all []string
	for _, d := range dims {
		if p := d.phrase(c); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// along groups cells that differ in dimension x only, among the varying ones,
// each group in the order of x.
func along(cells []Cell, x dimension, varying []dimension) [][]Cell {
	var groups [][]Cell
next:
	for _, c := range cells {
		for i, g := range groups {
			if equalBut(x, varying, c.Cell, g[0].Cell) {
				groups[i] = append(groups[i], c)
				continue next
			}
		}
		groups = append(groups, []Cell{c})
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Cell) int { return cmp.Compare(x.value(a.Cell), x.value(b.Cell)) })
	}
	return groups
}

func equalBut(x dimension, varying []dimension, a, b results.Cell) bool {
	for _, d := range varying {
		if d.name != x.name && d.value(a) != d.value(b) {
			return false
		}
	}
	return true
}
