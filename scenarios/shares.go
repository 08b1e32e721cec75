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
