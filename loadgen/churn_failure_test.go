//go:build linux

package loadgen_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/loadgen"
	"muxbench/results"
)

// attended is misbehave for a generator that comes and goes: serve is told which
// connection it is, from 1 on. gone waits until no client is left, and returns
// how many have come.
func attended(t *testing.T, cfg loadgen.Config, serve func(c net.Conn, nth int64)) (g *loadgen.Generator, gone func() int64) {
	t.Helper()
	var come atomic.Int64
	var all sync.WaitGroup
	all.Add(1)
	cfg.Target = misbehave(t, func(c net.Conn) {
		all.Add(1)
		defer all.Done()
		serve(c, come.Add(1))
		hold(c)
	})
	return generator(t, cfg), func() int64 {
		t.Helper()
		left := make(chan struct{})
		go func() {
			all.Done()
			all.Wait()
			close(left)
		}()
		select {
		case <-left:
		case <-time.After(patience):
			t.Error("there are still clients")
		}
		return come.Load()
	}
}

// The first failure of a connection is the last one's beginning.
func TestChurnErrors(t *testing.T) {
	const size, good = 100, 3
	mismatch := func(e results.Errors) int64 { return e.Mismatch }
	reset := func(e results.Errors) int64 { return e.Reset }
	for _, test := range []struct {
		name  string
		fail  func(net.Conn)
		class func(results.Errors) int64
		first error // nil: any
	}{
		{"the first byte is wrong", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { m[0] ^= 1; return m })
		}, mismatch, nil},
		{"the last byte is wrong", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { m[size-1] ^= 1; return m })
		}, mismatch, nil},
		{"one byte too many", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { return append(m, 0) })
		}, mismatch, nil},
		{"closed before the reply", func(c net.Conn) {
			echo(c, 1, size, func([]byte) []byte { return nil })
			_ = c.Close()
		}, reset, nil},
		{"closed in the middle of the reply", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { return m[:size/2] })
			_ = c.Close()
		}, reset, nil},
		{"reset instead of a reply", func(c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			echo(c, 1, size, func([]byte) []byte { return nil })
			_ = c.Close()
		}, reset, unix.ECONNRESET},
		{"reset at once", func(c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}, reset, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Run("in one slot", func(t *testing.T) {
				g, gone := attended(t, loadgen.Config{Connections: 1, Active: 1, Size: size}, func(c net.Conn, nth int64) {
					if nth <= good {
						echo(c, 1, size, same)
					} else {
						test.fail(c)
					}
				})
				done := churn(t, g, loadgen.Piece{Rounds: 10, Record: true})
				if done.Connections != good || g.Latency().TotalCount() != good {
					t.Errorf("%d connections, %d latencies, want %d", done.Connections, g.Latency().TotalCount(), good)
				}
				if e := g.Errors(); test.class(e) != 1 || e.Total() != 1 {
					t.Errorf("errors %+v, want one of the class", e)
				}
				if g.FirstError() == nil || test.first != nil && !errors.Is(g.FirstError(), test.first) {
					t.Errorf("first error %v, want %v", g.FirstError(), test.first)
				}
				if come := gone(); come != good+1 {
					t.Errorf("%d connections came, want %d", come, good+1)
				}
			})
			t.Run("in all of several", func(t *testing.T) {
				const slots = 5
				g, gone := attended(t, loadgen.Config{Connections: slots, Active: 1, Size: size}, func(c net.Conn, _ int64) { test.fail(c) })
				done := churn(t, g, loadgen.Piece{Duration: time.Hour, Record: true})
				e := g.Errors()
				if done.Connections != 0 || test.class(e) < 1 || test.class(e) > slots || e.Total() != test.class(e) {
					t.Errorf("%d connections, errors %+v, want none, and at most one of the class in each slot", done.Connections, e)
				}
				gone()
			})
		})
	}
}

