//go:build linux

package lab

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

func blockingSocket() Demo {
	return Demo{
		Name:  "blocking-socket",
		Title: "a loop reads until EAGAIN, of a socket that is blocking: what of its other clients?",
		Why: `A blocking socket has no EAGAIN: when all is read, read(2) sleeps until that one client sends more or
goes, and the loop's thread sleeps with it. Readiness does not protect from that: the kernel may report a
datagram and then drop it for its checksum, or another reader may have been faster.`,
		Advice: `Set O_NONBLOCK on every descriptor that a loop watches, listeners too, level-triggered too: by
SOCK_NONBLOCK and accept4(2). An accepted socket does not inherit it.`,
		Source: `epoll(7), "Level-triggered and edge-triggered"; select(2), BUGS; accept(2), NOTES`,
		show:   showBlockingSocket,
	}
}

func showBlockingSocket(s *stage) {
	s.twoClients("blocking", false, "read", "0 bytes")
	s.twoClients("O_NONBLOCK", true, "epoll_pwait", "1 byte")
}

// twoClients shows what a loop is asleep in that has answered one client, and whether
// it answers another then.
func (s *stage) twoClients(name string, nonBlocking bool, asleep, answered string) {
	first, conn1 := s.TCP()
	second, conn2 := s.TCP()
	epoll, bell := s.Epoll(), s.Counter(0)
	for _, conn := range [...]int{conn1, conn2} {
		if err := unix.SetNonblock(conn, nonBlocking); err != nil {
			s.Fatalf("fcntl O_NONBLOCK: %v", err)
		}
		s.watch(epoll, conn, unix.EPOLLIN)
	}
	s.watch(epoll, bell, unix.EPOLLIN)

	var failed error
	loop := s.Aside(func() { failed = echoUntil(epoll, bell) }, "read", "epoll_pwait")
	defer func() { // whatever fails
		s.Shutdown(first, unix.SHUT_WR)
		s.Shutdown(second, unix.SHUT_WR)
		s.Ring(bell)
		loop.Join("a loop whose clients are gone, and whose bell is rung")
		if failed != nil {
			s.Errorf("the loop: %v", failed)
		}
	}()

	s.Write(first, 1)
	s.arrives(first, 1)
	s.expect(name+": a client sends a byte: answered", "1 byte", inPipe(s, first))
	s.expect(name+": the loop's thread then sleeps in", asleep, s.sleepsIn(loop))
	s.Write(second, 1)
	// Asleep in read with that byte in the socket, it is not on its way.
	s.Until(func() bool {
		return unread(s, second) > 0 || loop.BlockedIn() == "read" && unread(s, conn2) == 1
	})
	s.expect(name+": another client sends a byte: answered", answered, inPipe(s, second))
	if nonBlocking {
		return
	}
	s.Shutdown(first, unix.SHUT_WR)
	s.arrives(second, 1)
	s.expect(name+": the first client goes: the other answered", "1 byte", inPipe(s, second))
}

// sleepsIn is the system call that a thread falls asleep in.
func (s *stage) sleepsIn(t *workbench.Thread) string {
	t.UntilBlocked()
	return t.BlockedIn()
}

// echoUntil sends back what connections say, each read until EAGAIN, until the bell is
// rung. Those that end are not watched any more.
func echoUntil(epoll, bell int) error {
	events := make([]unix.EpollEvent, 8)
	block := make([]byte, portion)
	for {
		n, err := unix.EpollWait(epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(0, n)] {
			conn := int(e.Fd)
			if conn == bell {
				return nil
			}
			ended, err := echoAll(conn, block)
			if err == nil && ended {
				err = unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, conn, nil)
			}
			if err != nil {
				return err
			}
		}
	}
}

// echoAll sends back what there is. It says whether that was the last.
func echoAll(conn int, block []byte) (ended bool, err error) {
	for {
		n, err := unix.Read(conn, block)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return false, nil
		case err != nil || n == 0:
			return true, err
		}
		if _, err := unix.Write(conn, block[:n]); err != nil {
			return true, err
		}
	}
}
