//go:build linux

package muxtest_test

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

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
