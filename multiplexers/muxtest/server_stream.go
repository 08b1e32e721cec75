//go:build linux

package muxtest

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverStreamCases are about what comes back, and in which order.
func serverStreamCases() []Case {
	return []Case{
		{ID: "C-081/server", Title: "what one read leaves is read without anything more being sent", Source: "epoll(7), on starvation and EAGAIN; polling edge_triggered", run: sentAtOnce},
		{ID: "C-082/server", Title: "what comes while something is unread is answered too", Source: "polling edge_triggered; epoll(7), Q9", run: sentWhileUnread},
		{ID: "C-170/server", Title: "an empty write is no event, no message and no end of file", Source: "gVisor ZeroWriteAllowed", run: emptyWrites},
		{ID: "C-171", Title: "messages that are split anywhere, and several in one write, come back in order, byte for byte", Source: "gVisor DataCoalesced", run: splitAndJoined},
		{ID: "C-100", Title: "10,000 messages keep their order, whichever thread has the connection", Source: "epoll(7), Q5 and EPOLLONESHOT", needs: severalThreads, run: order},
		{ID: "S-001", Title: "bytes in are bytes out and those that clients have sent, and connections are as many as these", Source: "the contract", run: addsUp},
		{ID: "S-002", Title: "nothing of one connection comes out at another", Source: "the contract", run: keptApart},
	}
}

// sentAtOnce sends more than the server can read in one turn, and when it is there
// already before anybody looks, if it fits into the sockets.
func sentAtOnce(r *rig) {
	for _, size := range [...]int{8 << 10, 64<<10 + 1, 600 << 10} {
		s := r.listening(server.Config{})
		c := s.client()
		c.buffers(unix.SO_SNDBUF, size)
		m := message(size, 1)
		sent := c.offer(m)
		s.begin()
		r.talk(&talk{client: c, unsent: m[sent:], due: m})
		r.talk(&talk{client: c, unsent: m, due: m})
		s.end()
	}
}

func sentWhileUnread(r *rig) {
	s := r.listening(server.Config{})
	first, second := message(8<<10, 1), message(8<<10, 2)
	c := s.client()
	c.send(first)
	c.send(second)
	s.begin()
	c.expect(first)
	c.expect(second)
	// The server may be anywhere when more comes.
	for range 50 {
		c.send(first)
		c.send(second[:1])
		c.send(second[1:])
		c.expect(first)
		c.expect(second)
	}
}

// emptyWrites looks at what the server has done meanwhile, as far as it counts it.
func emptyWrites(r *rig) {
	s := r.serving(server.Config{})
	c, m := s.client(), message(100, 1)
	c.exchange(m)
	before := s.open(1)
	after := before
	for range 20 {
		for range 5 {
			if n, err := unix.Write(c.fd, nil); n != 0 || err != nil {
				r.Fatalf("an empty write: %d, %v", n, err)
			}
		}
		after = s.snapshot() // and time for the server to do what it does
	}
	if b, a := before.Counters, after.Counters; a.Events != b.Events || a.Reads != b.Reads || a.Writes != b.Writes || after.Open != 1 {
		r.Errorf("after 100 empty writes the server has %+v, before %+v", after, before)
	}
	c.exchange(m)
	r.Shutdown(c.fd, unix.SHUT_WR)
	c.parts(nil)
}

func splitAndJoined(r *rig) {
	s := r.serving(server.Config{})
	c, m := s.client(), message(300, 1)
	for _, size := range [...]int{1, 2, 3, 7, 100, 299} {
		r.talk(&talk{client: c, unsent: m, due: m, burst: func() int { return size }})
	}
	// One piece after the other, each when the one before has come back.
	for cut := range len(m) + 1 {
		c.exchange(m[:cut])
		c.exchange(m[cut:])
	}
	var several []byte
	for range 20 {
		several = append(several, m...)
	}
	c.exchange(several)
}

// order numbers what it sends over a few connections, in bursts of a random length
// that do not end where a number does, and a little ahead of what comes back: there is
// always more by the time that a thread is done with a connection. A pool's thread has
// it for a while.
func order(r *rig) {
	const messages, connections, longest, ahead = 10_000, 8, 100, 300
	cfg := server.Config{}
	if r.subject.backend.PoolThreads > 0 {
		cfg.PoolThreads, cfg.Spin = 4, 100*time.Microsecond
	}
	s := r.serving(cfg)
	random := rand.New(rand.NewPCG(1, 2))
	var all []*talk
	for range connections {
		var stream []byte
		for i := range uint64(messages / connections) {
			stream = binary.BigEndian.AppendUint64(stream, i)
		}
		all = append(all, &talk{client: s.client(), unsent: stream, due: stream, ahead: ahead, burst: func() int { return 1 + random.IntN(longest) }})
	}
	r.talk(all...)
}

func addsUp(r *rig) {
	const clients, rounds = 5, 8
	s := r.serving(server.Config{})
	var sent int64
	all := s.clients(clients)
	for i := range rounds {
		for j, c := range all {
			m := message(1+i*1000+j, byte(i))
			c.exchange(m)
			sent += int64(len(m))
		}
		snap := s.snapshot()
		if n := snap.Counters; n.BytesIn != sent || n.BytesOut != sent || n.Accepts != clients || snap.Open != clients || snap.Refused != 0 {
			r.Errorf("%d clients have sent %d bytes; the server counts %d in and %d out, %d accepted, %d open and %d refused",
				clients, sent, n.BytesIn, n.BytesOut, n.Accepts, snap.Open, snap.Refused)
		}
	}
	r.Reset(all[0].fd)
	s.open(clients - 1)
	r.Close(all[1].fd)
	snap := s.open(clients - 2)
	if n := snap.Counters; n.BytesIn != sent || n.BytesOut != sent || n.Accepts != clients {
		r.Errorf("once two of them are gone it counts %+v", n)
	}
}

func keptApart(r *rig) {
	s := r.serving(server.Config{})
	var all []*talk
	for i := range 20 {
		m := message(10_000+500*i, byte(i))
		all = append(all, &talk{client: s.client(), unsent: m, due: m, burst: func() int { return 100 + i }})
	}
	r.talk(all...)
	for _, t := range all {
		r.Shutdown(t.fd, unix.SHUT_WR)
	}
	for _, t := range all {
		t.parts(nil)
	}
}
