//go:build linux

package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"muxbench/multiplexers/server"
)

// eachRoom runs a test in a chat room of every backend that has one.
func eachRoom(t *testing.T, test func(*testing.T, server.Config)) {
	t.Helper()
	eachOf(t, server.Backend.Rooms, func(t *testing.T, b server.Backend) {
		cfg := config(b)
		cfg.Room = true
		test(t, cfg)
	})
}

// TestRoom: what one says reaches everybody, in the order in which it was said, in
// part or at once.
func TestRoom(t *testing.T) {
	eachRoom(t, func(t *testing.T, cfg server.Config) {
		for _, size := range []int{1, 1000, 80 << 10} {
			for _, buffers := range []int{0, 4096} {
				t.Run(fmt.Sprintf("%d bytes, buffers %d", size, buffers), func(t *testing.T) {
					cfg.SocketBuffers = buffers
					s := start(t, cfg)
					var members []*net.TCPConn
					for range 7 {
						members = append(members, dial(t, s))
					}
					eventually(t, s, "all are there", func(snap server.Snapshot) bool { return snap.Open == len(members) })
					for i := range len(members) + 1 {
						heard := make(chan error)
						for _, m := range members {
							go func() {
								got := make([]byte, size)
								_, err := io.ReadFull(m, got)
								if err == nil && string(got) != string(message(size + i)[i:]) {
									err = errors.New("not what was said")
								}
								heard <- err
							}()
						}
						if _, err := members[i%len(members)].Write(message(size + i)[i:]); err != nil {
							t.Fatal(err)
						}
						for range members {
							if err := <-heard; err != nil {
								t.Fatal(err)
							}
						}
					}
					snap := snapshot(t, s)
					said := int64(0)
					for i := range len(members) + 1 {
						said += int64(len(message(size + i)[i:]))
					}
					if snap.Counters.BytesIn != said || snap.Counters.BytesOut != said*int64(len(members)) {
						t.Errorf("%d bytes in and %d out, of %d said to %d", snap.Counters.BytesIn, snap.Counters.BytesOut, said, len(members))
					}
				})
			}
		}
	})
}

// TestRoomPutsOutWhoDoesNotRead, sooner or later, and nobody else.
func TestRoomPutsOutWhoDoesNotRead(t *testing.T) {
	eachRoom(t, func(t *testing.T, cfg server.Config) {
		cfg.SocketBuffers = 4096
		s := start(t, cfg)
		speaker, deaf, listener := dial(t, s), dial(t, s), dial(t, s)
		eventually(t, s, "all are there", func(snap server.Snapshot) bool { return snap.Open == 3 })
		const size = 64 << 10
		hear := func(c *net.TCPConn) error {
			_, err := io.ReadFull(c, make([]byte, size))
			return err
		}
		for said := 0; snapshot(t, s).Open == 3; said += size {
			if said > 4*server.MostSaid {
				t.Fatalf("%d bytes were said, and who has read none of them is still there", said)
			}
			heard := make(chan error)
			for _, c := range []*net.TCPConn{speaker, listener} {
				go func() { heard <- hear(c) }()
			}
			if _, err := speaker.Write(message(size)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(<-heard, <-heard); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.Copy(io.Discard, deaf); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		if open := snapshot(t, s).Open; open != 2 {
			t.Errorf("%d are left, want 2", open)
		}
	})
}

// TestRoomIsLeft: those who leave, each in another way, are no longer spoken to.
func TestRoomIsLeft(t *testing.T) {
	eachRoom(t, func(t *testing.T, cfg server.Config) {
		s := start(t, cfg)
		stays, closes, resets, halfCloses := dial(t, s), dial(t, s), dial(t, s), dial(t, s)
		exchange(t, stays, message(10))
		_ = closes.Close()
		_ = resets.SetLinger(0)
		_ = resets.Close()
		// Asleep, so that what is said and the end of it come in one event.
		eventually(t, s, "two are left", func(snap server.Snapshot) bool { return snap.Open == 2 })
		if _, err := s.Park(); err != nil {
			t.Fatal(err)
		}
		_, _ = halfCloses.Write(message(5))
		_ = halfCloses.CloseWrite()
		snapshot(t, s)
		wantMessage(t, stays, 5)
		eventually(t, s, "one is left", func(snap server.Snapshot) bool { return snap.Open == 1 })
		exchange(t, stays, message(1000))
	})
}
