//go:build linux

package server

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// stepped is a server whose turns are taken by the test, and its clients, all
// in one goroutine: whatever the other side is to do has been done by then.
type stepped struct {
	tb      testing.TB
	loop    *loop
	from    unix.RawSockaddrInet4 // of clients
	to      unix.RawSockaddrInet4
	clients []int
	message []byte
	got     []byte
}

// oneLoops are the backends whose turns can be taken by a test.
func oneLoops() []Backend {
	return slices.DeleteFunc(Backends(), func(b Backend) bool { return b.Threads(0, 0) != 1 })
}

// step connects n clients and has each exchange a message, so that the loop
// has grown its tables and an edge-triggered set has reported its first edges.
// Entry and address of the configuration are the function's own.
func step(tb testing.TB, cfg Config, n int) *stepped {
	tb.Helper()
	cfg.Entry, cfg.Address = multiplexers.Raw, netip.MustParseAddrPort("127.0.0.1:0")
	server, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	crew := server.engine.(*crew)
	s := &stepped{tb: tb, loop: crew.crewmen[0].thread.(*loop), message: bytes.Repeat([]byte("muxbench"), 8), got: make([]byte, 128)}
	tb.Cleanup(func() {
		for _, fd := range s.clients {
			multiplexers.Raw.Reset(fd)
		}
		if err := crew.discard(); err != nil {
			tb.Error(err)
		}
	})
	s.from = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	s.to = s.from
	port := server.Address().Port()
	s.to.Port = port<<8 | port>>8 // network byte order, on little-endian machines
	for range n {
		s.connect()
	}
	s.exchange(n)
	return s
}

// connect adds a client, and takes turns until it is accepted.
func (s *stepped) connect() {
	fd, errno := multiplexers.Raw.Connect(&s.from, &s.to, 0)
	if fd >= 0 {
		s.clients = append(s.clients, fd)
	}
	if errno != 0 {
		s.tb.Fatalf("connecting: %v", errno)
	}
	s.turnUntil(len(s.clients))
}

// reset ends the first client's connection, and takes turns until the loop has
// closed its own end.
func (s *stepped) reset() {
	if errno := multiplexers.Raw.Reset(s.clients[0]); errno != 0 {
		s.tb.Fatalf("resetting a connection: %v", errno)
	}
	s.clients = s.clients[1:]
	s.turnUntil(len(s.clients))
}

// turnUntil so many connections are open.
func (s *stepped) turnUntil(open int) {
	for s.loop.open != open {
		s.turn()
	}
}

// exchange has every so-many-th of the clients, as many as active, send a
// message, and takes turns until all are echoed, which is one but for more
// events than fit into a wait.
func (s *stepped) exchange(active int) {
	every := len(s.clients) / active
	for i := range active {
		if n, errno := multiplexers.Raw.Write(s.clients[i*every], s.message); n != len(s.message) {
			s.tb.Fatalf("%d bytes written: %v", n, errno)
		}
	}
	for echoed := s.loop.counters.BytesOut + int64(active*len(s.message)); s.loop.counters.BytesOut < echoed; {
		s.turn()
	}
	for i := range active {
		n, errno := multiplexers.Raw.Read(s.clients[i*every], s.got)
		for errno == unix.EAGAIN { // the kernel delivers later when it is busy
			n, errno = multiplexers.Raw.Read(s.clients[i*every], s.got)
		}
		if !bytes.Equal(s.got[:n], s.message) {
			s.tb.Fatalf("the reply is %q, %v", s.got[:n], errno)
		}
	}
}

func (s *stepped) turn() {
	if stopped, err := s.loop.turn(); stopped || err != nil {
		s.tb.Fatalf("a turn ended the loop: %v", err)
	}
}

// BenchmarkTurn is one turn of the server over n connections, of which some
// have a message of 64 bytes: a wait, and for each of these a read and a write.
// The client's write and read of the message, which cost as much again, are
// timed with it: to stop the clock for them would cost more than they do.
func BenchmarkTurn(b *testing.B) {
	for _, backend := range oneLoops() {
		for _, size := range [...]struct{ n, active int }{{1, 1}, {100, 1}, {100, 100}, {1000, 1}, {1000, 1000}} {
			if most := backend.Mechanism.Capabilities.MaxFD; most > 0 && size.n >= most/2 {
				continue // both ends are in one process
			}
			b.Run(fmt.Sprintf("mux=%s/n=%d/active=%d", backend.Name, size.n, size.active), func(b *testing.B) {
				s := step(b, Config{Backend: backend}, size.n)
				waits := s.loop.counters.Waits
				b.ReportAllocs()
				for b.Loop() {
					s.exchange(size.active)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size.active), "ns/msg")
				b.ReportMetric(float64(s.loop.counters.Waits-waits)/float64(b.N), "waits/op")
			})
		}
	}
}

func TestTurnDoesNotAllocate(t *testing.T) {
	for _, backend := range oneLoops() {
		t.Run(backend.Name, func(t *testing.T) {
			s := step(t, Config{Backend: backend}, 100)
			for _, active := range [...]int{1, 10, 100} {
				if allocs := testing.AllocsPerRun(50, func() { s.exchange(active) }); allocs != 0 {
					t.Errorf("%v allocations with %d of 100 connections active", allocs, active)
				}
			}
		})
	}
}
