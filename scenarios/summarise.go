//go:build linux

package scenarios

import (
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/results/stats"
)

// summarise computes a trial's values from its slices and counters.
func summarise(t *results.Trial) {
	if len(t.Slices) == 0 {
		return
	}
	var sum results.Slice
	lengths := make([]float64, 0, len(t.Slices))
	for _, s := range t.Slices {
		sum.Messages += s.Messages
		sum.Connects += s.Connects
		sum.ElapsedNS += s.ElapsedNS
		sum.ServerCPUNS += s.ServerCPUNS
		sum.LoadCPUNS += s.LoadCPUNS
		sum.ServerOwnCPUNS += s.ServerOwnCPUNS
		sum.ServerUserNS += s.ServerUserNS
		sum.ServerQueuedNS += s.ServerQueuedNS
		sum.WatchedNS += s.WatchedNS
		sum.ServerSwitches += s.ServerSwitches
		sum.LoadSwitches += s.LoadSwitches
		sum.WorldStops += s.WorldStops
		lengths = append(lengths, float64(s.ElapsedNS))
	}
	v := t.Values
	v[results.Messages] = float64(sum.Messages)
	v[results.Elapsed] = float64(sum.ElapsedNS)
	switch {
	case t.SetsUp():
		v[results.ConnectElapsed] = stats.Median(lengths)
	case t.OneProcess():
		v[results.Elapsed] = stats.Median(lengths)
	}
	switch elapsed := v[results.ConnectElapsed]; {
	case elapsed > 0 && t.SetsUp(): // of which some may have been forgotten
		v[results.ConnectsPerSecond] = float64(sum.Connects) / float64(len(t.Slices)) / elapsed * 1e9
	case elapsed > 0:
		v[results.ConnectsPerSecond] = float64(t.Connections) / elapsed * 1e9
	case sum.Connects > 0 && sum.ElapsedNS > 0:
		v[results.ConnectsPerSecond] = float64(sum.Connects) / float64(sum.ElapsedNS) * 1e9
	}
	if sum.Connects > 0 {
		v[results.ServerCPUPerConnection] = float64(sum.ServerCPUNS) / float64(sum.Connects)
	}
	switch t.Scenario {
	case Accept:
		accepted(t)
	case Ctl:
		changed(t)
	}
	sharesOfThreads(t)
	c := t.Counters.Server
	// Or else a program of the user's, or what package net does, which does not tell.
	counted := c.Waits+c.Reads > 0 || sum.Connects > 0 && c != results.Counters{}
	if c != (results.Counters{}) {
		v[results.ServerSwitches] = float64(sum.ServerSwitches)
	}
	if counted || !t.OneProcess() {
		v[results.WorldStops] = float64(sum.WorldStops)
	}
	if !t.OneProcess() {
		v[results.LoadSwitches] = float64(sum.LoadSwitches)
	}
	if elapsed := float64(sum.ElapsedNS); elapsed > 0 && t.Scenario != Ctl { // whose CPU time is of its waits as well
		v[results.ServerBusyShare] = float64(sum.ServerCPUNS) / elapsed / float64(max(1, len(t.ServerCPUs)))
		if !t.OneProcess() && !t.Open() { // or else there is none, or it spins
			v[results.LoadBusyShare] = float64(sum.LoadCPUNS) / elapsed
		}
		if sum.ServerQueuedNS > 0 && sum.WatchedNS > 0 { // none at all is a kernel that does not tell
			v[results.ServerQueueShare] = min(1, float64(sum.ServerQueuedNS)/float64(sum.WatchedNS))
		}
	}
	if n := float64(sum.Messages); n > 0 {
		v[results.ServerCPUPerMessage] = float64(sum.ServerCPUNS) / n
		if !t.OneProcess() && t.Scenario != Churn { // whose messages are its connections
			v[results.Throughput] = n / float64(sum.ElapsedNS) * 1e9
		}
		if t.Closed() {
			v[results.LoadCPUPerMessage] = float64(sum.LoadCPUNS) / n
		}
		if c != (results.Counters{}) {
			clocksPerMessage(v, sum)
		}
		if counted {
			callsPerMessage(v, t.Backend, c, n)
		}
	}
	if c.Waits > 0 {
		v[results.EventsPerWait] = float64(c.Events) / float64(c.Waits)
		v[results.ExaminedPerWait] = float64(c.Examined) / float64(c.Waits)
	}
}

// callsPerMessage computes what a server of ours did for each of n messages. One
// without a multiplexer neither waits by one nor has a set to change.
func callsPerMessage(v map[results.Metric]float64, backend string, c results.Counters, n float64) {
	all := map[results.Metric]int64{
		results.ServerSyscallsPerMsg: syscalls(c, backend),
		results.ServerReadsPerMsg:    c.Reads,
		results.ServerWritesPerMsg:   c.Writes,
		results.ServerEAGAINPerMsg:   c.EAGAIN - c.EmptyAccepts,
	}
	if b, err := server.Lookup(backend); err != nil || b.Multiplexes() {
		all[results.ServerWaitsPerMsg] = c.Waits
		all[results.ServerEmptyWaitsPerMsg] = c.EmptyWaits
		all[results.ServerRegsPerMsg] = c.Adds + c.Modifies + c.Removes
		all[results.ServerFutexesPerMsg] = c.Futexes
	}
	for metric, count := range all {
		v[metric] = float64(count) / n
	}
}

// clocksPerMessage computes where a server of ours spent its threads' CPU time.
func clocksPerMessage(v map[results.Metric]float64, sum results.Slice) {
	n := float64(sum.Messages)
	own := sum.ServerCPUNS
	if sum.ServerOwnCPUNS > 0 {
		own = sum.ServerOwnCPUNS
		v[results.ServerOwnCPUPerMessage] = float64(own) / n
	}
	user := min(own, sum.ServerUserNS) // two clocks
	v[results.ServerUserCPUPerMsg] = float64(user) / n
	v[results.ServerSystemCPUPerMsg] = float64(own-user) / n
}

// syscalls is how many system calls the counters stand for: changes of the
// interest set are some only where the kernel keeps it.
func syscalls(c results.Counters, backend string) int64 {
	n := c.Waits + c.Reads + c.Writes + c.Accepts + c.EmptyAccepts + c.Removes + c.Futexes
	if b, err := server.Lookup(backend); err == nil && b.Mechanism.Capabilities.KernelSet {
		n += c.Adds + c.Modifies + c.Removes
	}
	return n
}
