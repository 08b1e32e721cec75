//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// streamCases are about what streams do beside carrying data.
func streamCases() []Case {
	return []Case{
		{ID: "C-133", Tier: Contract, Title: "removed and closed, a stream's peer receives what was written, and the end", Source: "mio drop_cancels_interest_and_shuts_down, write_then_drop", run: writtenThenClosed},
		{ID: "C-134", Tier: Contract, Title: "removed, a stream carries on, both ways", Source: "mio write_then_deregister", run: writtenThenRemoved},
		{ID: "C-165", Tier: Contract, Title: "a full TCP connection is not writable until its peer reads", Source: "gVisor PollWithFullBufferBlocks, libevent simpleclose_rw", run: fullUntilRead},
		{ID: "C-170", Tier: Contract, Title: "a write of nothing is no event for the peer", Source: "gVisor ZeroWriteAllowed", run: nothingWritten},
		{ID: "C-175", Tier: Contract, Title: "urgent data alone does not make a stream readable, data behind it does", Source: "tcp(7); epoll-shim epollpri", run: urgentIsNotReadable},
	}
}

// connections are a socket pair and a TCP connection.
func (r *rig) connections() []stream {
	here, there := r.Pair()
	near, far := r.TCP()
	return []stream{{"a socket pair", here, there}, {"a TCP connection", near, far}}
}

func writtenThenClosed(r *rig) {
	for _, s := range r.connections() {
		r.add(s.here, both)
		r.expect(s.name, ready(s.here, writable))
		r.Write(s.here, 4)
		r.remove(s.here)
		r.Close(s.here)
		if !r.Until(func() bool { return r.Finds(s.there, unix.POLLRDHUP) != 0 }) {
			r.Fatalf("%s: removed and closed, it is open still", s.name)
		}
		const found = readable | hangUp
		r.add(s.there, readable|hangUp)
		r.expect(s.name+", the peer's end", ready(s.there, r.shown(readable|hangUp, found)))
		r.Read(s.there, 4)
		if n, err := unix.Read(s.there, make([]byte, 1)); n != 0 || err != nil {
			r.Errorf("%s: read %d bytes, %v, want the end", s.name, n, err)
		}
		r.remove(s.there)
	}
}

func writtenThenRemoved(r *rig) {
	for _, s := range r.connections() {
		r.add(s.here, both)
		r.add(s.there, readable|hangUp)
		r.Write(s.there, 4)
		r.Settle(s.here, unix.POLLIN, unix.POLLIN)
		r.Write(s.here, 4)
		r.remove(s.here)
		if r.Finds(s.here, unix.POLLIN) != unix.POLLIN {
			r.Errorf("%s: removed, what was unread is lost or the end is there", s.name)
		}
		if !r.Until(func() bool { return r.Finds(s.there, unix.POLLIN)&unix.POLLIN != 0 }) {
			r.Fatalf("%s: what was written before it was removed does not arrive", s.name)
		}
		r.expect(s.name+", written to and removed", ready(s.there, readable))
		r.Read(s.there, 4)
		r.expect(s.name + ", all read")
		r.Read(s.here, 4)
		r.Write(s.there, 1)
		r.remove(s.there)
	}
}

func fullUntilRead(r *rig) {
	here, there := r.TCP()
	r.add(here, writable)
	r.expect("idle", ready(here, writable))
	r.brimful(here, there)
	r.expect("full")
	if !r.Until(func() bool { r.Drain(there); return r.Finds(here, unix.POLLOUT) != 0 }) {
		r.Differf("a connection that was full is not writable when its peer has read")
	}
	r.expect("read by the peer", ready(here, writable))
}

func nothingWritten(r *rig) {
	near, far := r.TCP()
	for _, s := range append(r.streams(), stream{"a TCP connection", near, far}) {
		r.add(s.here, readable|hangUp)
		if _, _, errno := unix.Syscall(unix.SYS_WRITE, uintptr(s.there), 0, 0); errno != 0 {
			r.Fatalf("%s: a write of nothing: %v", s.name, errno)
		}
		r.expect(s.name + ", nothing written")
		r.Write(s.there, 1)
		r.Settle(s.here, unix.POLLIN, unix.POLLIN)
		r.expect(s.name+", a byte written", ready(s.here, readable))
		r.remove(s.here)
	}
}

func urgentIsNotReadable(r *rig) {
	here, there := r.TCP()
	r.add(here, readable)
	r.sendUrgent(there, "!")
	const asked = unix.POLLIN | unix.POLLPRI
	r.Settle(here, asked, unix.POLLPRI)
	r.expect("urgent data alone")
	r.Write(there, 1)
	r.Settle(here, asked, asked)
	r.expect("data behind it", ready(here, readable))
}
