//go:build linux

package muxtest_test

import (
	"errors"
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

	mu      sync.Mutex
	asked   []chan server.Snapshot
	closing bool
	ended   chan struct{}
}

// littleConn is a connection: what is left of its reply, while nothing is read.
type littleConn struct {
	pending []byte
	events  int  // that it has had
	halved  bool // its client will say no more
}

// startLittle listens.
func startLittle(cfg server.Config, f flaw) (*little, error) {
	l := &little{
		flaw: f, conns: make(map[int]*littleConn), block: make([]byte, f.block()),
		room: 64, listener: -1, reserve: -1, epoll: -1, bell: -1, ended: make(chan struct{}),
	}
	if cfg.MaxEvents > 0 {
		l.room = cfg.MaxEvents
	}
	err := l.listen(cfg)
	if err == nil {
		l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	}
	if err == nil {
		l.bell, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	}
	if err == nil {
		err = l.reserveOne()
	}
	if err == nil {
		err = errors.Join(l.watch(l.bell, unix.EPOLLIN), l.watch(l.listener, unix.EPOLLIN))
	}
	if err != nil {
		l.giveBack()
		return nil, err
	}
	return l, nil
}

func (l *little) listen(cfg server.Config) (err error) {
	if l.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	options := map[int]int{unix.SO_REUSEADDR: 1}
	if l.flaw == joinsOthers {
		options[unix.SO_REUSEPORT] = 1
	}
	if cfg.SocketBuffers > 0 {
		options[unix.SO_SNDBUF], options[unix.SO_RCVBUF] = cfg.SocketBuffers, cfg.SocketBuffers
	}
	for option, value := range options {
		if err := unix.SetsockoptInt(l.listener, unix.SOL_SOCKET, option, value); err != nil {
			return err
		}
	}
	if err := unix.SetsockoptInt(l.listener, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := unix.Bind(l.listener, &unix.SockaddrInet4{Addr: cfg.Address.Addr().As4(), Port: int(cfg.Address.Port())}); err != nil {
		if l.flaw == namesNoAddress {
			return err
		}
		return fmt.Errorf("listening on %s: %w", cfg.Address, err)
	}
	backlog := cfg.Backlog
	if backlog == 0 {
		backlog = unix.SOMAXCONN
	}
	if err := unix.Listen(l.listener, backlog); err != nil {
		return err
	}
	name, err := unix.Getsockname(l.listener)
	if err != nil {
		return err
	}
	inet := name.(*unix.SockaddrInet4)
	l.at = netip.AddrPortFrom(netip.AddrFrom4(inet.Addr), uint16(inet.Port))
	return nil
}

func (l *little) reserveOne() (err error) {
	if l.flaw == stopsAcceptingWhenFull {
		return nil
	}
	l.reserve, err = unix.FcntlInt(uintptr(l.bell), unix.F_DUPFD_CLOEXEC, 0)
	return err
}

func (l *little) watch(fd int, what uint32) error {
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: what | unix.EPOLLET, Fd: int32(fd)})
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
		for _, f := range l.late {
			f()
		}
		l.late = l.late[:0]
		if n > 1 || n == 1 && !called || n == 0 {
			l.counts.Waits++
		}
		if n == 0 {
			l.idle()
		}
		if called && l.obey() {
			l.giveBack()
			return nil
		}
	}
}

// accept accepts everybody who is there. With no descriptor left it refuses them, on
// the one that it has in reserve.
func (l *little) accept() {
	for {
		fd, _, err := unix.Accept4(l.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EMFILE && l.reserve >= 0 {
			unix.Close(l.reserve)
			if fd, _, err = unix.Accept4(l.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC); err == nil {
				l.refused++
				unix.Close(fd)
			}
			l.reserve, _ = unix.FcntlInt(uintptr(l.bell), unix.F_DUPFD_CLOEXEC, 0)
			if err == nil {
				continue
			}
		}
		if err == unix.ECONNABORTED {
			continue
		}
		if err != nil {
			l.counts.EAGAIN++
			l.counts.EmptyAccepts++
			return
		}
		l.counts.Accepts++
		l.conns[fd] = &littleConn{}
		_ = l.watch(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP) // it is a socket, so there is no way to fail
		if l.flaw == acceptsOnce {
			return
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
			if c.halved = len(c.pending) > 0; !c.halved {
				l.end(fd)
			}
			return nil
		}
		l.counts.BytesIn += int64(n)
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
	l.counts.BytesOut += int64(n)
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
		l.conns[-fd] = l.conns[fd] // until the server is closed
	} else {
		unix.Close(fd)
	}
	if l.flaw != countsTheGone {
		delete(l.conns, fd)
	}
}

// obey answers whoever asks, and says whether the server is to end.
func (l *little) obey() bool {
	_, _ = unix.Read(l.bell, make([]byte, 8)) // it was rung
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, answer := range l.asked {
		answer <- server.Snapshot{Counters: l.counts, Open: l.open(), Refused: l.refused}
	}
	l.asked = nil
	return l.closing && (l.flaw != waitsForClients || len(l.conns) == 0)
}

func (l *little) open() (n int) {
	for fd := range l.conns {
		if fd > 0 {
			n++
		}
	}
	return n
}

func (l *little) Snapshot() (server.Snapshot, error) {
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
			unix.Close(max(fd, -fd))
		}
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
