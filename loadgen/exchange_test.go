//go:build linux

package loadgen_test

import (
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// TestExchange: every active connection exchanges as many messages as there
// are rounds, and both sides count the same.
func TestExchange(t *testing.T) {
	for _, test := range []struct{ connections, active, rounds, size, buffers int }{
		{1, 1, 1, 1, 0},
		{1, 1, 50, 64, 0},
		{10, 10, 20, 1024, 0},
		{100, 7, 30, 64, 0},
		{100, 99, 3, 64, 0},
		{5, 5, 5, 64 << 10, 0},
		{4, 3, 5, 100 << 10, 0},
		{4, 4, 5, 100 << 10, 4096},
		{2, 2, 2, 1 << 20, 4096},
	} {
		t.Run(fmt.Sprintf("%d of %d, %d rounds of %d bytes, buffers %d", test.active, test.connections, test.rounds, test.size, test.buffers), func(t *testing.T) {
			eachBackend(t, test.buffers, func(t *testing.T, s *server.Server) {
				g := connected(t, loadgen.Config{
					Target: s.Address(), Connections: test.connections, Active: test.active, Size: test.size,
					SocketBuffers: test.buffers, Seed: 7,
				})
				var messages int64
				for piece := range 3 {
					before, err := s.Snapshot()
					if err != nil {
						t.Fatal(err)
					}
					done := exchange(t, g, loadgen.Piece{Rounds: test.rounds, Record: piece > 0})
					after, err := s.Snapshot()
					if err != nil {
						t.Fatal(err)
					}
					want := int64(test.active * test.rounds)
					if done.Messages != want {
						t.Errorf("%d messages, want %d", done.Messages, want)
					}
					bytes := want * int64(test.size)
					if done.Counters.BytesOut != bytes || done.Counters.BytesIn != bytes {
						t.Errorf("the generator counts %d bytes out, %d in, want %d", done.Counters.BytesOut, done.Counters.BytesIn, bytes)
					}
					in, out := after.Counters.BytesIn-before.Counters.BytesIn, after.Counters.BytesOut-before.Counters.BytesOut
					if in != bytes || out != bytes {
						t.Errorf("the server counts %d bytes in, %d out, want %d", in, out, bytes)
					}
					if test.size < 64<<10 && test.buffers == 0 {
						if done.Counters.Reads != want || done.Counters.Writes != want || done.Counters.EAGAIN != 0 {
							t.Errorf("%d reads, %d writes, %d in vain, want %d, %d, 0", done.Counters.Reads, done.Counters.Writes, done.Counters.EAGAIN, want, want)
						}
						reads, writes := after.Counters.Reads-before.Counters.Reads, after.Counters.Writes-before.Counters.Writes
						// Package net does not say how many calls it makes.
						if untold := after.Counters.Reads == 0 && after.Counters.Waits == 0; !untold && (reads != want || writes != want) {
							t.Errorf("the server made %d reads, %d writes, want %d", reads, writes, want)
						}
					}
					if done.Elapsed <= 0 || done.CPU <= 0 {
						t.Errorf("it took %v, and %v of CPU", done.Elapsed, done.CPU)
					}
					if piece > 0 {
						messages += want
					}
					if got := g.Latency().TotalCount(); got != messages {
						t.Errorf("%d latencies, want %d", got, messages)
					}
				}
				if g.Errors() != (results.Errors{}) {
					t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
				}
			})
		})
	}
}

// By time, a piece ends soon after it, with nothing left under way.
func TestExchangeByDuration(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		const duration = 20 * time.Millisecond
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 10, Active: 5, Size: 100})
		for range 2 {
			done := exchange(t, g, loadgen.Piece{Duration: duration, Record: true})
			if done.Messages < 5 || done.Elapsed < duration {
				t.Errorf("%d messages in %v, want at least one per connection and %v", done.Messages, done.Elapsed, duration)
			}
			if done.Counters.BytesIn != done.Messages*100 || done.Counters.BytesOut != done.Messages*100 {
				t.Errorf("%d messages, but %d bytes out, %d in", done.Messages, done.Counters.BytesOut, done.Counters.BytesIn)
			}
		}
	})
}

