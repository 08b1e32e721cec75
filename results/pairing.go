package results

import "muxbench/results/stats"

// Scenarios whose slices are something else than stretches of messages that are
// answered one by one, and those whose arms differ in something else than what
// they wait with.
const (
	ScenarioConnect = "connect" // a slice is one set-up of all connections
	ScenarioAccept  = "accept"  // one burst of connections, of which so many as are active come at once
	ScenarioChurn   = "churn"   // a stretch of connections that carry one message each
	ScenarioFanout  = "fanout"  // a stretch of messages that go to every connection: each delivery is one
	ScenarioChain   = "chain"   // one iteration of one process, which is both sides
	ScenarioCtl     = "ctl"     // one iteration of one process, which changes a set and exchanges nothing
	ScenarioLookup  = "lookup"  // arms differ in how they find a connection's state
	ScenarioScaling = "scaling" // arms differ in how many threads serve
)

// Confidence of every interval that a run is ended by or that is shown.
const Confidence = 0.95

// Pairing is a metric that every slice has a value of, so that two arms can be
// compared turn by turn.
type Pairing struct {
	Metric Metric
	of     func(Slice) (numerator, denominator float64)
}

// Pairings are the metrics that arms of a cell are compared by, the primary
// one last: what the mechanism changes is the server's CPU time or, where one
// process does all, the time; of an open loop, it is the latency or, where that is
// bounded, the rate.
func (c Cell) Pairings() []Pairing {
	elapsed := func(s Slice) (float64, float64) { return float64(s.ElapsedNS), 1 }
	cpuPerMessage := Pairing{ServerCPUPerMessage, func(s Slice) (float64, float64) {
		return float64(s.ServerCPUNS), float64(s.Messages)
	}}
	cpuPerConnection := Pairing{ServerCPUPerConnection, func(s Slice) (float64, float64) {
		return float64(s.ServerCPUNS), float64(s.Connects)
	}}
	each := func(m Metric, ns func(Slice) int64) Pairing {
		return Pairing{m, func(s Slice) (float64, float64) { return float64(ns(s)), float64(s.Changes) }}
	}
	switch c.Scenario {
	case ScenarioConnect, ScenarioAccept:
		return []Pairing{{ConnectElapsed, elapsed}, cpuPerConnection}
	case ScenarioChurn:
		return []Pairing{
			{ConnectsPerSecond, func(s Slice) (float64, float64) {
				return float64(s.Connects), float64(s.ElapsedNS)
			}},
			cpuPerConnection,
		}
	case ScenarioChain:
		return []Pairing{cpuPerMessage, {Elapsed, elapsed}}
	case ScenarioCtl:
		return []Pairing{
			each(AddTime, func(s Slice) int64 { return s.AddNS }),
			each(ModifyTime, func(s Slice) int64 { return s.ModifyNS }),
			each(RemoveTime, func(s Slice) int64 { return s.RemoveNS }),
			each(RegistrationTime, func(s Slice) int64 { return s.AddNS + s.ModifyNS + s.RemoveNS }),
		}
	}
	if c.Open() {
		latency := func(ns func(Slice) int64) func(Slice) (float64, float64) {
			return func(s Slice) (float64, float64) { return float64(ns(s)), 1 }
		}
		open := []Pairing{
			cpuPerMessage,
			{LatencyP50, latency(func(s Slice) int64 { return s.LatencyP50NS })},
			{LatencyP99, latency(func(s Slice) int64 { return s.LatencyP99NS })},
		}
		if c.SLO != "" {
			open = append(open, Pairing{SLORate, func(s Slice) (float64, float64) { return s.Offered, 1 }})
		}
		return open
	}
	return []Pairing{
		{Throughput, func(s Slice) (float64, float64) {
			return float64(s.Messages), float64(s.ElapsedNS)
		}},
		cpuPerMessage,
	}
}

// Primary is the last of the cell's pairings.
func (c Cell) Primary() Pairing {
	pairings := c.Pairings()
	return pairings[len(pairings)-1]
}

// BlockLogRatios are the logarithms of arm's ratio to base, of each block in
// which both are ok, in the order of arm's trials. The ratio of a block is the
// median over its turns: both arms' slices of a turn ran next to each other,
// and what disturbed one is likely to have disturbed the other.
func (p Pairing) BlockLogRatios(arm, base []Trial) []float64 {
	bases := make(map[int]Trial)
	for _, t := range base {
		if t.Status == StatusOK {
			bases[t.Block] = t
		}
	}
	var blocks []float64
	for _, t := range arm {
		b, ok := bases[t.Block]
		if !ok || t.Status != StatusOK {
			continue
		}
		if r := p.TurnLogRatios(t, b); len(r) > 0 {
			blocks = append(blocks, stats.Median(r))
		}
	}
	return blocks
}

// TurnLogRatios are the logarithms of arm's value over base's, turn by turn. A
// turn that either lacks, or has no positive value in, has none.
func (p Pairing) TurnLogRatios(arm, base Trial) []float64 {
	turns := make(map[int]float64)
	for _, s := range base.Slices {
		if v, ok := stats.LogRatio(p.of(s)); ok {
			turns[s.Turn] = v
		}
	}
	var ratios []float64
	for _, s := range arm.Slices {
		v, ok := stats.LogRatio(p.of(s))
		if b, paired := turns[s.Turn]; ok && paired {
			ratios = append(ratios, v-b)
		}
	}
	return ratios
}

// Value is a slice's value of the metric; not ok if it has none, or none that
// is positive.
func (p Pairing) Value(s Slice) (value float64, ok bool) {
	numerator, denominator := p.of(s)
	_, ok = stats.LogRatio(numerator, denominator)
	return numerator / denominator, ok
}
