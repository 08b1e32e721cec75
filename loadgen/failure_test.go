//go:build linux

package loadgen_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/loadgen"
	"muxbench/results"
)

// misbehave serves each connection with a function, on package net, until the
// test ends: its clients are to go first.
func misbehave(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	// Nothing of it is to run beside a later test, which may count allocations.
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// echo copies n messages of this size, each changed by a function.
func echo(c net.Conn, n, size int, change func(m []byte) []byte) {
	for range n {
		m := make([]byte, size)
		if _, err := io.ReadFull(c, m); err != nil {
			return
		}
		if _, err := c.Write(change(m)); err != nil {
			return
		}
	}
}

func same(m []byte) []byte { return m }

// hold keeps a connection until its client goes.
func hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// TestErrorsByClass: whatever a server does wrong ends up in one class, once
// per connection, and is never a message.
func TestErrorsByClass(t *testing.T) {
	const connections, size = 3, 100
	tests := []struct {
		name     string
		serve    func(net.Conn)
		messages int64 // that come through, per connection
		class    func(results.Errors) int64
		first    error
	}{
		{"the first byte is wrong", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { m[0] ^= 1; return m })
			hold(c)
		}, 0, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"the last byte is wrong", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { m[size-1] ^= 0x80; return m })
			hold(c)
		}, 0, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"one byte of the fourth message is wrong", func(c net.Conn) {
			echo(c, 3, size, same)
			echo(c, 1, size, func(m []byte) []byte { m[50]++; return m })
			hold(c)
		}, 3, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"one byte too many", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { return append(m, 0) })
			hold(c)
		}, 0, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"the reply comes twice", func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { return append(m, m...) })
			hold(c)
		}, 0, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"the first reply comes again as the second", func(c net.Conn) {
			var kept []byte
			echo(c, 1, size, func(m []byte) []byte { kept = m; return m })
			echo(c, 1, size, func([]byte) []byte { return kept })
			hold(c)
		}, 1, func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"closed before the first reply", func(c net.Conn) {
			echo(c, 1, size, func([]byte) []byte { return nil })
		}, 0, func(e results.Errors) int64 { return e.Reset }, nil},
		{"closed in the middle of a reply", func(c net.Conn) {
			echo(c, 2, size, same)
			echo(c, 1, size, func(m []byte) []byte { return m[:size/2] })
		}, 2, func(e results.Errors) int64 { return e.Reset }, nil},
		{"reset instead of a reply", func(c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			echo(c, 1, size, func([]byte) []byte { return nil })
		}, 0, func(e results.Errors) int64 { return e.Reset }, unix.ECONNRESET},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := connected(t, loadgen.Config{Target: misbehave(t, test.serve), Connections: connections, Active: connections, Size: size})
			done := exchange(t, g, loadgen.Piece{Rounds: 10, Record: true})
			if got := test.class(g.Errors()); got != connections || g.Errors().Total() != connections {
				t.Errorf("errors %+v, want %d of the class", g.Errors(), connections)
			}
			if g.FirstError() == nil || test.first != nil && !errors.Is(g.FirstError(), test.first) {
				t.Errorf("first error %v, want %v", g.FirstError(), test.first)
			}
			if want := test.messages * connections; done.Messages != want || g.Latency().TotalCount() != want {
				t.Errorf("%d messages, %d latencies, want %d", done.Messages, g.Latency().TotalCount(), want)
			}
			// Who has failed takes no further part.
			if n := exchange(t, g, loadgen.Piece{Rounds: 10}).Messages; n != 0 {
				t.Errorf("%d messages over connections that failed", n)
			}
		})
	}
}

// One connection's failure is not another's.
func TestOthersGoOn(t *testing.T) {
	const connections, size, rounds = 4, 64, 20
	spoil := make(chan struct{}, 1)
	spoil <- struct{}{}
	g := connected(t, loadgen.Config{Target: misbehave(t, func(c net.Conn) {
		select {
		case <-spoil:
			echo(c, 5, size, same)
		default:
			echo(c, rounds, size, same)
			hold(c)
		}
	}), Connections: connections, Active: connections, Size: size})
	done := exchange(t, g, loadgen.Piece{Rounds: rounds})
	if want := int64((connections-1)*rounds + 5); done.Messages != want {
		t.Errorf("%d messages, want %d", done.Messages, want)
	}
	if want := (results.Errors{Reset: 1}); g.Errors() != want {
		t.Errorf("errors %+v, want %+v", g.Errors(), want)
	}
}

