//go:build linux

package loadgen_test

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

// chat is a room on package net: what one member says, in whatever pieces it comes,
// is sent to all of them by the goroutine that reads it.
type chat struct {
	size int
	// spoil, if not nil, changes what of a message, counted from 1, a member gets,
	// counted from 0 in the order of joining. It may close the connection.
	spoil func(message, member int, to net.Conn, what []byte) []byte

	joined chan struct{}
	mu     sync.Mutex
	all    []net.Conn
	spoken []net.Conn // who said each message
	bytes  int        // said in all
}

func newChat(size int) *chat {
	return &chat{size: size, joined: make(chan struct{}, 1000), spoken: make([]net.Conn, 0, 1<<16)}
}

func (r *chat) serve(c net.Conn) {
	r.mu.Lock()
	r.all = append(r.all, c)
	r.mu.Unlock()
	r.joined <- struct{}{}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = slices.DeleteFunc(r.all, func(other net.Conn) bool { return other == c })
	}()
	buffer := make([]byte, 16<<10)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		r.tell(c, buffer[:n])
	}
}

func (r *chat) tell(from net.Conn, what []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes%r.size == 0 {
		r.spoken = append(r.spoken, from)
	}
	r.bytes += len(what)
	for i, to := range r.all {
		sent := what
		if r.spoil != nil {
			sent = r.spoil(len(r.spoken), i, to, slices.Clone(what))
		}
		_, _ = to.Write(sent) // one that has gone will be read to its end
	}
}

// speakers are the source addresses of those who said the messages from some on.
func (r *chat) speakers(from int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, c := range r.spoken[min(from, len(r.spoken)):] {
		all = append(all, c.RemoteAddr().(*net.TCPAddr).IP.String())
	}
	return all
}

// inTurn are the source addresses of connections that speak in turn.
func inTurn(from, to, connections int) []string {
	const sources = 16
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("127.1.0.%d", i%connections%sources+1))
	}
	return all
}

// gathered is a generator whose connections are all in the room.
func gathered(t *testing.T, r *chat, connections, buffers int) *loadgen.Generator {
	t.Helper()
	g := connected(t, loadgen.Config{
		Target: misbehave(t, r.serve), Connections: connections, Active: connections, Size: r.size,
		SocketBuffers: buffers, Seed: 7, Room: true,
	})
	r.await(t, connections)
	return g
}

// await waits until so many more have joined.
func (r *chat) await(t *testing.T, n int) {
	t.Helper()
	late := time.After(patience)
	for range n {
		select {
		case <-r.joined:
		case <-late:
			t.Fatalf("%d connections are not in the room after %v", n, patience)
		}
	}
}

// TestRoom: every connection gets all that is said, and they speak in turn from
// piece to piece.
func TestRoom(t *testing.T) {
	for _, test := range []struct{ connections, rounds, size, buffers int }{
		{1, 1, 1, 0},
		{1, 20, 100 << 10, 0},
		{2, 7, 1, 0},
		{2, 7, 100 << 10, 4096},
		{16, 40, 64, 0},
		{50, 60, 1, 0},
		{50, 3, 100 << 10, 0},
		{50, 2, 100 << 10, 4096},
	} {
		t.Run(fmt.Sprintf("%d connections, %d rounds of %d bytes, buffers %d", test.connections, test.rounds, test.size, test.buffers), func(t *testing.T) {
			r := newChat(test.size)
			g := gathered(t, r, test.connections, test.buffers)
			for piece := range 3 {
				done := exchange(t, g, loadgen.Piece{Rounds: test.rounds, Record: piece > 0})
				if want := int64(test.rounds * test.connections); done.Messages != want {
					t.Errorf("%d deliveries, want %d", done.Messages, want)
				}
				out, in := int64(test.rounds*test.size), int64(test.rounds*test.size*test.connections)
				if done.Counters.BytesOut != out || done.Counters.BytesIn != in {
					t.Errorf("%d bytes out, %d in, want %d, %d", done.Counters.BytesOut, done.Counters.BytesIn, out, in)
				}
				if done.Elapsed <= 0 || done.CPU <= 0 {
					t.Errorf("it took %v, and %v of CPU", done.Elapsed, done.CPU)
				}
				if got := g.Latency().TotalCount(); got != int64(piece*test.rounds) {
					t.Errorf("%d latencies, want one for each message said: %d", got, piece*test.rounds)
				}
				from := piece * test.rounds
				if got, want := r.speakers(from), inTurn(from, from+test.rounds, test.connections); !slices.Equal(got, want) {
					t.Errorf("%v speak, want %v", got, want)
				}
			}
			if g.Errors() != (results.Errors{}) {
				t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
			}
		})
	}
}

// By time, a message that has begun is heard by all.
func TestRoomByDuration(t *testing.T) {
	for _, connections := range [...]int{1, 2, 50} {
		for _, size := range [...]int{1, 100 << 10} {
			t.Run(fmt.Sprintf("%d connections, %d bytes", connections, size), func(t *testing.T) {
				r := newChat(size)
				g := gathered(t, r, connections, 0)
				for _, duration := range [...]time.Duration{1, 10 * time.Millisecond} {
					before := len(r.speakers(0))
					done := exchange(t, g, loadgen.Piece{Duration: duration})
					if said := len(r.speakers(before)); said < 1 || done.Messages != int64(said*connections) {
						t.Errorf("%d deliveries of %d messages to %d connections, want one message at least, and all", done.Messages, said, connections)
					}
				}
				if g.Errors() != (results.Errors{}) {
					t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
				}
			})
		}
	}
}

func TestRoomDoesNotAllocate(t *testing.T) {
	const connections, rounds = 10, 20
	g := gathered(t, newChat(100), connections, 0)
	allocs := testing.AllocsPerRun(10, func() {
		if done, err := g.Exchange(loadgen.Piece{Rounds: rounds, Record: true}); err != nil || done.Messages != connections*rounds {
			t.Fatalf("%d deliveries, %v, %v", done.Messages, err, g.FirstError())
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations in %d deliveries", allocs, connections*rounds)
	}
}

// A room begins anew with its connections.
func TestRoomAgain(t *testing.T) {
	const connections = 5
	r := newChat(10)
	g := gathered(t, r, connections, 0)
	for round := range 3 {
		if round > 0 {
			g.Disconnect()
			if done, err := g.Connect(false); err != nil || done.Established != connections {
				t.Fatalf("%d established, %v", done.Established, err)
			}
			r.await(t, connections)
		}
		exchange(t, g, loadgen.Piece{Rounds: 3})
		if got, want := r.speakers(3*round), inTurn(0, 3, connections); !slices.Equal(got, want) {
			t.Errorf("%v speak, want %v", got, want)
		}
	}
}
