//go:build linux

package server_test

import (
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// reset closes a client's connection with a reset.
func reset(t *testing.T, c *net.TCPConn) {
	t.Helper()
	if err := c.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// Clients that are gone before anybody looks leave nothing behind.
func TestConnectAndVanish(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		const clients = 200
		for i := range clients {
			c := dial(t, s)
			if i%2 == 0 {
				reset(t, c)
			} else if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		snap := eventually(t, s, "all came and went", func(snap server.Snapshot) bool {
			return snap.Counters.Accepts == clients && snap.Open == 0
		})
		if want := watched(b, clients); snap.Counters.Adds != want || snap.Counters.Removes != want {
			t.Errorf("%d added, %d removed, want %d", snap.Counters.Adds, snap.Counters.Removes, want)
		}
		exchange(t, dial(t, s), message(10))
	})
}

// TestNumbersAreNotReusedWithinABatch is C-069: connections that end while
// others are accepted, all in one batch. A descriptor that was closed at once
// would be met again in it, as somebody else's.
func TestNumbersAreNotReusedWithinABatch(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		gate, arrived := make(chan struct{}), make(chan struct{})
		gone := make(map[int]bool) // in the batch under way
		held := false
		hold := make(chan bool, 1)
		var most, reused int
		o := &observed{
			before: func() error {
				most = max(most, len(gone))
				clear(gone)
				select {
				case held = <-hold:
				default:
				}
				if held {
					held = false
					arrived <- struct{}{}
					<-gate
				}
				return nil
			},
			removed: func(fd int) { gone[fd] = true },
			added: func(fd int) {
				if gone[fd] {
					reused++
				}
			},
		}
		s := start(t, config(observe(b, o)))
		const clients = 20
		var old []*net.TCPConn
		for range clients {
			c := dial(t, s)
			exchange(t, c, message(3))
			old = append(old, c)
		}
		for range 5 {
			hold <- true
			if _, err := old[0].Write(message(3)); err != nil { // brings the loop around
				t.Fatal(err)
			}
			<-arrived
			for _, c := range old {
				reset(t, c)
			}
			var fresh []*net.TCPConn
			for range clients {
				c := dial(t, s)
				if _, err := c.Write(message(3)); err != nil {
					t.Fatal(err)
				}
				fresh = append(fresh, c)
			}
			gate <- struct{}{}
			for _, c := range fresh {
				got := make([]byte, 3)
				if _, err := c.Read(got); err != nil {
					t.Fatalf("a connection accepted beside %d that ended: %v", clients, err)
				}
			}
			old = fresh
		}
		eventually(t, s, "the new ones are left", func(snap server.Snapshot) bool { return snap.Open == clients })
		s.Close()
		if reused > 0 {
			t.Errorf("%d descriptors were used again in the batch that ended them", reused)
		}
		if most < clients/2 {
			t.Errorf("at most %d connections ended in one batch: the situation was not met", most)
		}
	})
}

// A set that is told of a descriptor after its close cannot find it any more.
func TestDescriptorsAreRemovedBeforeTheyAreClosed(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		var early atomic.Int64
		o := &observed{removed: func(fd int) {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
				early.Add(1)
			}
		}}
		s := start(t, config(observe(b, o)))
		c := dial(t, s)
		exchange(t, c, message(3))
		reset(t, c)
		eventually(t, s, "it is gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
		s.Close()
		if n := early.Load(); n > 0 {
			t.Errorf("%d descriptors were closed before they were removed from the set", n)
		}
	})
}