// Silence is for whoever drives the generator to end, and then a timeout.
func TestAbort(t *testing.T) {
	const connections, size = 5, 10
	target := misbehave(t, hold)
	t.Run("during an exchange", func(t *testing.T) {
		heard := make(chan struct{}, connections)
		target := misbehave(t, func(c net.Conn) {
			if _, err := io.ReadFull(c, make([]byte, size)); err == nil {
				heard <- struct{}{}
			}
			hold(c)
		})
		g := connected(t, loadgen.Config{Target: target, Connections: connections, Active: connections, Size: size})
		go func() {
			for range connections {
				<-heard
			}
			if err := g.Abort(); err != nil {
				t.Error(err)
			}
		}()
		timedOut(t, g, connections)
	})
	t.Run("before an exchange", func(t *testing.T) {
		g := connected(t, loadgen.Config{Target: target, Connections: connections, Active: 2, Size: size})
		if err := g.Abort(); err != nil {
			t.Fatal(err)
		}
		timedOut(t, g, 2)
	})
	t.Run("while connecting", func(t *testing.T) {
		// Whenever it comes: the last connections are never established. One
		// that came while none was under way used to be lost.
		for _, delay := range [...]time.Duration{-1, 0, time.Millisecond, 10 * time.Millisecond} {
			const connections = 100
			g := generator(t, loadgen.Config{Target: deaf(t), Connections: connections, Active: 1, Size: size})
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
			done, err := g.Connect(false)
			if err != nil {
				t.Fatal(err)
			}
			e := g.Errors()
			if e.Timeout == 0 || e.Total() != e.Timeout || done.Established+int(e.Timeout) != connections {
				t.Errorf("%d established, errors %+v, want timeouts, and %d together", done.Established, e, connections)
			}
			if g.FirstError() == nil {
				t.Error("no first error")
			}
		}
	})
}

func timedOut(t *testing.T, g *loadgen.Generator, want int64) {
	t.Helper()
	done := exchange(t, g, loadgen.Piece{Rounds: 3, Record: true})
	if done.Messages != 0 || g.Latency().TotalCount() != 0 {
		t.Errorf("%d messages, %d latencies, want none", done.Messages, g.Latency().TotalCount())
	}
	if e := g.Errors(); e.Timeout != want || e.Total() != want {
		t.Errorf("errors %+v, want %d timeouts", e, want)
	}
}

// deaf listens and never accepts, with the shortest of queues.
func deaf(t *testing.T) netip.AddrPort { return unaccepted(t, 0) }

// unattended is deaf, with a queue for all that a test connects.
func unattended(t *testing.T) netip.AddrPort { return unaccepted(t, 4096) }

func unaccepted(t *testing.T, queue int) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, queue)); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
}

// vacant is an address where nobody listens any more.
func vacant(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// Connections that cannot be made are counted, and do not hang.
func TestConnectFails(t *testing.T) {
	tests := []struct {
		name   string
		target netip.AddrPort
		errno  unix.Errno
	}{
		{"refused", vacant(t), unix.ECONNREFUSED},
		// The broadcast address of the loopback network fails within connect(2).
		// That used to try every connection, and then wait for ever.
		{"at once", netip.MustParseAddrPort("127.255.255.255:9"), unix.ENETUNREACH},
	}
	for _, test := range tests {
		for _, connections := range [...]int{1, 10, 200} {
			t.Run(test.name, func(t *testing.T) {
				g := generator(t, loadgen.Config{Target: test.target, Connections: connections, Active: 1, Size: 1})
				// A hang becomes a failure with the stack of where it hangs.
				alarm := time.AfterFunc(patience, func() { panic("connecting hangs") })
				defer alarm.Stop()
				done, err := g.Connect(true)
				if err != nil {
					t.Fatal(err)
				}
				e := g.Errors()
				if done.Established != 0 || e.Connect == 0 || e.Total() != e.Connect {
					t.Errorf("%d established, errors %+v, want none but of connecting", done.Established, e)
				}
				if e.Connect > 64 {
					t.Errorf("%d failures: it gives up at the first", e.Connect)
				}
				if !errors.Is(g.FirstError(), test.errno) {
					t.Errorf("first error %v, want %v", g.FirstError(), test.errno)
				}
				if g.Latency().TotalCount() != 0 {
					t.Errorf("%d latencies of connecting", g.Latency().TotalCount())
				}
			})
		}
	}
}
