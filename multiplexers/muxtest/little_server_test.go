//go:build linux

package muxtest_test

import (
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// little is an echo server of one loop on edge-triggered epoll(7), as small as it can
// be while it does all that is expected of one. It is what flaws are put into.
type little struct {
	flaw  flaw
	at    netip.AddrPort
	epoll int
	bell  int // rung to be asked or closed
	room  int // for events

	listener, reserve int
	conns             map[int]*littleConn
	block             []byte
	counts            server.Counters
	refused           int64
	late              []func() // what a flaw puts off to the end of a batch
	kept              []int    // what it does not close in time
	gone              int      // whom it counts all the same

	mu      sync.Mutex
	asked   []chan server.Snapshot
	closing bool
	ended   chan struct{}
}

// littleConn is a connection: what is left of its reply, while nothing is read.
type littleConn struct {
	pending []byte
	events  int // that it has had
}

func (l *little) Address() netip.AddrPort { return l.at }

func (l *little) Serve() error {
	defer close(l.ended)
	events := make([]unix.EpollEvent, l.room)
	for {
		n, err := unix.EpollWait(l.epoll, events, l.timeout())
		if err != nil && err != unix.EINTR {
			return err
		}
		called := false
		for _, e := range events[:max(0, n)] {
			switch fd := int(e.Fd); fd {
			case l.bell:
				called = true
			case l.listener:
				l.counts.ListenerEvents++
				l.accept()
			default:
				l.counts.Events++
				if err := l.serve(fd, e.Events); err != nil {
					l.giveBack()
					return err
				}
			}
		}
		l.afterBatch()
		if n > 1 || n == 1 && !called || n == 0 {
			l.counts.Waits++
		}
		if n == 0 {
			l.idle()
		}
		if (called || l.flaw == waitsForClients) && l.obey() {
			l.giveBack()
			return nil
		}
	}
}

// serve sends what is left of a reply, and then reads and echoes to the end of what
// is there.
func (l *little) serve(fd int, events uint32) error {
	c := l.conns[fd]
	if c == nil {
		return nil
	}
	c.events++
	if l.spoils(fd, c, events) {
		return nil
	}
	for {
		if len(c.pending) > 0 {
			n, err := l.write(fd, c.pending)
			c.pending = c.pending[n:]
			if err != nil {
				return l.fails(fd, err)
			}
			if len(c.pending) > 0 && l.flaw != keepsReading {
				return nil
			}
		}
		l.counts.Reads++
		n, err := unix.Read(fd, l.block)
		if err == unix.EAGAIN {
			l.counts.EAGAIN++
			return nil
		}
		if err != nil {
			return l.fails(fd, err)
		}
		if n == 0 {
			if len(c.pending) == 0 {
				l.end(fd)
			}
			return nil
		}
		l.counts.BytesIn += l.flaw.counted(n)
		if done, err := l.reply(fd, c, l.block[:n]); done || err != nil {
			return err
		}
		if l.flaw == readsOnce {
			return nil
		}
	}
}

// echo sends what was read, and keeps what does not fit.
func (l *little) echo(fd int, c *littleConn, said []byte) (done bool, err error) {
	n, err := l.write(fd, said)
	if err != nil {
		return true, l.fails(fd, err)
	}
	if n < len(said) {
		c.pending = append([]byte(nil), said[n:]...)
		return true, nil // there is an event when more fits
	}
	return false, nil
}

func (l *little) write(fd int, b []byte) (int, error) {
	l.counts.Writes++
	n, err := unix.Write(fd, b)
	if err == unix.EAGAIN {
		l.counts.EAGAIN++
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	l.counts.BytesOut += l.flaw.counted(n)
	return n, nil
}

// fails ends a connection that has failed, and nothing else.
func (l *little) fails(fd int, err error) error {
	if l.flaw == endsWithAClient {
		return fmt.Errorf("a client: %w", err)
	}
	l.end(fd)
	return nil
}

// end ends a connection.
func (l *little) end(fd int) {
	if l.flaw == forgetsToClose {
		_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil)
		_ = unix.Shutdown(fd, unix.SHUT_RDWR)
		l.kept = append(l.kept, fd)
	} else {
		unix.Close(fd)
	}
	delete(l.conns, fd)
	if l.flaw == countsTheGone {
		l.gone++
	}
}

// obey answers whoever asks, and says whether the server is to end.
func (l *little) obey() bool {
	_, _ = unix.Read(l.bell, make([]byte, 8)) // it was rung, or else there is nothing to read
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, answer := range l.asked {
		answer <- server.Snapshot{Counters: l.counts, Open: len(l.conns) + l.gone, Refused: l.refused}
	}
	l.asked = nil
	return l.closing && (l.flaw != waitsForClients || len(l.conns) == 0)
}

func (l *little) Snapshot() (server.Snapshot, error) {
	if l.flaw == neverAnswers {
		<-l.ended
		return server.Snapshot{}, server.ErrStopped
	}
	answer := make(chan server.Snapshot, 1)
	l.mu.Lock()
	l.asked = append(l.asked, answer)
	l.ring()
	l.mu.Unlock()
	select {
	case snap := <-answer:
		return snap, nil
	case <-l.ended:
		return server.Snapshot{}, server.ErrStopped
	}
}

// Close is called once.
func (l *little) Close() {
	l.mu.Lock()
	l.closing = true
	l.ring()
	l.mu.Unlock()
	<-l.ended
}

func (l *little) ring() {
	if l.bell >= 0 {
		_, _ = unix.Write(l.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // its counter is far from full
	}
}

// giveBack closes everything.
func (l *little) giveBack() {
	if l.flaw != keepsConnections {
		for fd := range l.conns {
			if l.flaw == resetsAtClose {
				_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			}
			unix.Close(fd)
		}
	}
	for _, fd := range l.kept {
		unix.Close(fd)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flaw == keepsListener {
		l.listener = -1
	}
	for _, fd := range [...]*int{&l.listener, &l.reserve, &l.epoll, &l.bell} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}
