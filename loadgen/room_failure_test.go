//go:build linux

package loadgen_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/results"
)

// The first failure ends what is said, and the room with it: nothing more is said
// before everybody has come anew.
func TestRoomErrors(t *testing.T) {
	const connections, size, good = 3, 100, 4
	mismatch := func(e results.Errors) int64 { return e.Mismatch }
	reset := func(e results.Errors) int64 { return e.Reset }
	for _, test := range []struct {
		name  string
		spoil func(to net.Conn, what []byte) []byte // of a message for one member
		class func(results.Errors) int64
		most  int64 // messages said to the end
	}{
		{"a wrong byte", func(_ net.Conn, what []byte) []byte { what[size/2]++; return what }, mismatch, good},
		{"another message", func(_ net.Conn, what []byte) []byte { clear(what); return what }, mismatch, good},
		{"a byte too many", func(_ net.Conn, what []byte) []byte { return append(what, what[0]+1) }, mismatch, good + 2},
		{"a delivery too many", func(_ net.Conn, what []byte) []byte { return append(what, what...) }, mismatch, good + 2},
		{"closed instead", func(to net.Conn, _ []byte) []byte { _ = to.Close(); return nil }, reset, good},
		{"closed in the middle", func(to net.Conn, what []byte) []byte {
			_, _ = to.Write(what[:size/2])
			_ = to.(*net.TCPConn).CloseWrite()
			return nil
		}, reset, good},
		{"reset instead", func(to net.Conn, _ []byte) []byte {
			_ = to.(*net.TCPConn).SetLinger(0)
			_ = to.Close()
			return nil
		}, reset, good},
	} {
		for member := range connections {
			t.Run(test.name, func(t *testing.T) {
				r := newChat(size)
				r.spoil = func(message, to int, c net.Conn, what []byte) []byte {
					if message == good+1 && to == member {
						return test.spoil(c, what)
					}
					return what
				}
				g := gathered(t, r, connections, 0)
				done := exchange(t, g, loadgen.Piece{Rounds: 20, Record: true})
				if e := g.Errors(); test.class(e) != 1 || e.Total() != 1 || g.FirstError() == nil {
					t.Errorf("errors %+v, first %v, want one of the class", e, g.FirstError())
				}
				said := g.Latency().TotalCount()
				if said < good || said > test.most || done.Messages < said*connections || done.Messages >= (said+1)*connections {
					t.Errorf("%d messages, %d deliveries, want from %d to %d messages and less than one more", said, done.Messages, good, test.most)
				}
				if n := exchange(t, g, loadgen.Piece{Rounds: 5}).Messages; n != 0 {
					t.Errorf("%d deliveries where one connection has failed", n)
				}
				g.Disconnect()
				if again, err := g.Connect(false); err != nil || again.Established != connections {
					t.Fatalf("%d established, %v", again.Established, err)
				}
				r.await(t, connections)
				if g.Errors().Total() != 1 {
					t.Errorf("errors %+v, want no more", g.Errors())
				}
			})
		}
	}
}

// What comes when nobody has spoken is nothing that was said.
func TestRoomOutOfTurn(t *testing.T) {
	r := newChat(10)
	g := gathered(t, r, 3, 0)
	exchange(t, g, loadgen.Piece{Rounds: 3})
	r.mu.Lock()
	_, err := r.all[1].Write(make([]byte, r.size))
	r.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, g, loadgen.Piece{Rounds: 3})
	if want := (results.Errors{Mismatch: 1}); g.Errors() != want {
		t.Errorf("errors %+v, want %+v", g.Errors(), want)
	}
}

// Those who have not heard all of it when it is given up are timeouts.
func TestAbortRoom(t *testing.T) {
	const connections, size = 3, 10
	abort := func(t *testing.T, g *loadgen.Generator) {
		if err := g.Abort(); err != nil {
			t.Error(err)
		}
	}
	for _, test := range []struct {
		name  string
		deaf  func(member int) bool
		least int64 // timeouts
	}{
		{"nobody hears", func(int) bool { return true }, connections},
		{"one does not hear", func(member int) bool { return member == 1 }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newChat(size)
			told := make(chan struct{}, 1)
			r.spoil = func(_, member int, _ net.Conn, what []byte) []byte {
				if member == connections-1 {
					told <- struct{}{}
				}
				if test.deaf(member) {
					return nil
				}
				return what
			}
			g := gathered(t, r, connections, 0)
			go func() {
				<-told
				abort(t, g)
			}()
			done := exchange(t, g, loadgen.Piece{Duration: time.Hour, Record: true})
			e := g.Errors()
			if e.Timeout < test.least || e.Total() != e.Timeout || done.Messages != connections-e.Timeout || g.FirstError() == nil {
				t.Errorf("%d deliveries, errors %+v, first %v, want %d timeouts or more, and %d together", done.Messages, e, g.FirstError(), test.least, connections)
			}
			if g.Latency().TotalCount() != 0 {
				t.Errorf("%d latencies, want none", g.Latency().TotalCount())
			}
		})
	}
	t.Run("before it", func(t *testing.T) {
		r := newChat(size)
		r.spoil = func(int, int, net.Conn, []byte) []byte { return nil }
		g := gathered(t, r, connections, 0)
		abort(t, g)
		timedOut(t, g, connections)
	})
}

// What has no meaning in a room is refused, and does nothing.
func TestRoomRefuses(t *testing.T) {
	target := netip.MustParseAddrPort("127.0.0.1:1")
	if g, err := loadgen.New(loadgen.Config{Target: target, Connections: 3, Active: 2, Size: 1, Room: true}); err == nil {
		t.Error("a room where one connection is not active is accepted")
		_ = g.Close()
	}
	g := generator(t, loadgen.Config{Target: target, Connections: 3, Active: 3, Size: 1, Room: true})
	if done, err := g.Pace(loadgen.Pace{Rate: 1000, Schedule: results.Fixed, Duration: time.Second}); err == nil {
		t.Errorf("an open loop in a room is accepted: %+v", done)
	}
	if done, err := g.Churn(loadgen.Piece{Rounds: 1}); err == nil {
		t.Errorf("connections that come and go in a room are accepted: %+v", done)
	}
	// Nobody is there.
	if n := exchange(t, g, loadgen.Piece{Rounds: 5}).Messages; n != 0 {
		t.Errorf("%d deliveries without a connection", n)
	}
	if g.Errors() != (results.Errors{}) {
		t.Errorf("errors: %+v, first %v", g.Errors(), g.FirstError())
	}
}
