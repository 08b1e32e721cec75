//go:build linux

package lab

import "golang.org/x/sys/unix"

// How a descriptor comes into a state that its peer, or its owner, is to blame for.

func (s *stage) pair() (here, there int) { return s.Pair() }

func (s *stage) tcp() (here, there int) { return s.TCP() }

func closedBy(connection func(*stage) (int, int)) func(*stage) int {
	return func(s *stage) int {
		here, there := connection(s)
		s.Close(there)
		return here
	}
}

func halfClosedBy(connection func(*stage) (int, int)) func(*stage) int {
	return func(s *stage) int {
		here, there := connection(s)
		s.Shutdown(there, unix.SHUT_WR)
		return here
	}
}

func halfClosed(connection func(*stage) (int, int)) func(*stage) int {
	return func(s *stage) int {
		here, _ := connection(s)
		s.Shutdown(here, unix.SHUT_WR)
		return here
	}
}

func pipeToRead(unread int) func(*stage) int {
	return func(s *stage) int {
		reader, writer := s.Pipe()
		if unread > 0 {
			s.Write(writer, unread)
		}
		s.Close(writer)
		return reader
	}
}

func (s *stage) pipeToWrite() int {
	reader, writer := s.Pipe()
	s.Close(reader)
	return writer
}

func (s *stage) pairUnread() int {
	here, there := s.Pair()
	s.Write(here, 1)
	s.Close(there)
	return here
}

func (s *stage) tcpReset() int {
	here, there := s.TCP()
	s.Reset(there)
	return here
}

func (s *stage) tcpBoth() int {
	here, there := s.TCP()
	s.Shutdown(here, unix.SHUT_WR)
	s.Close(there)
	return here
}
