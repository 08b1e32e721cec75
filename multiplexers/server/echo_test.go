//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"muxbench/multiplexers/server"
)

func TestEcho(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		for _, buffers := range [...]int{0, 4096} {
			for _, size := range [...]int{1, 1024, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
				t.Run(fmt.Sprintf("%d bytes, buffers %d", size, buffers), func(t *testing.T) {
					cfg := config(b)
					cfg.SocketBuffers = buffers
					s := start(t, cfg)
					c := dial(t, s)
					for range 3 {
						exchange(t, c, message(size))
					}
					snap := snapshot(t, s)
					if want := int64(3 * size); snap.Counters.BytesIn != want || snap.Counters.BytesOut != want {
						t.Errorf("%d bytes in, %d out, want %d", snap.Counters.BytesIn, snap.Counters.BytesOut, want)
					}
				})
			}
		}
	})
}

// A message of one client does not come out at another.
func TestEchoKeepsConnectionsApart(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		for i := range 50 {
			c := dial(t, s)
			exchange(t, c, message(i + 1)[i/2:])
			t.Cleanup(func() { exchange(t, c, message(50-i)) })
		}
	})
}

// TestHalfClose is C-151: a client that has said all it has to say is told the
// rest, then bid farewell.
func TestHalfClose(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		for _, size := range [...]int{0, 1, 1000, 64 << 10, 256 << 10, 1 << 20} {
			for _, buffers := range [...]int{0, 4096} {
				t.Run(fmt.Sprintf("%d bytes, buffers %d", size, buffers), func(t *testing.T) {
					cfg := config(b)
					cfg.SocketBuffers = buffers
					s := start(t, cfg)
					c := dial(t, s)
					m := message(size)
					sent := make(chan error, 1)
					go func() {
						_, err := c.Write(m)
						sent <- errors.Join(err, c.CloseWrite())
					}()
					got, err := io.ReadAll(c)
					if err := errors.Join(err, <-sent); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got, m) {
						t.Errorf("got %d bytes, not the %d that were sent", len(got), len(m))
					}
					eventually(t, s, "the connection has ended", func(snap server.Snapshot) bool { return snap.Open == 0 })
				})
			}
		}
	})
}

func TestSlowWriter(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		s := start(t, config(b))
		slow, quick := dial(t, s), dial(t, s)
		for _, b := range message(500) {
			exchange(t, slow, []byte{b})
		}
		m := message(500)
		for i := range m {
			if _, err := slow.Write(m[i : i+1]); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				exchange(t, quick, m)
			}
		}
		got := make([]byte, len(m))
		if _, err := io.ReadFull(slow, got); err != nil || !bytes.Equal(got, m) {
			t.Errorf("got another %d bytes, %v", len(got), err)
		}
	})
}
