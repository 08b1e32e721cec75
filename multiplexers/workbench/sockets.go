//go:build linux

package workbench

import "golang.org/x/sys/unix"

// Stream is an unconnected, non-blocking TCP socket.
func (b *Bench) Stream() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return b.Own("socket", fd, err)
}

// Listen is a TCP socket that listens on the loopback interface, with room for 16
// connections that are not accepted yet.
func (b *Bench) Listen() (listener int, at unix.Sockaddr) {
	listener = b.Stream()
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		b.Fatalf("bind to 127.0.0.1: %v", err)
	}
	if err := unix.Listen(listener, 16); err != nil {
		b.Fatalf("listen: %v", err)
	}
	at, err := unix.Getsockname(listener)
	if err != nil {
		b.Fatalf("getsockname: %v", err)
	}
	return listener, at
}

// Connect begins to connect a new TCP socket.
func (b *Bench) Connect(to unix.Sockaddr) int {
	fd := b.Stream()
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		b.Fatalf("connect: %v", err)
	}
	return fd
}

// Accept is accept4(2) of a connection that is there or comes.
func (b *Bench) Accept(listener int) int {
	b.Settle(listener, unix.POLLIN, unix.POLLIN)
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return b.Own("accept4", fd, err)
}

// TCP is a connection over the loopback interface: here its client, there what was
// accepted.
func (b *Bench) TCP() (here, there int) {
	listener, at := b.Listen()
	here = b.Connect(at)
	there = b.Accept(listener)
	b.Close(listener)
	return here, there
}

// Reset closes a TCP socket so that its peer is told of a reset.
func (b *Bench) Reset(fd int) {
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		b.Fatalf("setsockopt SO_LINGER: %v", err)
	}
	b.Close(fd)
}

// Shutdown is shutdown(2).
func (b *Bench) Shutdown(fd, how int) {
	if err := unix.Shutdown(fd, how); err != nil {
		b.Fatalf("shutdown: %v", err)
	}
}
