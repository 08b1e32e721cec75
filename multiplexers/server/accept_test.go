//go:build linux

package server_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"muxbench/multiplexers/server"
)

// TestAcceptStorm connects many at once: nobody is forgotten, whatever the
// trigger.
func TestAcceptStorm(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		const clients = 400
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(s.Address()))
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				m := message(10 + i)
				got := make([]byte, len(m))
				err = c.SetDeadline(time.Now().Add(patience))
				if err == nil {
					_, err = c.Write(m)
				}
				if err == nil {
					_, err = io.ReadFull(c, got)
				}
				if err != nil || string(got) != string(m) {
					t.Errorf("client %d: %v", i, err)
				}
			})
		}
		all.Wait()
		snap := eventually(t, s, "all are gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
		if snap.Counters.Accepts != clients || snap.Refused != 0 {
			t.Errorf("%d accepted, %d refused, want %d and none", snap.Counters.Accepts, snap.Refused, clients)
		}
	})
}

// TestReserveLost: somebody took the last descriptor, the reserve included.
// Clients then wait in the queue without the loop spinning, until a connection
// ends; and there is a reserve again.
func TestReserveLost(t *testing.T) {
	eachOf(t, loopsInOneThread, func(t *testing.T, b server.Backend) {
		c := startCramped(t, b)
		leaves, served := c.try()
		if !served {
			t.Fatal("the first client is refused")
		}
		before := c.allow(3)
		waits := c.connect()
		if _, err := waits.Write(message(10)); err != nil {
			t.Fatal(err)
		}
		c.noticed(before)
		paused := c.snapshot()
		if paused.Counters.Accepts != before.Counters.Accepts || paused.Refused != 0 {
			t.Fatalf("%+v: want neither accepted nor refused", paused)
		}
		for range 10 {
			if snap := c.snapshot(); snap.Counters != paused.Counters {
				t.Fatalf("the loop goes on: %+v, before %+v", snap.Counters, paused.Counters)
			}
		}
		c.allow(fewDescriptors)
		if err := leaves.Close(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 10)
		if _, err := io.ReadFull(waits, got); err != nil || !bytes.Equal(got, message(10)) {
			t.Fatalf("with descriptors again, the waiting client gets %v, %v", got, err)
		}
		for range fewDescriptors {
			if _, served = c.try(); !served {
				return
			}
		}
		t.Error("a full table refuses nobody")
	})
}

// TestPauseEndsByItself: with no connection open none can end, and a client
// that waits is let in soon after there are descriptors again.
func TestPauseEndsByItself(t *testing.T) {
	eachOf(t, loopsInOneThread, func(t *testing.T, b server.Backend) {
		c := startCramped(t, b)
		before := c.allow(3)
		waits := c.connect()
		if _, err := waits.Write(message(10)); err != nil {
			t.Fatal(err)
		}
		c.noticed(before)
		paused, since := c.snapshot(), time.Now()
		if paused.Open != 0 || paused.Refused != 0 {
			t.Fatalf("%+v: want neither accepted nor refused", paused)
		}
		for range 50 {
			c.snapshot()
		}
		// A retry is two waits: the one that ends the pause, and the one that
		// finds the client again.
		retries := 1 + int64(time.Since(since)/(50*time.Millisecond))
		if waits := c.snapshot().Counters.Waits - paused.Counters.Waits; waits > 2*retries {
			t.Errorf("%d waits in %s: the loop spins", waits, time.Since(since))
		}
		c.allowUnasked(fewDescriptors)
		got := make([]byte, 10)
		if _, err := io.ReadFull(waits, got); err != nil || !bytes.Equal(got, message(10)) {
			t.Fatalf("with descriptors again, the waiting client gets %v, %v", got, err)
		}
	})
}

// acceptsInOneThread leaves out those that have several loops.
func acceptsInOneThread(b server.Backend) bool { return b.Loops == 0 }

// loopsInOneThread leaves out those without a loop too: an accept4(2) that blocks
// has its descriptor already, and what comes after it nobody sees.
func loopsInOneThread(b server.Backend) bool { return acceptsInOneThread(b) && b.Multiplexes() }

// noticed returns when the loop has noticed a client that it cannot accept.
func (c *cramped) noticed(before server.Snapshot) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for c.snapshot().Counters.Waits == before.Counters.Waits {
		if time.Now().After(deadline) {
			c.t.Fatal("the loop takes no notice of a client")
		}
	}
}
