//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime/metrics"
	"strings"
	"testing"

	"muxbench/multiplexers/server"
)

// TestResetAtAnyByte: a client may go after every byte that it sends, and
// after every byte of the reply, and only itself is the worse for it.
func TestResetAtAnyByte(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		stays := dial(t, s)
		m := message(100)
		var clients, sent, received int64
		for k := range len(m) + 1 {
			for _, j := range [...]int{0, k / 2, k} {
				goes := dial(t, s)
				if _, err := goes.Write(m[:k]); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, j)
				if _, err := io.ReadFull(goes, got); err != nil || !bytes.Equal(got, m[:j]) {
					t.Fatalf("%d bytes sent: the first %d of the reply are %x, %v", k, j, got, err)
				}
				reset(t, goes)
				exchange(t, stays, m)
				clients, sent, received = clients+1, sent+int64(k+len(m)), received+int64(j+len(m))
			}
		}
		snap := eventually(t, s, "one is left", func(snap server.Snapshot) bool {
			return snap.Counters.Accepts == clients+1 && snap.Open == 1
		})
		// The kernel may throw away what arrives before a reset. What came back
		// has been read.
		if c := snap.Counters; c.BytesIn < received || c.BytesIn > sent || c.BytesOut < received || c.BytesOut > c.BytesIn {
			t.Errorf("%d bytes in, %d out, where %d were sent and %d received", c.BytesIn, c.BytesOut, sent, received)
		}
		checkAllGone(t, b, s, stays, clients+1)
	})
}

// checkAllGone ends the last client, and wants every connection counted at
// both its ends.
func checkAllGone(t *testing.T, b server.Backend, s *server.Server, last *net.TCPConn, clients int64) {
	t.Helper()
	reset(t, last)
	snap := eventually(t, s, "all are gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
	watched := watched(b, clients)
	if c := snap.Counters; c.Accepts != clients || c.Adds != watched || c.Removes != watched || snap.Refused != 0 {
		t.Errorf("%d accepted, %d added, %d removed and %d refused, want %d, and none refused",
			c.Accepts, c.Adds, c.Removes, snap.Refused, clients)
	}
}

// The offsets lie around what the server reads at once, and keeps of a reply.
func TestResetWithinALargeReply(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.SocketBuffers = 4096
		s := start(t, cfg)
		stays := dial(t, s)
		exchange(t, stays, message(100))
		m := message(1 << 20)
		const aside = 1000
		offsets := [...]int{1, largestRead - 1, largestRead, largestRead + 1}
		for _, offset := range offsets {
			before := snapshot(t, s).Counters.BytesIn
			goes := dial(t, s)
			// Or else the kernel takes the whole reply for it.
			if err := errors.Join(goes.SetReadBuffer(16<<10), goes.SetWriteBuffer(16<<10)); err != nil {
				t.Fatal(err)
			}
			written := make(chan struct{})
			go func() {
				_, _ = goes.Write(m) // is cut short
				close(written)
			}()
			got := make([]byte, offset)
			_, err := io.ReadFull(goes, got[:1])
			if err == nil {
				exchange(t, stays, message(aside))
				_, err = io.ReadFull(goes, got[1:])
			}
			if err != nil || !bytes.Equal(got, m[:offset]) {
				t.Fatalf("the first %d bytes of the reply are not what was sent: %v", offset, err)
			}
			reset(t, goes)
			<-written
			snap := eventually(t, s, "one is left", func(snap server.Snapshot) bool { return snap.Open == 1 })
			if n := snap.Counters.BytesIn - before - aside; n >= int64(len(m)) {
				t.Errorf("offset %d: all %d bytes were read: the reset came too late to show anything", offset, n)
			}
			exchange(t, stays, message(largestRead+1))
		}
		checkAllGone(t, b, s, stays, int64(len(offsets)+1))
	})
}

// TestHalfCloseAtAnyByte: what was said is answered, to the byte, whether the
// end comes along with the last byte or later.
func TestHalfCloseAtAnyByte(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		m := message(100)
		var clients, sent int64
		for k := range len(m) + 1 {
			for _, answered := range [...]int{0, k} {
				c := dial(t, s)
				if _, err := c.Write(m[:k]); err != nil {
					t.Fatal(err)
				}
				first := make([]byte, answered)
				if _, err := io.ReadFull(c, first); err != nil {
					t.Fatal(err)
				}
				if err := c.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				rest, err := io.ReadAll(c)
				if got := append(first, rest...); err != nil || !bytes.Equal(got, m[:k]) {
					t.Fatalf("half-closed after %d bytes, %d of them answered: got %x, %v", k, answered, got, err)
				}
				clients, sent = clients+1, sent+int64(k)
			}
		}
		snap := eventually(t, s, "all are gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
		if c := snap.Counters; c.Accepts != clients || c.Removes != watched(b, clients) || c.BytesIn != sent || c.BytesOut != sent {
			t.Errorf("%d accepted, %d removed, %d bytes in, %d out, want %d and %d", c.Accepts, c.Removes, c.BytesIn, c.BytesOut, clients, sent)
		}
	})
}

