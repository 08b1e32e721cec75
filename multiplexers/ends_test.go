//go:build linux

package multiplexers_test

import (
	"errors"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"muxbench/multiplexers"
)

var (
	place    = rapid.IntRange(0, places-1)
	interest = rapid.Custom(func(t *rapid.T) multiplexers.Interest {
		return multiplexers.Interest(rapid.IntRange(0, int(readable|writable|hangUp)).Draw(t, "interest"))
	})
)

// kind is what is watched.
type kind uint8

const (
	pair   kind = iota // one end of a socket pair
	reader             // of a pipe
	writer             // of a pipe
)

// ends are the watched descriptor and its peer, and what is known of them.
type ends struct {
	kind        kind
	here, there int // -1 once closed
	watched     bool
	want        multiplexers.Interest
	arrived     bool // the action under way brought new data to here
	may, must   bool // an edge-triggered report is allowed, or due
	armed       bool // a one-shot report is due once there is something to tell: none was since Add or Modify
	passed      int  // full buffers that did not report it, while it was ready
}

// noEnds are those of a place before they are opened, and after they are closed.
func noEnds() ends { return ends{here: -1, there: -1} }

// newEnds opens a pair whose watched end has the lowest free number from
// lowest on. Buffers are as small as they get, so that filling takes little.
func newEnds(k kind, lowest int) (ends, error) {
	p := ends{kind: k}
	if k == pair {
		s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return p, err
		}
		p.here, p.there = s[0], s[1]
		for _, fd := range s {
			if errno := multiplexers.Runtime.SetBuffers(fd, 1); errno != 0 {
				return p, errno
			}
		}
	} else {
		var s [2]int
		if err := unix.Pipe2(s[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
			return p, err
		}
		p.here, p.there = s[0], s[1]
		if k == writer {
			p.here, p.there = s[1], s[0]
		}
		if _, err := unix.FcntlInt(uintptr(p.here), unix.F_SETPIPE_SZ, 4096); err != nil {
			return p, err
		}
	}
	high, err := unix.FcntlInt(uintptr(p.here), unix.F_DUPFD_CLOEXEC, lowest)
	if err != nil {
		return p, err
	}
	err = unix.Close(p.here)
	p.here = high
	return p, err
}

func (p *ends) close() {
	for _, fd := range [...]int{p.here, p.there} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	*p = noEnds()
}

// The actions say whether they did anything.

// write brings data from the far end, or into a pipe from the near one.
func (s *script) write(w *world, i int) bool {
	p := &w.places[i]
	from := p.there
	if p.kind == writer {
		from = p.here
	}
	if from < 0 {
		return false
	}
	_, err := unix.Write(from, []byte{1})
	if err == nil && p.kind != writer {
		p.arrived = true
	}
	return err == nil
}

// read takes data from the near end, or out of a pipe at the far one.
func (s *script) read(w *world, i int) bool {
	p := &w.places[i]
	to := p.here
	if p.kind == writer {
		to = p.there
	}
	if to < 0 {
		return false
	}
	n, err := unix.Read(to, make([]byte, 1))
	return err == nil && n > 0
}

// fill writes into the watched descriptor, or into the pipe that it reads,
// until no more fits.
func (s *script) fill(w *world, i int) bool {
	p := &w.places[i]
	into := p.here
	if p.kind == reader {
		into = p.there
	}
	if into < 0 {
		return false
	}
	block := make([]byte, 4096)
	for done := false; ; done = true {
		n, err := unix.Write(into, block)
		if err != nil || n == 0 {
			return done && errors.Is(err, unix.EAGAIN)
		}
		if p.kind == reader {
			p.arrived = true
		}
	}
}

// drain reads all that the watched descriptor has sent, or a pipe holds.
func (s *script) drain(w *world, i int) bool {
	p := &w.places[i]
	from := p.there
	if p.kind == reader {
		from = p.here
	}
	if from < 0 {
		return false
	}
	block := make([]byte, 64<<10)
	for done := false; ; done = true {
		n, err := unix.Read(from, block)
		if err != nil || n == 0 {
			return done
		}
	}
}

func (s *script) halfClose(w *world, i int) bool {
	p := &w.places[i]
	return p.kind == pair && p.there >= 0 && unix.Shutdown(p.there, unix.SHUT_WR) == nil
}

func (s *script) closePeer(w *world, i int) bool {
	p := &w.places[i]
	if p.there < 0 {
		return false
	}
	_ = unix.Close(p.there)
	p.there = -1
	return true
}
