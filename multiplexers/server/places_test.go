//go:build linux

package server_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"muxbench/multiplexers/server"
)

// eachLookup runs a test on every way to find a connection's state that a backend
// has the choice of.
func eachLookup(t *testing.T, test func(*testing.T, server.Config)) {
	t.Helper()
	eachOf(t, func(b server.Backend) bool { return len(b.Lookups()) > 0 }, func(t *testing.T, b server.Backend) {
		for _, by := range b.Lookups() {
			t.Run(string(by), func(t *testing.T) {
				cfg := config(b)
				cfg.Lookup = by
				test(t, cfg)
			})
		}
	})
}

// TestLookups: whichever way states are found, each connection has its own, while
// others come and go around it in the same batches. A reply that does not fit is
// the state that would show up elsewhere.
func TestLookups(t *testing.T) {
	eachLookup(t, func(t *testing.T, cfg server.Config) {
		const size = 100 << 10
		cfg.SocketBuffers = 4096
		s := start(t, cfg)
		random := rand.New(rand.NewPCG(1, 2))
		type client struct {
			*net.TCPConn
			owed int // bytes that were sent and not yet read
		}
		var clients []*client
		for step := range 6 {
			for range 10 {
				clients = append(clients, &client{TCPConn: dial(t, s)})
			}
			// Asleep, so that what happens to several of them is one batch.
			if _, err := s.Park(); err != nil {
				t.Fatal(err)
			}
			written := make(chan error)
			writing := 0
			for i := 0; i < len(clients); i++ {
				switch c := clients[i]; random.IntN(4) {
				case 0: // leaves, with or without what it is owed
					_ = c.Close()
					clients = append(clients[:i], clients[i+1:]...)
					i--
				case 1:
					if c.owed == 0 {
						c.owed = size
						writing++
						go func() {
							_, err := c.Write(message(size))
							written <- err
						}()
					}
				}
			}
			snapshot(t, s)
			for i, c := range clients {
				if c.owed > 0 && (i+step)%2 == 0 || c.owed == 0 && i%3 == 0 {
					if c.owed == 0 {
						exchange(t, c.TCPConn, message(i+1))
						continue
					}
					wantMessage(t, c, size)
					c.owed = 0
				}
			}
			for _, c := range clients {
				if c.owed > 0 {
					wantMessage(t, c, size)
					c.owed = 0
				}
			}
			for range writing {
				if err := <-written; err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, s, fmt.Sprintf("%d connections are left", len(clients)), func(snap server.Snapshot) bool { return snap.Open == len(clients) })
		}
	})
}

// wantMessage reads the answer to a message of that size.
func wantMessage(t *testing.T, c io.Reader, size int) {
	t.Helper()
	got := make([]byte, size)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	if string(got) != string(message(size)) {
		t.Fatal("the answer is another one")
	}
}

// TestChangedInterest: two changes of the set for each message, and none otherwise.
func TestChangedInterest(t *testing.T) {
	eachOf(t, server.Backend.ChangesInterest, func(t *testing.T, b server.Backend) {
		for _, changed := range []bool{false, true} {
			t.Run(fmt.Sprint(changed), func(t *testing.T) {
				cfg := config(b)
				cfg.ChangedInterest = changed
				s := start(t, cfg)
				c := dial(t, s)
				exchange(t, c, message(10))
				before := snapshot(t, s)
				const n = 20
				for range n {
					exchange(t, c, message(100))
				}
				want := int64(0)
				if changed {
					want = 2 * n
				}
				if got := snapshot(t, s).Counters.Modifies - before.Counters.Modifies; got != want {
					t.Errorf("%d changes for %d messages, want %d", got, n, want)
				}
				exchange(t, c, message(1<<20)) // whatever does not fit is waited for as ever
			})
		}
	})
}
