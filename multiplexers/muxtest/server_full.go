//go:build linux

package muxtest

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverFullCases are about a table of descriptors that is full.
func serverFullCases() []Case {
	return []Case{{
		ID: "C-182", Title: "with no descriptor left clients are refused at once, those who are in are served, nothing spins, and later others are let in",
		Source: "libuv emfile, libevent regress_listener; accept(2) on EMFILE", apart: true, run: fullTable,
		Allowed: "one more served than there is room for, for each thread that accepts: it may have a descriptor already, or get the one that another gave up to refuse; " +
			"where several do, a client may wait in the queue instead of being refused",
	}}
}

// fullTable has its clients' descriptors above the limit that it sets: these stay, and
// connecting takes no new ones.
func fullTable(r *rig) {
	const room, tries, leaving = 6, 16, 3
	r.NeedDescriptors(aboveLimit + tries + leaving + 2)
	f := &full{rig: r, s: r.serving(server.Config{}), message: message(100, 1), acceptors: max(1, r.subject.backend.Loops)}
	f.first = f.s.client()
	f.first.exchange(f.message) // by now the server has whatever it takes to serve
	f.first.fd = r.Above(aboveLimit, f.first.fd)
	for range tries + leaving + 2 {
		f.sockets = append(f.sockets, r.Above(aboveLimit, r.Stream()))
	}
	before := f.s.open(1)
	allow := r.leaveRoom(room)

	in, refused := []*client{f.first}, 0
	var waiting []*client
	for range tries {
		switch c, came := f.try(); came {
		case letIn:
			if refused > 0 && f.acceptors == 1 {
				r.Errorf("a client is served after %d were refused, and nobody has left", refused)
			}
			in = append(in, c)
		case turnedAway:
			refused++
		default:
			if f.acceptors == 1 {
				r.Fatalf("a client is %s", came)
			}
			waiting = append(waiting, c)
		}
	}
	// Who was left waiting may be served by now.
	if served := len(in) - 1; served+len(waiting) < room || served > room+f.acceptors {
		r.Errorf("with room for %d of %d clients %d are served and %d left waiting, want so many served and at most %d more", room, tries, served, len(waiting), f.acceptors)
	}
	r.Notef("with room for %d of %d clients %d are served, %d refused and %d left waiting", room, tries, len(in)-1, refused, len(waiting))
	f.idles(len(waiting) > 0)
	snap := f.s.snapshot()
	if open, away := snap.Open-len(in), int(snap.Refused-before.Refused)-refused; open < 0 || away < 0 || open+away > len(waiting) {
		r.Errorf("the server says %d open and %d refused, where %d are served and %d refused", snap.Open, snap.Refused, len(in), refused)
	}
	for _, c := range in {
		c.exchange(f.message)
	}

	if f.acceptors == 1 {
		for _, c := range in[len(in)-leaving:] {
			r.Close(c.fd)
		}
		f.s.open(len(in) - leaving)
		for i := range leaving {
			if _, came := f.try(); came != letIn {
				r.Errorf("with %d descriptors free again a client is %s", leaving-i, came)
			}
		}
		if _, came := f.try(); came != turnedAway {
			r.Errorf("with none left again a client is %s", came)
		}
	}
	f.s.snapshot() // who was refusing somebody is done with it: the next one would be taken for another
	allow()
	c, came := f.try()
	if came == neither {
		came = f.outcome(c)
	}
	if came != letIn {
		r.Errorf("with room for everybody a client is %s", came)
	}
	for _, c := range waiting {
		if came := f.outcome(c); came == neither {
			r.Errorf("with room for everybody one who was left waiting is %s", came)
		}
	}
}

// aboveLimit is more than any limit that the case sets.
const aboveLimit = 512

// full is what the case works with.
type full struct {
	*rig
	s         *served
	first     *client
	message   []byte
	sockets   []int // not connected yet
	acceptors int
}

// leaveRoom lowers the limit of descriptors so that n more fit. The limit is back
// when allow is called, or in the end.
func (r *rig) leaveRoom(n int) (allow func()) {
	something := r.Counter(0)
	var free []int
	for range n - 1 { // its own number is one
		free = append(free, r.Duplicate(something, 0))
	}
	highest := something
	for _, fd := range free {
		highest = max(highest, fd)
		r.Close(fd)
	}
	r.Close(something)
	return r.LimitDescriptors(uint64(highest) + 1)
}

// reception is what comes of a client.
type reception string

const (
	letIn      reception = "served"
	turnedAway reception = "refused"
	neither    reception = "neither served nor refused"
)

// try connects a client, which sends a message, and says what comes of it: where that
// may be nothing, by the time that another has got some replies.
func (f *full) try() (c *client, came reception) {
	c = &client{f.rig, f.sockets[0]}
	f.sockets = f.sockets[1:]
	if err := unix.Connect(c.fd, &f.s.at); err != nil && err != unix.EINPROGRESS {
		f.Fatalf("connect: %v", err)
	}
	if err := c.connected(); err != nil {
		f.Fatalf("connecting: %v", err)
	}
	if _, err := unix.Write(c.fd, f.message); err != nil && !isReset(err) {
		f.Fatalf("writing: %v", err)
	}
	if f.acceptors == 1 {
		return c, f.outcome(c)
	}
	const rounds = 50
	came = c.looked(f.message)
	for i := 0; i < rounds && came == neither; i++ {
		f.first.exchange(f.message)
		came = c.looked(f.message)
	}
	return c, came
}

// outcome is what comes of a client of which nothing had come yet.
func (f *full) outcome(c *client) (came reception) {
	f.Until(func() bool { came = c.looked(f.message); return came != neither })
	return came
}

// looked is what has come of a client by now that has sent m.
func (c *client) looked(m []byte) reception {
	var got [1]byte
	switch n, err := unix.Read(c.fd, got[:]); {
	case err == unix.EAGAIN:
		return neither
	case n == 1 && got[0] == m[0]:
		c.expect(m[1:])
		return letIn
	case n == 0 && err == nil || isReset(err):
		return turnedAway
	default:
		c.rig.Fatalf("the reply begins with %x, %v", got[:n], err)
		return neither
	}
}

// idles wants the server to rest while nothing happens, now or soon: what the kernel has
// put off may stir it for a while.
func (f *full) idles(looks bool) {
	var wrong string
	if !f.Until(func() bool { wrong = f.stirs(looks); return wrong == "" }) {
		f.Errorf("%s", wrong)
	}
}

// stirs says what the server does too much of for a moment: nothing if the result is
// empty. Who has to look again whether there is room for those who wait may do so, so
// often that it takes nothing.
func (f *full) stirs(looks bool) string {
	const often = 50 * time.Millisecond
	before, since := f.s.snapshot().Counters, time.Now()
	for time.Since(since) < often {
		f.s.snapshot()
	}
	after := f.s.snapshot().Counters
	var most int64
	if looks || f.acceptors > 1 {
		most = 2 * int64(f.acceptors) * (1 + int64(time.Since(since)/often)) // one wait that ends, and one that finds them again
	}
	for _, count := range [...]struct {
		what          string
		before, after int64
	}{
		{"waits", before.Waits, after.Waits},
		{"accepts in vain", before.EmptyAccepts, after.EmptyAccepts},
		{"calls that would have blocked", before.EAGAIN, after.EAGAIN},
	} {
		if n := count.after - count.before; n > most {
			return fmt.Sprintf("%d %s while nothing happens, want at most %d", n, count.what, most)
		}
	}
	return ""
}
