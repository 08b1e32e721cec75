//go:build linux

package muxtest

import (
	"fmt"
	"time"

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
	// mostTaken bounds what it takes of a client that does not read, where sockets are
	// cramped: what it keeps, and generously what fits into four buffers of some KiB.
	mostTaken = 256 << 10
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

// press sends as much of m as has the server keep a reply, since nothing is read.
func (s *served) press(c *client, m []byte) (sent int) {
	const step = 2 << 10
	before := s.snapshot().Counters
	for sent = step; sent <= mostTaken; sent += step {
		c.send(m[sent-step : sent])
		kept := false
		s.eventually("what was sent is read", func(snap server.Snapshot) bool {
			in, out := snap.Counters.BytesIn-before.BytesIn, snap.Counters.BytesOut-before.BytesOut
			kept = out < in
			return kept || in == int64(sent)
		})
		if kept {
			return sent
		}
	}
	s.rig.Fatalf("%d bytes are sent to a client that reads nothing, and none kept", mostTaken)
	return 0
}

// fill sends m until the server takes no more, though it answers somebody else
// meanwhile, and says how much that was. All of m is too much. An acknowledgement that
// the kernel puts off may make a little room later: nothing hangs on it.
func (s *served) fill(slow, quick *client, m []byte) (sent int) {
	const still = 60 * time.Millisecond
	sent = s.press(slow, m)
	for since := time.Now(); time.Since(since) < still; {
		if n := slow.offer(m[sent:]); n > 0 {
			sent, since = sent+n, time.Now()
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
	m := message(1<<20, 1)
	sent := s.fill(slow, quick, m)
	snap := s.snapshot().Counters
	if kept := snap.BytesIn - snap.BytesOut; kept > mostKept {
		r.Errorf("%d bytes are kept for one client, want at most %d", kept, mostKept)
	}
	// What the kernel has put off may still stir the slow one's connection, and not for
	// ever; to turn to it again and again does so each time.
	var wrong string
	if !r.Until(func() bool { wrong = s.turnsAside(quick, m[:100]); return wrong == "" }) {
		r.Errorf("%s", wrong)
	}
	slow.expect(m[:sent])
	slow.exchange(m[:1000])
}

// turnsAside has a client exchange messages, and says what was done beyond that: nothing
// if the result is empty.
func (s *served) turnsAside(quick *client, m []byte) string {
	// To turn to another one each time would add one for each message at least.
	const exchanges, few = 100, 20
	before := s.snapshot().Counters
	for range exchanges {
		quick.exchange(m)
	}
	after := s.snapshot().Counters
	for _, count := range [...]struct {
		what       string
		each, made int64
	}{
		{"reads", 2, after.Reads - before.Reads}, // the second one finds that nothing is left
		{"writes", 1, after.Writes - before.Writes},
		{"waits", 1, after.Waits - before.Waits},
	} {
		if most := count.each*exchanges + few; count.made > most {
			return fmt.Sprintf("%d messages of another client take %d %s, want at most %d", exchanges, count.made, count.what, most)
		}
	}
	return ""
}
