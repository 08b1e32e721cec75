//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// connectCases are about how a TCP connection begins and ends, as the calls beside
// those that wait tell it.
func connectCases() []Case {
	return []Case{
		{ID: "C-155/result", Title: "a non-blocking connect is EINPROGRESS, then writable, and no error is pending", Allowed: "connected at once", Source: "gVisor NonBlockingConnect", run: connects},
		{ID: "C-156/result", Title: "a refused connect leaves ECONNREFUSED to be taken once, and then an end of file", Source: "gVisor NonBlockingConnectNoListener", run: isRefused},
		{ID: "C-158", Title: "a connection that is accepted and closed before the client looks has succeeded", Source: "gVisor NonBlockingConnectRemoteClose", run: closedBeforeLooked},
		{ID: "C-143/read", Title: "peer will write no more: its data, and then an end of file", Source: "gVisor PollAfterShutdown", run: readsToTheEnd},
		{ID: "C-145/read", Title: "reset by the peer: ECONNRESET is read once, then an end of file", Source: "libuv tcp_rst, mio connection_reset_by_peer", run: readsReset},
	}
}

// ends wants a read to fail so; 0 is an end of file.
func (r *rig) ends(when string, fd int, want unix.Errno) {
	n, err := unix.Read(fd, make([]byte, 1))
	if errno, _ := err.(unix.Errno); errno != want || err == nil && n != 0 {
		r.Differs("%s: read %d bytes, %s, want none and %s", when, n, ofErrno(errno), ofErrno(want))
	}
}

// pending wants this error to be pending on a socket, which takes it.
func (r *rig) pending(when string, fd int, want unix.Errno) {
	got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		r.Fatalf("getsockopt SO_ERROR: %v", err)
	}
	r.refuses(when+", SO_ERROR", unix.Errno(got), want)
}

func (r *rig) connecting(at unix.Sockaddr) int {
	fd := r.Stream()
	switch err := unix.Connect(fd, at); err {
	case unix.EINPROGRESS:
	case nil:
		r.Notef("connect of a non-blocking socket has succeeded at once")
	default:
		r.Differf("connect: %v, want EINPROGRESS", err)
	}
	return fd
}

func connects(r *rig) {
	listener, at := r.Listen()
	fd := r.connecting(at)
	r.Settle(fd, int16(all), unix.POLLOUT)
	r.pending("connected", fd, 0)
	r.Accept(listener)
}

func isRefused(r *rig) {
	listener, at := r.Listen()
	r.Close(listener)
	const refused = pollIn | pollOut | pollRDHup | pollHup
	fd := r.connecting(at)
	r.Settle(fd, int16(all), int16(refused|pollErr))
	r.pending("refused", fd, unix.ECONNREFUSED)
	r.pending("taken", fd, 0)
	r.polls("taken", fd, all, refused)
	r.ends("taken", fd, 0)

	fd = r.connecting(at)
	r.Settle(fd, int16(all), int16(refused|pollErr))
	r.ends("refused", fd, unix.ECONNREFUSED)
	r.ends("refused, again", fd, 0)
}

func closedBeforeLooked(r *rig) {
	listener, at := r.Listen()
	fd := r.connecting(at)
	r.Close(r.Accept(listener))
	r.Settle(fd, int16(all), int16(pollIn|pollOut|pollRDHup))
	r.pending("closed by the peer", fd, 0)
	if err := unix.Connect(fd, at); err != nil && err != unix.EISCONN {
		r.Differs("connect: %v, want it to have succeeded", err)
	}
	if err := unix.Connect(fd, at); err != unix.EISCONN {
		r.Differs("connect, again: %v, want EISCONN", err)
	}
	r.ends("closed by the peer", fd, 0)
}

func readsToTheEnd(r *rig) {
	here, there := r.TCP()
	r.Write(there, 3)
	r.Shutdown(there, unix.SHUT_WR)
	r.Settle(here, unix.POLLRDHUP, unix.POLLRDHUP)
	r.Read(here, 3)
	for range 2 {
		r.ends("read", here, 0)
	}
	r.Write(here, 1) // the other way is open
}

func readsReset(r *rig) {
	here := tcpReset(r)
	const closed = pollIn | pollOut | pollRDHup | pollHup
	r.Settle(here, int16(all), int16(closed|pollErr))
	r.ends("reset", here, unix.ECONNRESET)
	r.ends("reset, again", here, 0)
	r.polls("the error was read", here, all, closed)
	_, err := unix.Write(here, []byte{0})
	if err != unix.EPIPE {
		r.Differs("write: %v, want EPIPE", err)
	}
}
