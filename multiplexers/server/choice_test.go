//go:build linux

package server_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// TestMaxEvents: no wait returns more than it may, and what does not fit is served
// all the same.
func TestMaxEvents(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		for _, most := range []int{1, 3, 1000} {
			cfg := config(observe(b, &observed{after: func(events []multiplexers.Event) {
				if len(events) > most {
					t.Errorf("a wait returned %d events of %d that it may", len(events), most)
				}
			}}))
			cfg.MaxEvents = most
			s := start(t, cfg)
			var all []func()
			for i := range 10 {
				c := dial(t, s)
				exchange(t, c, message(10))
				all = append(all, func() { exchange(t, c, message(100+i)) })
			}
			if _, err := s.Park(); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			for _, exchanges := range all {
				go func() { exchanges(); done <- struct{}{} }()
			}
			snapshot(t, s) // wakes it, when some have written
			for range all {
				<-done
			}
		}
	})
}

// TestSpinningWaits: a loop that may not sleep waits on with nothing to do, and
// serves and stops as any other.
func TestSpinningWaits(t *testing.T) {
	eachMultiplexing(t, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.SpinningWaits = true
		s := start(t, cfg)
		c := dial(t, s)
		exchange(t, c, message(1000))
		before := snapshot(t, s)
		after := eventually(t, s, "it has asked again and again", func(snap server.Snapshot) bool {
			return snap.Counters.EmptyWaits > before.Counters.EmptyWaits+100
		})
		if after.CPU <= before.CPU || after.Counters.Reads != before.Counters.Reads {
			t.Errorf("%+v after %+v", after, before)
		}
		parked, err := s.Park()
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Park()
		if err != nil || again.Counters.Waits != parked.Counters.Waits {
			t.Errorf("parked, it waited on: %d times, before %d, %v", again.Counters.Waits, parked.Counters.Waits, err)
		}
	})
}

// TestNewRefuses what a backend has no choice of, and what nobody can have meant.
func TestNewRefuses(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		tests := []struct {
			name  string
			has   bool
			set   func(*server.Config, int)
			most  int
			words string
		}{
			{"loops", b.Loops > 0, func(c *server.Config, n int) { c.Loops = n }, server.MaxLoops, "loops"},
			{"pool threads", b.PoolThreads > 0, func(c *server.Config, n int) { c.PoolThreads = n }, server.MaxLoops, "pool threads"},
			{"events", b.Multiplexes(), func(c *server.Config, n int) { c.MaxEvents = n }, server.MaxMaxEvents, "events"},
		}
		for _, test := range tests {
			for _, n := range []int{-1, 3, test.most + 1} {
				cfg := config(b)
				test.set(&cfg, n)
				s, err := server.New(cfg)
				if err == nil {
					go func() { _ = s.Serve() }()
					s.Close()
				}
				if allowed := test.has && n == 3; allowed != (err == nil) {
					t.Errorf("%d %s: %v", n, test.name, err)
				}
				if err != nil && (!strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), b.Name)) {
					t.Errorf("%d %s: %v, want an error that names both", n, test.name, err)
				}
			}
		}
		cfg := config(b)
		cfg.Entry = multiplexers.Raw
		if _, err := server.New(cfg); !b.Enters(multiplexers.Raw) && (err == nil || !strings.Contains(err.Error(), "raw")) {
			t.Errorf("New with raw entry: %v, want an error that says so", err)
		}
		cfg = config(b)
		cfg.SpinningWaits = true
		if _, err := server.New(cfg); !b.Multiplexes() && err == nil {
			t.Error("New with waits that spin, and no waits of ours: no error")
		}
	})
}

// TestListenersOfTheirOwn: with SO_REUSEPORT the kernel deals connections out, so
// that each of several loops gets some; nobody else joins in.
func TestListenersOfTheirOwn(t *testing.T) {
	b, err := server.Lookup("reuseport")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(b)
	cfg.Loops = 3
	s := start(t, cfg)
	const clients = 150 // a loop without any of them is as good as impossible
	for range clients {
		exchange(t, dial(t, s), message(10))
	}
	for i, thread := range snapshot(t, s).Threads {
		if thread.Counters.Accepts == 0 {
			t.Errorf("loop %d has accepted none of %d connections", i, clients)
		}
	}
	cfg.Address = s.Address()
	if _, err := server.New(cfg); err == nil || !strings.Contains(err.Error(), unix.EADDRINUSE.Error()) {
		t.Errorf("a second server at %s: %v, want %v", s.Address(), err, unix.EADDRINUSE)
	}
}
