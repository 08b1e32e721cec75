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

// burst opens n connections. One that hangs is aborted, and fails the test.
func burst(t *testing.T, g *loadgen.Generator, n int, record bool) loadgen.Connected {
	t.Helper()
	alarm := time.AfterFunc(patience, func() {
		t.Errorf("%d connections are not established after %v", n, patience)
		_ = g.Abort()
	})
	done, err := g.Burst(n, record)
	alarm.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestBurst: connections come on top of those there are, as many as asked for, and
// anew after Disconnect.
func TestBurst(t *testing.T) {
	for _, bursts := range [][]int{{1}, {1, 1, 1}, {10, 5}, {3, 200}, {150, 1, 20}} {
		t.Run(fmt.Sprint(bursts), func(t *testing.T) {
			eachBackend(t, 0, func(t *testing.T, s *server.Server) {
				all := 0
				for _, n := range bursts {
					all += n
				}
				g := generator(t, loadgen.Config{Target: s.Address(), Connections: all, Active: all, Size: 10})
				recorded := int64(0)
				for round := range 3 {
					open, last := 0, time.Duration(0)
					for _, n := range bursts {
						record := round > 0
						done := burst(t, g, n, record)
						if done.Established != n || done.Counters.Adds != int64(n) {
							t.Errorf("%d established, %d added, want %d: %v", done.Established, done.Counters.Adds, n, g.FirstError())
						}
						if done.First <= last || done.Last <= done.First {
							t.Errorf("from %v to %v, after one until %v", done.First, done.Last, last)
						}
						open, last = open+n, done.Last
						if record {
							recorded += int64(n)
						}
						if got := g.Latency().TotalCount(); got != recorded {
							t.Errorf("%d latencies, want %d", got, recorded)
						}
						reached(t, s, open)
					}
					if n := exchange(t, g, loadgen.Piece{Rounds: 2}).Messages; n != int64(2*all) {
						t.Errorf("%d messages, want %d", n, 2*all)
					}
					g.Disconnect()
					emptied(t, s)
				}
				if g.Errors() != (results.Errors{}) {
					t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
				}
			})
		})
	}
}

// reached waits until the server has accepted what the kernel has established.
func reached(t *testing.T, s *server.Server, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		open := snapshot(t, s).Open
		if open == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server has %d connections after %v, want %d", open, patience, want)
		}
	}
}

// Nothing is waited for before the last connection has begun, where Connect looks
// after each.
func TestBurstBeginsAllFirst(t *testing.T) {
	const connections = 100
	// Within the queue of the listener: nobody is there to accept.
	g := generator(t, loadgen.Config{Target: unattended(t), Connections: connections, Active: 1, Size: 1})
	// One wait has room for the events of all, of which some may come later.
	if done := burst(t, g, connections, false); done.Established != connections || done.Counters.EmptyWaits != 0 || done.Counters.Waits >= connections/2 {
		t.Errorf("%d established in %d waits, %d of them for nothing, want %d in a few", done.Established, done.Counters.Waits, done.Counters.EmptyWaits, connections)
	}
}

// A Connect after it opens what is left.
func TestConnectAfterBurst(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := generator(t, loadgen.Config{Target: s.Address(), Connections: 100, Active: 100, Size: 10})
		burst(t, g, 30, true)
		if done, err := g.Connect(true); err != nil || done.Established != 70 || g.Latency().TotalCount() != 100 {
			t.Errorf("%d established, %d latencies, %v, want 70 and 100", done.Established, g.Latency().TotalCount(), err)
		}
		if n := exchange(t, g, loadgen.Piece{Rounds: 1}).Messages; n != 100 {
			t.Errorf("%d messages, want 100", n)
		}
	})
}

// More than are configured are refused, and nothing is changed by it.
func TestBurstRefuses(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		const connections = 10
		g := generator(t, loadgen.Config{Target: s.Address(), Connections: connections, Active: 1, Size: 10})
		open := 0
		for _, more := range [...]int{0, 4, 6} {
			if more > 0 {
				burst(t, g, more, false)
			}
			open += more
			for _, n := range [...]int{-1, 0, connections - open + 1, connections + 1} {
				if done, err := g.Burst(n, false); err == nil {
					t.Errorf("%d more than %d of %d are accepted: %+v", n, open, connections, done)
				}
			}
		}
		reached(t, s, connections)
		if g.Errors() != (results.Errors{}) {
			t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
		}
	})
}

// Abort ends a burst that no listener has room for, whenever it comes.
func TestAbortBurst(t *testing.T) {
	for _, delay := range [...]time.Duration{-1, 0, time.Millisecond, 10 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			const connections = 100
			g := generator(t, loadgen.Config{Target: deaf(t), Connections: connections, Active: 1, Size: 1})
			abort := func() {
				if err := g.Abort(); err != nil {
					t.Error(err)
				}
			}
			if delay < 0 {
				abort()
			} else {
				time.AfterFunc(delay, abort)
			}
			done := burst(t, g, connections, true)
			e := g.Errors()
			if e.Timeout == 0 || e.Total() != e.Timeout || done.Established+int(e.Timeout) != connections {
				t.Errorf("%d established, errors %+v, want timeouts, and %d together", done.Established, e, connections)
			}
			if g.FirstError() == nil {
				t.Error("no first error")
			}
		})
	}
}

// Where nobody listens, the first refusal ends it.
func TestBurstFails(t *testing.T) {
	g := generator(t, loadgen.Config{Target: vacant(t), Connections: 10, Active: 1, Size: 1})
	done := burst(t, g, 10, true)
	if e := g.Errors(); done.Established != 0 || e.Connect == 0 || e.Total() != e.Connect || g.Latency().TotalCount() != 0 {
		t.Errorf("%d established, %d latencies, errors %+v, want none but of connecting", done.Established, g.Latency().TotalCount(), e)
	}
	if _, err := g.Burst(10, true); err == nil {
		t.Error("one that has failed is given back before Disconnect")
	}
	g.Disconnect()
	if done := burst(t, g, 10, true); done.Established != 0 {
		t.Errorf("%d established", done.Established)
	}
}
