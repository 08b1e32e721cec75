//go:build linux

package loadgen_test

import (
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// pace runs a stretch. One that hangs is aborted, and fails the test.
func pace(t *testing.T, g *loadgen.Generator, p loadgen.Pace) loadgen.Paced {
	t.Helper()
	alarm := time.AfterFunc(patience, func() {
		t.Errorf("the stretch is not over after %v", patience)
		_ = g.Abort()
	})
	done, err := g.Pace(p)
	alarm.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestPace: every message of the schedule is sent and verified, whatever its
// size, and both sides count the same.
func TestPace(t *testing.T) {
	const duration = 20 * time.Millisecond
	for _, test := range []struct{ connections, active, messages, size, buffers int }{
		{1, 1, 1, 1, 0},
		{10, 3, 89, 64, 0},
		{100, 100, 400, 64, 0},
		{4, 3, 20, 100 << 10, 0},
		{4, 4, 20, 100 << 10, 4096},
		{2, 2, 4, 1 << 20, 4096},
	} {
		for _, schedule := range []results.Schedule{results.Poisson, results.Fixed} {
			t.Run(fmt.Sprintf("%s, %d messages of %d bytes on %d of %d, buffers %d", schedule, test.messages, test.size, test.active, test.connections, test.buffers), func(t *testing.T) {
				eachBackend(t, test.buffers, func(t *testing.T, s *server.Server) {
					g := connected(t, loadgen.Config{
						Target: s.Address(), Connections: test.connections, Active: test.active, Size: test.size,
						SocketBuffers: test.buffers, Seed: 7,
					})
					want := int64(test.messages)
					bytes := want * int64(test.size)
					p := loadgen.Pace{Rate: float64(want) / duration.Seconds(), Schedule: schedule, Duration: duration, Seed: 3}
					var recorded int64
					for _, p.Record = range []bool{false, true} {
						before, err := s.Snapshot()
						if err != nil {
							t.Fatal(err)
						}
						done := pace(t, g, p)
						after, err := s.Snapshot()
						if err != nil {
							t.Fatal(err)
						}
						if done.Messages != want || done.Unsent != 0 || done.Offered != p.Rate {
							t.Errorf("%d messages, %d unsent, %g/s offered, want %d, 0, %g", done.Messages, done.Unsent, done.Offered, want, p.Rate)
						}
						if done.Counters.BytesOut != bytes || done.Counters.BytesIn != bytes {
							t.Errorf("the generator counts %d bytes out, %d in, want %d", done.Counters.BytesOut, done.Counters.BytesIn, bytes)
						}
						in, out := after.Counters.BytesIn-before.Counters.BytesIn, after.Counters.BytesOut-before.Counters.BytesOut
						if in != bytes || out != bytes {
							t.Errorf("the server counts %d bytes in, %d out, want %d", in, out, bytes)
						}
						if done.Elapsed < duration || done.CPU <= 0 {
							t.Errorf("it took %v, and %v of CPU, want at least %v", done.Elapsed, done.CPU, duration)
						}
						if done.Latency[results.LatencyP50] <= 0 || done.Latency[results.LatencyMax] < done.Latency[results.LatencyP99] || len(done.Lag) != 3 {
							t.Errorf("latency %v, lag %v", done.Latency, done.Lag)
						}
						if few := want < 90; few != (done.Rise == 0) {
							t.Errorf("latency rose to %g times of %d messages", done.Rise, want)
						}
						if p.Record {
							recorded += want
						}
						if l, lag := g.Latency().TotalCount(), g.Lag().TotalCount(); l != recorded || lag != recorded {
							t.Errorf("%d latencies and %d lags recorded, want %d", l, lag, recorded)
						}
						// Between them, a closed loop does as ever.
						if n := exchange(t, g, loadgen.Piece{Rounds: 2}).Messages; n != int64(2*test.active) {
							t.Errorf("%d messages exchanged, want %d", n, 2*test.active)
						}
					}
					if g.Errors() != (results.Errors{}) {
						t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
					}
				})
			})
		}
	}
}

// A server that stalls keeps the messages waiting that were to begin meanwhile.
// The open loop shows it; in the closed loop, a single message has waited.
func TestStallIsNotOmitted(t *testing.T) {
	const (
		size, messages = 64, 400
		stall          = 200 * time.Millisecond
		half           = float64(stall / 2)
	)
	target := misbehave(t, func(c net.Conn) {
		echo(c, messages/4, size, same)
		echo(c, 1, size, func(m []byte) []byte { time.Sleep(stall); return m })
		echo(c, messages, size, same)
		hold(c)
	})
	closed := connected(t, loadgen.Config{Target: target, Connections: 1, Active: 1, Size: size})
	exchange(t, closed, loadgen.Piece{Rounds: messages, Record: true})
	if l := results.LatencyValues(closed.Latency()); l[results.LatencyP99] >= half || l[results.LatencyMax] < float64(stall) {
		t.Errorf("closed loop: %v, want p99 below %g, and the stall as the maximum", l, half)
	}
	// The stall begins when message 100 is there, not before 100 ms have passed.
	// So each of the next 100, a quarter of all, waits for half of it at least.
	open := connected(t, loadgen.Config{Target: target, Connections: 1, Active: 1, Size: size})
	done := pace(t, open, loadgen.Pace{Rate: 1000, Schedule: results.Fixed, Duration: messages * time.Millisecond})
	if l := done.Latency; l[results.LatencyP50] > l[results.LatencyP90] || l[results.LatencyP90] < half || l[results.LatencyP99] < half || l[results.LatencyMax] < float64(stall) {
		t.Errorf("open loop: %v, want p90 and p99 of at least %g, and the stall as the maximum", l, half)
	}
	if done.Messages != messages || done.Unsent != 0 {
		t.Errorf("%d messages, %d unsent, want %d, 0", done.Messages, done.Unsent, messages)
	}
	// It was not the generator that was late: no connection was free.
	if done.Lag[results.LagP99] >= half {
		t.Errorf("lag %v, which has the server's delay", done.Lag)
	}
}

// What a server cannot do in time is given up, and counts with the time it has
// waited.
func TestOverload(t *testing.T) {
	const (
		size, messages = 64, 200
		duration       = 200 * time.Millisecond
		service        = 12 * time.Millisecond // for which 1.4 s have room 116 times
	)
	g := connected(t, loadgen.Config{Target: misbehave(t, func(c net.Conn) {
		echo(c, messages, size, func(m []byte) []byte { time.Sleep(service); return m })
	}), Connections: 1, Active: 1, Size: size})
	done := pace(t, g, loadgen.Pace{Rate: messages / duration.Seconds(), Schedule: results.Fixed, Duration: duration, Record: true})
	if done.Unsent < 60 || done.Messages < 1 || done.Messages+done.Unsent != messages {
		t.Errorf("%d messages, %d unsent, want at least 60, and %d in all", done.Messages, done.Unsent, messages)
	}
	if l, lags := g.Latency().TotalCount(), g.Lag().TotalCount(); l != messages || lags != done.Messages {
		t.Errorf("%d latencies, %d lags, want %d, %d", l, lags, messages, done.Messages)
	}
	given := float64(2*duration + time.Second)
	if l := done.Latency[results.LatencyMax]; l < given-float64(duration) {
		t.Errorf("the longest has waited for %g ns, want at least %g", l, given-float64(duration))
	}
	// What a message takes at least is not counted, and what it waits is.
	if least := given - 2*float64(service); done.Rise <= 1 || float64(done.Elapsed) < least {
		t.Errorf("latency rose to %g times in %v, want more than 1, and %g ns", done.Rise, done.Elapsed, least)
	}
	if g.Errors() != (results.Errors{}) {
		t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
	}
	if n := exchange(t, g, loadgen.Piece{Rounds: 1}).Messages; n != 1 {
		t.Errorf("%d messages afterwards, want 1: nothing is in hand", n)
	}
}

// The connections opened first take the first messages. Where messages are
// waiting, the connection that is answered takes the next.
func TestMessagesTakeTheFreeConnection(t *testing.T) {
	const connections, size = 4, 10
	type message struct {
		from   string
		answer chan struct{}
	}
	heard := make(chan message)
	g := connected(t, loadgen.Config{Target: misbehave(t, func(c net.Conn) {
		echo(c, 3, size, func(m []byte) []byte {
			answer := make(chan struct{})
			heard <- message{c.RemoteAddr().(*net.TCPAddr).IP.String(), answer}
			<-answer
			return m
		})
		hold(c)
	}), Connections: connections, Active: connections, Size: size})
	stretch := func(messages int) loadgen.Pace {
		return loadgen.Pace{Rate: float64(100 * messages), Schedule: results.Fixed, Duration: 10 * time.Millisecond}
	}
	over := make(chan struct{})
	// asked are the first messages, each on a connection of its own.
	asked := func(n int) map[string]chan struct{} {
		all := map[string]chan struct{}{}
		for range n {
			m := <-heard
			all[m.from] = m.answer
		}
		return all
	}
	var first []string
	go func() {
		defer close(over)
		all := asked(connections - 1)
		first = slices.Sorted(maps.Keys(all))
		for _, answer := range all {
			close(answer)
		}
	}()
	pace(t, g, stretch(connections-1))
	<-over
	if want := []string{"127.1.0.1", "127.1.0.2", "127.1.0.3"}; !slices.Equal(first, want) {
		t.Errorf("the first messages are on %v, want %v", first, want)
	}
	over = make(chan struct{})
	order := []string{"127.1.0.3", "127.1.0.1", "127.1.0.4", "127.1.0.2"}
	var next []string
	go func() {
		defer close(over)
		all := asked(connections)
		for _, from := range order {
			close(all[from])
			m := <-heard
			next = append(next, m.from)
			defer close(m.answer)
		}
	}()
	pace(t, g, stretch(2*connections))
	<-over
	if !slices.Equal(next, order) {
		t.Errorf("where %v are answered, the next messages are on %v", order, next)
	}
}

// A stretch allocates before and after its messages, but for none of them. This
// covers the server's loop as well. testing.AllocsPerRun would leave both loops a
// single P, of which the generator, which spins, lets nothing to the server.
func TestPaceDoesNotAllocatePerMessage(t *testing.T) {
	const messages = 1000
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 20, Active: 10, Size: 1024})
		p := loadgen.Pace{Rate: 20 * messages, Schedule: results.Poisson, Duration: time.Second / 20, Record: true}
		pace(t, g, p) // its buffers are kept
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		done := pace(t, g, p)
		runtime.ReadMemStats(&after)
		allocs, bytes := after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
		if allocs > messages/10 || bytes > 12*messages || done.Messages != messages {
			t.Errorf("%d allocations of %d bytes with %d messages, want at most %d of %d with %d", allocs, bytes, done.Messages, messages/10, 12*messages, messages)
		}
	})
}
