//go:build linux

package lab

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

func hupMatrix() Demo {
	return Demo{
		Name:  "hup-matrix",
		Title: "a peer goes away: flags of poll and epoll, select's sets (r, w, x), what mechanisms report",
		Why: `HUP is the end of a pipe, or of both directions of a connection. A peer of TCP that has called close(2)
has ended its own direction only, as far as can be known here: that is RDHUP, for those who ask for it.
select(2) has but the sets to show it in: an end or an error is something to read. This project's mechanisms
report R, W, H and E, for Readable, Writable, HangUp (HUP or RDHUP) and Error: those that wait by select(2) show a
hang-up as R and an error as R W. Edge-triggered and one-shot ones report the same as others, once.`,
		Advice: `With HUP there may be data left: read until 0 or an error. Ask for EPOLLRDHUP to hear of a peer
that has gone while you do not read.`,
		Source: `poll(2); epoll_ctl(2); select(2), "Correspondence between select() and poll() notifications"`,
		show:   func(s *stage) { showStates(s, peerStates(), multiplexers.Mechanisms()) },
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

// showStates has a row a state of what poll and epoll find, one of select's sets, and one
// each of what those mechanisms report that tell hang-ups and errors, and the others.
func showStates(s *stage, states []peerState, mechanisms []multiplexers.Mechanism) {
	tellers := [...]teller{{what: "tell hang-ups", tells: true}, {what: "do not tell them"}}
	for i := range tellers {
		t := &tellers[i]
		t.among(mechanisms)
		s.tell(t.what+": "+strings.Join(t.names(), ", "), "%d %s", len(t.mechanisms), plural(len(t.mechanisms), "mechanism"))
	}
	for _, state := range states {
		fd := state.make(s)
		// TCP takes a moment even on the loopback interface.
		s.Until(func() bool { return s.foundByPoll(fd) == state.found })
		s.expect(state.name, workbench.EventBits(state.found), s.conditions(fd))
		s.expect("– select(2)", selectable(state.found), s.selected(fd))
		for _, t := range tellers {
			if len(t.mechanisms) > 0 {
				s.expect("– mechanisms that "+t.what, initials(normalised(state.found, t.tells)), s.reports(fd, t))
			}
		}
		s.Close(fd)
	}
}

// teller are the mechanisms that tell hang-ups and errors, or those that do not.
type teller struct {
	what       string
	tells      bool
	mechanisms []multiplexers.Mechanism
}

func (t *teller) among(all []multiplexers.Mechanism) {
	for _, m := range all {
		if m.Capabilities.HangUp == t.tells {
			t.mechanisms = append(t.mechanisms, m)
		}
	}
}

func (t *teller) names() []string {
	var all []string
	for _, m := range t.mechanisms {
		all = append(all, m.Name)
	}
	return all
}

// reports are what mechanisms report of a descriptor of which all is wanted, the first
// time: in one if they agree.
func (s *stage) reports(fd int, t teller) string {
	var each, named []string
	for _, m := range t.mechanisms {
		ready, err := firstOf(m, fd)
		if err != nil {
			s.Fatalf("%s: %v", m.Name, err)
		}
		each, named = append(each, initials(ready)), append(named, m.Name+": "+initials(ready))
	}
	if len(slices.Compact(each)) == 1 {
		return each[0]
	}
	return strings.Join(named, "; ")
}

// firstOf is what the first wait of a mechanism reports of a descriptor of which all is
// wanted, without waiting; 0 is nothing.
func firstOf(m multiplexers.Mechanism, fd int) (ready multiplexers.Interest, err error) {
	mux, err := m.New(multiplexers.Runtime)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, mux.Close()) }()
	if err := mux.Add(fd, multiplexers.Readable|multiplexers.Writable|multiplexers.HangUp); err != nil {
		return 0, err
	}
	events := make([]multiplexers.Event, 1)
	if n, err := mux.Wait(events, 0); n == 0 || err != nil {
		return 0, err
	}
	return events[0].Ready, nil
}

// initials gives conditions as in "R W H E", for Readable, Writable, HangUp and Error.
func initials(all multiplexers.Interest) string {
	var words []string
	for word := range strings.SplitSeq(all.String(), "|") {
		words = append(words, word[:1])
	}
	return strings.Join(words, " ")
}

// normalised are conditions as a mechanism has them. Without hang-ups and errors of its
// own, it has the one for something to read, and the other for something to write too.
func normalised(flags uint32, tells bool) multiplexers.Interest {
	var all multiplexers.Interest
	for _, c := range [...]struct {
		flags       uint32
		told, shown multiplexers.Interest
	}{
		{unix.POLLIN, multiplexers.Readable, multiplexers.Readable},
		{unix.POLLOUT, multiplexers.Writable, multiplexers.Writable},
		{unix.POLLHUP | unix.POLLRDHUP, multiplexers.HangUp, multiplexers.Readable},
		{unix.POLLERR, multiplexers.Error, multiplexers.Readable | multiplexers.Writable},
	} {
		switch {
		case flags&c.flags == 0:
		case tells:
			all |= c.told
		default:
			all |= c.shown
		}
	}
	return all
}

const everything = unix.POLLIN | unix.POLLOUT | unix.POLLPRI | unix.POLLRDHUP

func (s *stage) foundByPoll(fd int) uint32 { return uint32(uint16(s.Finds(fd, everything))) }

// conditions are what poll and epoll find, in one if they agree.
func (s *stage) conditions(fd int) string {
	var byEpoll uint32
	epoll := s.Epoll()
	s.watch(epoll, fd, everything)
	for _, e := range s.fired(epoll, 0) {
		byEpoll = e.Events
	}
	s.Close(epoll)
	flags := workbench.EventBits(byEpoll)
	if byPoll := s.foundByPoll(fd); byPoll != byEpoll {
		flags = "poll: " + workbench.EventBits(byPoll) + "; epoll: " + flags
	}
	return flags
}

// selectable is what select(2) shows of flags, as its manual page has it.
func selectable(flags uint32) string {
	var in [3]bool
	for i, set := range [...]uint32{unix.POLLIN | unix.POLLHUP | unix.POLLERR, unix.POLLOUT | unix.POLLERR, unix.POLLPRI} {
		in[i] = flags&set != 0
	}
	return setsOf(in)
}
