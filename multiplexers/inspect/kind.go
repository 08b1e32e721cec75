//go:build linux

package inspect

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Kind is what sort of file is watched.
type Kind string

// Kinds of files. A socket that no table of the process's network namespace
// has is of the kind that its protocol says, without addresses: it is neither
// bound nor connected, or of another namespace.
const (
	TCPListener   Kind = "tcp_listener"
	TCPConnection Kind = "tcp_connection"
	TCPSocket     Kind = "tcp_socket" // not in the table
	UDPSocket     Kind = "udp_socket"
	UnixListener  Kind = "unix_listener"
	UnixSocket    Kind = "unix_socket"
	NetlinkSocket Kind = "netlink_socket"
	PacketSocket  Kind = "packet_socket"
	RawSocket     Kind = "raw_socket"
	Socket        Kind = "socket" // of another protocol, or of one that is not known
	Pipe          Kind = "pipe"   // or a FIFO, which has a path
	EventFD       Kind = "eventfd"
	TimerFD       Kind = "timerfd"
	SignalFD      Kind = "signalfd"
	Inotify       Kind = "inotify"
	Fanotify      Kind = "fanotify"
	PIDFD         Kind = "pidfd"
	Epoll         Kind = "epoll"
	Device        Kind = "char_device"
	Anonymous     Kind = "anonymous" // another file without a path, whose name Local has if it is known
	Other         Kind = "other"     // has a path, such as a file of procfs
	Unknown       Kind = "unknown"   // closed, and not told of
)

// kindOf tells the kind of an open file by its link in /proc/PID/fd, and by
// its mode where that has a path; and the path, or the name of a file of a kind that
// has no other.
func kindOf(f file) (kind Kind, local string) {
	if strings.HasPrefix(f.link, "/") {
		switch f.mode & unix.S_IFMT {
		case unix.S_IFCHR:
			return Device, f.link
		case unix.S_IFIFO:
			return Pipe, f.link
		}
		return Other, f.link
	}
	fs, name, _ := strings.Cut(f.link, ":")
	switch fs {
	case "socket":
		return Socket, ""
	case "pipe":
		return Pipe, ""
	case "anon_inode":
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
		switch name {
		case "eventfd", "timerfd", "signalfd", "inotify", "fanotify", "pidfd":
			return Kind(name), ""
		case "eventpoll":
			return Epoll, ""
		}
		return Anonymous, name
	}
	return Other, f.link
}

// kindOf tells what the file system alone does of a file that the process has no
// descriptor of.
func (d devices) kindOf(e entry) Kind {
	switch {
	case !e.located:
		return Unknown
	case e.dev == d.sockets:
		return Socket
	case e.dev == d.pipes:
		return Pipe
	case e.dev == d.anonymous:
		return Anonymous
	}
	return Unknown
}

// devices are the device numbers, in the kernel's own encoding, of the file
// systems of what has no path: they are mounted once, in the kernel. 0 is one
// that is not known.
type devices struct{ sockets, pipes, anonymous uint64 }

// ownDevices finds them in descriptors of this process.
func ownDevices() devices {
	var d devices
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err == nil {
		d.sockets = deviceOf(fd)
		unix.Close(fd)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err == nil {
		d.pipes = deviceOf(ends[0])
		unix.Close(ends[0])
		unix.Close(ends[1])
	}
	if fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC); err == nil {
		d.anonymous = deviceOf(fd)
		unix.Close(fd)
	}
	return d
}

func deviceOf(fd int) uint64 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return kernelDevice(unix.Major(st.Dev), unix.Minor(st.Dev))
}

// kernelDevice is MKDEV of include/linux/kdev_t.h.
func kernelDevice(major, minor uint32) uint64 { return uint64(major)<<20 | uint64(minor) }
