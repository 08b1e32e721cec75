package report

import (
	"math"

	"muxbench/results"
	"muxbench/results/stats"
)

// scenarioConnect measures set-up: its slices count connections, where those
// of every other scenario count messages.
const scenarioConnect = "connect"

// pairedMetric is a metric that every slice has a value of, so that two arms
// can be compared turn by turn.
type pairedMetric struct {
	metric results.Metric
	of     func(results.Slice) (numerator, denominator float64)
}

// pairedMetrics are the metrics that arms of a cell are compared by, the
// primary one last.
func pairedMetrics(c results.Cell) []pairedMetric {
	elapsed := func(s results.Slice) (float64, float64) { return float64(s.ElapsedNS), 1 }
	cpuPerMessage := pairedMetric{results.ServerCPUPerMessage, func(s results.Slice) (float64, float64) {
		return float64(s.ServerCPUNS), float64(s.Messages)
	}}
	switch c.Scenario {
	case scenarioConnect:
		return []pairedMetric{
			{results.ConnectElapsed, elapsed},
			{results.ServerCPUPerConnection, func(s results.Slice) (float64, float64) {
				return float64(s.ServerCPUNS), float64(s.Connects)
			}},
		}
	case scenarioChain:
		return []pairedMetric{cpuPerMessage, {results.Elapsed, elapsed}}
	}
	return []pairedMetric{
		{results.Throughput, func(s results.Slice) (float64, float64) {
			return float64(s.Messages), float64(s.ElapsedNS)
		}},
		cpuPerMessage,
	}
}

// primaryMetric is what the mechanism changes: the server's CPU time, or where
// one process does all, the time.
func primaryMetric(c results.Cell) pairedMetric {
	metrics := pairedMetrics(c)
	return metrics[len(metrics)-1]
}

// ratioOverBlocks is the ratio of arm to base over the blocks in which both
// are ok. It is not ok if no block has a ratio.
func ratioOverBlocks(arm, base []results.Trial, m pairedMetric) (Estimate, bool) {
	ratios := blockLogRatios(arm, base, m)
	if len(ratios) == 0 {
		return Estimate{}, false
	}
	return ratioOf(ratios), true
}

// ratioOf is what the logarithms of at least one block's ratio come to.
func ratioOf(logs []float64) Estimate {
	e := estimate(logs)
	return Estimate{unlog(e.Median), unlog(e.Low), unlog(e.High), e.Blocks}
}

// blockLogRatios are the logarithms of arm's ratio to base, of each block in
// which both are ok. The ratio of a block is the median over its turns: both
// arms' slices of a turn ran next to each other, and what disturbed one is
// likely to have disturbed the other.
func blockLogRatios(arm, base []results.Trial, m pairedMetric) []float64 {
	bases := make(map[int]results.Trial)
	for _, t := range base {
		if t.Status == results.StatusOK {
			bases[t.Block] = t
		}
	}
	var blocks []float64
	for _, t := range arm {
		b, ok := bases[t.Block]
		if !ok || t.Status != results.StatusOK {
			continue
		}
		if r, ok := blockLogRatio(t, b, m); ok {
			blocks = append(blocks, r)
		}
	}
	return blocks
}

// unlog leaves out the digits in which processors differ.
func unlog(v float64) float64 { return roundTo(math.Exp(v), 9) }

// blockLogRatio is the median over turns of the logarithm of arm's value over
// base's. A turn that either lacks, or has no positive value in, has no ratio.
func blockLogRatio(arm, base results.Trial, m pairedMetric) (float64, bool) {
	turns := make(map[int]float64)
	for _, s := range base.Slices {
		if v, ok := stats.LogRatio(m.of(s)); ok {
			turns[s.Turn] = v
		}
	}
	var ratios []float64
	for _, s := range arm.Slices {
		v, ok := stats.LogRatio(m.of(s))
		if b, paired := turns[s.Turn]; ok && paired {
			ratios = append(ratios, v-b)
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	return stats.Median(ratios), true
}
