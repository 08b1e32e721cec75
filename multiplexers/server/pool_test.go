//go:build linux

package server_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// TestOrderWithSeveralThreads sends a million messages, numbered, over a few
// connections, as many at a time as it takes for the next ones to be there while
// a thread has the connection: each stream comes back in order.
func TestOrderWithSeveralThreads(t *testing.T) {
	const connections = 8
	each := messagesInOrder / connections
	eachOf(t, func(b server.Backend) bool { return b.Threads(0, 0) != 1 }, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		if b.PoolThreads > 0 {
			cfg.PoolThreads = 4
		}
		s := start(t, cfg)
		ended := make(chan error, 2*connections)
		for i := range connections {
			c := dial(t, s)
			if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			go func() { ended <- number(c, each, uint64(i)) }()
			go func() { ended <- wantNumbers(c, each) }()
		}
		for range 2 * connections {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		snap := snapshot(t, s)
		if want := int64(connections * each * 8); snap.Counters.BytesIn != want || snap.Counters.BytesOut != want {
			t.Errorf("%d bytes in, %d out, want %d", snap.Counters.BytesIn, snap.Counters.BytesOut, want)
		}
		for _, thread := range snap.Threads {
			if thread.Role == "pool" && thread.Counters.Reads == 0 {
				t.Errorf("a thread of the pool has read nothing: order was not put to the test: %+v", snap.Threads)
			}
		}
	})
}

// number writes n numbers of 8 bytes, in bursts of random length that do not end
// where a number does.
func number(c net.Conn, n int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 1))
	var stream []byte
	for i := range n {
		stream = binary.BigEndian.AppendUint64(stream, uint64(i))
	}
	for len(stream) > 0 {
		burst := min(len(stream), 1+random.IntN(300))
		if _, err := c.Write(stream[:burst]); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		stream = stream[burst:]
	}
	return nil
}

// wantNumbers reads them back.
func wantNumbers(c net.Conn, n int) error {
	got := make([]byte, 8*n)
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	for i := range n {
		if v := binary.BigEndian.Uint64(got[8*i:]); v != uint64(i) {
			return fmt.Errorf("number %d of the stream is %d", i, v)
		}
	}
	return nil
}

// TestPoolNoticesABrokenOneShot: where a set reports a connection again before it
// is re-armed, two threads get it. That ends the server, with words, and is not
// left to chance.
func TestPoolNoticesABrokenOneShot(t *testing.T) {
	eachOf(t, func(b server.Backend) bool { return b.PoolThreads > 0 }, func(t *testing.T, b server.Backend) {
		b.Mechanism.New = multiplexers.LevelTriggeredEpoll().New
		cfg := config(b)
		cfg.Spin = server.MaxSpin // a thread has the connection for so long
		s, err := server.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		defer s.Close()
		c := dial(t, s)
		go func() {
			_, _ = io.Copy(io.Discard, c)
		}()
		for deadline := time.Now().Add(patience); ; {
			select {
			case err := <-served:
				if err == nil || !strings.Contains(err.Error(), "two threads at once") {
					t.Errorf("Serve: %v, want an error that says so", err)
				}
				if _, err := s.Snapshot(); !errors.Is(err, server.ErrStopped) {
					t.Errorf("Snapshot: %v, want %v", err, server.ErrStopped)
				}
				return
			default:
			}
			_, _ = c.Write(message(10)) // fails once the server has ended
			if time.Now().After(deadline) {
				t.Fatal("nobody notices")
			}
		}
	})
}

// TestThreadsAddUp: what a snapshot says of its threads is in sum what it says of
// the server, and each has its role.
func TestThreadsAddUp(t *testing.T) {
	eachOf(t, func(b server.Backend) bool { return b.Threads(0, 0) > 1 }, func(t *testing.T, b server.Backend) {
		for _, n := range []int{1, 2, 5} {
			cfg, role := config(b), "loop"
			cfg.Loops = n
			if b.PoolThreads > 0 {
				cfg.Loops, cfg.PoolThreads, role = 0, n, "pool"
			}
			s := start(t, cfg)
			for range 20 {
				exchange(t, dial(t, s), message(1000))
			}
			snap := snapshot(t, s)
			want := b.Threads(cfg.Loops, cfg.PoolThreads)
			if want == 1 {
				if snap.Threads != nil {
					t.Errorf("one loop: %+v", snap.Threads)
				}
				continue
			}
			if len(snap.Threads) != want {
				t.Fatalf("%d threads, want %d: %+v", len(snap.Threads), want, snap.Threads)
			}
			var reads, accepts, in int64
			var cpu time.Duration
			for i, thread := range snap.Threads {
				if b.PoolThreads > 0 && i == 0 && thread.Role != "boss" || i > 0 && thread.Role != role {
					t.Errorf("thread %d is a %q", i, thread.Role)
				}
				reads, accepts, in = reads+thread.Counters.Reads, accepts+thread.Counters.Accepts, in+thread.Counters.BytesIn
				cpu += thread.CPU
			}
			if c := snap.Counters; reads != c.Reads || accepts != 20 || c.Accepts != 20 || in != 20_000 || c.BytesIn != in || cpu != snap.CPU {
				t.Errorf("threads add up to %d reads, %d accepts, %d bytes, %s; the server has %+v, %s", reads, accepts, in, cpu, c, snap.CPU)
			}
		}
	})
}
