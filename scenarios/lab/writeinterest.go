//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

const idleStretch = 100 * time.Millisecond

func writeInterest() Demo {
	return Demo{
		Name:  "write-interest",
		Title: "EPOLLOUT of a connection with nothing to write, and what a reply costs that does not fit",
		Why: `A socket is writable nearly always. Level-triggered, each wait says so: EPOLLOUT is wanted when
write(2) says EAGAIN, and no longer when all is written, which are two epoll_ctl(2) a reply. Edge-triggered it
is reported when room appears, and can be wanted from the beginning.`,
		Advice: `Write first, and want EPOLLOUT only for what did not fit. Or be edge-triggered, want
EPOLLIN|EPOLLOUT once, and modify nothing.`,
		Source: `epoll(7), "Example for suggested usage"; epoll_ctl(2)`,
		show:   showWriteInterest,
	}
}

func showWriteInterest(s *stage) {
	s.spins("level-triggered, EPOLLIN|EPOLLOUT, idle: waits that return", s.idleConnection(unix.EPOLLIN|unix.EPOLLOUT))
	s.sleeps("level-triggered, EPOLLIN, idle: waits that return", 0, s.idleConnection(unix.EPOLLIN))
	s.sleeps("edge-triggered, EPOLLIN|EPOLLOUT, idle: waits that return", 1, s.idleConnection(unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET))
	const large = 1 << 20
	s.expect("level-triggered: epoll_ctl(2) for replies that fit", "0 a reply", s.replies(false, 100))
	s.expect("level-triggered: epoll_ctl(2) for replies that do not", "2 a reply", s.replies(false, large))
	s.expect("edge-triggered: epoll_ctl(2) for replies that do not", "0 a reply", s.replies(true, large))
}

// idleConnection waits for a connection on which nothing happens.
func (s *stage) idleConnection(want uint32) stretch {
	here, _ := s.Pair()
	epoll := s.Epoll()
	s.watch(epoll, here, want)
	return s.onlyWait(epoll, idleStretch)
}

// replier answers each request, of a byte, by a reply of so many bytes.
type replier struct {
	*stage
	epoll, fd int
	edge      bool
	size      int

	left     int    // of the reply in hand
	wanted   uint32 // level-triggered
	controls int    // epoll_ctl(2) since it began
}

// replies tells how many epoll_ctl(2) replies of that size take, to a peer that begins
// to read only when no more fits.
func (s *stage) replies(edge bool, size int) string {
	const requests = 8
	here, there := s.Pair()
	r := &replier{stage: s, epoll: s.Epoll(), fd: here, edge: edge, size: size, wanted: unix.EPOLLIN}
	if edge {
		r.wanted = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET
	}
	s.watch(r.epoll, here, r.wanted)
	for range requests {
		s.Write(there, 1)
		for got := 0; got < size; got += s.Drain(there) {
			events := s.fired(r.epoll, workbench.Patience)
			if len(events) == 0 {
				s.Fatalf("nothing is reported after %d bytes of a reply of %d", got, size)
			}
			r.serve(events[0].Events)
		}
	}
	return fmt.Sprintf("%.3g a reply", float64(r.controls)/requests)
}

// serve takes a request, if there is one, and writes what fits.
func (r *replier) serve(ready uint32) {
	if ready&unix.EPOLLIN != 0 {
		r.left += r.size * r.Drain(r.fd)
	}
	for r.left > 0 {
		n, err := unix.Write(r.fd, make([]byte, min(r.left, 64<<10)))
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			r.Fatalf("writing a reply: %v", err)
		}
		r.left -= n
	}
	if r.edge {
		return
	}
	want := uint32(unix.EPOLLIN)
	if r.left > 0 {
		want |= unix.EPOLLOUT
	}
	if want != r.wanted {
		r.wanted = want
		r.controls++
		r.modify(r.epoll, r.fd, want)
	}
}
