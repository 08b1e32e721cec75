//go:build linux

package server_test

import (
	"io"
	"net"
	"testing"

	"muxbench/multiplexers/server"
)

// TestOneWaitYieldsAllThatIsReady, however many they are, where each wait costs
// a look at the whole set.
func TestOneWaitYieldsAllThatIsReady(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		if b.Mechanism.Capabilities.KernelSet {
			return // the kernel has a list, and short batches cost nothing
		}
		const clients = 1500 // more than the room that a loop begins with
		if most := b.Mechanism.Capabilities.MaxFD; most > 0 && most < clients {
			t.Skipf("it can watch descriptors up to %d, fewer than that room", most)
		}
		s := start(t, config(b))
		var all []*net.TCPConn
		for range clients {
			c := dial(t, s)
			exchange(t, c, message(10))
			all = append(all, c)
		}
		before, err := s.Park()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if _, err := c.Write(message(10)); err != nil {
				t.Fatal(err)
			}
		}
		snapshot(t, s) // wakes it
		for _, c := range all {
			if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
		}
		after := snapshot(t, s)
		if waits := after.Counters.Waits - before.Counters.Waits; waits != 1 {
			t.Errorf("%d ready connections took %d waits, want one", clients, waits)
		}
	})
}
