//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverPressureCases are about a client that does not read.
func serverPressureCases() []Case {
	return []Case{
		{ID: "C-166/server", Title: "a client that reads late gets several MiB, exact", Source: "gVisor NonblockingLargeWrite; libevent simpleclose_rw", run: readsLate},
		{ID: "C-169", Title: "a client that does not read is not read from, and keeps nobody waiting", Source: "write(2), on EAGAIN; libevent simpleclose_rw", run: doesNotRead},
	}
}

const (
	// mostKept is what a server keeps of a reply at most: as much as one read takes.
	mostKept = 64 << 10
	// mostTaken bounds what it takes of a client that does not read: what it keeps,
	// and what fits into four socket buffers of some KiB, each of which may hold one
	// segment too many, of 64 KiB on the loopback interface.
	mostTaken = 1 << 20
)

// crampedSockets leave little room for anything to be under way.
func crampedSockets() server.Config { return server.Config{SocketBuffers: 4096} }

// slowClient has little room too.
func (s *served) slowClient() *client {
	c := &client{s.rig, s.rig.Stream()}
	c.buffers(unix.SO_SNDBUF, 4096)
	c.buffers(unix.SO_RCVBUF, 4096) // before the window is offered
	if err := unix.Connect(c.fd, &s.at); err != nil && err != unix.EINPROGRESS {
		s.rig.Fatalf("connect: %v", err)
	}
	if err := c.connected(); err != nil {
		s.rig.Fatalf("connecting: %v", err)
	}
	return c
}

// fill sends m until the server takes no more, since nothing is read, also when it
// has answered somebody else some more times; and says how much was sent. All of m
// is too much.
func (s *served) fill(slow, quick *client, m []byte) (sent int) {
	const rounds = 30
	for calm := 0; calm < rounds; calm++ {
		if n := slow.offer(m[sent:]); n > 0 {
			sent, calm = sent+n, 0
		}
		if sent > mostTaken {
			s.rig.Fatalf("it has taken %d bytes of a client that reads nothing, want at most %d", sent, mostTaken)
		}
		quick.exchange(m[:10])
	}
	return sent
}

func readsLate(r *rig) {
	s := r.serving(crampedSockets())
	quick, slow := s.client(), s.slowClient()
	m := message(3<<20, 1)
	sent := s.fill(slow, quick, m)
	r.talk(&talk{client: slow, unsent: m[sent:], due: m})
	slow.exchange(m[:1000])
}

func doesNotRead(r *rig) {
	s := r.serving(crampedSockets())
	quick, slow := s.client(), s.slowClient()
	m := message(4<<20, 1)
	sent := s.fill(slow, quick, m)
	before := s.eventually("a reply is under way", func(snap server.Snapshot) bool {
		return snap.Counters.BytesIn > snap.Counters.BytesOut
	})
	if kept := before.Counters.BytesIn - before.Counters.BytesOut; kept > mostKept {
		r.Errorf("%d bytes are kept for one client, want at most %d", kept, mostKept)
	}
	const exchanges = 100
	for range exchanges {
		quick.exchange(m[:100])
	}
	after := s.snapshot()
	// The slow one is left alone, but for what its client's kernel may take yet: a
	// belated acknowledgement makes a little room.
	const belated = 3
	for _, count := range [...]struct {
		what          string
		before, after int64
	}{
		{"reads", before.Counters.Reads, after.Counters.Reads},
		{"writes", before.Counters.Writes, after.Counters.Writes},
		{"waits", before.Counters.Waits, after.Counters.Waits},
	} {
		if n := count.after - count.before; n > exchanges+belated {
			r.Errorf("%d %s for %d messages of another client", n, count.what, exchanges)
		}
	}
	slow.expect(m[:sent])
	slow.exchange(m[:1000])
}
