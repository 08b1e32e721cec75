//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// patience bounds everything that a test waits for.
const patience = 5 * time.Second

// TestMain is also the main function of the child processes of cramped_test.go and
// rawclose_test.go.
func TestMain(m *testing.M) {
	if backend := os.Getenv(rawBackend); backend != "" {
		if err := serveRaw(backend); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	if backend := os.Getenv(crampedBackend); backend != "" {
		if err := serveCramped(backend, os.Stdin, os.Stdout); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// eachBackend runs a test on every backend.
func eachBackend(t *testing.T, test func(*testing.T, server.Backend)) {
	t.Helper()
	eachOf(t, func(server.Backend) bool { return true }, test)
}

// eachMultiplexing runs a test on those that have loops of ours, one or several,
// or a pool: on what they wait with, or how they are parked.
func eachMultiplexing(t *testing.T, test func(*testing.T, server.Backend)) {
	t.Helper()
	eachOf(t, server.Backend.Multiplexes, test)
}

// eachLoop runs a test on those that have one loop: on what that does within a
// batch, which is the same where there are several.
func eachLoop(t *testing.T, test func(*testing.T, server.Backend)) {
	t.Helper()
	eachOf(t, func(b server.Backend) bool { return b.Threads(0, 0) == 1 }, test)
}

func eachOf(t *testing.T, is func(server.Backend) bool, test func(*testing.T, server.Backend)) {
	t.Helper()
	for _, b := range server.Backends() {
		if !is(b) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			if err := b.Probe(); err != nil {
				t.Skipf("%s is unavailable on this host: %v", b.Name, err)
			}
			test(t, b)
		})
	}
}

// watched is how often so many connections are added to an interest set of ours,
// and removed from it.
func watched(b server.Backend, connections int64) int64 {
	if b.Multiplexes() {
		return connections
	}
	return 0
}

func loopback() netip.AddrPort { return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0) }

// config is for tests: runtime entry, so that a blocked loop stops nobody.
func config(b server.Backend) server.Config {
	return server.Config{Backend: b, Entry: multiplexers.Runtime, Address: loopback()}
}

// start serves until the test ends.
func start(t *testing.T, cfg server.Config) *server.Server {
	t.Helper()
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// dial connects a client whose reads and writes do not last for ever.
func dial(t *testing.T, s *server.Server) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(s.Address()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// message is n bytes that repeat nowhere near.
func message(n int) []byte {
	m := make([]byte, n)
	for i := range m {
		m[i] = byte(i>>16) ^ byte(i>>8) ^ byte(i)*167
	}
	return m
}

// exchange sends m and wants it back.
func exchange(t *testing.T, c net.Conn, m []byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(m)
		sent <- err
	}()
	got := make([]byte, len(m))
	_, err := io.ReadFull(c, got)
	if err := errors.Join(err, <-sent); err != nil {
		t.Fatalf("exchanging %d bytes: %v", len(m), err)
	}
	if !bytes.Equal(got, m) {
		t.Fatalf("the reply of %d bytes is not what was sent", len(m))
	}
}

func snapshot(t *testing.T, s *server.Server) server.Snapshot {
	t.Helper()
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return snap
}

// eventually wants a condition on the server's state to come true.
func eventually(t *testing.T, s *server.Server, what string, holds func(server.Snapshot) bool) server.Snapshot {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		snap := snapshot(t, s)
		if holds(snap) {
			return snap
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after %v: %+v", what, patience, snap)
		}
	}
}
