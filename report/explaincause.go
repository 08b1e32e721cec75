package report

import (
	"cmp"
	"math"
	"slices"

	"muxbench/results"
)

// cause is what is known of why an arm differs from the reference of its cell.
type cause struct {
	cell           Cell
	arm, reference Arm
	ratio          Ratio // of the metric that is explained
	known          knowledge
	with           []results.Metric // counters that differ in the direction of the ratio, those that stand for most work first
	against        []results.Metric // and in the other
}

// knowledge is how much can be said.
type knowledge int

const (
	fewBlocks knowledge = iota // too few to tell a difference
	same                       // no difference can be told
	noise                      // no more of one than between identical arms
	uncounted                  // a difference, and no counters
	foreign                    // a difference, and a server that is not ours on either side
	divisible                  // a difference that is the sum of others
	accounted                  // a difference, and counters of both
)

// What may be noise, and how the work is weighed that a counter stands for.
const (
	noiseShare    = 0.02 // of a counter
	noiseAMessage = 0.01
	noiseSwitches = 10.0 // a second
	aLook         = 0.1  // of a call: examining one descriptor takes some tens of ns, a call some hundreds
)

// newCause is not ok if the cell has nothing to compare: no reference, or no
// ratio of the arm to it.
func newCause(cell Cell, name string) (cause, bool) {
	arm, _ := cell.arm(name)
	reference, ok := cell.arm(cell.Reference)
	metric := cell.accountable()
	ratio := arm.Ratios[metric]
	if !ok || ratio == nil || name == cell.Reference {
		return cause{}, false
	}
	c := cause{cell: cell, arm: arm, reference: reference, ratio: *ratio}
	switch {
	case !ratio.Interval:
	case !ratio.told():
		c.known = same
	case math.Abs(math.Log(ratio.Value)) <= math.Log1p(cell.Noise[metric].Floor):
		c.known = noise
	case arm.external() || reference.external():
		c.known = foreign
	case cell.Scenario == results.ScenarioCtl:
		c.known = divisible
	case !arm.counts(cell.Scenario) || !reference.counts(cell.Scenario):
		c.known = uncounted
	default:
		c.known = accounted
		c.count()
	}
	return c, true
}

// accountable is the metric that counters may explain: in an open loop, latency
// is a matter of queues, and the server's CPU time is not.
func (c Cell) accountable() results.Metric {
	if open(c.Cell) {
		return results.ServerCPUPerMessage
	}
	return c.Primary().Metric
}

// count finds the counters that differ.
func (c *cause) count() {
	work := make(map[results.Metric]float64)
	for _, metric := range explained(c.cell.Scenario) {
		a, b, ok := c.pair(metric)
		if !ok || !differ(a, b) {
			continue
		}
		more := a.Value - b.Value
		work[metric] = math.Abs(more)
		if metric == examinedPerMessage {
			work[metric] *= aLook
		}
		if (more > 0) == (c.ratio.Value > 1) {
			c.with = append(c.with, metric)
		} else {
			c.against = append(c.against, metric)
		}
	}
	for _, metrics := range [][]results.Metric{c.with, c.against} {
		slices.SortStableFunc(metrics, func(a, b results.Metric) int { return cmp.Compare(work[b], work[a]) })
	}
}

// examinedPerMessage is derived: no trial has it.
const examinedPerMessage results.Metric = "examined_per_msg"

// explained are the counters that are compared in a scenario, each per message.
// Events per wait are the waits per message over again.
func explained(scenario string) []results.Metric {
	if scenario == results.ScenarioAccept {
		return []results.Metric{results.WakeupsPerAccept, results.SpuriousPerAccept}
	}
	return []results.Metric{
		examinedPerMessage, results.ServerWaitsPerMsg, results.ServerEmptyWaitsPerMsg, results.ServerReadsPerMsg,
		results.ServerWritesPerMsg, results.ServerRegsPerMsg, results.ServerFutexesPerMsg,
	}
}

// pair is a counter of the arm and of the reference, if both have it.
func (c cause) pair(metric results.Metric) (arm, reference Estimate, ok bool) {
	arm, known := c.arm.perMessage(metric)
	reference, ok = c.reference.perMessage(metric)
	return arm, reference, ok && known
}

func (a Arm) perMessage(metric results.Metric) (Estimate, bool) {
	if metric != examinedPerMessage {
		e, ok := a.Values[metric]
		return e, ok
	}
	examined, ok := a.Values[results.ExaminedPerWait]
	waits, known := a.Values[results.ServerWaitsPerMsg]
	return Estimate{
		Value: examined.Value * waits.Value, Low: examined.Low * waits.Low, High: examined.High * waits.High,
		Interval: examined.Interval && waits.Interval, Blocks: min(examined.Blocks, waits.Blocks),
	}, ok && known
}

// differ tells whether two counters do by more than noise: their intervals
// have to lie apart.
func differ(a, b Estimate) bool {
	apart := math.Abs(a.Value - b.Value)
	return apart > noiseShare*max(a.Value, b.Value) && apart > noiseAMessage && (a.Low > b.High || b.Low > a.High)
}

// like tells whether the same is to be said of two causes, but for figures.
func (c cause) like(d cause) bool {
	sorted := func(m []results.Metric) []results.Metric { return slices.Sorted(slices.Values(m)) }
	return c.known == d.known && c.cell.Reference == d.cell.Reference &&
		(c.known < uncounted || (c.ratio.Value > 1) == (d.ratio.Value > 1)) &&
		slices.Equal(sorted(c.with), sorted(d.with)) && slices.Equal(sorted(c.against), sorted(d.against)) &&
		c.switched() == d.switched()
}

// switched tells whether the kernel took the CPU away from the arm's server
// clearly more often than from the reference's.
func (c cause) switched() bool {
	a, ok := row{c.cell, c.arm}.switchesPerSecond()
	b, known := row{c.cell, c.reference}.switchesPerSecond()
	return c.known == accounted && ok && known && a > noiseSwitches && a > 2*b
}
