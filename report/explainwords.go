package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// words are sentences. Where figures differ over the stretch, they are given
// from the least to the greatest.
func (cs causes) words() string {
	first := cs[0]
	reference := plainName(first.reference.Name)
	switch first.known {
	case fewBlocks:
		return fmt.Sprintf("too few blocks to tell a difference from %s: it takes %d.", reference, leastTests)
	case same:
		return "no difference from " + reference + " to explain."
	case noise:
		return "differs from " + reference + " by no more than identical arms do: no difference to explain."
	}
	parts := []string{cs.difference()}
	switch first.known {
	case foreign:
		names := []string{}
		for _, a := range []Arm{first.arm, first.reference} {
			if a.external() {
				names = append(names, plainName(a.Name))
			}
		}
		return parts[0] + " Why cannot be said: " + enumerate(names) + " counts nothing for us."
	case uncounted:
		return parts[0] + " Why cannot be said: the result has no counters of both."
	case divisible:
		return parts[0] + " " + cs.changes()
	}
	// In the last cell counters are furthest apart, if connections make them so.
	last := cs[len(cs)-1]
	for _, metric := range last.with {
		parts = append(parts, cs.counter(metric)+".")
	}
	if len(first.with) == 0 {
		text := "The counters do not differ; the difference is within the calls themselves."
		if len(first.against) > 0 {
			text = "No counter explains it; the difference is within the calls themselves."
		}
		parts = append(parts, text)
	}
	for _, metric := range last.against {
		parts = append(parts, "On the other side, "+cs.counter(metric)+".")
	}
	for _, more := range []string{cs.divided(), cs.slope(), cs.switches()} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, " ")
}

// difference is what is to be explained.
func (cs causes) difference() string {
	first := cs[0]
	var ratios []float64
	for _, c := range cs {
		ratios = append(ratios, c.ratio.Value)
	}
	of := map[bool]string{false: "the server CPU of ", true: "the time of "}[first.cell.OneProcess()]
	text := "took " + times(ratios) + " " + of + plainName(first.reference.Name)
	if first.cell.Scenario == results.ScenarioChain {
		text += ", " + cs.span(1, func(c cause) float64 {
			return math.Abs(c.arm.Values[results.Elapsed].Value-c.reference.Values[results.Elapsed].Value) / 1e3
		}) + " µs an iteration " + moreOrLess(first.ratio.Value > 1)
	}
	return text + "."
}

func moreOrLess(more bool) string {
	if more {
		return "more"
	}
	return "less"
}

// span is a figure over the stretch, with that many digits.
func (cs causes) span(digits int, of func(cause) float64) string {
	var values []float64
	for _, c := range cs {
		values = append(values, of(c))
	}
	return fromTo(slices.Min(values), slices.Max(values), digits)
}

// counter is how the arm and its reference differ in one, as a clause.
func (cs causes) counter(metric results.Metric) string {
	arm, reference := plainName(cs[0].arm.Name), plainName(cs[0].reference.Name)
	if metric == examinedPerMessage {
		return cs.examined(arm, reference)
	}
	verb := map[results.Metric]string{
		results.ServerWaitsPerMsg: "waited", results.ServerEmptyWaitsPerMsg: "waited in vain", results.ServerReadsPerMsg: "read",
		results.ServerWritesPerMsg: "wrote", results.ServerRegsPerMsg: "changed its interest set",
		results.ServerFutexesPerMsg: "slept and woke between threads (futex)",
		results.WakeupsPerAccept:    "was woken", results.SpuriousPerAccept: "waited in vain",
	}[metric]
	times := func(of func(cause) Arm) string {
		return cs.span(2, func(c cause) float64 { return of(c).Values[metric].Value })
	}
	auxiliary := "did"
	if metric == results.WakeupsPerAccept {
		auxiliary = "was"
	}
	return fmt.Sprintf("%s %s %s times %s where %s %s %s times", arm, verb,
		times(func(c cause) Arm { return c.arm }), unitOf(cs[0].cell.Scenario).one, reference, auxiliary, times(func(c cause) Arm { return c.reference }))
}

