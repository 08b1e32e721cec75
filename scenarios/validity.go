//go:build linux

package scenarios

import (
	"fmt"
	"maps"
	"math"

	"muxbench/results"
	"muxbench/results/stats"
)

// disturbed says why a block is void: what the machine did meanwhile, and never
// what the block's own figures are. It is empty if the block stands.
func disturbed(v Vitality, trials []results.Trial) string {
	switch {
	case v[results.StealShare] > results.StealVoid:
		return fmt.Sprintf("the hypervisor took more than %g %% of the CPUs' time", 100*results.StealVoid)
	case v[results.Throttled] > 0:
		return "a CPU quota stopped the processes"
	case v[results.SpeedChange] > results.SpeedVoid:
		return fmt.Sprintf("the speed of a CPU changed by more than %g %%", 100*results.SpeedVoid)
	}
	for _, t := range trials {
		switch {
		case t.Values[results.WorldStops] > 0:
			return "the Go runtime stopped the world of a worker within a slice"
		case v != nil && t.OneThread() && t.Values[results.ServerQueueShare] > results.QueueVoid && t.ServerCPU != t.LoadCPU:
			return fmt.Sprintf("something else had the CPU of a server that was ready, for more than %g %% of the time", 100*results.QueueVoid)
		}
	}
	return ""
}

// check notes in a trial what the machine did meanwhile, and which checks did
// not hold.
func check(t *results.Trial, v Vitality) {
	failed := func(c results.Check, is bool) {
		if is {
			t.Validity = append(t.Validity, string(c))
		}
	}
	if len(t.Slices) == 0 {
		failed(results.CheckSLO, t.SLO != "" && t.Status == results.StatusOK)
		return
	}
	maps.Copy(t.Values, v)
	failed(results.CheckSteal, v[results.StealShare] > results.StealFlagged)
	failed(results.CheckSpeed, v[results.SpeedChange] > results.SpeedFlagged)
	failed(results.CheckThrottled, v[results.Throttled] > 0)
	if t.Scenario != Accept { // whose bursts are to find out about both
		failed(results.CheckListen, v[results.ListenDrops] > 0)
		failed(results.CheckRetransmits, v[results.RetransmittedShare] > results.RetransmittedFlagged)
	}
	checkSides(t, failed)
	if t.Open() {
		checkOpen(t, failed)
	}
	if drift, noise, ok := driftOf(t); ok {
		t.Values[results.Drift] = drift
		failed(results.CheckDrift, math.Abs(drift) > max(results.DriftFlagged, results.DriftFlagMAD*noise))
	}
}

// checkSides are the checks of what server and load generator did.
func checkSides(t *results.Trial, failed func(results.Check, bool)) {
	values := t.Values
	var elapsed int64
	for _, s := range t.Slices {
		if t.OneProcess() || t.Scenario == Accept { // what is timed may be a part only of what is watched
			elapsed += max(s.ElapsedNS, s.WatchedNS)
		} else {
			elapsed += s.ElapsedNS
		}
	}
	failed(results.CheckWorldStops, values[results.WorldStops] > 0)
	failed(results.CheckQueue, values[results.ServerQueueShare] > results.QueueFlagged)
	failed(results.CheckSwitches, t.OneThread() && values[results.ServerSwitches]/(float64(elapsed)/1e9) > results.SwitchesFlagged)
	load, known := values[results.LoadBusyShare]
	failed(results.CheckClientBound, known && load >= results.BusyFlagged && values[results.ServerBusyShare] < results.BusyFlagged)
}

// checkOpen are the checks of an open loop: that the server kept up, and that the
// load generator did.
func checkOpen(t *results.Trial, failed func(results.Check, bool)) {
	v := t.Values
	failed(results.CheckSaturated, results.Saturated(v[results.Throughput], v[results.Offered], v[results.LatencyRise]))
	failed(results.CheckLag, results.Late(v))
	failed(results.CheckSLOUnconfirmed, t.SLO != "" && v[t.SLO] > float64(t.SLONS))
}

// driftOf compares the primary metric in the last third of the window with that
// in the first, as a ratio less 1. noise is the median absolute deviation of
// slices over their median. It takes two slices in each third to tell.
func driftOf(t *results.Trial) (drift, noise float64, ok bool) {
	of := t.Primary()
	var values []float64
	for _, s := range t.Slices {
		if v, ok := of.Value(s); ok {
			values = append(values, v)
		}
	}
	third := len(values) / 3
	if third < 2 {
		return 0, 0, false
	}
	first, last := stats.Median(values[:third]), stats.Median(values[len(values)-third:])
	return last/first - 1, stats.MAD(values) / stats.Median(values), true
}
