//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

const (
	largestRead  = 64 << 10 // what the server reads at once, and keeps for one client
	readsPerTurn = 4
)

// fill writes for as long as the server takes something, reading nothing back,
// and returns what was written: different bytes for every salt.
func fill(t *testing.T, c *net.TCPConn, salt byte) []byte {
	t.Helper()
	m := message(4 << 20)
	for i := range m {
		m[i] ^= salt
	}
	for sent := 0; sent < len(m); {
		// Nothing is taken for this long: the way is full, or slow, and either
		// will do.
		if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Write(m[sent:min(len(m), sent+largestRead)])
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return m[:sent]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("the server took %d bytes of a client that reads nothing", len(m))
	return nil
}

// Slow readers do not get each other's buffers, also not those that somebody
// left who went while a reply was under way.
func TestSlowReadersShareNothing(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.SocketBuffers = 4096
		s := start(t, cfg)
		leaves := dial(t, s)
		fill(t, leaves, 1)
		reset(t, leaves)
		eventually(t, s, "it is gone", func(snap server.Snapshot) bool { return snap.Open == 0 })
		var clients []*net.TCPConn
		var sent [][]byte
		for salt := range 3 {
			c := dial(t, s)
			clients = append(clients, c)
			sent = append(sent, fill(t, c, byte(salt+2)))
		}
		for i, c := range clients {
			got := make([]byte, len(sent[i]))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent[i]) {
				t.Errorf("client %d does not get what it sent: %v", i, err)
			}
		}
	})
}

// TestBusyConnectionStarvesNobody floods one connection, and looks at how much
// the loop reads in one batch: how long everybody else waits.
func TestBusyConnectionStarvesNobody(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		var at, most, full int64
		count := func() int64 {
			n, err := readCalls()
			if err != nil {
				t.Error(err)
			}
			return n
		}
		o := &observed{
			before: func() error {
				if at > 0 {
					reads := count() - at - 1 // but for the one that asked
					most = max(most, reads)
					if reads >= readsPerTurn {
						full++
					}
				}
				return nil
			},
			after: func([]multiplexers.Event) { at = count() },
		}
		s := start(t, config(observe(b, o)))
		busy, quiet := dial(t, s), dial(t, s)
		stop := make(chan struct{})
		flooded := make(chan error, 2)
		go func() {
			block := message(1 << 20)
			for {
				select {
				case <-stop:
					flooded <- busy.CloseWrite()
					return
				default:
				}
				if _, err := busy.Write(block); err != nil {
					flooded <- err
					return
				}
			}
		}()
		go func() {
			_, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{busy}, make([]byte, 1<<20))
			flooded <- err
		}()
		for range 300 {
			exchange(t, quiet, message(10))
		}
		close(stop)
		if err := errors.Join(<-flooded, <-flooded); err != nil {
			t.Error(err)
		}
		s.Close()
		// Each of the two its turn, and the control descriptor.
		if limit := int64(2*readsPerTurn + 1); most > limit {
			t.Errorf("%d reads in one batch, want at most %d", most, limit)
		}
		t.Logf("%d batches used a whole turn; at most %d reads in a batch", full, most)
	})
}

type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

// readCalls is how many reads the calling thread has made, of anything
// (proc_pid_io(5)); asking makes one more.
func readCalls() (int64, error) {
	fd, err := unix.Open("/proc/thread-self/io", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("open /proc/thread-self/io", err)
	}
	defer unix.Close(fd)
	var text [512]byte
	n, err := unix.Read(fd, text[:])
	if err != nil {
		return 0, os.NewSyscallError("read /proc/thread-self/io", err)
	}
	for line := range strings.Lines(string(text[:n])) {
		if calls, ok := strings.CutPrefix(line, "syscr: "); ok {
			return strconv.ParseInt(strings.TrimSpace(calls), 10, 64)
		}
	}
	return 0, errors.New("/proc/thread-self/io has no syscr")
}
