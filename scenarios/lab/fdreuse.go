//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

func reuse() Demo {
	return Demo{
		Name:  "fd-reuse",
		Title: "a handler closes a connection that has an event in the same batch: who gets the event?",
		Why: `A number is free as soon as it is closed, and accept(2) takes the lowest free one. The batch was
filled before: its event of the old connection now names the new one. A hang-up ends an innocent client; data is
looked for where there is none.`,
		Advice: `Close after the batch, as this project's loop does, or put a generation number beside the
descriptor into the event's 64 bits of data and drop events whose number is an old one.`,
		Source: `epoll(7), "If using an event cache..."; ev_epoll.c of libev, on the generation counter`,
		show:   showReuse,
	}
}

func showReuse(s *stage) {
	s.reuses(reusing{name: "closed at once"}, "the same", "handled", "end of file")
	s.reuses(reusing{name: "closed at once, generations", generations: true}, "the same", "dropped", "1 byte")
	s.reuses(reusing{name: "closed after the batch", late: true}, "another", "dropped", "1 byte")
}

// reusing is a loop whose connections are known by their descriptors.
type reusing struct {
	name        string
	generations bool // events carry the generation of their descriptor
	late        bool // what ends in a batch is closed after it

	s               *stage
	epoll, listener int
	open            map[int]bool  // by descriptor
	generation      map[int]int32 // by descriptor: how many connections it has been given to
	closing         []int         // to be closed after the batch
}

// reuses shows what becomes of an event of a connection that the handler of another
// ends, and of the client who is accepted then.
func (s *stage) reuses(loop reusing, number, stale, answer string) {
	var at unix.Sockaddr
	loop.s, loop.epoll = s, s.Epoll()
	loop.listener, at = s.Listen()
	loop.open, loop.generation = make(map[int]bool), make(map[int]int32)

	// Accepted last, the second connection has the lowest number that was free.
	first := s.Connect(at)
	conn1 := loop.accept()
	second := s.Connect(at)
	conn2 := loop.accept()
	third := s.Connect(at)

	s.Write(first, 1)
	s.arrives(conn1, 1)
	s.Shutdown(second, unix.SHUT_WR)
	s.Settle(conn2, unix.POLLIN|unix.POLLRDHUP, unix.POLLIN|unix.POLLRDHUP)
	s.arrives(conn2, 0) // by the socket's lock: its epoll instance has been told then, too
	batch := s.fired(loop.epoll, time.Second)
	if len(batch) != 2 || int(batch[0].Fd) != conn1 {
		s.Fatalf("got %s, want the first connection's and the second's", wordsOf(batch))
	}

	// The first client's message is that the second be put out.
	s.Read(conn1, 1)
	loop.end(conn2)
	conn3 := loop.accept()
	s.expect(loop.name+": the new client's number", number, sameOr(conn3 == conn2))
	handled := loop.handle(batch[1])
	s.expect(loop.name+": the event of the closed connection", stale, handledOr(handled))
	loop.endBatch()

	if !loop.open[conn3] {
		s.Settle(third, unix.POLLIN, unix.POLLIN) // the end of it is on its way
	}
	s.Write(third, 1)
	if loop.open[conn3] {
		s.arrives(conn3, 1)
		for _, e := range s.fired(loop.epoll, time.Second) {
			loop.handle(e)
		}
	}
	s.expect(loop.name+": the new client sends 1 byte, gets", answer, s.gets(third))
}

// accept takes in a client who is there or comes.
func (l *reusing) accept() int {
	s := l.s
	conn := s.Accept(l.listener)
	l.open[conn] = true
	l.generation[conn]++
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(conn), Pad: l.generation[conn]}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, conn, &e); err != nil {
		s.Fatalf("epoll_ctl ADD: %v", err)
	}
	return conn
}

// handle does what an event asks for, and says false if it is not taken for one of a
// connection.
func (l *reusing) handle(e unix.EpollEvent) bool {
	conn := int(e.Fd)
	if !l.open[conn] || l.generations && e.Pad != l.generation[conn] {
		return false
	}
	if e.Events&unix.EPOLLRDHUP != 0 {
		l.end(conn)
		return true
	}
	l.s.Write(conn, l.s.Drain(conn))
	return true
}

// end ends a connection.
func (l *reusing) end(conn int) {
	l.open[conn] = false
	if err := l.s.control(l.epoll, unix.EPOLL_CTL_DEL, conn, 0); err != nil {
		l.s.Fatalf("epoll_ctl DEL: %v", err)
	}
	if l.late {
		l.closing = append(l.closing, conn)
		return
	}
	l.s.Close(conn)
}

// endBatch closes what has ended in it.
func (l *reusing) endBatch() {
	for _, conn := range l.closing {
		l.s.Close(conn)
	}
	l.closing = nil
}

// gets is what a client is sent: some bytes, or the end.
func (s *stage) gets(client int) string {
	if !s.Until(func() bool { return s.Finds(client, unix.POLLIN) != 0 }) {
		return "nothing"
	}
	n, err := unix.Read(client, make([]byte, portion))
	switch {
	case err != nil:
		return errorOf(err)
	case n == 0:
		return "end of file"
	}
	return bytesOf(n)
}

func sameOr(same bool) string {
	if same {
		return "the same"
	}
	return "another"
}

func handledOr(handled bool) string {
	if handled {
		return "handled"
	}
	return "dropped"
}