// Each connection ends by a reset, which leaves nothing behind on either side.
func TestChurnResets(t *testing.T) {
	const slots, rounds, size = 3, 4, 10
	var ends [slots * rounds]error
	g, gone := attended(t, loadgen.Config{Connections: slots, Active: 1, Size: size}, func(c net.Conn, nth int64) {
		echo(c, 1, size, same)
		_, ends[nth-1] = c.Read(make([]byte, 1))
	})
	churn(t, g, loadgen.Piece{Rounds: rounds})
	if come := gone(); come != int64(len(ends)) {
		t.Errorf("%d connections came, want %d", come, len(ends))
	}
	for i, err := range ends {
		if !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("connection %d ends with %v, want a reset", i+1, err)
		}
	}
}

// What is in hand at a failure is finished.
func TestChurnFinishesBesideAFailure(t *testing.T) {
	const size = 10
	spoilt := make(chan struct{})
	g, gone := attended(t, loadgen.Config{Connections: 2, Active: 1, Size: size}, func(c net.Conn, nth int64) {
		echo(c, 1, size, func(m []byte) []byte {
			if nth == 1 {
				m[0]++
				return m
			}
			<-spoilt
			return m
		})
		if nth == 1 {
			hold(c) // until the generator has seen it
			close(spoilt)
		}
	})
	done := churn(t, g, loadgen.Piece{Rounds: 10})
	come := gone()
	if want := (results.Errors{Mismatch: 1}); g.Errors() != want || done.Connections != come-1 || come > 2 {
		t.Errorf("%d of %d connections, errors %+v, want all but one of at most two", done.Connections, come, g.Errors())
	}
}

// Where nobody listens, that is a failure to connect.
func TestChurnRefused(t *testing.T) {
	g := generator(t, loadgen.Config{Target: vacant(t), Connections: 5, Active: 1, Size: 1})
	done := churn(t, g, loadgen.Piece{Rounds: 10, Record: true})
	if want := (results.Errors{Connect: 1}); done.Connections != 0 || g.Errors() != want || !errors.Is(g.FirstError(), unix.ECONNREFUSED) {
		t.Errorf("%d connections, errors %+v, first %v, want %+v", done.Connections, g.Errors(), g.FirstError(), want)
	}
}

// Abort ends it, whether connections are silent or not even there.
func TestAbortChurn(t *testing.T) {
	const slots, size = 5, 10
	aborted := func(t *testing.T, g *loadgen.Generator, least int64) {
		t.Helper()
		done := churn(t, g, loadgen.Piece{Duration: time.Hour, Record: true})
		if done.Connections != 0 || g.Latency().TotalCount() != 0 {
			t.Errorf("%d connections, %d latencies, want none", done.Connections, g.Latency().TotalCount())
		}
		if e := g.Errors(); e.Timeout < least || e.Timeout > slots || e.Total() != e.Timeout || g.FirstError() == nil {
			t.Errorf("errors %+v, first %v, want from %d to %d timeouts", e, g.FirstError(), least, slots)
		}
	}
	abort := func(t *testing.T, g *loadgen.Generator) {
		if err := g.Abort(); err != nil {
			t.Error(err)
		}
	}
	t.Run("when all are silent", func(t *testing.T) {
		heard := make(chan struct{}, slots)
		g, gone := attended(t, loadgen.Config{Connections: slots, Active: 1, Size: size}, func(c net.Conn, _ int64) {
			if _, err := io.ReadFull(c, make([]byte, size)); err == nil {
				heard <- struct{}{}
			}
		})
		go func() {
			for range slots {
				<-heard
			}
			abort(t, g)
		}()
		aborted(t, g, slots)
		if come := gone(); come != slots {
			t.Errorf("%d connections came, want %d", come, slots)
		}
	})
	t.Run("before it", func(t *testing.T) {
		g, gone := attended(t, loadgen.Config{Connections: slots, Active: 1, Size: size}, func(net.Conn, int64) {})
		abort(t, g)
		aborted(t, g, 1)
		gone()
	})
	t.Run("while none is established", func(t *testing.T) {
		g := generator(t, loadgen.Config{Target: deaf(t), Connections: slots, Active: 1, Size: size})
		time.AfterFunc(time.Millisecond, func() { abort(t, g) })
		aborted(t, g, 1)
	})
}
