package report

import (
	"slices"

	"muxbench/results"
)

// acceptColumns are of bursts of connections. How often threads are woken is what
// listeners differ in, and stays longest.
func acceptColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("to the last\naccept, ms", results.ConnectElapsed, 1e6, rows, secondary())...)
	cols = append(cols, compared("server CPU\nns/accept", results.ServerCPUPerConnection, 1, rows, primary())...)
	return append(cols,
		plainMetric("wake-ups\n/accept", results.WakeupsPerAccept, 1, rows, 0),
		plainMetric("spurious\n/accept", results.SpuriousPerAccept, 1, rows, 6),
		threadShares("share of\na loop, %", rows, 5),
		plainMetric("overflows\n/burst", results.Overflows, 1, rows, 4),
		percentile("connect(2)\np99, µs", results.LatencyP99, rows, 18),
	)
}

// threadShares are the parts of the work that fell to the thread with the least and
// to the one with the most, where there are several.
func threadShares(header string, rows []row, rank int) column {
	c := column{header: header, rank: rank}
	for _, r := range rows {
		least, ok := r.arm.Values[results.LeastThreadShare]
		most, known := r.arm.Values[results.GreatestThreadShare]
		text := ""
		if ok && known {
			text = formatNumber(100*least.Value, 0) + "–" + formatNumber(100*most.Value, 0)
		}
		c.cells = append(c.cells, text)
	}
	return c
}

// atOnce says how many connections of a burst come at once.
func atOnce(c results.Cell) string {
	switch c.Active {
	case c.Connections:
		return "all at once"
	case 1:
		return "one at a time"
	}
	return formatInt(int64(c.Active)) + " at a time"
}

// atOnceDimension tells bursts of everybody from those that come in parts.
func atOnceDimension() dimension {
	return dimension{
		name: "at-once", axis: "connections at once",
		value: func(c results.Cell) float64 {
			if c.Active == c.Connections {
				return 0
			}
			return float64(c.Active)
		},
		phrase: atOnce,
		zero:   "all", said: true,
	}
}

// acceptRemarks say what the columns of a burst count.
func acceptRemarks(sc Scenario) []string {
	if sc.Name != results.ScenarioAccept {
		return nil
	}
	all := []string{"A wake-up is a thread of the server that slept and was woken, whether or not a connection was left for it; spurious: it returned from its wait, and nobody was left to accept. All at once, threads find the next connection without sleeping."}
	if overflowed(sc.Cells) {
		all = append(all, "An overflow is a connection that found the listener's queue full; its client tries again after a second, and so the last accept is a second late.")
	}
	return all
}

// overflowed tells whether a connection of any burst found a queue full.
func overflowed(cells []Cell) bool {
	return slices.ContainsFunc(cells, func(c Cell) bool {
		return slices.ContainsFunc(c.Arms, func(a Arm) bool { return a.Values[results.Overflows].High > 0 })
	})
}
