//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

func emfile() Demo {
	return Demo{
		Name:  "emfile",
		Title: "a connection comes when the table of descriptors is full",
		Why: `The kernel completes a connection before anybody accepts it, so that the client is connected and waits.
accept(2) fails with EMFILE and leaves it in the queue: level-triggered, the listener stays ready and the loop
spins; edge-triggered, nobody mentions it again.`,
		Advice: `Keep a descriptor in reserve: close it, accept, close the connection, and open it again, so that
the client is told. Or stop watching the listener until one of yours is closed.`,
		Source: `accept(2), EMFILE; libev, "The special problem of accept()ing when you can't"; libuv, uv__emfile_trick`,
		show:   func(s *stage) { s.apart(fullTablePart) },
	}
}

// showWithFullTable fills the process's table.
func showWithFullTable(s *stage) {
	s.NeedDescriptors(tableSize - 1)
	s.connects(s.fillTable)
}

// tableSize is the limit that the table is filled to.
const tableSize = 64

// connects has a client connect when the table has been filled. Fill is given a
// descriptor to duplicate.
func (s *stage) connects(fill func(fd int)) {
	const spell = 50 * time.Millisecond
	listener, at := s.Listen()
	client := s.Stream()
	level, edge := s.Epoll(), s.Epoll()
	s.watch(level, listener, unix.EPOLLIN)
	s.watch(edge, listener, unix.EPOLLIN|unix.EPOLLET)
	reserve := s.openReserve()
	fill(reserve)
	if err := unix.Connect(client, at); err != nil && err != unix.EINPROGRESS {
		s.Fatalf("connect: %v", err)
	}
	s.Settle(listener, unix.POLLIN, unix.POLLIN)
	s.Settle(client, unix.POLLOUT, unix.POLLOUT)
	s.expect("accept4(2) with the table full", "EMFILE", acceptedAndClosed(listener))
	s.expect("the client meanwhile", "connected", connectedTo(client))
	s.spins("level-triggered: waits that return for the listener", s.onlyWait(level, spell))
	s.expect("edge-triggered: a wait", "1 event: EPOLLIN", wordsOf(s.fired(edge, 0)))
	s.modify(level, listener, 0)
	s.sleeps("level-triggered, modified to want nothing: waits that return", 0, s.onlyWait(level, spell))
	s.modify(level, listener, unix.EPOLLIN)

	s.Close(reserve)
	s.sleeps("edge-triggered, a descriptor free again: waits that return", 0, s.onlyWait(edge, spell))
	s.expect("it was a reserve: accept4(2), then close(2)", "no error", acceptedAndClosed(listener))
	s.openReserve()
	s.Settle(client, unix.POLLIN|unix.POLLRDHUP, unix.POLLIN|unix.POLLRDHUP)
	s.expect("the client reads", "end of file", read(client))
	s.expect("level-triggered: a wait, the reserve open again", "no event", wordsOf(s.fired(level, 0)))
}

func (s *stage) openReserve() int {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return s.Own("open /dev/null", fd, err)
}

// fillTable leaves no descriptor to open, with duplicates of fd.
func (s *stage) fillTable(fd int) {
	s.LimitDescriptors(tableSize)
	for {
		second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EMFILE {
			return
		}
		s.Own("fcntl F_DUPFD_CLOEXEC", second, err)
	}
}

// acceptedAndClosed is what accept4(2) says.
func acceptedAndClosed(listener int) string {
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err == nil {
		err = unix.Close(fd)
	}
	return errorOf(err)
}

// connectedTo says whether a socket has a peer.
func connectedTo(fd int) string {
	if _, err := unix.Getpeername(fd); err != nil {
		return errorOf(err)
	}
	return "connected"
}

// read is what read(2) of a byte says.
func read(fd int) string {
	n, err := unix.Read(fd, make([]byte, 1))
	switch {
	case err != nil:
		return errorOf(err)
	case n == 0:
		return "end of file"
	}
	return bytesOf(n)
}
