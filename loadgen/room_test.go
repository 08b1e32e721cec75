//go:build linux

package loadgen_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

// room is a chat room on package net: what comes of one connection, in pieces of
// size, goes to all, each by a change of its own.
type room struct {
	size   int
	change func(said, to int, m []byte) []byte // of the message of that number, for a member; nil: none

	entered  chan bool // each member
	mu       sync.Mutex
	members  []net.Conn
	speakers []int
}

func (r *room) serve(c net.Conn) {
	r.mu.Lock()
	me := len(r.members)
	r.members = append(r.members, c)
	r.mu.Unlock()
	r.entered <- true
	m := make([]byte, r.size)
	for {
		if _, err := io.ReadFull(c, m); err != nil {
			return
		}
		r.mu.Lock()
		said := len(r.speakers)
		r.speakers = append(r.speakers, me)
		for to, member := range r.members {
			out := m
			if r.change != nil {
				out = r.change(said, to, slices.Clone(m))
			}
			if out == nil {
				_ = member.Close()
				continue
			}
			_, _ = member.Write(out) // who has gone has gone
		}
		r.mu.Unlock()
	}
}

// enter makes a room that a generator has entered, with all its connections.
func enter(t *testing.T, r *room, members int) *loadgen.Generator {
	t.Helper()
	r.entered = make(chan bool)
	at := misbehave(t, r.serve)
	g := connected(t, loadgen.Config{Target: at, Connections: members, Active: members, Size: r.size, Room: true})
	for range members {
		<-r.entered
	}
	return g
}

// Everybody gets what is said, and everybody has a turn to say it.
func TestRoom(t *testing.T) {
	for _, members := range []int{1, 2, 50} {
		for _, size := range []int{1, 100 << 10} {
			for _, p := range []loadgen.Piece{{Rounds: 7, Record: true}, {Rounds: 1}, {Duration: 20 * time.Millisecond, Record: true}} {
				t.Run(fmt.Sprintf("%d members, %d bytes, %+v", members, size, p), func(t *testing.T) {
					r := &room{size: size}
					g := enter(t, r, members)
					done := exchange(t, g, p)
					if err := g.FirstError(); err != nil {
						t.Fatal(err)
					}
					r.mu.Lock()
					defer r.mu.Unlock()
					said := int64(len(r.speakers))
					if done.Messages != said*int64(members) || p.Rounds > 0 && said != int64(p.Rounds) || said < 1 {
						t.Errorf("%d deliveries of %d messages to %d", done.Messages, said, members)
					}
					if done.Counters.BytesIn != done.Messages*int64(size) || done.Counters.BytesOut != said*int64(size) {
						t.Errorf("%+v", done.Counters)
					}
					recorded := int64(0)
					if p.Record {
						recorded = said
					}
					if n := g.Latency().TotalCount(); n != recorded {
						t.Errorf("%d latencies, want %d", n, recorded)
					}
					turns := map[int]int{}
					for _, who := range r.speakers {
						turns[who]++
					}
					for who, n := range turns {
						if n > len(r.speakers)/members+1 {
							t.Errorf("member %d spoke %d times of %d", who, n, len(r.speakers))
						}
					}
				})
			}
		}
	}
}

// One wrong delivery ends the piece, in its class.
func TestRoomErrors(t *testing.T) {
	const members, size = 5, 100
	at := func(said, to int, change func(m []byte) []byte) func(int, int, []byte) []byte {
		return func(s, m int, message []byte) []byte {
			if s == said && m == to {
				return change(message)
			}
			return message
		}
	}
	tests := []struct {
		name   string
		change func(said, to int, m []byte) []byte
		class  func(results.Errors) int64
	}{
		{"a wrong byte", at(3, 2, func(m []byte) []byte { m[size-1] ^= 1; return m }), func(e results.Errors) int64 { return e.Mismatch }},
		{"a byte too many", at(3, 4, func(m []byte) []byte { return append(m, 0) }), func(e results.Errors) int64 { return e.Mismatch }},
		{"twice", at(3, 0, func(m []byte) []byte { return append(m, m...) }), func(e results.Errors) int64 { return e.Mismatch }},
		{"somebody is put out", at(3, 1, func([]byte) []byte { return nil }), func(e results.Errors) int64 { return e.Reset }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := enter(t, &room{size: size, change: test.change}, members)
			done := exchange(t, g, loadgen.Piece{Rounds: 20})
			if n := test.class(g.Errors()); n != 1 || g.Errors().Total() != 1 || done.Messages >= 20*members {
				t.Errorf("%+v, %d deliveries: %v", g.Errors(), done.Messages, g.FirstError())
			}
		})
	}
}

// Who never gets the message is given up when somebody says so.
func TestRoomIsAborted(t *testing.T) {
	const members = 5
	deaf := func(_, to int, m []byte) []byte {
		if to == 1 {
			return []byte{}
		}
		return m
	}
	g := enter(t, &room{size: 10, change: deaf}, members)
	if err := g.Abort(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Exchange(loadgen.Piece{Rounds: 3}); err != nil {
		t.Fatal(err)
	}
	if n := g.Errors().Timeout; n < 1 || g.Errors().Total() != n {
		t.Errorf("%+v: %v", g.Errors(), g.FirstError())
	}
}

func TestRoomRefusesTheSilent(t *testing.T) {
	if g, err := loadgen.New(loadgen.Config{Target: netip.MustParseAddrPort("127.0.0.1:1"), Connections: 3, Active: 2, Size: 1, Room: true}); err == nil {
		_ = g.Close()
		t.Error("no error where one of three is not spoken to")
	}
}
