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
	if sum.Connects > 0 {
		v[results.ConnectElapsed] = stats.Median(lengths)
		v[results.ServerCPUPerConnection] = float64(sum.ServerCPUNS) / float64(sum.Connects)
	}
	if elapsed := v[results.ConnectElapsed]; elapsed > 0 {
		v[results.ConnectsPerSecond] = float64(t.Connections) / elapsed * 1e9
	}
	if t.Scenario == Chain {
		v[results.Elapsed] = stats.Median(lengths)
	}
	c := t.Counters.Server
	counted := c != results.Counters{} // or else a program of the user's, which does not tell
	if counted {
		v[results.ServerSwitches] = float64(sum.ServerSwitches)
	}
	if counted || t.Scenario != Chain {
		v[results.WorldStops] = float64(sum.WorldStops)
	}
	if t.Scenario != Chain {
		v[results.LoadSwitches] = float64(sum.LoadSwitches)
	}
	if elapsed := float64(sum.ElapsedNS); elapsed > 0 {
		v[results.ServerBusyShare] = float64(sum.ServerCPUNS) / elapsed
		if t.Scenario != Chain && !t.Open() { // or else there is none, or it spins
			v[results.LoadBusyShare] = float64(sum.LoadCPUNS) / elapsed
		}
		if sum.ServerQueuedNS > 0 && sum.WatchedNS > 0 { // none at all is a kernel that does not tell
			v[results.ServerQueueShare] = min(1, float64(sum.ServerQueuedNS)/float64(sum.WatchedNS))
		}
	}
	if n := float64(sum.Messages); n > 0 {
		v[results.ServerCPUPerMessage] = float64(sum.ServerCPUNS) / n
		if t.Scenario != Chain {
			v[results.Throughput] = n / float64(sum.ElapsedNS) * 1e9
		}
		if t.Closed() {
			v[results.LoadCPUPerMessage] = float64(sum.LoadCPUNS) / n
		}
		if counted {
			perMessage(v, t.Backend, c, sum)
		}
	}
	if c.Waits > 0 {
		v[results.EventsPerWait] = float64(c.Events) / float64(c.Waits)
		v[results.ExaminedPerWait] = float64(c.Examined) / float64(c.Waits)
	}
}

// perMessage computes what a server of ours did for a message, and what of its
// thread's CPU time was spent where.
func perMessage(v map[results.Metric]float64, backend string, c results.Counters, sum results.Slice) {
	n := float64(sum.Messages)
	for metric, count := range map[results.Metric]int64{
		results.ServerSyscallsPerMsg:   syscalls(c, backend),
		results.ServerReadsPerMsg:      c.Reads,
		results.ServerWritesPerMsg:     c.Writes,
		results.ServerWaitsPerMsg:      c.Waits,
		results.ServerEmptyWaitsPerMsg: c.EmptyWaits,
		results.ServerRegsPerMsg:       c.Adds + c.Modifies + c.Removes,
	} {
		v[metric] = float64(count) / n
	}
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
	n := c.Waits + c.Reads + c.Writes + c.Accepts + c.Removes
	if b, err := server.Lookup(backend); err == nil && b.Mechanism.Capabilities.KernelSet {
		n += c.Adds + c.Modifies + c.Removes
	}
	return n
}
