//go:build linux

package loadgen

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// stepped is a generator whose turns are taken by the test, and the far ends of
// its connections, all in one goroutine.
type stepped struct {
	tb     testing.TB
	g      *Generator
	peers  []int // of the active connections
	buffer []byte
}

// step connects n clients and has some of them send a first message, to be
// echoed by the next call of exchange.
func step(tb testing.TB, n, active int) *stepped {
	tb.Helper()
	listener, target := listen(tb)
	g, err := New(Config{Target: target, Connections: n, Active: active, Size: 64, Entry: multiplexers.Raw})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(); err != nil {
			tb.Error(err)
		}
	})
	// The kernel completes connections that nobody has accepted yet.
	if done, err := g.Connect(false); err != nil || done.Established != n {
		tb.Fatalf("%d of %d connected: %v, %v", done.Established, n, err, g.FirstError())
	}
	all := make([]unix.PollFd, n)
	for i := range all {
		fd, errno := multiplexers.Runtime.Accept(listener)
		if errno != 0 {
			tb.Fatalf("accepting: %v", errno)
		}
		tb.Cleanup(func() { _ = unix.Close(fd) })
		all[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	g.start(Piece{Rounds: math.MaxInt32, Record: true}, g.now())
	return &stepped{tb: tb, g: g, peers: talking(tb, all, active), buffer: make([]byte, 128)}
}

// talking are the far ends that have got something, as many as active.
func talking(tb testing.TB, all []unix.PollFd, active int) []int {
	tb.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; {
		n, err := unix.Poll(all, 0)
		if n == active {
			break
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%d connections carry messages, %v, want %d", n, err, active)
		}
	}
	var peers []int
	for _, p := range all {
		if p.Revents != 0 {
			peers = append(peers, int(p.Fd))
		}
	}
	return peers
}

// listen is a listener whose queue has room for as many as a test connects. Its
// accept blocks until there is one.
func listen(tb testing.TB) (fd int, at netip.AddrPort) {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(os.NewSyscallError("socket", err))
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(os.NewSyscallError("bind", err))
	}
	if err := unix.Listen(fd, 4096); err != nil {
		tb.Fatal(os.NewSyscallError("listen", err))
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		tb.Fatal(os.NewSyscallError("getsockname", err))
	}
	return fd, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
}

// exchange echoes a message of every active connection, and takes turns until
// all of them are verified and the next ones are sent, which is one turn.
func (s *stepped) exchange() {
	for _, fd := range s.peers {
		n, errno := multiplexers.Raw.Read(fd, s.buffer)
		for errno == unix.EAGAIN { // the kernel delivers later when it is busy
			n, errno = multiplexers.Raw.Read(fd, s.buffer)
		}
		if n != int(s.g.payload.size) {
			s.tb.Fatalf("%d bytes read: %v", n, errno)
		}
		if n, errno := multiplexers.Raw.Write(fd, s.buffer[:n]); n != int(s.g.payload.size) {
			s.tb.Fatalf("%d bytes written: %v", n, errno)
		}
	}
	for replied := s.g.messages + int64(len(s.peers)); s.g.messages < replied; {
		if err := s.g.turn(); err != nil || s.g.first.err != nil {
			s.tb.Fatalf("a turn failed: %v, %v", err, s.g.FirstError())
		}
	}
}

// BenchmarkTurn is one turn of the generator over n connections, of which some
// have a reply: a wait, and for each of these a read, a comparison, a record
// and a write. The peer's read and write of the message, which cost about as
// much again, are timed with it: to stop the clock for them would cost more
// than they do.
func BenchmarkTurn(b *testing.B) {
	for _, size := range [...]struct{ n, active int }{{1, 1}, {100, 1}, {100, 100}, {1000, 1}, {1000, 1000}} {
		b.Run(fmt.Sprintf("n=%d/active=%d", size.n, size.active), func(b *testing.B) {
			s := step(b, size.n, size.active)
			s.exchange() // takes the edges of connecting along
			waits := s.g.counters.Waits
			b.ReportAllocs()
			for b.Loop() {
				s.exchange()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size.active), "ns/msg")
			b.ReportMetric(float64(s.g.counters.Waits-waits)/float64(b.N), "waits/op")
		})
	}
}

func TestTurnDoesNotAllocate(t *testing.T) {
	for _, active := range [...]int{1, 10, 100} {
		t.Run(fmt.Sprintf("%d active", active), func(t *testing.T) {
			s := step(t, 100, active)
			if allocs := testing.AllocsPerRun(50, s.exchange); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}

// latencies go from what the histogram cannot tell apart to what it cannot hold.
func latencies() []time.Duration {
	var all []time.Duration
	for d := time.Duration(1); d <= 2*longestLatency; d = d*5/4 + 1 {
		all = append(all, d)
	}
	return all
}

// recorder has nothing but what recording needs.
func recorder() *Generator {
	return &Generator{latency: newHistogram()}
}

// BenchmarkRecordLatency is one record of a value near those of a message over
// loopback, and none like the one before.
func BenchmarkRecordLatency(b *testing.B) {
	g := recorder()
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		record(g.latency, 10*time.Microsecond+time.Duration(i*2654435761>>14), &g.errors.Timeout) // up to 272 µs
	}
	if g.errors.Timeout > 0 {
		b.Fatalf("%d values are not recorded", g.errors.Timeout)
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	g := recorder()
	all := latencies()
	allocs := testing.AllocsPerRun(50, func() {
		for _, d := range all {
			record(g.latency, d, &g.errors.Timeout)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations in recording %d latencies", allocs, len(all))
	}
	if g.errors.Timeout == 0 || g.latency.TotalCount() == 0 {
		t.Errorf("%d recorded and %d too long, want both", g.latency.TotalCount(), g.errors.Timeout)
	}
}
