//go:build linux

package server_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// TestSnapshotCountsExactly: in a closed loop of messages that fit one read,
// reads and writes repeat to the digit, and asking costs nothing that is
// counted.
func TestSnapshotCountsExactly(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		const clients, rounds, size = 5, 40, 1000
		s := start(t, config(b))
		var all []*net.TCPConn
		for range clients {
			c := dial(t, s)
			exchange(t, c, message(size))
			all = append(all, c)
		}
		before := snapshot(t, s)
		if before.Open != clients || before.Counters.Accepts != clients || before.Counters.Adds != watched(b, clients) {
			t.Errorf("%+v, want %d connections", before, clients)
		}
		for range rounds {
			for _, c := range all {
				exchange(t, c, message(size))
			}
		}
		after := snapshot(t, s)
		const messages = clients * rounds
		want := before.Counters
		if b.Multiplexes() {
			want.Waits += messages // one at a time
			want.Events += messages
			if !b.Mechanism.Capabilities.KernelSet {
				want.Examined += messages * (clients + 2) // and the listener and the control descriptor
			}
			if b.Mechanism.Trigger == multiplexers.OneShot {
				want.Modifies += messages
			}
		}
		if after.Counters.Reads > 0 { // package net does not tell
			want.Reads += messages
			want.Writes += messages
		}
		want.BytesIn += messages * size
		want.BytesOut += messages * size
		// How often threads of a pool sleep depends on who is first.
		want.Futexes = after.Counters.Futexes
		if b.PoolThreads > 0 == (want.Futexes == 0) {
			t.Errorf("%d futex calls", want.Futexes)
		}
		if after.Counters != want {
			t.Errorf("after %d messages\n got %+v\nwant %+v", messages, after.Counters, want)
		}
		if after.CPU <= before.CPU {
			t.Errorf("CPU time went from %v to %v", before.CPU, after.CPU)
		}
		for range 10 {
			if again := snapshot(t, s); again.Counters != after.Counters {
				t.Fatalf("asking is counted\n got %+v\nwant %+v", again.Counters, after.Counters)
			}
		}
	})
}

// TestIdleLoopSleeps: asking wakes the loop once, or twice where its bell rings
// when it has answered already, and it does not go on turning.
func TestIdleLoopSleeps(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		var waits atomic.Int64
		s := start(t, config(observe(b, &observed{before: func() error {
			waits.Add(1)
			return nil
		}})))
		c := dial(t, s)
		exchange(t, c, message(10))
		snapshot(t, s)
		before := waits.Load()
		const asked = 100
		for range asked / 2 {
			if _, err := s.Park(); err != nil {
				t.Fatal(err)
			}
			snapshot(t, s)
		}
		if n := waits.Load() - before; n > 2*asked+2 {
			t.Errorf("%d waits while it was asked %d times", n, asked)
		}
	})
}

// TestParkServesNobody: what arrives while the loop is parked is served once a
// snapshot has woken it, and not before.
func TestParkServesNobody(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		c := dial(t, s)
		exchange(t, c, message(10))
		for range 3 {
			parked, err := s.Park()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(message(10)); err != nil {
				t.Fatal(err)
			}
			late := dial(t, s) // accepted by the kernel alone
			if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, err := c.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("parked, the server replied: %d bytes, %v", n, err)
			}
			if again, err := s.Park(); err != nil || again.Counters != parked.Counters || again.Open != parked.Open {
				t.Errorf("parked, the loop went on: %+v, before %+v, %v", again, parked, err)
			}
			if woken := snapshot(t, s); woken.Counters != parked.Counters {
				t.Errorf("the snapshot that wakes is of another state: %+v, want %+v", woken, parked)
			}
			if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if n, err := c.Read(make([]byte, 10)); n != 10 {
				t.Fatalf("woken, the server replied %d bytes, %v", n, err)
			}
			exchange(t, late, message(10))
		}
	})
}

// TestCloseGivesEverythingBack counts descriptors and goroutines.
func TestCloseGivesEverythingBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		for _, test := range []struct {
			name string
			last func(*testing.T, *server.Server)
		}{
			{"serving", func(*testing.T, *server.Server) {}},
			{"parked", func(t *testing.T, s *server.Server) {
				if _, err := s.Park(); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			t.Run(test.name, func(t *testing.T) {
				dialNobody(t) // has package net open what it keeps
				before := descriptors(t)
				s, err := server.New(config(b))
				if err != nil {
					t.Fatal(err)
				}
				served := make(chan error, 1)
				go func() { served <- s.Serve() }()
				var clients []*net.TCPConn
				for range 5 {
					c := dial(t, s)
					exchange(t, c, message(10))
					clients = append(clients, c)
				}
				test.last(t, s)
				s.Close()
				s.Close()
				if err := <-served; err != nil {
					t.Errorf("Serve: %v", err)
				}
				for _, c := range clients {
					if n, err := c.Read(make([]byte, 1)); err == nil {
						t.Errorf("a closed server sent %d bytes", n)
					}
					if err := c.Close(); err != nil {
						t.Error(err)
					}
				}
				if after := descriptors(t); after != before {
					t.Errorf("descriptors left open\nbefore:\n%safter:\n%s", before, after)
				}
				deadline := time.Now().Add(patience)
				for strings.Contains(allStacks(), "muxbench/multiplexers/server.(") { // one that has said its last may be ending still
					if time.Now().After(deadline) {
						t.Fatalf("a goroutine is left in the server:\n%s", allStacks())
					}
					runtime.Gosched()
				}
			})
		}
	})
}

// dialNobody fails to connect.
func dialNobody(t *testing.T) {
	t.Helper()
	if c, err := net.Dial("tcp4", "127.0.0.1:1"); err == nil {
		t.Fatalf("somebody listens on %s", c.RemoteAddr())
	}
}

func allStacks() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

// descriptors lists what is open in this process.
func descriptors(t *testing.T) string {
	t.Helper()
	all, err := openFiles()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A server that was closed does not touch its descriptors again: their numbers
// may be another file's. It used to write to its old wake descriptor, in about
// every second call.
func TestAskingAClosedServer(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		snapshot(t, s)
		s.Close()
		var others []int
		for range 32 {
			fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			others = append(others, fd)
		}
		for range 64 {
			if _, err := s.Snapshot(); !errors.Is(err, server.ErrStopped) {
				t.Fatalf("Snapshot: %v, want %v", err, server.ErrStopped)
			}
			if _, err := s.Park(); !errors.Is(err, server.ErrStopped) {
				t.Fatalf("Park: %v, want %v", err, server.ErrStopped)
			}
		}
		for _, fd := range others {
			if _, err := unix.Read(fd, make([]byte, 8)); err != unix.EAGAIN {
				t.Errorf("somebody wrote to descriptor %d: %v", fd, err)
			}
		}
	})
}

// A multiplexer that fails ends Serve, and nothing hangs.
func TestFailingMultiplexer(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		var waits atomic.Int64
		o := &observed{before: func() error {
			if waits.Add(1) > 2 {
				return unix.EIO
			}
			return nil
		}}
		s, err := server.New(config(observe(b, o)))
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		for err == nil {
			_, err = s.Snapshot()
		}
		if !errors.Is(err, server.ErrStopped) {
			t.Errorf("Snapshot: %v, want %v", err, server.ErrStopped)
		}
		if err := <-served; !errors.Is(err, unix.EIO) {
			t.Errorf("Serve: %v, want %v", err, unix.EIO)
		}
		s.Close()
	})
}
