//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
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
	s.expect("level-triggered: replies that fit", "8 of 8 arrive, 0 EPOLL_CTL_MOD", s.replies(onDemand(), 100))
	s.expect("level-triggered: replies that do not fit", "8 of 8 arrive, 16 EPOLL_CTL_MOD", s.replies(onDemand(), large))
	s.expect("edge-triggered: replies that do not fit", "8 of 8 arrive, 0 EPOLL_CTL_MOD", s.replies(always(unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET), large))
}

// idleConnection waits for a connection on which nothing happens.
func (s *stage) idleConnection(want uint32) stretch {
	here, _ := s.Pair()
	epoll := s.Epoll()
	s.watch(epoll, here, want)
	return s.onlyWait(epoll, idleStretch)
}

// wanting is what a connection is watched for, when all of a reply is written and when
// some of it is left.
type wanting struct{ written, left uint32 }

// onDemand wants EPOLLOUT only for what did not fit.
func onDemand() wanting { return wanting{unix.EPOLLIN, unix.EPOLLIN | unix.EPOLLOUT} }

// always wants the same all the time.
func always(events uint32) wanting { return wanting{events, events} }

// replier answers each request, of a byte, by a reply of so many bytes.
type replier struct {
	*stage
	epoll, fd int
	want      wanting
	size      int

	left    int    // of the reply in hand
	watched uint32 // what for, now
	changes int    // EPOLL_CTL_MOD
}

// replies tells how many replies of that size arrive, and how many EPOLL_CTL_MOD they
// take, with a peer that begins to read only when no more fits.
func (s *stage) replies(want wanting, size int) string {
	const requests = 8
	here, there := s.Pair()
	r := &replier{stage: s, epoll: s.Epoll(), fd: here, want: want, size: size, watched: want.written}
	s.watch(r.epoll, here, r.watched)
	arrived := 0
	for ; arrived < requests; arrived++ {
		s.Write(there, 1)
		if !r.serves(there) {
			break // and nobody reports it any more
		}
	}
	return fmt.Sprintf("%d of %d arrive, %d EPOLL_CTL_MOD", arrived, requests, r.changes)
}

// serves says whether the whole reply reaches its reader.
func (r *replier) serves(reader int) bool {
	got := 0
	for ; got < r.size; got += r.Drain(reader) {
		events := r.fired(r.epoll, r.Patience)
		if len(events) == 0 {
			return false
		}
		r.serve(events[0].Events)
	}
	return got == r.size
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
	want := r.want.written
	if r.left > 0 {
		want = r.want.left
	}
	if want != r.watched {
		r.watched = want
		r.changes++
		r.modify(r.epoll, r.fd, want)
	}
}
