//go:build linux

package server

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// stepped is a server whose turns are taken by the test, and its clients, all
// in one goroutine: whatever the other side is to do has been done by then.
type stepped struct {
	tb      testing.TB
	loop    *loop
	clients []int
	message []byte
	got     []byte
}

// step connects n clients and has each exchange a message, so that the loop
// has grown its tables and an edge-triggered set has reported its first edges.
func step(tb testing.TB, b Backend, n int) *stepped {
	tb.Helper()
	server, err := New(Config{Backend: b, Entry: multiplexers.Raw, Address: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		tb.Fatal(err)
	}
	s := &stepped{tb: tb, loop: server.loop, message: bytes.Repeat([]byte("muxbench"), 8), got: make([]byte, 128)}
	tb.Cleanup(func() {
		for _, fd := range s.clients {
			multiplexers.Raw.Reset(fd)
		}
		if err := server.loop.close(); err != nil {
			tb.Error(err)
		}
		_ = unix.Close(server.wake)
	})
	from := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	to := from
	port := server.Address().Port()
	to.Port = port<<8 | port>>8 // network byte order, on little-endian machines
	for i := range n {
		fd, errno := multiplexers.Raw.Connect(&from, &to, 0)
		if fd >= 0 {
			s.clients = append(s.clients, fd)
		}
		if errno != 0 {
			tb.Fatalf("connecting: %v", errno)
		}
		for s.loop.open <= i {
			s.turn()
		}
	}
	s.exchange(n)
	return s
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
	for _, backend := range Backends() {
		for _, size := range [...]struct{ n, active int }{{1, 1}, {100, 1}, {100, 100}, {1000, 1}, {1000, 1000}} {
			b.Run(fmt.Sprintf("mux=%s/n=%d/active=%d", backend.Name, size.n, size.active), func(b *testing.B) {
				s := step(b, backend, size.n)
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
	for _, backend := range Backends() {
		t.Run(backend.Name, func(t *testing.T) {
			s := step(t, backend, 100)
			for _, active := range [...]int{1, 10, 100} {
				if allocs := testing.AllocsPerRun(50, func() { s.exchange(active) }); allocs != 0 {
					t.Errorf("%v allocations with %d of 100 connections active", allocs, active)
				}
			}
		})
	}
}
