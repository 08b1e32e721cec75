//go:build linux

package server

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// backlog asks for the longest queue of connections not yet accepted that the
// host allows: listen(2) cuts it to net.core.somaxconn.
const backlog = 1 << 16

// sharing says who else may listen at an address (SO_REUSEPORT, socket(7)).
type sharing uint8

const (
	never  sharing = iota // nobody
	first                 // nobody who is there already, and those who come beside it
	beside                // those who are there so
)

// listen makes a non-blocking listening socket, outside package net, which
// would register it in an epoll instance of its own.
func listen(at netip.AddrPort, queue, buffers int, with sharing) (fd int, bound netip.AddrPort, err error) {
	if !at.Addr().Is4() {
		return -1, bound, errNotIPv4
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, bound, os.NewSyscallError("socket", err)
	}
	if bound, err = bindAndListen(fd, at, queue, buffers, with); err != nil {
		return -1, bound, errors.Join(err, unix.Close(fd))
	}
	return fd, bound, nil
}

func bindAndListen(fd int, at netip.AddrPort, queue, buffers int, with sharing) (bound netip.AddrPort, err error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return bound, os.NewSyscallError("setsockopt SO_REUSEADDR", err)
	}
	// Accepted sockets inherit these from the listener, which saves a call for
	// each connection, and sizes must be known before the window is offered.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return bound, os.NewSyscallError("setsockopt TCP_NODELAY", err)
	}
	if buffers > 0 {
		if errno := multiplexers.Raw.SetBuffers(fd, buffers); errno != 0 {
			return bound, os.NewSyscallError("setsockopt SO_SNDBUF, SO_RCVBUF", errno)
		}
	}
	if with == beside {
		if err := reusePortOf(fd); err != nil {
			return bound, err
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return bound, advised("bind", err)
	}
	if with == first {
		// Only now: before, it would join whoever is there, of another server too.
		if err := reusePortOf(fd); err != nil {
			return bound, err
		}
	}
	if err := unix.Listen(fd, queue); err != nil {
		return bound, advised("listen", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return bound, os.NewSyscallError("getsockname", err)
	}
	inet, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return bound, errors.New("getsockname: not an IPv4 address")
	}
	return netip.AddrPortFrom(netip.AddrFrom4(inet.Addr), uint16(inet.Port)), nil
}

func reusePortOf(fd int) error {
	if errno := multiplexers.Raw.SetOption(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); errno != 0 {
		return os.NewSyscallError("setsockopt SO_REUSEPORT", errno)
	}
	return nil
}

var errNotIPv4 = errors.New("not an IPv4 address")

// advised is the error of a call that may be the address's fault, with what to
// do about it.
func advised(call string, err error) error {
	failed := os.NewSyscallError(call, err)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w: end what listens there, or choose another port, or port 0 to have the kernel choose", failed)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: choose a port from 1024 on, or be root", failed)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%w: choose an address of this host", failed)
	}
	return failed
}
