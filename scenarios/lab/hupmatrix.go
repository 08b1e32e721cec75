//go:build linux

package lab

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

func hupMatrix() Demo {
	return Demo{
		Name:  "hup-matrix",
		Title: "a peer goes away: the flags of poll and epoll, and select's sets (r, w, x)",
		Why: `HUP is the end of a pipe, or of both directions of a connection. A peer of TCP that has called close(2)
has ended its own direction only, as far as can be known here: that is RDHUP, for those who ask for it.
select(2) has but the sets to show it in: an end or an error is something to read.`,
		Advice: `With HUP there may be data left: read until 0 or an error. Ask for EPOLLRDHUP to hear of a peer
that has gone while you do not read.`,
		Source: `poll(2); epoll_ctl(2); select(2), "Correspondence between select() and poll() notifications"`,
		show:   func(s *stage) { showStates(s, peerStates()) },
	}
}

// peerState is one in which a descriptor is brought, and what is then found on it by
// those who ask for everything.
type peerState struct {
	name  string
	make  func(*stage) int
	found uint32 // poll(2)'s bits and epoll(7)'s are the same
}

func peerStates() []peerState {
	const (
		in, out, rdhup = unix.EPOLLIN, unix.EPOLLOUT, unix.EPOLLRDHUP
		fail, hup      = unix.EPOLLERR, unix.EPOLLHUP
	)
	pair, tcp := (*stage).pair, (*stage).tcp
	return []peerState{
		{"pipe, to read: writer closed", pipeToRead(0), hup},
		{"pipe, to read: writer closed, data unread", pipeToRead(1), in | hup},
		{"pipe, to write: reader closed", (*stage).pipeToWrite, out | fail},
		{"unix pair: peer closed", closedBy(pair), in | out | rdhup | hup},
		{"unix pair: peer closed, our data unread", (*stage).pairUnread, in | out | rdhup | fail | hup},
		{"unix pair: peer shutdown(SHUT_WR)", halfClosedBy(pair), in | out | rdhup},
		{"unix pair: own shutdown(SHUT_WR)", halfClosed(pair), out},
		{"TCP: peer closed", closedBy(tcp), in | out | rdhup},
		{"TCP: peer shutdown(SHUT_WR)", halfClosedBy(tcp), in | out | rdhup},
		{"TCP: peer reset (SO_LINGER of 0)", (*stage).tcpReset, in | out | rdhup | fail | hup},
		{"TCP: own shutdown(SHUT_WR)", halfClosed(tcp), out},
		{"TCP: own shutdown(SHUT_WR), peer closed", (*stage).tcpBoth, in | out | rdhup | hup},
	}
}

// showStates has a row a state.
func showStates(s *stage, states []peerState) {
	for _, state := range states {
		fd := state.make(s)
		// TCP takes a moment even on the loopback interface.
		s.Until(func() bool { return s.foundByPoll(fd) == state.found })
		s.expect(state.name, workbench.EventBits(state.found)+"; select "+selectable(state.found), s.conditions(fd))
	}
}

const everything = unix.POLLIN | unix.POLLOUT | unix.POLLPRI | unix.POLLRDHUP

func (s *stage) foundByPoll(fd int) uint32 { return uint32(uint16(s.Finds(fd, everything))) }

// conditions are what all three find, poll and epoll in one if they agree.
func (s *stage) conditions(fd int) string {
	var byEpoll uint32
	epoll := s.Epoll()
	s.watch(epoll, fd, everything)
	for _, e := range s.fired(epoll, 0) {
		byEpoll = e.Events
	}
	flags := workbench.EventBits(byEpoll)
	if byPoll := s.foundByPoll(fd); byPoll != byEpoll {
		flags = "poll: " + workbench.EventBits(byPoll) + "; epoll: " + flags
	}
	return flags + "; select " + s.selected(fd)
}

// selectable is what select(2) shows of flags, as its manual page has it.
func selectable(flags uint32) string {
	var in [3]bool
	for i, set := range [...]uint32{unix.POLLIN | unix.POLLHUP | unix.POLLERR, unix.POLLOUT | unix.POLLERR, unix.POLLPRI} {
		in[i] = flags&set != 0
	}
	return setsOf(in)
}
