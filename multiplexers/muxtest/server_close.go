//go:build linux

package muxtest

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverCloseCases are about a server that ends.
func serverCloseCases() []Case {
	const either = "an end of file or a reset"
	return []Case{
		{ID: "C-133/server", Title: "Close ends every connection, of silent clients and of those not accepted yet", Source: "mio drop_cancels_interest_and_shuts_down", Allowed: either, run: closeEndsAll},
		{ID: "C-134/server", Title: "what was echoed before Close comes, and then the end", Source: "mio write_then_drop", Allowed: either, run: closeAfterReply},
		{
			ID: "C-183", Title: "Close while connections are being accepted: Serve returns, and nobody listens any more", Source: "libevent immediate_close, disable_in_thread",
			Allowed: "clients that were let in or not: each is refused, or meets " + either + ", which the kernel may not tell before the client sends something: " +
				"where the listener went as the last segment of the handshake came, the connection is the client's alone",
			run: closeWhileAccepting,
		},
		{
			ID: "S-004", Title: "Close while clients send and read: what comes back is where their stream begins, and nothing is left", Source: "the contract",
			Allowed: either + ", anywhere in the stream", run: closeUnderLoad,
		},
	}
}

func closeEndsAll(r *rig) {
	s := r.serving(server.Config{})
	m := message(100, 1)
	all := s.clients(3)
	all[0].exchange(m)
	s.open(3)
	s.end()
	for _, c := range all {
		if got, _ := c.rest(); len(got) > 0 {
			r.Errorf("a client that has got all its replies gets %x when the server closes", got)
		}
	}
	r.nobodyListens(s)

	s = r.listening(server.Config{})
	pending := s.client()
	s.end()
	pending.learnEnd()
}

// learnEnd sends something, so that its kernel learns that nobody is there if it has
// not been told, and wants the end.
func (c *client) learnEnd() {
	if _, err := unix.Write(c.fd, []byte{1}); err != nil && !isReset(err) {
		c.rig.Fatalf("writing: %v", err)
	}
	if got, _ := c.rest(); len(got) > 0 {
		c.rig.Errorf("%x comes from a server that is closed", got)
	}
}

// closeAfterReply has the server's kernel hold most of a reply when it closes: its
// client has no room.
func closeAfterReply(r *rig) {
	s := r.serving(server.Config{})
	m := message(32<<10, 1)
	c := s.slowClient()
	c.send(m)
	s.eventually("it has echoed all", func(snap server.Snapshot) bool { return snap.Counters.BytesOut == int64(len(m)) })
	s.end()
	if got, end := c.rest(); !bytes.Equal(got, m) {
		r.Errorf("%d bytes come of the %d that were echoed before Close, and then %v", len(got), len(m), end)
	}
}

func closeWhileAccepting(r *rig) {
	for range 4 {
		s := r.serving(server.Config{})
		all := s.clients(8)
		if !s.endMeanwhile(func() {
			for range 32 {
				all = append(all, &client{r, r.Connect(&s.at)})
			}
		}) {
			return
		}
		for _, c := range all {
			if err := c.connected(); err == nil {
				c.learnEnd()
			} else if !errors.Is(err, unix.ECONNREFUSED) && !isReset(err) {
				r.Errorf("a client that connects meanwhile: %v", err)
			}
			r.Close(c.fd)
		}
		r.nobodyListens(s)
	}
}

// nobodyListens wants a connection to be refused where a server was.
func (r *rig) nobodyListens(s *served) {
	c := &client{r, r.Connect(&s.at)}
	if err := c.connected(); !errors.Is(err, unix.ECONNREFUSED) {
		r.Errorf("connecting to a server that is closed: %v, want %v", err, unix.ECONNREFUSED)
	}
	r.Close(c.fd)
}

// closeUnderLoad has clients write and read for as long as there is somebody.
func closeUnderLoad(r *rig) {
	for range 3 {
		s := r.serving(server.Config{})
		m := message(1<<20, 1)
		var all []*loader
		for _, c := range s.clients(8) {
			all = append(all, &loader{client: c, stream: m})
		}
		load := func() (busy bool) {
			for _, l := range all {
				busy = l.step() || busy
			}
			return busy
		}
		if !r.Until(func() bool { load(); return all[0].got > 0 }) {
			r.Fatalf("nobody is served")
		}
		if !s.endMeanwhile(func() {
			for range 20 {
				load()
			}
		}) {
			return
		}
		if !r.Until(func() bool { return !load() }) {
			r.Fatalf("a client is left without an end")
		}
		for _, l := range all {
			r.Close(l.fd)
		}
	}
}

// loader is a client that sends a stream over and over and reads what comes back.
type loader struct {
	*client
	stream    []byte
	sent, got int // bytes, in all
	ended     bool
}

// step writes and reads once if possible, and says whether the connection is there
// still.
func (l *loader) step() bool {
	if l.ended {
		return false
	}
	block := make([]byte, 16<<10)
	at := l.sent % len(l.stream)
	n, err := unix.Write(l.fd, l.stream[at:min(len(l.stream), at+len(block))])
	if err == nil {
		l.sent += n
	} else if err != unix.EAGAIN && !isReset(err) {
		l.rig.Fatalf("writing: %v", err)
	}
	at = l.got % len(l.stream)
	n, err = unix.Read(l.fd, block[:min(len(block), len(l.stream)-at)])
	switch {
	case err == unix.EAGAIN:
	case isReset(err) || err == nil && n == 0:
		l.ended = true
	case err != nil:
		l.rig.Fatalf("reading: %v", err)
	default:
		if l.got+n > l.sent || !bytes.Equal(block[:n], l.stream[at:at+n]) {
			l.rig.Fatalf("what comes back after %d bytes is not what was sent", l.got)
		}
		l.got += n
	}
	return !l.ended
}
