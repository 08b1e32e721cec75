//go:build linux

package muxtest

import (
	"math/rand/v2"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// duplexCases are about streams that are written to, read, left alone and looked at
// anew in no order.
func duplexCases() []Case {
	return []Case{
		{ID: "C-150", Tier: Contract, Title: "five streams, 64 KiB each way, handled at random: all arrives, and the end at each of ten ends", Source: "libuv poll_duplex, poll_unidirectional", run: handledAtRandom},
	}
}

// duplexBytes is what each end sends.
const duplexBytes = 64 << 10

// end is one of a stream. What it sends at an offset follows from the offset.
type end struct {
	fd             int
	sent, received int
	over           bool // of what is received
	wanted         multiplexers.Interest
}

func offsetByte(i int) byte { return byte(i ^ i>>8) }

// torture is ten ends, and what happens to them by chance, the same in each run as far
// as the kernel's timing allows.
type torture struct {
	*rig
	random            *rand.Rand
	ends              map[int]*end
	writable, refused int // events that told an end to be so, and those that were wrong
}

func handledAtRandom(r *rig) {
	t := &torture{rig: r, random: rand.New(rand.NewPCG(3, 4)), ends: make(map[int]*end)}
	for i := range 5 {
		here, there := t.small(i)
		for _, fd := range [...]int{here, there} {
			t.ends[fd] = &end{fd: fd, wanted: readable | writable | hangUp}
			r.add(fd, t.ends[fd].wanted)
		}
	}
	for len(t.ends) > 0 {
		got := r.batch(4, workbench.Patience)
		if len(got) == 0 {
			r.Fatalf("%d ends have more to do, and nothing is reported: %v", len(t.ends), t.left())
		}
		for _, e := range got {
			if t.ends[e.FD] == nil {
				r.Fatalf("got %v, of which all was done", e)
			}
			t.handle(t.ends[e.FD], e.Ready)
		}
	}
	if t.refused*20 > t.writable {
		r.Errorf("%d of %d events told an end to be writable that was not", t.refused, t.writable)
	}
	r.expect("all removed")
}

// small is a stream that takes much less at a time than is to be sent; every other is
// a TCP connection, which takes as much as it does.
func (t *torture) small(i int) (here, there int) {
	if i%2 == 1 {
		return t.TCP()
	}
	here, there = t.Pair()
	for _, fd := range [...]int{here, there} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 8<<10); err != nil {
			t.Fatalf("setsockopt SO_SNDBUF: %v", err)
		}
	}
	return here, there
}

// left is what the ends have sent and received.
func (t *torture) left() (all []end) {
	for _, e := range t.ends {
		all = append(all, *e)
	}
	return all
}

// handle does something or nothing about an event, and then looks at the end anew, as
// an edge-triggered mechanism wants it of those who leave something.
func (t *torture) handle(e *end, found multiplexers.Interest) {
	const alone, some = 0, 1 // else all there is
	if what := t.random.IntN(4); found&(readable|hangUp|failed) != 0 && what != alone && !e.over {
		t.receive(e, what == some, found)
	}
	if what := t.random.IntN(4); found&writable != 0 && what != alone && e.sent < duplexBytes {
		t.send(e, what == some)
	}
	if e.over && e.sent == duplexBytes {
		t.remove(e.fd)
		delete(t.ends, e.fd)
		return
	}
	e.wanted = 0
	if !e.over {
		e.wanted |= readable | hangUp
	}
	if e.sent < duplexBytes {
		e.wanted |= writable
	}
	if t.random.IntN(4) == 0 {
		t.modify(e.fd, t.other(e.wanted))
	}
	t.modify(e.fd, e.wanted)
}

// other is an interest that is not this one.
func (t *torture) other(wanted multiplexers.Interest) multiplexers.Interest {
	return wanted ^ [...]multiplexers.Interest{readable, writable, both}[t.random.IntN(3)]
}

func (t *torture) receive(e *end, some bool, found multiplexers.Interest) {
	for first := true; ; first = false {
		block := make([]byte, 1+t.random.IntN(1024))
		n, err := unix.Read(e.fd, block)
		switch {
		case err == unix.EAGAIN && !first:
			return
		case err != nil:
			t.Fatalf("descriptor %d was found %v: read: %v", e.fd, found, err)
		case n == 0:
			e.over = true
			if e.received != duplexBytes {
				t.Errorf("descriptor %d has received %d bytes to the end, want %d", e.fd, e.received, duplexBytes)
			}
			return
		}
		for i, b := range block[:n] {
			if want := offsetByte(e.received + i); b != want {
				t.Fatalf("byte %d on descriptor %d is %#x, want %#x", e.received+i, e.fd, b, want)
			}
		}
		e.received += n
		if some {
			return
		}
	}
}

func (t *torture) send(e *end, some bool) {
	t.writable++
	for first := true; e.sent < duplexBytes; first = false {
		block := make([]byte, min(duplexBytes-e.sent, 1+t.random.IntN(1024)))
		for i := range block {
			block[i] = offsetByte(e.sent + i)
		}
		n, err := unix.Write(e.fd, block)
		if err == unix.EAGAIN {
			if first {
				t.refused++
			}
			return
		}
		if err != nil {
			t.Fatalf("write to descriptor %d: %v", e.fd, err)
		}
		e.sent += n
		if some {
			break
		}
	}
	if e.sent == duplexBytes {
		t.Shutdown(e.fd, unix.SHUT_WR)
	}
}
