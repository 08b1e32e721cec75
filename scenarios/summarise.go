//go:build linux

package scenarios

import (
	"slices"

	"muxbench/multiplexers/server"
	"muxbench/results"
)

// summarise computes a trial's values from its slices and counters.
func summarise(t *results.Trial, backend string) {
	if len(t.Slices) == 0 {
		return
	}
	var sum results.Slice
	setUps := make([]int64, 0, len(t.Slices))
	for _, s := range t.Slices {
		sum.Messages += s.Messages
		sum.Connects += s.Connects
		sum.ElapsedNS += s.ElapsedNS
		sum.ServerCPUNS += s.ServerCPUNS
		sum.LoadCPUNS += s.LoadCPUNS
		setUps = append(setUps, s.ElapsedNS)
	}
	v := t.Values
	v[results.Messages] = float64(sum.Messages)
	v[results.Elapsed] = float64(sum.ElapsedNS)
	if sum.Connects > 0 {
		slices.Sort(setUps)
		v[results.ConnectElapsed] = float64(setUps[len(setUps)/2]+setUps[(len(setUps)-1)/2]) / 2
		v[results.ServerCPUPerConnection] = float64(sum.ServerCPUNS) / float64(sum.Connects)
	}
	if elapsed := v[results.ConnectElapsed]; elapsed > 0 {
		v[results.ConnectsPerSecond] = float64(t.Connections) / elapsed * 1e9
	}
	c := t.Counters.Server
	if sum.Messages > 0 {
		n := float64(sum.Messages)
		v[results.Throughput] = n / float64(sum.ElapsedNS) * 1e9
		v[results.ServerCPUPerMessage] = float64(sum.ServerCPUNS) / n
		v[results.LoadCPUPerMessage] = float64(sum.LoadCPUNS) / n
		v[results.ServerSyscallsPerMsg] = float64(syscalls(c, backend)) / n
	}
	if c.Waits > 0 {
		v[results.EventsPerWait] = float64(c.Events) / float64(c.Waits)
	}
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
