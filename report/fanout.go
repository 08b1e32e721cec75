package report

import "muxbench/results"

// fanoutColumns are of a chat room: each delivery is a message, and latency is to the
// last one.
func fanoutColumns(rows []row) []column {
	var cols []column
	cols = append(cols, compared("deliveries\n/s", results.Throughput, 1, rows, secondary())...)
	cols = append(cols, compared("server CPU\nns/delivery", results.ServerCPUPerMessage, 1, rows, primary())...)
	return append(cols,
		percentile("p50 to\nlast, µs", results.LatencyP50, rows, 12),
		percentile("p99 to\nlast, µs", results.LatencyP99, rows, 6),
		counted("registrations\n/delivery", results.ServerRegsPerMsg, rows, 5),
		counted("would block\n/delivery", results.ServerEAGAINPerMsg, rows, 8),
		counted("syscalls\n/delivery", results.ServerSyscallsPerMsg, rows, 16),
	)
}
