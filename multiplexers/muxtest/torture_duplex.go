//go:build linux

package muxtest

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// setting is what moves on streams begin with.
type setting struct {
	lines []nature
	total int // bytes to send, each way of each stream
}

// nature is what a stream is made of.
type nature struct {
	tcp    bool // or else a pair of Unix sockets
	buffer int  // SO_SNDBUF, and SO_RCVBUF of TCP, in bytes before the kernel doubles them; 0 is the kernel's own
}

// end is one of the two of a stream.
type end struct {
	fd        int
	name      string
	tcp       bool
	peer      *end
	salt      uint32 // of what it sends
	sent, got int    // bytes
	shut, eof bool   // its writing side, and what it reads

	watched bool
	want    multiplexers.Interest
	armed   bool                  // one-shot: it has not fired
	told    multiplexers.Interest // edge-triggered: what was reported, and has not been seen to be over
	known   int                   // bytes that had come when it was last added, modified or reported
	arrived bool                  // edge-triggered: more have come since
	owed    multiplexers.Interest // before a wait: what that has to report, one of these at least
	passed  int                   // full buffers that it was not in, though it was owed something
	hung    bool                  // a hang-up has been reported
}

// duplex is a multiplexer with streams, both ends of which are in this process.
// Everything that moves do is done here, by one goroutine, so that between Unix
// sockets what the kernel finds before a wait is what it finds in it.
type duplex struct {
	rig *rig
	mux multiplexers.Multiplexer
	setting
	ends   []*end // two for each stream; nil for one that is not opened
	opened int    // streams, in all
	buffer []byte

	polled   []unix.PollFd
	events   []multiplexers.Event
	reported []multiplexers.Event // by the last wait
	offers   int                  // events of TCP sockets that say Writable
	spurious int                  // those of which poll(2) says so neither before nor after
}

func (r *rig) duplex(s setting) *duplex {
	return &duplex{
		rig: r, mux: r.fresh(), setting: s,
		ends: make([]*end, 2*len(s.lines)), buffer: make([]byte, 64<<10),
		events: make([]multiplexers.Event, 2*len(s.lines)+1),
	}
}

// close ends the streams, and gives the multiplexer back.
func (d *duplex) close() *breach {
	for i := range d.lines {
		d.closeLine(i)
	}
	if err := d.mux.Close(); err != nil {
		return breachf("error", "Close: %v", err)
	}
	return nil
}

func (d *duplex) closeLine(i int) {
	for _, e := range d.ends[2*i : 2*i+2] {
		if e != nil {
			d.rig.Close(e.fd)
		}
	}
	d.ends[2*i], d.ends[2*i+1] = nil, nil
}

// openLine opens a stream of which nothing is watched.
func (d *duplex) openLine(i int) {
	var fds [2]int
	if d.lines[i].tcp {
		fds[0], fds[1] = d.connection(d.lines[i].buffer)
	} else {
		fds[0], fds[1] = d.rig.Pair()
	}
	for side, fd := range fds {
		if size := d.lines[i].buffer; size > 0 {
			d.option(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, size)
		}
		d.ends[2*i+side] = &end{fd: fd, name: endName(2*i + side), tcp: d.lines[i].tcp, salt: uint32(2*d.opened + side)}
	}
	d.ends[2*i].peer, d.ends[2*i+1].peer = d.ends[2*i+1], d.ends[2*i]
	d.opened++
}

// connection is over TCP. What it has room for is said before its window is offered.
func (d *duplex) connection(room int) (here, there int) {
	listener, at := d.rig.Listen()
	here = d.rig.Stream()
	for _, fd := range [...]int{listener, here} {
		d.option(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if room > 0 {
			d.option(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
		}
	}
	if err := unix.Connect(here, at); err != nil && err != unix.EINPROGRESS {
		d.rig.Fatalf("connect: %v", err)
	}
	there = d.rig.Accept(listener)
	d.rig.Close(listener)
	return here, there
}

func (d *duplex) option(fd, level, name, value int) {
	if err := unix.SetsockoptInt(fd, level, name, value); err != nil {
		d.rig.Fatalf("setsockopt %d of level %d: %v", name, level, err)
	}
}

func endName(i int) string { return fmt.Sprintf("%d%c", i/2+1, 'a'+i%2) }

// lacks is how many bytes an end has still to send.
func (d *duplex) lacks(e *end) int { return d.total - e.sent }

// read is one read(2) of so many bytes at most, and says whether more can be made.
func (d *duplex) read(e *end, most int) (more bool, b *breach) {
	n, err := unix.Read(e.fd, d.buffer[:min(most, len(d.buffer))])
	switch {
	case err == unix.EAGAIN:
		e.told &^= readable
		return false, nil
	case err != nil:
		return false, breachf("error", "%s: read: %v", e.name, err)
	case n == 0 && (!e.peer.shut || e.got != e.peer.sent):
		return false, breachf("content", "%s reads an end of file after %d bytes, of %d that were sent", e.name, e.got, e.peer.sent)
	case n == 0:
		e.eof = true
		return false, nil
	}
	if at := differs(d.buffer[:n], e.peer.salt, e.got); at >= 0 {
		return false, breachf("content", "%s reads a wrong byte at offset %d", e.name, e.got+at)
	}
	e.got += n
	return true, nil
}

// drain reads all there is.
func (d *duplex) drain(e *end) *breach {
	for {
		if more, b := d.read(e, len(d.buffer)); b != nil || !more {
			return b
		}
	}
}

// write is one write(2) of so many bytes at most, of what is to be sent, and says
// whether more can be made.
func (d *duplex) write(e *end, most int) (more bool, b *breach) {
	block := d.buffer[:min(most, len(d.buffer), d.lacks(e))]
	if len(block) == 0 || e.shut {
		return false, nil
	}
	fillContent(block, e.salt, e.sent)
	n, err := unix.Write(e.fd, block)
	switch {
	case err == unix.EAGAIN:
		e.told &^= writable
		return false, nil
	case err != nil:
		return false, breachf("error", "%s: write: %v", e.name, err)
	}
	e.sent += n
	return d.lacks(e) > 0, nil
}

// fill writes all that it can.
func (d *duplex) fill(e *end) *breach {
	for {
		if more, b := d.write(e, len(d.buffer)); b != nil || !more {
			return b
		}
	}
}

func (d *duplex) shut(e *end) *breach {
	if e.shut {
		return nil
	}
	e.shut = true
	if err := unix.Shutdown(e.fd, unix.SHUT_WR); err != nil {
		return breachf("error", "%s: shutdown: %v", e.name, err)
	}
	return nil
}

// fillContent makes what is sent from an offset on. Each byte follows from its offset
// and who sends it, so that one that is lost, doubled or moved shows at once.
func fillContent(block []byte, salt uint32, offset int) {
	for i := range block {
		block[i] = content(salt, offset+i)
	}
}

// differs is the first place where a block is not what is sent from an offset on, or
// -1.
func differs(block []byte, salt uint32, offset int) int {
	i := 0
	return slices.IndexFunc(block, func(got byte) bool {
		i++
		return got != content(salt, offset+i-1)
	})
}

// content is a byte of the sequence SplitMix64 (Steele, Lea and Flood, 2014).
func content(salt uint32, offset int) byte {
	x := uint64(salt)<<32 + uint64(offset)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return byte(x >> 56)
}
