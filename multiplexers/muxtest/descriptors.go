//go:build linux

package muxtest

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// openDescriptors lists this process's descriptors with what they refer to,
// without the one that reads the list.
func openDescriptors() (map[int]string, error) {
	const list = "/proc/self/fd"
	entries, err := os.ReadDir(list)
	if err != nil {
		return nil, err
	}
	open := make(map[int]string, len(entries))
	for _, e := range entries {
		file, err := os.Readlink(list + "/" + e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // of the list itself
		}
		if err != nil {
			return nil, err
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		open[fd] = file
	}
	return open, nil
}

func closeQuietly(fd int) {
	_ = unix.Close(fd) // what the descriptor refers to is a case's own, and no data is at stake
}

// own has fd closed in the end.
func (r *rig) own(call string, fd int, err error) int {
	if err != nil {
		r.fatalf("%s: %v", call, err)
	}
	r.owned = append(r.owned, fd)
	return fd
}

// close closes a descriptor of the case's before its end.
func (r *rig) close(fd int) {
	for i, other := range r.owned {
		if other == fd {
			r.owned = append(r.owned[:i], r.owned[i+1:]...)
			closeQuietly(fd)
			return
		}
	}
	r.fatalf("descriptor %d is not the case's", fd)
}

// pipe is pipe2(2), non-blocking.
func (r *rig) pipe() (reader, writer int) {
	var p [2]int
	err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC)
	return r.own("pipe2", p[0], err), r.own("pipe2", p[1], err)
}

// pair is socketpair(2) of non-blocking streams.
func (r *rig) pair() (here, there int) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return r.own("socketpair", p[0], err), r.own("socketpair", p[1], err)
}

// stream is an unconnected, non-blocking TCP socket.
func (r *rig) stream() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return r.own("socket", fd, err)
}

// listen is a TCP socket that listens on the loopback interface.
func (r *rig) listen() (listener int, at unix.Sockaddr) {
	listener = r.stream()
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		r.fatalf("bind: %v", err)
	}
	if err := unix.Listen(listener, 16); err != nil {
		r.fatalf("listen: %v", err)
	}
	at, err := unix.Getsockname(listener)
	if err != nil {
		r.fatalf("getsockname: %v", err)
	}
	return listener, at
}

// connect begins to connect a new TCP socket.
func (r *rig) connect(to unix.Sockaddr) int {
	fd := r.stream()
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		r.fatalf("connect: %v", err)
	}
	return fd
}

// tcp is a TCP connection over the loopback interface.
func (r *rig) tcp() (here, there int) {
	listener, at := r.listen()
	here = r.connect(at)
	r.settle(listener, readable, readable)
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	there = r.own("accept4", fd, err)
	r.close(listener)
	return here, there
}

// counter is eventfd2(2): readable while its value is not 0, always writable.
func (r *rig) counter(value uint) int {
	fd, err := unix.Eventfd(value, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return r.own("eventfd2", fd, err)
}

// above moves fd to the first free number from lowest on, by fcntl(2): unlike
// dup3(2) that cannot hit a descriptor of somebody else's.
func (r *rig) above(lowest, fd int) int {
	moved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest)
	r.own("fcntl F_DUPFD_CLOEXEC", moved, err)
	r.close(fd)
	return moved
}

// reset closes a TCP socket so that its peer is told of a reset.
func (r *rig) reset(fd int) {
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		r.fatalf("setsockopt SO_LINGER: %v", err)
	}
	r.close(fd)
}

// write writes n bytes.
func (r *rig) write(fd, n int) {
	if got, err := unix.Write(fd, make([]byte, n)); err != nil || got != n {
		r.fatalf("writing %d bytes to descriptor %d: %d, %v", n, fd, got, err)
	}
}

// read reads n bytes.
func (r *rig) read(fd, n int) {
	if got, err := unix.Read(fd, make([]byte, n)); err != nil || got != n {
		r.fatalf("reading %d bytes from descriptor %d: %d, %v", n, fd, got, err)
	}
}

// fill writes until nothing more fits.
func (r *rig) fill(fd int) {
	for block := make([]byte, 4096); ; {
		if _, err := unix.Write(fd, block); err == unix.EAGAIN {
			return
		} else if err != nil {
			r.fatalf("filling descriptor %d: %v", fd, err)
		}
	}
}

// drain reads until nothing is left.
func (r *rig) drain(fd int) {
	for block := make([]byte, 64<<10); ; {
		n, err := unix.Read(fd, block)
		if err == unix.EAGAIN || err == nil && n == 0 {
			return
		}
		if err != nil {
			r.fatalf("draining descriptor %d: %v", fd, err)
		}
	}
}

// shutdown is shutdown(2).
func (r *rig) shutdown(fd, how int) {
	if err := unix.Shutdown(fd, how); err != nil {
		r.fatalf("shutdown: %v", err)
	}
}

// writeCounter adds to a counter.
func (r *rig) writeCounter(fd int) {
	if _, err := unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)); err != nil {
		r.fatalf("writing to eventfd: %v", err)
	}
}
