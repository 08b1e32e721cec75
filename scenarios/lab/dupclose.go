//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

func dup() Demo {
	return Demo{
		Name:  "dup",
		Title: "a watched descriptor is duplicated and closed: do its events stop?",
		Why: `What is watched is the open file, known in the list by that and the number. The close of a number
that is not the file's last takes nothing off the list, and the number cannot be named any more: DEL wants an
open one, and by another number there is no such entry.`,
		Advice: `EPOLL_CTL_DEL before close(2), whatever may have duplicated it: a library, a child, a message with
SCM_RIGHTS. Too late, give the file its old number again by dup2(2), and remove it.`,
		Source: `epoll(7), "Questions and answers" on the key, and on closing; https://idea.popcount.org/2017-03-20-epoll-is-fundamentally-broken-22/`,
		show:   showDup,
	}
}

func showDup(s *stage) {
	s.NeedDescriptors(aloft + spare)
	t := s.closesOneOfTwo("b = dup(a)", func(a int) int { return s.Duplicate(a, aloft) }, stays)
	s.expect("EPOLL_CTL_DEL of a", "EBADF", errorOf(s.control(t.epoll, unix.EPOLL_CTL_DEL, t.a, 0)))
	s.expect("EPOLL_CTL_DEL of b", "ENOENT", errorOf(s.control(t.epoll, unix.EPOLL_CTL_DEL, t.b, 0)))
	again := s.Duplicate(t.b, t.a)
	if again != t.a {
		s.Fatalf("number %d is in use elsewhere", t.a)
	}
	s.expect("dup2(b, a), EPOLL_CTL_DEL of a", "no error", errorOf(s.control(t.epoll, unix.EPOLL_CTL_DEL, again, 0)))

	t = s.closesOneOfTwo("b = dup(a)", func(a int) int { return s.Duplicate(a, aloft) }, stays)
	s.Close(t.b)
	s.expect("close(b): a wait", "no event", wordsOf(s.fired(t.epoll, lull)))

	// Not the same open file: closing a is closing all there is of it.
	s.closesOneOfTwo("b opened anew", s.openedAnew, "no event")
	s.keys()
}

// keys shows which descriptors of one open file an instance takes for others.
func (s *stage) keys() {
	reader, writer := s.Pipe()
	epoll := s.Epoll()
	s.watch(epoll, reader, unix.EPOLLIN)
	s.expect("EPOLL_CTL_ADD of a, which is watched", "EEXIST", errorOf(s.control(epoll, unix.EPOLL_CTL_ADD, reader, unix.EPOLLIN)))
	s.expect("EPOLL_CTL_ADD of b = dup(a)", "no error",
		errorOf(s.control(epoll, unix.EPOLL_CTL_ADD, s.Duplicate(reader, 0), unix.EPOLLIN)))
	s.Write(writer, 1)
	s.expect("1 byte: a wait", "2 events: EPOLLIN, EPOLLIN", wordsOf(s.fired(epoll, time.Second)))
}

// stays is what a wait reports of a descriptor that was closed and not removed.
const stays = "1 event: EPOLLIN of a"

// half is one of two descriptors of a pipe, closed while it was watched.
type half struct{ epoll, a, b int }

// closesOneOfTwo shows what a wait reports of a, watched and closed, while there is b.
func (s *stage) closesOneOfTwo(made string, b func(a int) int, expected string) half {
	reader, writer := s.Pipe()
	t := half{epoll: s.Epoll(), a: s.Above(aloft, reader)}
	s.watch(t.epoll, t.a, unix.EPOLLIN)
	t.b = b(t.a)
	s.Close(t.a)
	s.Write(writer, 1)
	got := s.fired(t.epoll, lull)
	observed := wordsOf(got)
	if len(got) == 1 && int(got[0].Fd) == t.a {
		observed += " of a"
	}
	s.expect(fmt.Sprintf("a is watched, %s, close(a), 1 byte: a wait", made), expected, observed)
	return t
}

// openedAnew opens what fd refers to once more: an open file of its own.
func (s *stage) openedAnew(fd int) int {
	again, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	return s.Above(aloft, s.Own("open", again, err))
}

func closing() Demo {
	return Demo{
		Name:  "close",
		Title: "a watched descriptor is closed, and its number used again: what is watched?",
		Why: `The last close of an open file takes it off every epoll instance's list. select and poll know numbers
only: they find one that is not open, or watch whatever has it now.`,
		Advice: `Remove a descriptor before you close it, with every mechanism: it is needed where something has
duplicated it, and costs one call where nothing has.`,
		Source: `epoll(7), "Questions and answers" on closing; select(2), EBADF; poll(2), POLLNVAL`,
		show:   func(s *stage) { showClosing(s, multiplexers.Mechanisms()) },
	}
}

func showClosing(s *stage, mechanisms []multiplexers.Mechanism) {
	s.NeedDescriptors(aloft + spare)
	reader, writer := s.Pipe()
	epoll := s.Epoll()
	s.watch(epoll, reader, unix.EPOLLIN)
	s.Write(writer, 1)
	s.expect("epoll: a wait with a byte there", "1 event: EPOLLIN", wordsOf(s.fired(epoll, time.Second)))
	s.Close(reader)
	s.expect("epoll: a wait after close", "no event", wordsOf(s.fired(epoll, lull)))
	s.expect("epoll: it watches (/proc/self/fdinfo)", "0 descriptors", watchedBy(s, epoll))

	for _, m := range mechanisms {
		s.forgets(m)
	}
}

// forgets shows what a mechanism makes of a number that was closed while it was
// watched, and of the next file that has it.
func (s *stage) forgets(m multiplexers.Mechanism) {
	closed, another := "EBADF", "Readable"
	switch {
	case m.Capabilities.KernelSet:
		closed, another = "nothing", "nothing"
	case m.Capabilities.HangUp: // and so errors, POLLNVAL among them
		closed = "Error"
	}
	mux := s.multiplexer(m)
	reader, _ := s.Pipe()
	fd := s.Above(aloft, reader)
	if err := mux.Add(fd, multiplexers.Readable); err != nil {
		s.Fatalf("%s: add: %v", m.Name, err)
	}
	s.Close(fd)
	s.expect(m.Name+": after close, a wait reports", closed, s.reported(mux))
	other, writer := s.Pipe()
	s.Write(writer, 1)
	if got := s.Above(fd, other); got != fd {
		s.Fatalf("number %d is in use elsewhere", fd)
	}
	s.expect(m.Name+": another pipe has its number, and a byte", another, s.reported(mux))
	s.Close(fd)
}
