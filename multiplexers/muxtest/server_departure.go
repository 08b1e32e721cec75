//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
	"muxbench/multiplexers/workbench"
)

// serverDepartureCases are about clients that end their connection, in one
// direction or at all.
func serverDepartureCases() []Case {
	return []Case{
		{ID: "C-151", Title: "a client that has said all is told the rest, and then the end of file", Source: "libuv shutdown-eof, mio tcp_shutdown_client_write", run: halfClose},
		{ID: "C-151/unread", Title: "so is one that has not read anything by then, with a reply under way", Source: "libuv shutdown-eof", run: halfCloseUnread},
		{ID: "C-145/server", Title: "a reset ends one connection, idle or after an exchange, and no other", Source: "mio connection_reset_by_peer, libuv tcp_rst", run: resetByClient},
		{ID: "C-152", Title: "a reset while a reply is under way ends one connection, and no other", Source: "libevent weof, mio write_error", run: resetWithReplyPending},
		{ID: "C-152/gone", Title: "nor do others suffer from clients that were gone before anybody looked", Source: "gVisor SendUnconnected, accept(2) on ECONNABORTED", run: goneBeforeAccepted},
		{ID: "S-003", Title: "connections that came and went leave no descriptor open, while others stay", Source: "the contract", run: comeAndGo},
	}
}

// halfClose has everything unread when the end comes, where that fits into the
// sockets, and once more while the server serves.
func halfClose(r *rig) {
	for _, size := range [...]int{0, 1, 8 << 10, 64 << 10, 200 << 10, 1 << 20} {
		for _, cfg := range [...]server.Config{{}, crampedSockets()} {
			s := r.listening(cfg)
			m := message(size, 1)
			early := s.client()
			early.buffers(unix.SO_SNDBUF, size)
			sent := early.offer(m)
			if sent == size {
				r.Shutdown(early.fd, unix.SHUT_WR)
			}
			s.begin()
			if sent < size {
				early.say(m[sent:], m)
			} else {
				early.parts(m)
			}
			s.client().say(m, m)
			s.open(0)
			s.end()
		}
	}
}

// say sends m, with which all is said, and wants due to come and then the end.
func (c *client) say(m, due []byte) {
	if len(m) == 0 {
		c.rig.Shutdown(c.fd, unix.SHUT_WR)
	}
	c.rig.talk(&talk{client: c, unsent: m, due: due, last: true})
	c.parts(nil)
}

// halfCloseUnread has the end arrive while the server keeps a reply.
func halfCloseUnread(r *rig) {
	s := r.serving(crampedSockets())
	quick, slow := s.client(), s.slowClient()
	m := message(mostTaken, 1)
	m = m[:s.press(slow, m)]
	r.Shutdown(slow.fd, unix.SHUT_WR)
	slow.untilEndArrived()
	quick.exchange(m[:100])
	slow.parts(m)
	s.open(1)
	quick.exchange(m[:100])
}

// untilEndArrived returns when the server's kernel has told the client's that it knows
// of the end.
func (c *client) untilEndArrived() {
	var state uint8
	if !c.rig.Until(func() bool {
		info, err := unix.GetsockoptTCPInfo(c.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			c.rig.Fatalf("getsockopt TCP_INFO: %v", err)
		}
		state = info.State
		return state == unix.BPF_TCP_FIN_WAIT2 || state == unix.BPF_TCP_TIME_WAIT || state == unix.BPF_TCP_CLOSE
	}) {
		c.rig.Fatalf("the end has not arrived: state %d", state)
	}
}

func resetByClient(r *rig) {
	s := r.serving(server.Config{})
	stays, m := s.client(), message(100, 1)
	for _, exchanged := range [...]bool{false, true} {
		goes := s.client()
		s.open(2)
		if exchanged {
			goes.exchange(m)
		}
		r.Reset(goes.fd)
		s.open(1)
		stays.exchange(m)
	}
	// What was sent is read, or thrown away with the connection, as it comes.
	for range 20 {
		goes := s.client()
		goes.send(m)
		r.Reset(goes.fd)
		stays.exchange(m)
	}
	s.open(1)
}

func resetWithReplyPending(r *rig) {
	s := r.serving(crampedSockets())
	stays, m := s.client(), message(mostTaken, 1)
	s.open(1)
	for range 3 {
		goes := s.slowClient()
		s.press(goes, m)
		r.Reset(goes.fd)
		s.open(1)
		stays.exchange(m[:8<<10])
	}
	// Whoever comes next gets nothing of what was left.
	s.client().exchange(m[:8<<10])
}

// goneBeforeAccepted has some of them leave in order. When the server answers these
// they say that they are gone, and its next write meets EPIPE.
func goneBeforeAccepted(r *rig) {
	s := r.listening(server.Config{})
	m := message(200<<10, 1)
	stays := s.client()
	var sent int64
	for _, say := range [...]int{0, 100, len(m)} {
		for _, leave := range [...]func(int){r.Reset, r.Close} {
			goes := s.client()
			goes.buffers(unix.SO_SNDBUF, len(m))
			sent += int64(goes.offer(m[:say]))
			leave(goes.fd)
		}
	}
	s.begin()
	stays.exchange(m[:100])
	snap := s.eventually("one is left", func(snap server.Snapshot) bool {
		return snap.Open == 1 && snap.Counters.BytesIn >= 100
	})
	if n := snap.Counters; n.BytesIn > sent+100 || n.BytesOut > n.BytesIn {
		r.Errorf("%d bytes were sent; the server counts %d in and %d out", sent+100, n.BytesIn, n.BytesOut)
	}
	stays.exchange(m)
}

func comeAndGo(r *rig) {
	s := r.serving(server.Config{})
	stays, m := s.client(), message(100, 1)
	stays.exchange(m)
	before := r.descriptors()
	for i := range 30 {
		goes := s.client()
		goes.exchange(m)
		leave := [...]func(int){r.Reset, r.Close, func(fd int) {
			r.Shutdown(fd, unix.SHUT_WR)
			goes.parts(nil)
			r.Close(fd)
		}}
		leave[i%len(leave)](goes.fd)
	}
	stays.exchange(m)
	now := 0
	if !r.Until(func() bool { now = r.descriptors(); return now == before }) {
		r.Errorf("%d descriptors are open after 30 connections, %d before", now, before)
	}
	s.open(1)
}

// descriptors is how many this process has open.
func (r *rig) descriptors() int {
	open, err := workbench.OpenDescriptors()
	if err != nil {
		r.Fatalf("listing descriptors: %v", err)
	}
	return len(open)
}