// examined is about the descriptors that the kernel looks at, wait by wait.
func (cs causes) examined(arm, reference string) string {
	looked := func(name string, of func(cause) Arm) string {
		return fmt.Sprintf("%s examined %s descriptors a wait to find %s", name,
			cs.span(0, func(c cause) float64 { return of(c).Values[results.ExaminedPerWait].Value }),
			cs.span(1, func(c cause) float64 { return of(c).Values[results.EventsPerWait].Value }))
	}
	none := func(of func(cause) Arm) bool {
		return !slices.ContainsFunc(cs, func(c cause) bool { return of(c).Values[results.ExaminedPerWait].Value > 0 })
	}
	theArm, theReference := func(c cause) Arm { return c.arm }, func(c cause) Arm { return c.reference }
	switch {
	case none(theReference):
		return looked(arm, theArm) + "; " + reference + "'s set stays in the kernel"
	case none(theArm):
		return looked(reference, theReference) + "; " + arm + "'s set stays in the kernel"
	}
	return looked(arm, theArm) + "; " + looked(reference, theReference)
}

// divided is the difference in CPU time a message, as the kernel divides it.
func (cs causes) divided() string {
	var parts []string
	for _, part := range []struct {
		name   string
		metric results.Metric
	}{{"in the kernel", results.ServerSystemCPUPerMsg}, {"in the server's own code", results.ServerUserCPUPerMsg}} {
		if slices.ContainsFunc(cs, func(c cause) bool { _, _, ok := c.pair(part.metric); return !ok }) {
			return ""
		}
		parts = append(parts, cs.signed(part.metric)+" ns "+part.name)
	}
	if slices.ContainsFunc(cs, func(c cause) bool { _, _, ok := c.pair(results.ServerCPUPerMessage); return !ok }) {
		return ""
	}
	return "CPU " + unitOf(cs[0].cell.Scenario).one + ": " + cs.signed(results.ServerCPUPerMessage) + " ns; as the kernel divides it, by sampling, " + enumerate(parts) + "."
}

// signed is a difference to the reference with its sign.
func (cs causes) signed(metric results.Metric) string {
	var values []float64
	for _, c := range cs {
		values = append(values, math.Round(c.arm.Values[metric].Value-c.reference.Values[metric].Value))
	}
	low, high := withSign(slices.Min(values)), withSign(slices.Max(values))
	if low == high {
		return low
	}
	return low + " to " + high
}

func withSign(v float64) string {
	switch {
	case v > 0:
		return "+" + formatNumber(v, 0)
	case v < 0:
		return "−" + formatNumber(-v, 0)
	}
	return "0"
}

// slope is by how much the difference grows with the descriptors examined, if
// those at least double over the stretch.
func (cs causes) slope() string {
	type end struct{ examined, cpu float64 }
	of := func(c cause) (end, bool) {
		examined, other, ok := c.pair(examinedPerMessage)
		cpu, base, timed := c.pair(results.ServerCPUPerMessage)
		return end{examined.Value - other.Value, cpu.Value - base.Value}, ok && timed
	}
	from, ok := of(cs[0])
	to, known := of(cs[len(cs)-1])
	if !ok || !known || from.examined*to.examined <= 0 || math.Abs(to.examined) < 2*math.Abs(from.examined) {
		return ""
	}
	slope := (to.cpu - from.cpu) / (to.examined - from.examined)
	if slope <= 0 {
		return ""
	}
	return fmt.Sprintf("From the first count to the last, each descriptor more that was examined went with %s ns more.",
		formatNumber(slope, decimals([]float64{slope})))
}

func (cs causes) switches() string {
	if !cs[0].switched() {
		return ""
	}
	rate := func(of func(cause) Arm) string {
		return cs.span(0, func(c cause) float64 {
			v, _ := row{c.cell, of(c)}.switchesPerSecond()
			return v
		})
	}
	return fmt.Sprintf("The kernel took its CPU away %s times a second, and that of %s %s times.",
		rate(func(c cause) Arm { return c.arm }), plainName(cs[0].reference.Name), rate(func(c cause) Arm { return c.reference }))
}
