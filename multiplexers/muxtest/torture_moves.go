//go:build linux

package muxtest

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"muxbench/multiplexers"
)

// moveKind is what can be done with streams.
type moveKind uint8

const (
	adding moveKind = iota
	modifying
	removing
	reading
	draining
	writing
	filling
	shutting
	renewing // of a whole stream
	awaiting
	pausing // a wait, for what comes over TCP
)

// roomy is room for the events of all ends.
const roomy = 64

// move is one step of a run, complete in itself: which end, how much.
type move struct {
	kind   moveKind
	end    int // its number; of a stream that is renewed, the first one's
	n      int // bytes, or room for events
	want   multiplexers.Interest
	blocks bool // of a wait: it may
}

// String says what is done: "2a reads 5".
func (m move) String() string {
	name := endName(m.end)
	switch m.kind {
	case adding:
		return fmt.Sprintf("%s is added for %v", name, m.want)
	case modifying:
		return fmt.Sprintf("%s is modified to %v", name, m.want)
	case removing:
		return name + " is removed"
	case reading:
		return fmt.Sprintf("%s reads %d", name, m.n)
	case draining:
		return name + " reads all there is"
	case writing:
		return fmt.Sprintf("%s writes %d", name, m.n)
	case filling:
		return name + " writes all it can"
	case shutting:
		return name + " shuts its writing side"
	case pausing:
		return "a wait for what comes over TCP"
	case renewing:
		return fmt.Sprintf("stream %d is removed, closed and opened anew", m.end/2+1)
	}
	if m.blocks {
		return fmt.Sprintf("a wait with room for %d, which may block", m.n)
	}
	return fmt.Sprintf("a wait with room for %d", m.n)
}

// do makes a move, unless it makes no sense now.
func (d *duplex) do(m move) *breach {
	switch m.kind {
	case awaiting:
		return d.wait(m.n, m.blocks, 0)
	case pausing:
		return d.pause()
	}
	e := d.ends[m.end]
	switch {
	case e == nil:
	case m.kind == adding && !e.watched:
		return d.add(e, m.want)
	case m.kind == modifying && e.watched:
		return d.modify(e, m.want)
	case m.kind == removing && e.watched:
		return d.remove(e)
	case m.kind == reading:
		_, b := d.read(e, m.n)
		return b
	case m.kind == draining:
		return d.drain(e)
	case m.kind == writing:
		_, b := d.write(e, m.n)
		return b
	case m.kind == filling:
		return d.fill(e)
	case m.kind == shutting:
		return d.shut(e)
	case m.kind == renewing:
		return d.renew(m.end / 2)
	}
	return nil
}

func (d *duplex) renew(line int) *breach {
	for _, e := range d.ends[2*line : 2*line+2] {
		if e.watched {
			if b := d.remove(e); b != nil {
				return b
			}
		}
	}
	d.closeLine(line)
	d.openLine(line)
	return nil
}

// whose is the stream that a move is of.
func (m move) whose() int {
	if m.kind == awaiting || m.kind == pausing {
		return -1
	}
	return m.end / 2
}

// simpler moves may do as well.
func (m move) simpler() []move {
	var all []move
	with := func(change func(*move)) {
		less := m
		change(&less)
		all = append(all, less)
	}
	switch m.kind {
	case adding, modifying:
		for _, one := range []multiplexers.Interest{readable, writable} {
			if m.want&one != 0 && bits.OnesCount8(uint8(m.want)) > 1 {
				with(func(less *move) { less.want = one })
			}
		}
	case reading, writing:
		if m.n > 1 {
			with(func(less *move) { less.n = 1 })
		}
	case filling:
		with(func(less *move) { less.kind, less.n = writing, 1 })
	case pausing:
		with(func(less *move) { less.kind, less.n = awaiting, roomy })
	case awaiting:
		if m.blocks {
			with(func(less *move) { less.blocks = false })
		}
		if m.n != roomy {
			with(func(less *move) { less.n = roomy })
		}
	}
	return all
}

// unblocking are the same moves with waits that do not block.
func unblocking(moves []move) []move {
	all := slices.Clone(moves)
	for i, m := range all {
		switch m.kind {
		case awaiting:
			all[i].blocks = false
		case pausing:
			all[i] = move{kind: awaiting, n: roomy}
		}
	}
	return all
}

// replay makes moves on a fresh multiplexer and fresh streams, of those that are named.
func (r *rig) replay(s setting, moves []move) (b *breach) {
	d := r.duplex(s)
	for i := range s.lines {
		if slices.ContainsFunc(moves, func(m move) bool { return m.whose() == i }) {
			d.openLine(i)
		}
	}
	defer d.end(&b)
	for _, m := range moves {
		if b = d.do(m); b != nil {
			return b
		}
	}
	return d.spuriousTooOften()
}

// end closes what a run used. A panic of the multiplexer's is a breach.
func (d *duplex) end(b **breach) {
	if p := recover(); p != nil {
		*b = breachf("panic", "panic: %v", p)
	}
	if closing := d.close(); *b == nil {
		*b = closing
	}
}

// spuriousTooOften is about events over TCP that say Writable where nothing can be
// written: at most one in 20 may, and a single one.
func (d *duplex) spuriousTooOften() *breach {
	if d.spurious > 1+d.offers/20 {
		return breachf("spurious", "%d of %d events over TCP said Writable where nothing could be written", d.spurious, d.offers)
	}
	return nil
}

// describe says what streams moves are made on.
func (s setting) describe(moves []move) string {
	var all []string
	for i, line := range s.lines {
		if !slices.ContainsFunc(moves, func(m move) bool { return m.whose() == i }) {
			continue
		}
		kind := "a Unix pair"
		if line.tcp {
			kind = "TCP"
		}
		if line.buffer > 0 {
			kind += fmt.Sprintf(" with buffers of %d", line.buffer)
		}
		all = append(all, fmt.Sprintf("%d %s", i+1, kind))
	}
	return fmt.Sprintf("(streams: %s; %d bytes each way)", strings.Join(all, ", "), s.total)
}
