//go:build linux

package loadgen_test

import (
	"net/netip"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// patience bounds what a test waits for.
const patience = 5 * time.Second

// eachBackend runs a test against a server of every backend, which serves
// until the test ends.
func eachBackend(t *testing.T, buffers int, test func(*testing.T, *server.Server)) {
	t.Helper()
	eachOf(t, buffers, func(server.Backend) bool { return true }, test)
}

// eachOf is eachBackend for some of them.
func eachOf(t *testing.T, buffers int, is func(server.Backend) bool, test func(*testing.T, *server.Server)) {
	t.Helper()
	for _, b := range server.Backends() {
		if !is(b) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			if err := b.Probe(); err != nil {
				t.Skipf("%s is unavailable on this host: %v", b.Name, err)
			}
			s, err := server.New(server.Config{
				Backend:       b,
				Entry:         multiplexers.Runtime,
				Address:       netip.MustParseAddrPort("127.0.0.1:0"),
				SocketBuffers: buffers,
			})
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
			test(t, s)
		})
	}
}

// generator makes one that is closed when the test ends.
func generator(t *testing.T, cfg loadgen.Config) *loadgen.Generator {
	t.Helper()
	cfg.Entry = multiplexers.Runtime
	g, err := loadgen.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return g
}

// connected is generator, with its connections established.
func connected(t *testing.T, cfg loadgen.Config) *loadgen.Generator {
	t.Helper()
	g := generator(t, cfg)
	done, err := g.Connect(false)
	if err != nil {
		t.Fatal(err)
	}
	if done.Established != cfg.Connections || g.Errors() != (results.Errors{}) {
		t.Fatalf("%d of %d connections established: %v", done.Established, cfg.Connections, g.FirstError())
	}
	return g
}

// exchange runs a piece. One that hangs is aborted, and fails the test.
func exchange(t *testing.T, g *loadgen.Generator, p loadgen.Piece) loadgen.Exchanged {
	t.Helper()
	alarm := time.AfterFunc(patience, func() {
		t.Errorf("the piece is not over after %v", patience)
		_ = g.Abort()
	})
	done, err := g.Exchange(p)
	alarm.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestNewRefusesNonsense(t *testing.T) {
	target := netip.MustParseAddrPort("127.0.0.1:1")
	tests := []struct {
		name string
		cfg  loadgen.Config
	}{
		{"no target", loadgen.Config{Connections: 1, Active: 1, Size: 1}},
		{"target elsewhere", loadgen.Config{Target: netip.MustParseAddrPort("192.0.2.1:1"), Connections: 1, Active: 1, Size: 1}},
		{"IPv6", loadgen.Config{Target: netip.MustParseAddrPort("[::1]:1"), Connections: 1, Active: 1, Size: 1}},
		{"nothing to send", loadgen.Config{Target: target, Connections: 1, Active: 1}},
		{"nobody active", loadgen.Config{Target: target, Connections: 1, Size: 1}},
		{"more active than there are", loadgen.Config{Target: target, Connections: 1, Active: 2, Size: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, err := loadgen.New(test.cfg)
			if err == nil {
				t.Errorf("%+v is accepted", test.cfg)
				_ = g.Close()
			}
		})
	}
}
