//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// flowCases are about streams that fill and drain.
func flowCases() []Case {
	return []Case{
		{ID: "C-088/K", Title: "data and a farewell before the first wait are one edge, and reading a part is none", Source: "libevent, edge-triggered", run: dataAndFarewell},
		{ID: "C-090", Title: "a short read has drained a stream, and not what keeps messages apart", Source: "epoll(7) Q9", run: shortReads},
		{ID: "C-165/K", Title: "a full TCP connection is not writable until the peer reads", Source: "gVisor PollWithFullBufferBlocks, libevent simpleclose_rw", run: fullConnection},
		{ID: "C-166", Title: "a write of more than fits is done in part", Source: "gVisor NonblockingLargeWrite, LargeSendDontWait", run: largeWrite},
		{ID: "C-170/K", Title: "a write of nothing is no event for the peer of a stream, and no end of file", Source: "gVisor ZeroWriteAllowed", run: writesNothing},
		{ID: "C-170/datagram", Title: "an empty datagram is an event", Source: "udp(7); recv(2), NOTES", run: emptyDatagram},
	}
}

func dataAndFarewell(r *rig) {
	here, there := r.TCP()
	ep := r.Epoll()
	r.watch(ep, here, pollIn|pollRDHup|edge)
	r.Write(there, 5)
	r.Close(there)
	r.Settle(here, unix.POLLIN|unix.POLLRDHUP, unix.POLLIN|unix.POLLRDHUP)
	r.reports("data and farewell", ep, found{here, pollIn | pollRDHup})
	r.Read(here, 1)
	r.reports("one byte read", ep)
	r.Read(here, 4)
	r.reports("all read", ep)
	r.ends("all read", here, 0)
	r.reports("read to the end", ep)
}

// messages is a pair of Unix sockets that keep messages apart.
func (r *rig) messages(kind int) (here, there int) {
	p, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return r.Own("socketpair", p[0], err), r.Own("socketpair", p[1], err)
}

func shortReads(r *rig) {
	for _, kind := range [...]int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		here, there := r.messages(kind)
		ep := r.Epoll()
		r.watch(ep, here, pollIn|edge)
		r.Write(there, 1)
		r.Write(there, 1)
		r.reports("two messages", ep, found{here, pollIn})
		n, err := unix.Read(here, make([]byte, 64))
		if err != nil {
			r.Differf("read: %v", err)
		}
		r.reports("a short read is no edge", ep)
		left, err := unix.Read(here, make([]byte, 64))
		if kind == unix.SOCK_STREAM {
			if n != 2 || err != unix.EAGAIN {
				r.Differs("a stream: %d bytes, then %v; want 2, then EAGAIN", n, err)
			}
		} else if n != 1 || left != 1 || err != nil {
			r.Differs("messages: %d bytes, then %d, %v; want 1, then 1", n, left, err)
		}
	}
}

// brimful writes until poll finds no room, and stays so when all is delivered.
func (r *rig) brimful(here, there int) {
	if !r.Until(func() bool { return r.Fill(here) == 0 && r.Finds(here, unix.POLLOUT) == 0 }) {
		r.Differf("a connection whose peer does not read is not full")
	}
	r.Settle(there, unix.POLLIN, unix.POLLIN)
}

func fullConnection(r *rig) {
	here, there := r.TCP()
	ep := r.Epoll()
	r.watch(ep, here, pollOut)
	r.reports("idle", ep, found{here, pollOut})
	r.brimful(here, there)
	r.reports("full", ep)
	got := r.wakes(func() {
		r.Until(func() bool { r.Drain(there); return r.Finds(here, unix.POLLOUT) != 0 })
	}, watches{waiting, ep})
	if !got[0] {
		r.Differs("a thread that waits for room does not wake when the peer reads")
	}
	r.reports("drained", ep, found{here, pollOut})
}

func largeWrite(r *rig) {
	for _, s := range [...]struct {
		name string
		make func() (int, int)
	}{{"TCP", r.TCP}, {"a socket pair", r.Pair}} {
		here, there := s.make()
		const room = 16 << 10
		if err := unix.SetsockoptInt(there, unix.SOL_SOCKET, unix.SO_RCVBUF, room); err != nil {
			r.Fatalf("setsockopt SO_RCVBUF: %v", err)
		}
		if err := unix.SetsockoptInt(here, unix.SOL_SOCKET, unix.SO_SNDBUF, room); err != nil {
			r.Fatalf("setsockopt SO_SNDBUF: %v", err)
		}
		size := 8 << 20 // far beyond what a peer that does not read can have taken
		n, err := unix.Write(here, make([]byte, size))
		if err != nil || n <= 0 || n >= size {
			r.Differs("%s: a write of %d bytes into some %d: %d, %v, want a part", s.name, size, room, n, err)
		}
	}
}

func writesNothing(r *rig) {
	here, there := r.TCP()
	for _, s := range append(r.streams(), stream{"TCP", here, there}) {
		ep := r.Epoll()
		r.watch(ep, s.here, pollIn|pollRDHup)
		n, _, errno := unix.Syscall(unix.SYS_WRITE, uintptr(s.there), 0, 0)
		if errno != 0 || n != 0 {
			r.Differs("%s: a write of nothing: %d, %s", s.name, n, ofErrno(errno))
		}
		r.reports(s.name+", nothing written", ep)
		r.ends(s.name+", nothing written", s.here, unix.EAGAIN)
		r.Write(s.there, 1)
		r.Settle(s.here, unix.POLLIN, unix.POLLIN)
		r.reports(s.name+", a byte written", ep, found{s.here, pollIn})
	}
}

func emptyDatagram(r *rig) {
	here, there := r.messages(unix.SOCK_DGRAM)
	ep := r.Epoll()
	r.watch(ep, here, pollIn)
	if err := unix.Send(there, nil, 0); err != nil {
		r.Differf("send of nothing: %v", err)
	}
	r.reports("an empty datagram", ep, found{here, pollIn})
	r.ends("an empty datagram", here, 0)
	r.reports("received", ep)
}
