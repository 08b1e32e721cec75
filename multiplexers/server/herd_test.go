//go:build linux

package server_test

import (
	"testing"

	"muxbench/multiplexers/server"
)

// TestListenersOfSeveralLoops: connections that come one at a time, while all loops
// sleep, are each told to as many loops as the listeners promise: to all that
// share one, to one with EPOLLEXCLUSIVE, to one that has its own.
func TestListenersOfSeveralLoops(t *testing.T) {
	const loops, connections = 8, 50
	eachOf(t, func(b server.Backend) bool { return b.Loops > 0 }, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.Loops = loops
		s := start(t, cfg)
		before := snapshot(t, s)
		for i := range connections {
			dial(t, s)
			eventually(t, s, "it is accepted", func(snap server.Snapshot) bool { return snap.Open == i+1 })
		}
		after := snapshot(t, s)
		c := after.Counters
		if told := c.ListenerEvents - before.Counters.ListenerEvents; told-(c.SpuriousAccepts-before.Counters.SpuriousAccepts) != connections {
			t.Errorf("loops were told of a connection %d times, %d of them in vain, for %d connections", told, c.SpuriousAccepts, connections)
		}
		most := int64(connections)
		slept := after.Sleeps - before.Sleeps
		switch wakesAll := b.Name == "epoll-shared"; {
		case wakesAll:
			// Most find out within the kernel that another was faster, and their wait
			// goes on; but they have been woken. Some were still awake.
			if most *= loops; slept < most/2 {
				t.Errorf("threads slept %d times for %d connections, of which each is to wake %d loops", slept, connections, loops)
			}
		case slept > 2*connections: // for the Go scheduler too
			t.Errorf("threads slept %d times for %d connections, of which each is to wake one loop", slept, connections)
		}
		if told := c.ListenerEvents - before.Counters.ListenerEvents; told > most {
			t.Errorf("loops were told of a connection %d times, want at most %d", told, most)
		}
	})
}

// TestSnapshotsAreNoSleeps: what a snapshot wakes is not counted, whichever thread it
// is.
func TestSnapshotsAreNoSleeps(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		exchange(t, dial(t, s), message(10))
		const snapshots = 50
		before := snapshot(t, s)
		for range snapshots {
			snapshot(t, s)
		}
		// Some are, for the Go scheduler, by way of which threads enter here.
		if n := snapshot(t, s).Sleeps - before.Sleeps; n >= snapshots {
			t.Errorf("%d sleeps for %d snapshots", n, snapshots)
		}
	})
}