// Connections can be made anew; each is in the histogram if asked for.
func TestConnectAgain(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		const connections = 150
		g := generator(t, loadgen.Config{Target: s.Address(), Connections: connections, Active: 2, Size: 10})
		for round := range 3 {
			done, err := g.Connect(true)
			if err != nil {
				t.Fatal(err)
			}
			if done.Established != connections || done.Counters.Adds != connections {
				t.Errorf("%d established, %d added, want %d: %v", done.Established, done.Counters.Adds, connections, g.FirstError())
			}
			if done.First <= 0 || done.Last < done.First {
				t.Errorf("from %v to %v", done.First, done.Last)
			}
			if got, want := g.Latency().TotalCount(), int64((round+1)*connections); got != want {
				t.Errorf("%d latencies of connecting, want %d", got, want)
			}
			if n := exchange(t, g, loadgen.Piece{Rounds: 2}).Messages; n != 4 {
				t.Errorf("%d messages, want 4", n)
			}
			g.Disconnect()
		}
		if g.Errors() != (results.Errors{}) {
			t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
		}
	})
}

// Those that carry messages are evenly spaced among all. A connection is known
// by its source address, which no other of the first few has.
func TestActiveAreSpread(t *testing.T) {
	tests := []struct {
		connections, active int
		want                []string
	}{
		{1, 1, []string{"127.1.0.1"}},
		{9, 3, []string{"127.1.0.1", "127.1.0.4", "127.1.0.7"}},
		{10, 4, []string{"127.1.0.1", "127.1.0.3", "127.1.0.6", "127.1.0.8"}},
		{4, 4, []string{"127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d of %d", test.active, test.connections), func(t *testing.T) {
			heard := make(chan string, test.connections)
			target := misbehave(t, func(c net.Conn) {
				echo(c, 1, 10, func(m []byte) []byte {
					heard <- c.RemoteAddr().(*net.TCPAddr).IP.String()
					return m
				})
				hold(c)
			})
			g := connected(t, loadgen.Config{Target: target, Connections: test.connections, Active: test.active, Size: 10})
			exchange(t, g, loadgen.Piece{Rounds: 1})
			var got []string
			for range test.active {
				got = append(got, <-heard)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("active are %v, want %v", got, test.want)
			}
		})
	}
}

// TestExchangeDoesNotAllocate covers the server's loop as well: it runs in this
// process. So does the Go runtime, which allocates when a thread begins, or one of the
// server before ends; but what exchanging allocates, it does each time.
func TestExchangeDoesNotAllocate(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 20, Active: 10, Size: 1024})
		piece := loadgen.Piece{Rounds: 20, Record: true}
		least := math.Inf(1)
		for attempt := 0; attempt < 5 && least > 0; attempt++ {
			least = min(least, testing.AllocsPerRun(10, func() {
				if done, err := g.Exchange(piece); err != nil || done.Messages != int64(10*piece.Rounds) {
					t.Fatalf("%d messages, %v", done.Messages, err)
				}
			}))
		}
		if least != 0 {
			t.Errorf("%v allocations in %d messages", least, 10*piece.Rounds)
		}
	})
}

// TestConnectionsAreSetUpWithoutAnAllocationEach, on either side: a set-up is a
// slice too. The tables grow as long as the server is behind with closing, so
// that there may be a few allocations in all. A goroutine for each connection is
// an allocation for each.
func TestConnectionsAreSetUpWithoutAnAllocationEach(t *testing.T) {
	eachOf(t, 0, server.Backend.Multiplexes, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 20, Active: 1, Size: 1})
		allocs := testing.AllocsPerRun(50, func() {
			g.Disconnect()
			if done, err := g.Connect(true); err != nil || done.Established != 20 {
				t.Fatalf("%d connections, %v, %v", done.Established, err, g.FirstError())
			}
		})
		if allocs >= 20 {
			t.Errorf("%v allocations in setting up 20 connections", allocs)
		}
	})
}
