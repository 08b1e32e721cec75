//go:build linux

package chain

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

var (
	errLeft   = errors.New("a byte is left of the iteration before")
	errSilent = errors.New("no byte has come, and some are missing")
)

// Iterate runs one iteration: the first byte of each active pair is written
// before the time begins, as libevent's does, and no wait blocks. It does not
// allocate. After an error the chain is of no more use.
func (c *Chain) Iterate() (Iteration, error) {
	c.cfg.Entry.Hold()
	did := c.iterate()
	c.cfg.Entry.Release()
	if c.failed.err != nil {
		return Iteration{}, fmt.Errorf("chain of %d pairs, %d active, %d writes: %s: %w", c.cfg.Pairs, c.cfg.Active, c.cfg.Writes, c.failed.doing, c.failed.err)
	}
	return did, nil
}

func (c *Chain) iterate() Iteration {
	c.silent()
	c.left, c.got, c.counters = c.cfg.Writes, 0, Counters{}
	for i := range c.cfg.Active {
		c.write(i * (c.cfg.Pairs / c.cfg.Active))
	}
	want := int64(c.cfg.Active + c.cfg.Writes)
	c.counters = Counters{} // those writes are not of the time
	usage := multiplexers.ThreadUsage()
	cpu, began := multiplexers.ThreadCPUTime(), time.Now()
	for c.got < want && c.failed.err == nil {
		c.turn()
	}
	elapsed := time.Since(began)
	cpu = multiplexers.ThreadCPUTime() - cpu
	used := multiplexers.ThreadUsage()
	if c.whole {
		c.counters.Examined = c.counters.Waits * int64(len(c.pairs))
	}
	return Iteration{
		Messages: c.got,
		Elapsed:  elapsed,
		CPU:      cpu,
		User:     used.User - usage.User,
		Counters: c.counters,
		Switches: used.Switches - usage.Switches,
	}
}

// silent makes sure that nothing is to be read, so that an iteration counts its
// own bytes. It is libevent's untimed pass before each iteration as well.
func (c *Chain) silent() {
	n, err := c.mux.Wait(c.events, 0)
	if err == nil && n > 0 {
		err = errLeft
	}
	if err != nil {
		c.fail("waiting before it", err)
	}
}

// turn is one wait and what it brought.
func (c *Chain) turn() {
	n, err := c.mux.Wait(c.events, 0)
	if err != nil {
		c.fail("waiting", err)
		return
	}
	c.counters.Waits++
	c.counters.Events += int64(n)
	if n == 0 {
		c.counters.EmptyWaits++
		if len(c.queued) == 0 {
			// Within one process a byte is there when its write has returned.
			c.fail("waiting", errSilent)
			return
		}
	}
	if c.edge {
		c.turnOnEdges(c.events[:n])
	} else {
		c.turnOnLevels(c.events[:n])
	}
}

// turnOnLevels answers one byte of each pair. It makes its system calls itself:
// see the note on package multiplexers' transfer.
//
// One-shot readiness is served the same way, and each pair modified when it has
// been: what is in it by then is reported again, so that the bytes take the
// same way around the ring.
func (c *Chain) turnOnLevels(events []multiplexers.Event) {
	entry, pairs, b, once := c.cfg.Entry, c.pairs, c.buffer, c.once
	for _, e := range events {
		i := int(c.byFD[e.FD])
		c.counters.Reads++
		if n, errno := entry.Receive(int(pairs[i].read), b); n == 0 {
			c.failRead(errno)
			return
		}
		c.got++
		if c.left > 0 {
			c.left--
			if i++; i == len(pairs) {
				i = 0
			}
			c.counters.Writes++
			if n, errno := entry.Send(int(pairs[i].write), b); n == 0 {
				c.fail("writing", errno)
				return
			}
		}
		if once {
			c.counters.Modifies++
			if err := c.mux.Modify(e.FD, multiplexers.Readable); err != nil {
				c.fail("modifying", err)
				return
			}
		}
	}
}

// turnOnEdges answers one byte of each pair, as level-triggered readiness has it,
// so that the bytes take the same way around the ring. What one read brought
// beyond it is held, and what has not been reported again is remembered.
func (c *Chain) turnOnEdges(events []multiplexers.Event) {
	c.again, c.queued = c.queued, c.again[:0]
	for _, e := range events {
		i := c.byFD[e.FD]
		p := &c.pairs[i]
		p.more = true
		if !p.queued { // or else its turn comes below
			c.serve(i, p)
		}
	}
	for _, i := range c.again {
		p := &c.pairs[i]
		p.queued = false
		c.serve(i, p)
	}
}

func (c *Chain) serve(i int32, p *pair) {
	if p.held == 0 {
		n := c.read(p)
		p.held, p.more = int16(n), n == len(c.buffer)
	}
	if p.held == 0 {
		return
	}
	p.held--
	c.pass(i)
	if p.held > 0 || p.more {
		p.queued = true
		c.queued = append(c.queued, i)
	}
}

// read takes what a pair has, up to the buffer's length.
func (c *Chain) read(p *pair) int {
	c.counters.Reads++
	n, errno := c.cfg.Entry.Receive(int(p.read), c.buffer)
	if n == 0 && errno != unix.EAGAIN { // which it is if the last read took all, and filled the buffer
		c.failRead(errno)
	}
	return n
}

func (c *Chain) failRead(errno unix.Errno) {
	if errno == 0 {
		c.fail("reading", errEnded)
		return
	}
	c.fail("reading", errno)
}

// pass counts a byte that pair i got, and writes the next one, if any is left, to
// its neighbour.
func (c *Chain) pass(i int32) {
	c.got++
	if c.left == 0 {
		return
	}
	c.left--
	next := int(i) + 1
	if next == len(c.pairs) {
		next = 0
	}
	c.write(next)
}

func (c *Chain) write(i int) {
	c.counters.Writes++
	if _, errno := c.cfg.Entry.Send(int(c.pairs[i].write), c.buffer[:1]); errno != 0 {
		c.fail("writing", errno)
	}
}

// fail keeps the first failure.
func (c *Chain) fail(doing string, err error) {
	if c.failed.err == nil {
		c.failed = failure{doing, err}
	}
}
