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
		plainMetric("in vain\n/accept", results.SpuriousPerAccept, 1, rows, 6),
		threadShares("share of\na loop, %", rows, 5),
		plainMetric("overflows\n/burst", results.Overflows, 1, rows, 4),
		someOf("forgotten\n/burst", results.NeverAccepted, rows, 3),
		percentile("connect(2)\np99, µs", results.LatencyP99, rows, 18),
	)
}

// someOf is a column of what there hardly ever is: empty if none has any.
func someOf(header string, m results.Metric, rows []row, rank int) column {
	if !slices.ContainsFunc(rows, func(r row) bool { return r.arm.Values[m].High > 0 }) {
		return column{cells: make([]string, len(rows))}
	}
	return plainMetric(header, m, 1, rows, rank)
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
		zero:   "all",
		told:   true,
	}
}

// acceptMeasures are, of connections that come apart, whom each of them wakes, and of
// those that come at once how fast they are accepted as well.
func acceptMeasures(c results.Cell) []measure {
	each := []measure{
		{"wake-ups", "wake-ups per connection", "wake-ups of the server's threads per connection", 1, results.WakeupsPerAccept, 0},
		{"server-cpu", "server CPU per connection", "server CPU per connection (µs)", 1e3, results.ServerCPUPerConnection, 0},
	}
	if c.Active < c.Connections {
		return each
	}
	return append(each,
		measure{"last-accept", "time to the last accept", "first connect to last accept (ms)", 1e6, results.ConnectElapsed, 0},
		measure{"overflows", "overflows of the listeners' queues", "times that a connection of a burst found a queue full", 1, results.Overflows, 0},
	)
}

// nothing says that none of a sweep's arms has any of what m counts.
func (sw sweep) nothing(m measure) bool {
	return !slices.ContainsFunc(sw.cells, func(c Cell) bool {
		return slices.ContainsFunc(c.Arms, func(a Arm) bool { return a.Values[m.metric].High > 0 })
	})
}

// acceptRemarks say what the columns of a burst count.
func acceptRemarks(sc Scenario) []string {
	if sc.Name != results.ScenarioAccept {
		return nil
	}
	all := []string{"A wake-up is a thread of the server that slept and was woken, whether or not a connection was left for it; in vain: it returned from its wait, and nobody was left to accept. All at once, threads find the next connection without sleeping."}
	any := func(m results.Metric) bool {
		return !sweep{cells: sc.Cells}.nothing(measure{metric: m})
	}
	if any(results.Overflows) {
		all = append(all, "An overflow is a connection that found the listener's queue full, once more each time; its client tries again after a second, and so the last accept is a second late.")
	}
	if any(results.NeverAccepted) {
		all = append(all, "Forgotten are connections that their clients had established, by a SYN cookie, and of which the server's kernel knew nothing, as its queue was full when that came back; time and CPU are of the others.")
	}
	return all
}
