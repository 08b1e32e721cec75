//go:build linux

package loadgen_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/loadgen"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// churn runs a piece. One that hangs is aborted, and fails the test.
func churn(t *testing.T, g *loadgen.Generator, p loadgen.Piece) loadgen.Churned {
	t.Helper()
	alarm := time.AfterFunc(patience, func() {
		t.Errorf("the piece is not over after %v", patience)
		_ = g.Abort()
	})
	done, err := g.Churn(p)
	alarm.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// Each connection is accepted once, carries its message and is gone: by rounds as
// many as they say, by duration at least one in each place.
func TestChurn(t *testing.T) {
	eachBackend(t, 4096, func(t *testing.T, s *server.Server) {
		for _, size := range []int{1, 100 << 10} {
			for _, p := range []loadgen.Piece{{Rounds: 5, Record: true}, {Rounds: 1}, {Duration: 10 * time.Millisecond, Record: true}} {
				t.Run(fmt.Sprintf("%d bytes, %+v", size, p), func(t *testing.T) {
					const places = 8
					g := generator(t, loadgen.Config{Target: s.Address(), Connections: places, Active: places, Size: size, SocketBuffers: 4096})
					before, err := s.Snapshot()
					if err != nil {
						t.Fatal(err)
					}
					done := churn(t, g, p)
					if err := g.FirstError(); err != nil {
						t.Fatal(err)
					}
					if want := int64(places * p.Rounds); p.Rounds > 0 && done.Connections != want || done.Connections < places {
						t.Errorf("%d connections, want %d", done.Connections, want)
					}
					if done.Elapsed <= 0 || done.CPU <= 0 || done.Counters.BytesIn != done.Connections*int64(size) || done.Counters.Removes != done.Connections {
						t.Errorf("%+v", done)
					}
					recorded := int64(0)
					if p.Record {
						recorded = done.Connections
					}
					if n := g.Latency().TotalCount(); n != recorded {
						t.Errorf("%d latencies of %d", n, recorded)
					}
					after, err := s.Snapshot()
					for deadline := time.Now().Add(patience); err == nil && after.Open > 0 && time.Now().Before(deadline); {
						after, err = s.Snapshot()
					}
					if accepted := after.Counters.Accepts - before.Counters.Accepts; err != nil || after.Open != 0 || accepted != done.Connections {
						t.Errorf("the server has accepted %d and has %d left of %d, %v", accepted, after.Open, done.Connections, err)
					}
				})
			}
		}
	})
}

// Whatever goes wrong is in one class, ends the piece, and leaves nothing open.
func TestChurnErrors(t *testing.T) {
	const places, size = 3, 100
	closed := func(t *testing.T) netip.AddrPort { // nobody listens there
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).AddrPort()
	}
	served := func(serve func(net.Conn)) func(*testing.T) netip.AddrPort {
		return func(t *testing.T) netip.AddrPort { return misbehave(t, serve) }
	}
	tests := []struct {
		name  string
		at    func(*testing.T) netip.AddrPort
		class func(results.Errors) int64
		first error
	}{
		{"nobody listens", closed, func(e results.Errors) int64 { return e.Connect }, unix.ECONNREFUSED},
		{"a wrong byte", served(func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { m[size-1] ^= 1; return m })
			hold(c)
		}), func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"a byte too many", served(func(c net.Conn) {
			echo(c, 1, size, func(m []byte) []byte { return append(m, 0) })
			hold(c)
		}), func(e results.Errors) int64 { return e.Mismatch }, nil},
		{"the end", served(func(c net.Conn) { echo(c, 1, size, func(m []byte) []byte { return m[:size-1] }) }), func(e results.Errors) int64 { return e.Reset }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := generator(t, loadgen.Config{Target: test.at(t), Connections: places, Active: places, Size: size})
			done := churn(t, g, loadgen.Piece{Rounds: 100})
			if n := test.class(g.Errors()); n < 1 || n > places || g.Errors().Total() != n || done.Connections != 0 {
				t.Errorf("%+v, %d connections: %v", g.Errors(), done.Connections, g.FirstError())
			}
			if test.first != nil && !errors.Is(g.FirstError(), test.first) {
				t.Errorf("first error %v, want %v", g.FirstError(), test.first)
			}
		})
	}
}

// A server that never answers is given up when somebody says so.
func TestChurnIsAborted(t *testing.T) {
	const places = 4
	g := generator(t, loadgen.Config{Target: misbehave(t, hold), Connections: places, Active: places, Size: 10})
	if err := g.Abort(); err != nil {
		t.Fatal(err)
	}
	if done := churn(t, g, loadgen.Piece{Rounds: 3}); done.Connections != 0 || g.Errors() != (results.Errors{Timeout: places}) {
		t.Errorf("%+v of %+v", g.Errors(), done)
	}
}

func TestChurnBesideOthersIsRefused(t *testing.T) {
	g := connected(t, loadgen.Config{Target: misbehave(t, hold), Connections: 2, Active: 2, Size: 1})
	if _, err := g.Churn(loadgen.Piece{Rounds: 1}); err == nil {
		t.Error("no error beside connections that stay")
	}
}

// Bursts add up to the connections there are, and begin anew when those are gone.
func TestBursts(t *testing.T) {
	at := misbehave(t, hold)
	g := generator(t, loadgen.Config{Target: at, Connections: 200, Active: 200, Size: 1})
	for range 2 {
		for _, n := range []int{1, 150, 49} {
			done, err := g.Burst(n, true)
			if err != nil {
				t.Fatal(err)
			}
			if done.Established != n || done.Last < done.First || g.Errors() != (results.Errors{}) {
				t.Errorf("%+v of %d: %v", done, n, g.FirstError())
			}
			if n > 1 && done.Counters.Waits >= int64(n) {
				t.Errorf("it looked for what had come of connections %d times, while it began %d", done.Counters.Waits, n)
			}
		}
		for _, n := range []int{1, 0, -1} {
			if _, err := g.Burst(n, false); err == nil {
				t.Errorf("%d more: no error", n)
			}
		}
		g.Disconnect()
	}
	if n := g.Latency().TotalCount(); n != 400 {
		t.Errorf("%d latencies, want 400", n)
	}
}

// A queue that is full and that nobody looks into keeps connections waiting, until
// somebody gives up on them.
func TestBurstIsAborted(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 2)); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
	const many = 50
	g := generator(t, loadgen.Config{Target: at, Connections: many, Active: many, Size: 1})
	if err := g.Abort(); err != nil {
		t.Fatal(err)
	}
	done, err := g.Burst(many, false)
	if err != nil {
		t.Fatal(err)
	}
	if timeouts := g.Errors().Timeout; timeouts < 1 || done.Established+int(timeouts) != many {
		t.Errorf("%d of %d established, and %+v", done.Established, many, g.Errors())
	}
}
