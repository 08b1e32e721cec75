//go:build linux

package muxtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// client is a non-blocking socket that is connected to a server, or is to be.
type client struct {
	rig *rig
	fd  int
}

// client connects one.
func (s *served) client() *client {
	c := &client{s.rig, s.rig.Connect(&s.at)}
	if err := c.connected(); err != nil {
		s.rig.Fatalf("connecting: %v", err)
	}
	return c
}

// clients connects several.
func (s *served) clients(n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = s.client()
	}
	return all
}

// connected waits for the end of connecting, and says why there is no connection.
func (c *client) connected() error {
	if !c.rig.moves([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}) {
		return os.ErrDeadlineExceeded
	}
	return c.failure()
}

// failure is the pending error of its socket.
func (c *client) failure() error {
	number, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		c.rig.Fatalf("getsockopt SO_ERROR: %v", err)
	}
	if number != 0 {
		return unix.Errno(number)
	}
	return nil
}

// buffers sets one of SO_SNDBUF and SO_RCVBUF, to the host's limit at most.
func (c *client) buffers(option, size int) {
	if err := unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, option, size); err != nil {
		c.rig.Fatalf("setsockopt of a buffer's size: %v", err)
	}
}

// moves waits until poll(2) finds something of what is asked for, and says false if
// it finds nothing for as long as there is patience.
func (r *rig) moves(set []unix.PollFd) bool {
	for deadline := time.Now().Add(r.Patience); ; {
		n, err := unix.Poll(set, int(max(0, time.Until(deadline)).Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			r.Fatalf("poll: %v", err)
		}
		return n > 0
	}
}

// message is n bytes at random, the same each time and others for another salt.
func message(n int, salt byte) []byte {
	m := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{salt}).Read(m) // never fails, it says
	return m
}

// talk is what a client has still to send and to get back.
type talk struct {
	*client
	unsent, due []byte
	got         int
	burst       func() int // how many bytes it writes at once, at most; nil if as many as there are
	ahead       int        // how much may be sent of which nothing has come back, 0 if all
	last        bool       // all is said then: it shuts its writing side
}

// talk goes on until each of them has sent everything and got back what is due. All
// go on at once, each as fast as the server lets it.
func (r *rig) talk(all ...*talk) {
	set := make([]unix.PollFd, 0, len(all))
	for {
		set = set[:0]
		busy := make([]*talk, 0, len(all))
		for _, t := range all {
			if asked := t.asks(); asked != 0 {
				set, busy = append(set, unix.PollFd{Fd: int32(t.fd), Events: asked}), append(busy, t)
			}
		}
		if len(busy) == 0 {
			return
		}
		if !r.moves(set) {
			r.Fatalf("nothing moves for %v: %s", r.Patience, busy[0])
		}
		for i, t := range busy {
			if set[i].Revents&unix.POLLOUT != 0 {
				t.send()
			}
			if set[i].Revents&^unix.POLLOUT != 0 {
				t.receive()
			}
		}
	}
}

func (t *talk) asks() (asked int16) {
	if len(t.unsent) > 0 && (t.ahead == 0 || len(t.due)-len(t.unsent) < t.ahead) {
		asked |= unix.POLLOUT
	}
	if len(t.due) > 0 {
		asked |= unix.POLLIN
	}
	return asked
}

// String says how far it has come.
func (t *talk) String() string {
	return fmt.Sprintf("%d bytes came back, %d are due and %d are not sent yet", t.got, len(t.due), len(t.unsent))
}

func (t *talk) send() {
	n := len(t.unsent)
	if t.burst != nil {
		n = min(n, t.burst())
	}
	n, err := unix.Write(t.fd, t.unsent[:n])
	if err == unix.EAGAIN {
		return
	}
	if err != nil {
		t.rig.Fatalf("writing: %v: %s", err, t)
	}
	if t.unsent = t.unsent[n:]; len(t.unsent) == 0 && t.last {
		t.rig.Shutdown(t.fd, unix.SHUT_WR)
	}
}

func (t *talk) receive() {
	var block [64 << 10]byte
	n, err := unix.Read(t.fd, block[:min(len(t.due), len(block))])
	switch {
	case err == unix.EAGAIN:
		return
	case err != nil:
		t.rig.Fatalf("reading: %v: %s", err, t)
	case n == 0 && len(t.due) > 0:
		t.rig.Fatalf("end of file: %s", t)
	case !bytes.Equal(block[:n], t.due[:n]):
		at := 0
		for block[at] == t.due[at] {
			at++
		}
		t.rig.Fatalf("byte %d of what comes back is %#x, want %#x", t.got+at, block[at], t.due[at])
	}
	t.due, t.got = t.due[n:], t.got+n
}

// exchange sends m and wants it back.
func (c *client) exchange(m []byte) { c.rig.talk(&talk{client: c, unsent: m, due: m}) }

// send sends m, and reads nothing.
func (c *client) send(m []byte) { c.rig.talk(&talk{client: c, unsent: m}) }

// expect wants m to come.
func (c *client) expect(m []byte) { c.rig.talk(&talk{client: c, due: m}) }

// offer sends as much of m as is taken at once.
func (c *client) offer(m []byte) (sent int) {
	for sent < len(m) {
		n, err := unix.Write(c.fd, m[sent:])
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			c.rig.Fatalf("writing: %v", err)
		}
		sent += n
	}
	return sent
}

// rest is what comes until the end, and what that is: nil for an end of file,
// ECONNRESET or EPIPE for a reset.
func (c *client) rest() (got []byte, end error) {
	block := make([]byte, 64<<10)
	for {
		if !c.rig.moves([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}) {
			c.rig.Fatalf("after %d bytes more neither anything comes nor an end for %v", len(got), c.rig.Patience)
		}
		n, err := unix.Read(c.fd, block)
		switch {
		case err == unix.EAGAIN:
		case isReset(err) || err == nil && n == 0:
			return got, err
		case err != nil:
			c.rig.Fatalf("reading: %v", err)
		default:
			got = append(got, block[:n]...)
		}
	}
}

// isReset says that the other side has ended a connection with a reset.
func isReset(err error) bool {
	return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}

// parts wants the rest to be m, and then an end of file.
func (c *client) parts(m []byte) {
	got, end := c.rest()
	switch {
	case end != nil:
		c.rig.Fatalf("after %d bytes of %d: %v", len(got), len(m), end)
	case !bytes.Equal(got, m):
		c.rig.Fatalf("%d bytes come before the end of file, not the %d that are due", len(got), len(m))
	}
}
