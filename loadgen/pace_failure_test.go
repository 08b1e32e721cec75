//go:build linux

package loadgen_test

import (
	"io"
	"math"
	"net"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

// A failure ends its connection. The others go on; without any, what is left is
// not sent.
func TestPaceErrors(t *testing.T) {
	const connections, size, messages = 3, 100, 60
	mismatch := func(e results.Errors) int64 { return e.Mismatch }
	reset := func(e results.Errors) int64 { return e.Reset }
	for _, test := range []struct {
		name    string
		failing int // connections
		fail    func(c net.Conn)
		class   func(results.Errors) int64
		in      int64 // messages of a failing connection that come through
		lost    int64 // and do not; -1: either
	}{
		{"one sends a wrong byte", 1, func(c net.Conn) {
			echo(c, 3, size, same)
			echo(c, 1, size, func(m []byte) []byte { m[50]++; return m })
			hold(c)
		}, mismatch, 3, 1},
		{"all send a wrong byte", connections, func(c net.Conn) {
			echo(c, 3, size, same)
			echo(c, 1, size, func(m []byte) []byte { m[50]++; return m })
			hold(c)
		}, mismatch, 3, 1},
		{"all close with a message in hand", connections, func(c net.Conn) {
			echo(c, 2, size, same)
			echo(c, 1, size, func([]byte) []byte { return nil })
		}, reset, 2, 1},
		{"all close while they are free", connections, func(c net.Conn) { echo(c, 2, size, same) }, reset, 2, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			failing := make(chan struct{}, connections)
			for range test.failing {
				failing <- struct{}{}
			}
			g := connected(t, loadgen.Config{Target: misbehave(t, func(c net.Conn) {
				select {
				case <-failing:
					test.fail(c)
				default:
					echo(c, messages, size, same)
					hold(c)
				}
			}), Connections: connections, Active: connections, Size: size})
			done := pace(t, g, loadgen.Pace{Rate: 1000, Schedule: results.Poisson, Duration: messages * time.Millisecond, Record: true})
			failed := int64(test.failing)
			if e := g.Errors(); test.class(e) != failed || e.Total() != failed || g.FirstError() == nil {
				t.Errorf("errors %+v, first %v, want %d of the class", e, g.FirstError(), failed)
			}
			lost := messages - done.Messages - done.Unsent
			if test.lost >= 0 && lost != failed*test.lost || lost < 0 || lost > failed {
				t.Errorf("%d messages are neither answered nor unsent, want %d per connection", lost, test.lost)
			}
			if test.failing == connections {
				if want := test.in * failed; done.Messages != want {
					t.Errorf("%d messages, want %d", done.Messages, want)
				}
			} else if done.Unsent != 0 {
				t.Errorf("%d unsent, while other connections go on", done.Unsent)
			}
			// Without any connection, what was not due has not waited.
			if l := g.Latency().TotalCount(); l < done.Messages || l > done.Messages+done.Unsent {
				t.Errorf("%d latencies of %d messages, %d unsent", l, done.Messages, done.Unsent)
			}
		})
	}
}

// Abort ends a stretch, whether or not a message is in hand.
func TestAbortPace(t *testing.T) {
	const connections, size = 3, 10
	fixed := func(rate float64) loadgen.Pace {
		return loadgen.Pace{Rate: rate, Schedule: results.Fixed, Duration: time.Hour, Record: true}
	}
	aborted := func(t *testing.T, g *loadgen.Generator, p loadgen.Pace, inHand int64) {
		t.Helper()
		done := pace(t, g, p)
		if unsent := int64(math.Round(p.Rate*p.Duration.Seconds())) - inHand; done.Messages != 0 || done.Unsent != unsent {
			t.Errorf("%d messages, %d unsent, want 0, %d", done.Messages, done.Unsent, unsent)
		}
		if e := g.Errors(); e.Timeout != inHand+1 || e.Total() != e.Timeout || g.FirstError() == nil {
			t.Errorf("errors %+v, first %v, want %d timeouts", e, g.FirstError(), inHand+1)
		}
	}
	abort := func(t *testing.T, g *loadgen.Generator) {
		if err := g.Abort(); err != nil {
			t.Error(err)
		}
	}
	t.Run("with every connection busy", func(t *testing.T) {
		heard := make(chan struct{}, connections)
		g := connected(t, loadgen.Config{Target: misbehave(t, func(c net.Conn) {
			if _, err := io.ReadFull(c, make([]byte, size)); err == nil {
				heard <- struct{}{}
			}
			hold(c)
		}), Connections: connections, Active: connections, Size: size})
		go func() {
			for range connections {
				<-heard
			}
			abort(t, g)
		}()
		aborted(t, g, fixed(1000), connections)
	})
	t.Run("with nothing in hand", func(t *testing.T) {
		// The one message is to begin somewhere within the hour.
		g := connected(t, loadgen.Config{Target: misbehave(t, hold), Connections: connections, Active: connections, Size: size})
		abort(t, g)
		p := fixed(1. / 3600)
		p.Schedule = results.Poisson
		aborted(t, g, p, 0)
	})
	t.Run("before it", func(t *testing.T) {
		g := connected(t, loadgen.Config{Target: misbehave(t, hold), Connections: connections, Active: connections, Size: size})
		abort(t, g)
		aborted(t, g, fixed(1./60), 1)
	})
}
