//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// request is what a client sends before it waits for its answer, and portion what
	// a loop reads of it at once, in bytes.
	request = 8 << 10
	portion = 1 << 10
	// lull is how long a loop waits for more before a demonstration takes it for
	// asleep. What it might report is there before.
	lull = 20 * time.Millisecond
)

func edgeHang() Demo {
	return Demo{
		Name:  "et-hang",
		Title: "a client sends 8 KiB to a loop that reads 1 KiB per event: when is it answered?",
		Why: `An edge is reported once. What is left in the socket after a read is not lost, but it is no news:
no wait reports it before the client sends more. A client that waits for its answer first does not, and both
sides wait for ever.`,
		Advice: `Edge-triggered, read until EAGAIN. If one connection must not take too long a turn, remember that
it has input left and go on with it before you block in a wait.`,
		Source: `epoll(7), "Questions and answers" on EAGAIN, and "Starvation (edge-triggered)"`,
		show:   showEdgeHang,
	}
}

func showEdgeHang(s *stage) {
	once := echo{name: "EPOLLET, a read per event", flag: unix.EPOLLET}
	s.answers(once, outcomeOfEcho{portion, request - portion, portion, request - 2*portion + 1})
	all := outcomeOfEcho{request, 0, 1, 0}
	s.answers(echo{name: "EPOLLET, read until EAGAIN", flag: unix.EPOLLET, drains: true}, all)
	s.answers(echo{name: "level-triggered, a read per event"}, all)
}

// echo is a loop with one connection, of which it sends back what it reads.
type echo struct {
	name   string
	flag   uint32 // EPOLLET, or 0 for level-triggered
	drains bool   // reads until EAGAIN, and not once per event
}

// outcomeOfEcho is what comes of a client's request and of one byte more, each in
// bytes: what is sent back, and what is left in the server's socket then.
type outcomeOfEcho struct{ answered, left, answeredNext, leftNext int }

// answers shows how much of a request, and of a byte sent later, is answered.
func (s *stage) answers(loop echo, expected outcomeOfEcho) {
	client, conn := s.TCP()
	epoll := s.Epoll()
	s.watch(epoll, conn, unix.EPOLLIN|loop.flag)

	s.Write(client, request)
	s.arrives(conn, request)
	s.expect(fmt.Sprintf("%s: of %d bytes answered", loop.name, request), bytesOf(expected.answered), bytesOf(s.exchange(loop, epoll, conn, client)))
	left := unread(s, conn)
	s.expect(loop.name+": left in its socket (FIONREAD)", bytesOf(expected.left), bytesOf(left))

	s.Write(client, 1)
	s.arrives(conn, left+1)
	s.expect(loop.name+": 1 byte more is sent: answered", bytesOf(expected.answeredNext), bytesOf(s.exchange(loop, epoll, conn, client)))
	s.expect(loop.name+": left in its socket then", bytesOf(expected.leftNext), inPipe(s, conn))
}

// exchange has the loop turn until it sleeps, and says how many bytes its client has
// been sent.
func (s *stage) exchange(loop echo, epoll, conn, client int) int {
	sent := 0
	for len(s.fired(epoll, lull)) > 0 {
		sent += s.echoTurn(loop, conn)
	}
	s.arrives(client, sent)
	return s.Drain(client)
}

// echoTurn is what the loop does about an event. It says how many bytes it sent back.
func (s *stage) echoTurn(loop echo, conn int) int {
	sent := 0
	for block := make([]byte, portion); ; {
		n, err := unix.Read(conn, block)
		if err == unix.EAGAIN && loop.drains {
			return sent
		}
		if err != nil {
			s.Fatalf("read: %v", err)
		}
		s.Write(conn, n)
		sent += n
		if !loop.drains {
			return sent
		}
	}
}
