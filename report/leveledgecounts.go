package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// levelCounter is something that servers count for a message, and what it is called
// in a sentence.
type levelCounter struct {
	metric results.Metric
	name   string
}

// levelCounters are what the ways of triggering differ in: whether a descriptor is
// asked for again, and how often it has to be found empty.
func levelCounters() []levelCounter {
	return []levelCounter{
		{results.ServerRegsPerMsg, "registrations"},
		{results.ServerWaitsPerMsg, "waits"},
		{results.ServerReadsPerMsg, "reads"},
		{results.ServerWritesPerMsg, "writes"},
		{results.ServerEAGAINPerMsg, "calls that would have blocked"},
	}
}

// leastCount is the least difference for a message that is worth a word.
const leastCount = 0.01

// levelCauses are sentences, for each arm and each side on which its server CPU
// lies, about what the servers counted there. They tell what differs along with it,
// and not that it is the cause: nothing here could tell.
func levelCauses(all []LevelOrEdge) []string {
	var sentences []string
	for _, arm := range levelArms(all) {
		for _, side := range []struct {
			verdict LevelVerdict
			takes   string
		}{{Less, "less"}, {More, "more"}} {
			of := slices.DeleteFunc(ofCPU(all), func(l LevelOrEdge) bool { return l.Arm != arm || l.Verdict != side.verdict })
			var parts []string
			for _, c := range levelCounters() {
				parts = append(parts, c.differences(of)...)
			}
			if len(parts) > 0 {
				sentences = append(sentences, fmt.Sprintf("Where %s takes %s, counts for a message that differ for certain, %s against it: %s.",
					plainName(arm), side.takes, plainName(of[0].cell.Reference), strings.Join(parts, ", ")))
			}
		}
	}
	return sentences
}

// differences are of one counter: where the reference has more, and where less.
func (c levelCounter) differences(of []LevelOrEdge) []string {
	var parts []string
	for _, more := range []bool{true, false} {
		var there, here []float64
		for _, l := range of {
			reference, _ := l.cell.arm(l.cell.Reference)
			r, known := reference.Values[c.metric]
			a, too := l.arm.Values[c.metric]
			if known && too && apart(r, a) && r.Value > a.Value == more {
				there, here = append(there, r.Value), append(here, a.Value)
			}
		}
		if len(there) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s against %s%s", c.name, countSpan(there), countSpan(here),
				unless(len(there) == len(of), fmt.Sprintf(" (in %d of %d)", len(there), len(of)))))
		}
	}
	return parts
}

// apart tells whether two counts differ for certain, by their intervals over blocks,
// and by enough for a word.
func apart(a, b Estimate) bool {
	return a.Interval && b.Interval && (a.High < b.Low || b.High < a.Low) && math.Abs(a.Value-b.Value) >= leastCount
}

// countSpan writes counts from the least to the greatest.
func countSpan(counts []float64) string {
	const digits = 2
	one := func(v float64) string {
		if v == 0 {
			return "none"
		}
		return formatNumber(v, digits)
	}
	low, high := one(slices.Min(counts)), one(slices.Max(counts))
	if low == high {
		return low
	}
	return low + " to " + high
}
