//go:build linux

package muxtest

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// served is a server that a case is about, in this process.
type served struct {
	Server
	rig    *rig
	at     unix.SockaddrInet4
	begun  bool
	closed bool          // Close was called
	ended  chan struct{} // Serve has
	err    error         // of Serve, once it has ended
}

// configured is cfg with what is the same for all cases: runtime entry, so that a
// wait which never ends cannot hold up the process, and an address of the kernel's
// choice.
func (r *rig) configured(cfg server.Config) server.Config {
	cfg.Backend, cfg.Entry = r.subject.backend, multiplexers.Runtime
	if !cfg.Address.IsValid() {
		cfg.Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	return cfg
}

// manyDescriptors is more than any case has, clients and server together, beside what
// this process has anyhow.
const manyDescriptors = 300

// listening starts the subject's server, which listens and serves nobody before
// begin. It is closed in the end.
func (r *rig) listening(cfg server.Config) *served {
	r.NeedDescriptors(manyDescriptors)
	inner, err := r.subject.start(r.configured(cfg))
	if err != nil {
		r.Fatalf("starting a server: %v", err)
	}
	at := inner.Address()
	s := &served{
		Server: inner,
		rig:    r,
		at:     unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())},
		ended:  make(chan struct{}),
	}
	r.Defer(s.end)
	return s
}

// serving is one that serves.
func (r *rig) serving(cfg server.Config) *served {
	s := r.listening(cfg)
	s.begin()
	return s
}

// begin has it serve.
func (s *served) begin() {
	s.begun = true
	go func() {
		defer close(s.ended)
		s.err = s.Serve()
	}()
}

// end closes the server, which is to have served until then and to give back
// everything. Called once more it does nothing.
func (s *served) end() {
	if s.closed {
		return
	}
	if !s.begun {
		s.begin() // Close waits for it
	} else if over(s.ended) {
		s.rig.Errorf("Serve has ended before Close: %v", s.err)
	}
	s.endMeanwhile(func() {})
}

// endMeanwhile closes the server from another goroutine while f is called, and
// says whether it is closed by then, or soon.
func (s *served) endMeanwhile(f func()) (ok bool) {
	s.closed = true
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.Close()
	}()
	f()
	if !s.rig.within(closed) {
		s.rig.Errorf("Close does not return")
		return false
	}
	if !s.rig.within(s.ended) { // a moment after what Close waited for
		s.rig.Errorf("Serve does not return when the server is closed")
		return false
	}
	if s.err != nil {
		s.rig.Errorf("Serve: %v", s.err)
	}
	return true
}

// over says whether a channel is closed.
func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// within says whether a channel is closed, or is soon.
func (r *rig) within(c <-chan struct{}) bool {
	timer := time.NewTimer(r.Patience)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

// snapshot is the server's state.
func (s *served) snapshot() server.Snapshot {
	snap, err := s.Snapshot()
	if err != nil {
		s.rig.Fatalf("Snapshot: %v", err)
	}
	return snap
}

// eventually wants a condition on the server's state to come true.
func (s *served) eventually(what string, holds func(server.Snapshot) bool) server.Snapshot {
	var snap server.Snapshot
	if !s.rig.Until(func() bool { snap = s.snapshot(); return holds(snap) }) {
		s.rig.Fatalf("%s: not so after %v: %+v", what, s.rig.Patience, snap)
	}
	return snap
}

// open wants the server to have so many connections, now or soon.
func (s *served) open(n int) server.Snapshot {
	return s.eventually("as many connections are open as there are clients", func(snap server.Snapshot) bool { return snap.Open == n })
}
