package report

import "muxbench/results"

// figureUnit is how machines that compare figures are told of a metric: its unit, which
// names what it is of, and whether more is better.
type figureUnit struct {
	metric results.Metric
	unit   string
	more   bool // is better
}

// figureUnits are of the metrics that are worth following from run to run. The unit is
// in ns and bytes, which benchstat scales by itself.
func figureUnits() []figureUnit {
	return []figureUnit{
		{results.ServerCPUPerMessage, "server-cpu-ns/msg", false},
		{results.ServerCPUPerConnection, "server-cpu-ns/connect", false},
		{results.Throughput, "msgs/s", true},
		{results.ConnectsPerSecond, "connects/s", true},
		{results.Elapsed, "elapsed-ns", false},
		{results.ConnectElapsed, "connect-ns", false},
		{results.RegistrationTime, "registration-ns/fd", false},
		{results.EmptyWaitTime, "empty-wait-ns", false},
		{results.LatencyP50, "p50-ns", false},
		{results.LatencyP90, "p90-ns", false},
		{results.LatencyP99, "p99-ns", false},
		{results.LatencyP999, "p99.9-ns", false},
		{results.SLORate, "slo-msgs/s", true},
		{results.ServerSyscallsPerMsg, "server-syscalls/msg", false},
		{results.LoadCPUPerMessage, "load-cpu-ns/msg", false},
		{results.ServerRSS, "server-rss-B", false},
	}
}

// follows says whether a figure is one to follow in a cell: the time of a window is
// what was asked for, but for that of an iteration, and percentiles have to be carried
// by samples.
func (f figureUnit) follows(c results.Cell, samples int64) bool {
	switch {
	case f.metric == results.Elapsed:
		return c.Scenario == results.ScenarioChain
	case f.metric == results.ConnectElapsed:
		return c.SetsUp()
	case f.metric == results.ConnectsPerSecond: // elsewhere they are set up once, beforehand
		return c.SetsUp() || c.Scenario == results.ScenarioChurn
	case f.metric == results.ServerCPUPerMessage:
		return !c.SetsUp() && c.Scenario != results.ScenarioChurn && c.Scenario != results.ScenarioCtl
	case f.metric.Percentile() > 0:
		return results.Carried(samples, f.metric.Percentile()) != results.CarriedNot
	}
	return true
}
