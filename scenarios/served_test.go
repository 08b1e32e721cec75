//go:build linux

package scenarios_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

// patience bounds each client of a test.
const patience = 20 * time.Second

// What clients do to a server in a process of its own, with raw entry. Each
// behaves, or misbehaves, and none may be served wrongly or stay behind.
var clients = []struct {
	name string
	talk func(t *testing.T, c *net.TCPConn)
}{
	{"a small message", func(t *testing.T, c *net.TCPConn) {
		exchange(t, c, random(64))
	}},
	{"a large message", func(t *testing.T, c *net.TCPConn) {
		exchange(t, c, random(1<<20))
	}},
	{"half-close", func(t *testing.T, c *net.TCPConn) {
		message := random(300_000)
		sent := sendInBackground(c, message)
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, message) {
			t.Errorf("%d of %d bytes came back before the end of file, %v", len(got), len(message), err)
		}
		<-sent
	}},
	{"reset", func(t *testing.T, c *net.TCPConn) {
		exchange(t, c, random(64))
		if err := c.SetLinger(0); err != nil {
			t.Error(err)
		}
	}},
	{"reset with output pending", func(t *testing.T, c *net.TCPConn) {
		if err := c.SetLinger(0); err != nil {
			t.Error(err)
		}
		// It blocks when both sides' buffers are full: all is pending then.
		if err := c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		if _, err := c.Write(make([]byte, 64<<20)); err == nil {
			t.Error("the server took 64 MiB from a client that reads nothing")
		}
	}},
	{"a slow reader", func(t *testing.T, c *net.TCPConn) {
		// Small, but not below the loopback's segments of 64 KiB: those
		// would come by the kernel's timers.
		if err := c.SetReadBuffer(64 << 10); err != nil {
			t.Error(err)
		}
		message := random(1 << 20)
		sent := sendInBackground(c, message)
		got := make([]byte, 0, len(message))
		chunk := make([]byte, 1000)
		for len(got) < len(message) {
			n, err := c.Read(chunk)
			if err != nil {
				t.Errorf("after %d of %d bytes: %v", len(got), len(message), err)
				break
			}
			got = append(got, chunk[:n]...)
		}
		if !bytes.Equal(got, message) {
			t.Error("the reply is not what was sent")
		}
		<-sent
	}},
	{"a slow writer", func(t *testing.T, c *net.TCPConn) {
		for _, b := range random(200) {
			exchange(t, c, []byte{b})
		}
	}},
	{"connect and vanish", func(t *testing.T, c *net.TCPConn) {}},
	{"send and vanish", func(t *testing.T, c *net.TCPConn) {
		if _, err := c.Write(random(1000)); err != nil {
			t.Error(err)
		}
	}},
}

func TestServersInProcessesOfTheirOwn(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		w, ready, err := processes(t).Launch(ctx, specOf(b.Name, b.Entries[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop(ctx)
		t.Run("clients", func(t *testing.T) {
			for _, client := range clients {
				t.Run(client.name, func(t *testing.T) {
					t.Parallel()
					c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(ready.Address))
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
						t.Fatal(err)
					}
					client.talk(t, c)
				})
			}
		})
		for {
			reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
			if err != nil {
				t.Fatalf("waiting for every connection to end: %v", err)
			}
			if reply.Server.Open == 0 {
				break
			}
		}
	})
}

// exchange sends a message and expects it back.
func exchange(t *testing.T, c net.Conn, message []byte) {
	t.Helper()
	done := make(chan error, 1)
	go func() { _, err := c.Write(message); done <- err }()
	got := make([]byte, len(message))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Errorf("reading a reply of %d bytes: %v", len(message), err)
	} else if !bytes.Equal(got, message) {
		t.Errorf("a reply of %d bytes is not what was sent", len(message))
	}
	if err := <-done; err != nil {
		t.Errorf("sending %d bytes: %v", len(message), err)
	}
}

// sendInBackground sends a message, and then no more.
func sendInBackground(c *net.TCPConn, message []byte) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		if _, err := c.Write(message); err == nil {
			_ = c.CloseWrite()
		}
	}()
	return done
}

func random(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(b)
	return b
}
