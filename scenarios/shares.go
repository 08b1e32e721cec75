//go:build linux

package scenarios

import (
	"math"

	"muxbench/results"
)

// sharesOfThreads computes which part of the work the threads got that got the
// least and the most, of those that serve connections.
func sharesOfThreads(t *results.Trial) {
	if t.Counters == nil {
		return
	}
	total, least, most, serving := 0.0, math.Inf(1), 0.0, 0
	for _, thread := range t.Counters.Threads {
		if thread.Role == "boss" {
			continue
		}
		work := float64(thread.Reads)
		if t.SetsUp() {
			work = float64(thread.Accepts)
		}
		total += work
		least, most = min(least, work), max(most, work)
		serving++
	}
	if serving > 1 && total > 0 {
		t.Values[results.LeastThreadShare] = least / total
		t.Values[results.GreatestThreadShare] = most / total
	}
}

// changed computes a trial's values of changing a set.
func changed(t *results.Trial) {
	var sum results.Slice
	for _, s := range t.Slices {
		sum.Changes += s.Changes
		sum.AddNS += s.AddNS
		sum.ModifyNS += s.ModifyNS
		sum.RemoveNS += s.RemoveNS
		sum.EmptyWaits += s.EmptyWaits
		sum.EmptyWaitNS += s.EmptyWaitNS
	}
	if n := float64(sum.Changes); n > 0 {
		t.Values[results.AddTime] = float64(sum.AddNS) / n
		t.Values[results.ModifyTime] = float64(sum.ModifyNS) / n
		t.Values[results.RemoveTime] = float64(sum.RemoveNS) / n
		t.Values[results.RegistrationTime] = float64(sum.AddNS+sum.ModifyNS+sum.RemoveNS) / n
	}
	if sum.EmptyWaits > 0 {
		t.Values[results.EmptyWaitTime] = float64(sum.EmptyWaitNS) / float64(sum.EmptyWaits)
	}
}
