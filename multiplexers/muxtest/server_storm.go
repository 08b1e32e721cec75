//go:build linux

package muxtest

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverStormCases are about more clients at once than a listener has room for.
func serverStormCases() []Case {
	return []Case{{
		ID: "C-185", Title: "of a storm of four times the backlog, whoever is connected is answered, and for everybody else a queue was full",
		Source:  "listen(2); tcp(7), on tcp_syncookies and tcp_abort_on_overflow",
		Allowed: "connecting still, or refused, or reset with tcp_abort_on_overflow, if the kernel has counted as many overflows of a listener's queue: who is dropped tries again after a second, and is not waited for. What is counted is of the whole network namespace, so that others' listeners can hide a failure",
		run:     acceptStorm,
	}}
}

func acceptStorm(r *rig) {
	const backlog = 16
	s := r.listening(server.Config{Backlog: backlog})
	r.storm(s, 4*backlog, "before anybody is accepted", s.begin)
	r.storm(s, 4*backlog, "while others are accepted", func() {})
}

// storm connects n clients at once, calls then, and wants each to be answered or its
// failure to be explained.
func (r *rig) storm(s *served, n int, when string, then func()) {
	before, mayReset := r.overflows(), resetsOnOverflow()
	all := make([]*stormer, n)
	for i := range all {
		all[i] = &stormer{client: &client{r, r.Connect(&s.at)}, message: message(64, byte(i)), mayReset: mayReset}
	}
	then()
	var answered, failed int
	var dropped int64
	if !r.Until(func() bool {
		answered, failed = 0, 0
		for _, c := range all {
			switch c.step() {
			case stormAnswered:
				answered++
			case stormFailed, stormReset:
				failed++
			}
		}
		dropped = r.overflows() - before
		return answered+failed == n && int64(failed) <= dropped
	}) {
		r.Errorf("%s: %d clients, of which %d are answered and %d are not connected, though queues were full %d times", when, n, answered, failed, dropped)
	}
	r.Notef("%s: %d clients, %d answered, %d not connected; ListenOverflows +%d", when, n, answered, failed, dropped)
}

// stormer is one of many clients.
type stormer struct {
	*client
	message, got []byte
	sent         bool
	mayReset     bool // the kernel may, if there was no room
	now          stormState
}

type stormState uint8

const (
	stormFailed    stormState = iota // not connected, or not yet
	stormConnected                   // and waiting for an answer
	stormAnswered
	stormReset // for want of room, when it was connected
)

// step goes on as far as it is possible without waiting, and says how far that is.
func (c *stormer) step() stormState {
	if c.now == stormFailed && c.rig.Finds(c.fd, unix.POLLOUT) == unix.POLLOUT {
		c.now = stormConnected
	}
	if c.now != stormConnected {
		return c.now
	}
	if !c.sent {
		switch n, err := unix.Write(c.fd, c.message); {
		case err == nil:
			c.sent = n > 0
		case err != unix.EAGAIN:
			return c.fails(err)
		}
	}
	var block [64]byte
	switch n, err := unix.Read(c.fd, block[:]); {
	case err == unix.EAGAIN:
	case err != nil:
		return c.fails(err)
	case n == 0:
		c.rig.Fatalf("a client that was connected gets an end of file after %d bytes", len(c.got))
	default:
		c.got = append(c.got, block[:n]...)
	}
	if len(c.got) >= len(c.message) {
		if !bytes.Equal(c.got, c.message) {
			c.rig.Fatalf("%x comes back, want %x", c.got, c.message)
		}
		c.now = stormAnswered
	}
	return c.now
}

// fails is the end of a client that was connected: for a queue that was full, or wrongly.
func (c *stormer) fails(err error) stormState {
	if !c.mayReset || !isReset(err) || len(c.got) > 0 {
		c.rig.Fatalf("a client that was connected has got %d bytes: %v", len(c.got), err)
	}
	c.now = stormReset
	return c.now
}

// resetsOnOverflow says whether the kernel resets whom it has taken for connected, and
// finds no room for (tcp(7), tcp_abort_on_overflow).
func resetsOnOverflow() bool {
	text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_abort_on_overflow")
	return err == nil && strings.TrimSpace(string(text)) != "0"
}

// overflows is how often the queue of a listener was full when somebody wanted in
// (netstat's ListenOverflows), anywhere in this network namespace.
func (r *rig) overflows() int64 {
	const list = "/proc/net/netstat"
	text, err := os.ReadFile(list)
	if err != nil {
		r.Skipf("needs to see how often a queue was full: %v", err)
	}
	// Two lines of a kind, the first one with names.
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] != "TcpExt:":
		case names == nil:
			names = fields
		default:
			for i, name := range names {
				if name == "ListenOverflows" && i < len(fields) {
					if n, err := strconv.ParseInt(fields[i], 10, 64); err == nil {
						return n
					}
				}
			}
		}
	}
	r.Skipf("needs to see how often a queue was full: %s has no ListenOverflows", list)
	return 0
}
