//go:build linux

package server_test

import (
	"bytes"
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
