package report

import "muxbench/results"

// exchanging says of a closed loop that its connections stay, get their own messages
// back, and that its arms differ in what they wait with: of such cells it is told what
// a wait costs, and which arm is the cheapest where.
func exchanging(c results.Cell) bool {
	switch c.Scenario {
	case results.ScenarioChurn, results.ScenarioFanout, results.ScenarioLookup, results.ScenarioScaling:
		return false
	}
	return c.Closed()
}

// churnColumns are of connections that come, carry a message and go.
func churnColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("connects\n/s", results.ConnectsPerSecond, 1, rows, secondary())...)
	cols = append(cols, compared("server CPU\nns/connect", results.ServerCPUPerConnection, 1, rows, primary())...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, rows, 12),
		percentile("p99\nµs", results.LatencyP99, rows, 6),
		percentile("p99.9\nµs", results.LatencyP999, rows, 13),
		counted("events\n/wait", results.EventsPerWait, rows, 16),
		counted("syscalls\n/connect", results.ServerSyscallsPerMsg, rows, 17),
	)
}
