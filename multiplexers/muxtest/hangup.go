//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// hangUpCases are about peers that go away. One case per state that the kernel
// knows, so that a failure names it.
func hangUpCases() []Case {
	var all []Case
	for _, s := range states() {
		all = append(all, Case{
			ID:     "C-149/" + s.id,
			Tier:   Contract,
			Title:  s.title,
			Source: s.source,
			run:    s.run,
		})
	}
	return all
}

// state is one in which a descriptor is brought, and what the kernel finds
// then of what is wanted.
type state struct {
	id, title, source string
	make              func(*rig) int
	want, found       multiplexers.Interest
}

const both = readable | writable

func states() []state {
	return []state{
		{"pipe-eof", "pipe, writer closed, empty: hung up, not readable", "C-140; LTP epoll_wait11, gVisor NonBlockingEventPOLLHUP", pipeEnded(0), readable, hangUp},
		{"pipe-eof-data", "pipe, writer closed, data left", "C-140; LTP poll03", pipeEnded(1), readable, readable | hangUp},
		{"pipe-eof-unwanted", "pipe, writer closed, nothing wanted: hung up all the same", "C-141; gVisor PipeReaderHupAfterWriterClosed", pipeEnded(0), 0, hangUp},
		{"pipe-broken", "pipe, reader closed: an error", "C-142; epoll-shim epollerr_on_closed_pipe, LTP epoll_wait12", pipeBroken(false), writable, writable | failed},
		{"pipe-broken-full", "full pipe, reader closed: an error, and nothing else", "C-142; LTP epoll_wait12", pipeBroken(true), writable, failed},
		{"pair-closed", "socket pair, peer closed", "C-140", pairClosed(false), both | hangUp, both | hangUp},
		{"pair-closed-unasked", "socket pair, peer closed: both sides, so reported unasked", "C-140", pairClosed(false), readable, readable | hangUp},
		{"pair-reset", "socket pair, peer closed without reading", "unix(7), on ECONNRESET", pairClosed(true), both | hangUp, both | hangUp | failed},
		{"pair-half", "socket pair, peer will write no more", "C-143; epoll-shim socket_shutdown", pairHalf, both | hangUp, both | hangUp},
		{"pair-half-unasked", "the same where hang-up is not wanted", "C-143", pairHalf, both, both},
		{"tcp-half", "TCP, peer will write no more", "C-143; gVisor PollAfterShutdown, mio write_shutdown", tcpHalf, both | hangUp, both | hangUp},
		{"tcp-half-unasked", "the same where hang-up is not wanted", "C-143", tcpHalf, both, both},
		{"tcp-own-write", "TCP, own writing side shut", "C-144; epoll-shim epollout_on_own_shutdown", tcpOwn(unix.SHUT_WR), both | hangUp, writable},
		{"tcp-own-read", "TCP, own reading side shut", "C-144; LTP epoll_wait05", tcpOwn(unix.SHUT_RD), both | hangUp, both | hangUp},
		{"tcp-own-both", "TCP, own sides both shut: hung up unasked", "C-144; mio tcp_shutdown_both", tcpOwn(unix.SHUT_RDWR), both, both | hangUp},
		{"tcp-time-wait", "TCP, ended by both sides, own first: hung up unasked", "C-148; gVisor TimeWaitPollHUP", tcpParted(true), both, both | hangUp},
		{"tcp-last-ack", "TCP, ended by both sides, the peer first: hung up unasked", "C-148", tcpParted(false), both, both | hangUp},
		{"tcp-reset", "TCP, reset by the peer", "C-145; mio connection_reset_by_peer, libuv tcp_rst", tcpReset, both | hangUp, both | hangUp | failed},
		{"tcp-reset-unwanted", "TCP, reset by the peer, nothing wanted", "C-145", tcpReset, 0, hangUp | failed},
		{"tcp-fresh", "TCP, never connected", "C-146; epoll-shim epollhup_on_fresh_socket", func(r *rig) int { return r.Stream() }, both, writable | hangUp},
		{"tcp-refused", "TCP, connecting was refused", "C-156; gVisor NonBlockingConnectRefused, mio connect_error", tcpRefused, both, both | hangUp | failed},
		{"tcp-unaccepted", "TCP, connected, the listener closed before it has accepted", "C-157; epoll-shim epollout_on_connecting_socket", tcpUnaccepted, both | hangUp, both | hangUp | failed},
		{"tcp-connected", "TCP, connecting has succeeded", "C-155; mio connect", tcpConnected, both | hangUp, writable},
	}
}

func (s state) run(r *rig) {
	fd := s.make(r)
	r.settle(fd, s.want, s.found)
	var want []multiplexers.Event
	if shown := r.shown(s.want, s.found); shown != 0 {
		want = events(ready(fd, shown))
	}
	r.add(fd, s.want)
	r.expect("added", want...)
	r.expect("again", r.again(want...)...)
	r.modify(fd, s.want)
	r.expect("modified", want...)
	r.remove(fd)
	r.expect("removed")
}

func pipeEnded(unread int) func(*rig) int {
	return func(r *rig) int {
		reader, writer := r.Pipe()
		if unread > 0 {
			r.Write(writer, unread)
		}
		r.Close(writer)
		return reader
	}
}

func pipeBroken(full bool) func(*rig) int {
	return func(r *rig) int {
		reader, writer := r.Pipe()
		if full {
			r.Fill(writer)
		}
		r.Close(reader)
		return writer
	}
}

func pairClosed(unread bool) func(*rig) int {
	return func(r *rig) int {
		here, there := r.Pair()
		if unread {
			r.Write(here, 1)
		}
		r.Close(there)
		return here
	}
}

func pairHalf(r *rig) int {
	here, there := r.Pair()
	r.Shutdown(there, unix.SHUT_WR)
	return here
}

func tcpHalf(r *rig) int {
	here, there := r.TCP()
	r.Shutdown(there, unix.SHUT_WR)
	return here
}

func tcpOwn(how int) func(*rig) int {
	return func(r *rig) int {
		here, there := r.TCP()
		r.Shutdown(here, how)
		if how == unix.SHUT_RDWR {
			r.Shutdown(there, unix.SHUT_WR) // until then the socket only waits for the farewell
		}
		return here
	}
}

func tcpReset(r *rig) int {
	here, there := r.TCP()
	r.Reset(there)
	return here
}

func tcpRefused(r *rig) int {
	listener, at := r.Listen()
	r.Close(listener)
	return r.Connect(at)
}

// tcpParted has both sides shut their writing sides, each when the other's word has come.
func tcpParted(first bool) func(*rig) int {
	return func(r *rig) int {
		here, there := r.TCP()
		one, other := here, there
		if !first {
			one, other = there, here
		}
		r.Shutdown(one, unix.SHUT_WR)
		r.settle(other, both|hangUp, both|hangUp)
		r.Shutdown(other, unix.SHUT_WR)
		return here
	}
}

func tcpUnaccepted(r *rig) int {
	listener, at := r.Listen()
	fd := r.Connect(at)
	r.settle(listener, readable, readable) // it is in the queue
	r.settle(fd, writable, writable)
	r.Close(listener)
	return fd
}

func tcpConnected(r *rig) int {
	here, _ := r.TCP()
	return here
}
