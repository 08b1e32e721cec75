//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// kernelHangUpCases are about peers that go away, as poll(2), epoll(7) and select(2)
// each show it.
func kernelHangUpCases() []Case {
	var all []Case
	for _, s := range kernelStates() {
		all = append(all, Case{ID: s.id, Title: s.title, Source: s.source, run: s.run})
	}
	return append(all, Case{
		ID: "C-142/blocked", Title: "a thread that waits for room in a pipe wakes when the reader is closed",
		Source: "gVisor poll BlockingEventPOLLERR", run: blockedOnFull,
	})
}

// kernelState is one in which a descriptor is brought, what poll and epoll find of what
// is asked, and in which sets select finds it (see selects).
type kernelState struct {
	id, title, source string
	make              func(*rig) int
	asked, found      conditions
	selected          string
}

// all is what can be asked of a stream.
const all = pollIn | pollOut | pollPri | pollRDHup

func kernelStates() []kernelState {
	const gone, closed = pollIn | pollOut | pollRDHup, pollIn | pollOut | pollRDHup | pollHup
	return []kernelState{
		{"C-140/empty", "pipe, writer closed, empty: HUP and not IN", "gVisor poll NonBlockingEventPOLLHUP, LTP epoll_wait11, epoll-shim no_epollin_on_closed_empty_pipe", pipeEnded(0), all, pollHup, "r"},
		{"C-140/data", "pipe, writer closed, data left: IN and HUP", "LTP poll03", pipeEnded(1), all, pollIn | pollHup, "r"},
		{"C-140/pair", "socket pair, peer closed: IN, OUT, RDHUP and HUP", "unix(7)", pairClosed(false), all, closed, "rw"},
		{"C-140/pair-unread", "socket pair, peer closed without reading: ERR too", "unix(7), on ECONNRESET", pairClosed(true), all, closed | pollErr, "rw"},
		{"C-141/pipe", "pipe, writer closed, nothing asked: HUP", "gVisor epoll PipeReaderHupAfterWriterClosed", pipeEnded(1), 0, pollHup, "r"},
		{"C-141/refused", "TCP, connecting was refused, nothing asked: HUP and ERR", "gVisor NonBlockingConnectRefused", tcpRefused, 0, pollHup | pollErr, "rw"},
		{"C-142/room", "pipe, reader closed: OUT and ERR", "gVisor poll NonBlockingEventPOLLERR, epoll-shim epollerr_on_closed_pipe", pipeBroken(false), all, pollOut | pollErr, "rw"},
		{"C-142/full", "full pipe, reader closed: ERR", "LTP epoll_wait12", pipeBroken(true), all, pollErr, "rw"},
		{"C-143/half", "TCP, peer will write no more: IN, OUT and RDHUP", "epoll-shim socket_shutdown, gVisor PollAfterShutdown", tcpHalf, all, gone, "rw"},
		{"C-143/unasked", "the same where RDHUP is not asked: IN and OUT", "epoll-shim socket_shutdown", tcpHalf, pollIn | pollOut, pollIn | pollOut, "rw"},
		{"C-143/pair", "socket pair, peer will write no more: IN, OUT and RDHUP", "epoll-shim socket_shutdown", pairHalf, all, gone, "rw"},
		{"C-143/both", "TCP, peer and then oneself will write no more: HUP too", "epoll-shim socket_shutdown", tcpHalfThenOwn, all, closed, "rw"},
		{"C-144/read", "TCP, own reading side shut: IN, OUT and RDHUP", "LTP epoll_wait05, mio tcp_shutdown_client_read_close_event", tcpOwn(unix.SHUT_RD), all, gone, "rw"},
		{"C-144/write", "TCP, own writing side shut: OUT", "epoll-shim epollout_on_own_shutdown", tcpOwn(unix.SHUT_WR), all, pollOut, "w"},
		{"C-144/both", "TCP, own sides both shut: HUP too", "mio tcp_shutdown_both", tcpOwn(unix.SHUT_RDWR), all, closed, "rw"},
		{"C-145", "TCP, reset by the peer: all but PRI", "mio connection_reset_by_peer, libuv tcp_rst", tcpReset, all, closed | pollErr, "rw"},
		{"C-146", "TCP, never connected: OUT and HUP", "epoll-shim epollhup_on_fresh_socket", (*rig).Stream, all, pollOut | pollHup, "rw"},
		{"C-148", "TCP, closed by both, oneself first: HUP", "gVisor TimeWaitPollHUP", tcpTimeWait, all, closed, "rw"},
		{"C-155", "TCP, connecting has succeeded: OUT", "gVisor NonBlockingConnect, mio connect", tcpConnected, all, pollOut, "w"},
		{"C-156", "TCP, connecting was refused: ERR and HUP beside the rest", "gVisor NonBlockingConnectNoListener, mio connect_error", tcpRefused, all, closed | pollErr, "rw"},
		{"C-157", "TCP, connected to a listener that was closed before it accepted: ERR and HUP", "epoll-shim epollout_on_connecting_socket", tcpNeverAccepted, all, closed | pollErr, "rw"},
	}
}

func (s kernelState) run(r *rig) {
	fd := s.make(r)
	r.Settle(fd, int16(s.asked), int16(s.found))
	want := found{fd, s.found}
	ep := r.Epoll()
	r.watch(ep, fd, s.asked)
	for range 3 {
		r.reports("level-triggered", ep, want)
	}
	r.rewatch(ep, fd, s.asked|edge)
	r.reports("edge-triggered", ep, want)
	r.reports("edge-triggered, again", ep)
	r.rewatch(ep, fd, s.asked|once)
	r.reports("one-shot", ep, want)
	r.reports("one-shot, again", ep)
	if got := r.selects(fd); got != s.selected {
		r.Differs("select finds %q, want %q", got, s.selected)
	}
}

func tcpHalfThenOwn(r *rig) int {
	here := tcpHalf(r)
	r.Settle(here, unix.POLLRDHUP, unix.POLLRDHUP)
	r.Shutdown(here, unix.SHUT_WR)
	return here
}

func tcpTimeWait(r *rig) int {
	here, there := r.TCP()
	r.Shutdown(here, unix.SHUT_WR)
	r.Settle(there, unix.POLLRDHUP, unix.POLLRDHUP)
	r.Close(there)
	return here
}

func tcpNeverAccepted(r *rig) int {
	listener, at := r.Listen()
	here := r.Connect(at)
	r.Settle(here, unix.POLLOUT, unix.POLLOUT)
	r.Close(listener)
	return here
}

func blockedOnFull(r *rig) {
	reader, writer := r.Pipe()
	r.Fill(writer)
	ep := r.Epoll()
	r.watch(ep, writer, pollOut)
	got := r.wakes(func() { r.Close(reader) }, watches{waiting, ep})
	if !got[0] {
		r.Differs("it does not wake")
	}
	r.reports("reader closed", ep, found{writer, pollErr})
}