// TestGarbage: no byte means anything to the server.
func TestGarbage(t *testing.T) {
	random := make([]byte, 100_000)
	if _, err := rand.NewChaCha8([32]byte{1}).Read(random); err != nil {
		t.Fatal(err)
	}
	garbage := []struct {
		name    string
		content []byte
	}{
		{"random", random},
		{"NUL", make([]byte, 1000)},
		{"0xff", bytes.Repeat([]byte{0xff}, 1000)},
		{"ends of file", []byte("\x04\x1a\x00EOF\n.\r\n")},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")},
		{"TLS hello", []byte("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + strings.Repeat("\x5a", 32) + "\x00\x00\x02\x13\x01\x01\x00\x00\x00")},
		{"terminal escapes", []byte("\x1b[2J\x1b]0;owned\x07\x1bc\u009b31m\x1b[6n")},
	}
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		other := dial(t, s)
		var sent int64
		for _, g := range garbage {
			t.Run(g.name, func(t *testing.T) {
				c := dial(t, s)
				exchange(t, c, g.content)
				exchange(t, other, message(100))
				exchange(t, c, g.content)
				sent += int64(2*len(g.content) + 100)
			})
		}
		// The others were sent nothing beside their own.
		if err := other.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(other); err != nil || len(rest) > 0 {
			t.Errorf("another client got %x beside its replies, %v", rest, err)
		}
		snap := eventually(t, s, "all are gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
		if c := snap.Counters; c.BytesIn != sent || c.BytesOut != sent || c.Accepts != int64(len(garbage)+1) {
			t.Errorf("%d accepted, %d bytes in, %d out, want %d and %d", c.Accepts, c.BytesIn, c.BytesOut, len(garbage)+1, sent)
		}
	})
}

// TestSlowReadersTakeNoMoreThanABufferEach, and leave it to those who come
// after them.
func TestSlowReadersTakeNoMoreThanABufferEach(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.SocketBuffers = 4096
		s := start(t, cfg)
		quick := dial(t, s)
		const clients = 50
		m := message(1 << 20)
		var gone server.Counters // when none of them was there
		before := largeObjects(t)
		for round := range int64(3) {
			var all []*net.TCPConn
			for range clients {
				all = append(all, dial(t, s))
			}
			ended := press(all, m)
			kept := func(snap server.Snapshot) int64 {
				return snap.Counters.BytesIn - gone.BytesIn - (snap.Counters.BytesOut - gone.BytesOut)
			}
			// Of later rounds one reply is enough to show whether its buffer is new.
			eventually(t, s, "every reply is under way", func(snap server.Snapshot) bool {
				return snap.Open == clients+1 && kept(snap) > 0 && largeObjects(t)-before >= clients
			})
			for range 100 { // gives the loop as many occasions to take more
				exchange(t, quick, m[:100])
			}
			if n := kept(snapshot(t, s)); n > clients*largestRead {
				t.Errorf("%d bytes are kept for %d clients, want at most %d", n, clients, clients*largestRead)
			}
			for _, c := range all {
				reset(t, c)
			}
			for range all {
				if err := <-ended; err == nil {
					t.Errorf("the server took %d bytes of a client that reads nothing", len(m))
				}
			}
			gone = eventually(t, s, "one is left", func(snap server.Snapshot) bool { return snap.Open == 1 }).Counters
			if want := (round + 1) * clients; gone.Accepts != want+1 || gone.Removes != want {
				t.Errorf("%d accepted, %d removed, want %d and %d", gone.Accepts, gone.Removes, want+1, want)
			}
			if n := largeObjects(t) - before; n > clients {
				t.Errorf("%d buffers were made by the end of round %d, want one for each of %d clients", n, round+1, clients)
			}
		}
	})
}

// press has all clients write m, reading nothing, until they are reset. It
// returns how each of them ended.
func press(clients []*net.TCPConn, m []byte) <-chan error {
	ended := make(chan error, len(clients))
	for _, c := range clients {
		go func() {
			// Little room on this side: the server's own is what counts.
			err := errors.Join(c.SetReadBuffer(4096), c.SetWriteBuffer(4096))
			if err == nil {
				_, err = c.Write(m)
			}
			ended <- err
		}()
	}
	return ended
}

// largeObjects is how many objects of more than 32 KiB this process has ever
// allocated: in these tests, output buffers.
func largeObjects(t *testing.T) int64 {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs-by-size:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		t.Fatal("the runtime does not count allocations by size")
	}
	counts := sample[0].Value.Float64Histogram().Counts
	return int64(counts[len(counts)-1])
}
