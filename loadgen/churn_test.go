//go:build linux

package loadgen_test

import (
	"fmt"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// churn runs one. One that hangs is aborted, and fails the test.
func churn(t *testing.T, g *loadgen.Generator, p loadgen.Piece) loadgen.Churned {
	t.Helper()
	alarm := time.AfterFunc(patience, func() {
		t.Errorf("it is not over after %v", patience)
		_ = g.Abort()
	})
	done, err := g.Churn(p)
	alarm.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// snapshot is the server's state.
func snapshot(t *testing.T, s *server.Server) server.Snapshot {
	t.Helper()
	state, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// emptied is the server's state when it has seen all its clients go, which not
// every backend has at once.
func emptied(t *testing.T, s *server.Server) server.Snapshot {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		state := snapshot(t, s)
		if state.Open == 0 {
			return state
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server still has %d connections after %v", state.Open, patience)
		}
	}
}

// TestChurn: there are as many connections as slots and rounds say, both sides
// count each once, and none is left.
func TestChurn(t *testing.T) {
	for _, test := range []struct{ slots, rounds, size, buffers int }{
		{1, 1, 1, 0},
		{1, 50, 64, 0},
		{10, 20, 1024, 0},
		{100, 5, 64, 0},
		{4, 5, 100 << 10, 0},
		{4, 5, 100 << 10, 4096},
	} {
		t.Run(fmt.Sprintf("%d slots, %d rounds of %d bytes, buffers %d", test.slots, test.rounds, test.size, test.buffers), func(t *testing.T) {
			eachBackend(t, test.buffers, func(t *testing.T, s *server.Server) {
				g := generator(t, loadgen.Config{
					Target: s.Address(), Connections: test.slots, Active: 1, Size: test.size,
					SocketBuffers: test.buffers, Seed: 7,
				})
				want, bytes := int64(test.slots*test.rounds), int64(test.slots*test.rounds*test.size)
				last := time.Duration(0)
				for piece := range int64(3) {
					before := snapshot(t, s)
					done := churn(t, g, loadgen.Piece{Rounds: test.rounds, Record: piece > 0})
					after := emptied(t, s)
					if done.Connections != want || done.Counters.Adds != want || done.Counters.Removes != want {
						t.Errorf("%d connections, %d added, %d removed, want %d: %v", done.Connections, done.Counters.Adds, done.Counters.Removes, want, g.FirstError())
					}
					if done.Counters.BytesOut != bytes || done.Counters.BytesIn != bytes {
						t.Errorf("the generator counts %d bytes out, %d in, want %d", done.Counters.BytesOut, done.Counters.BytesIn, bytes)
					}
					if accepted := after.Counters.Accepts - before.Counters.Accepts; accepted != want {
						t.Errorf("the server has accepted %d, want %d", accepted, want)
					}
					in, out := after.Counters.BytesIn-before.Counters.BytesIn, after.Counters.BytesOut-before.Counters.BytesOut
					if in != bytes || out != bytes {
						t.Errorf("the server counts %d bytes in, %d out, want %d", in, out, bytes)
					}
					if done.First <= last || done.Last <= done.First || done.Elapsed != done.Last-done.First || done.CPU <= 0 {
						t.Errorf("from %v to %v in %v, and %v of CPU, after one until %v", done.First, done.Last, done.Elapsed, done.CPU, last)
					}
					last = done.Last
					if got := g.Latency().TotalCount(); got != piece*want {
						t.Errorf("%d latencies, want %d", got, piece*want)
					}
				}
				if g.Errors() != (results.Errors{}) {
					t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
				}
			})
		})
	}
}

// By time, what has begun is finished, however short the time is.
func TestChurnByDuration(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := generator(t, loadgen.Config{Target: s.Address(), Connections: 10, Active: 1, Size: 100})
		for _, duration := range [...]time.Duration{1, time.Millisecond, 20 * time.Millisecond} {
			before := snapshot(t, s).Counters.Accepts
			done := churn(t, g, loadgen.Piece{Duration: duration, Record: true})
			after := emptied(t, s)
			if accepted := after.Counters.Accepts - before; done.Connections < 1 || done.Connections != accepted {
				t.Errorf("%d connections in %v, of which the server has accepted %d, want one at least, and all", done.Connections, duration, accepted)
			}
			if want := done.Connections * 100; done.Counters.BytesIn != want || done.Counters.BytesOut != want {
				t.Errorf("%d connections, but %d bytes out, %d in", done.Connections, done.Counters.BytesOut, done.Counters.BytesIn)
			}
		}
		if g.Errors() != (results.Errors{}) {
			t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
		}
	})
}

// Connections that stay, and those that come and go, are had in turn.
func TestChurnWantsNoneOpen(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 5, Active: 5, Size: 10})
		if done, err := g.Churn(loadgen.Piece{Rounds: 1}); err == nil {
			t.Errorf("%+v beside connections that are open", done)
		}
		exchange(t, g, loadgen.Piece{Rounds: 1})
		g.Disconnect()
		if n := churn(t, g, loadgen.Piece{Rounds: 3}).Connections; n != 15 {
			t.Errorf("%d connections, want 15", n)
		}
		if done, err := g.Connect(false); err != nil || done.Established != 5 {
			t.Errorf("%d established, %v", done.Established, err)
		}
		if n := exchange(t, g, loadgen.Piece{Rounds: 2}).Messages; n != 10 {
			t.Errorf("%d messages, want 10", n)
		}
		if g.Errors() != (results.Errors{}) {
			t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
		}
	})
}

// TestChurnDoesNotAllocatePerConnection, on either side. The server's tables grow
// as long as it is behind with closing, so that there may be a few allocations in
// all.
func TestChurnDoesNotAllocatePerConnection(t *testing.T) {
	eachOf(t, 0, server.Backend.Multiplexes, func(t *testing.T, s *server.Server) {
		const slots, rounds = 10, 20
		g := generator(t, loadgen.Config{Target: s.Address(), Connections: slots, Active: 1, Size: 100})
		allocs := testing.AllocsPerRun(10, func() {
			if done, err := g.Churn(loadgen.Piece{Rounds: rounds, Record: true}); err != nil || done.Connections != slots*rounds {
				t.Fatalf("%d connections, %v, %v", done.Connections, err, g.FirstError())
			}
		})
		if allocs >= slots {
			t.Errorf("%v allocations in %d connections", allocs, slots*rounds)
		}
	})
}
