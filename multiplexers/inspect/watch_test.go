//go:build linux

package inspect_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/inspect"
)

func newEpoll(t *testing.T) int {
	t.Helper()
	return opened(t)(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
}

// opened returns a descriptor that is closed when the test ends, unless the
// test has failed to open it.
func opened(t *testing.T) func(int, error) int {
	return func(fd int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
}

func watch(t *testing.T, epoll, fd int, events uint32) {
	t.Helper()
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		t.Fatalf("watch %d: %v", fd, err)
	}
}

// own is what this process watches.
func own(t *testing.T) inspect.Process {
	t.Helper()
	p, err := inspect.Read("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func instance(t *testing.T, p inspect.Process, epoll int) inspect.Instance {
	t.Helper()
	i := slices.IndexFunc(p.Instances, func(in inspect.Instance) bool { return in.FD == epoll })
	if i < 0 {
		t.Fatalf("no epoll instance %d among %+v", epoll, p.Instances)
	}
	return p.Instances[i]
}

func watchedBy(t *testing.T, p inspect.Process, epoll int) []inspect.Watch {
	t.Helper()
	return instance(t, p, epoll).Watched
}

// listening is a socket that package net does not watch itself.
func listening(t *testing.T, network, address string) (fd int, at string) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("this host has no %s: %v", network, err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return int(f.Fd()), l.Addr().String()
}

func TestKinds(t *testing.T) {
	const plain = unix.EPOLLIN | unix.EPOLLERR | unix.EPOLLHUP
	fifo, path := filepath.Join(t.TempDir(), "fifo"), filepath.Join(t.TempDir(), "s\x1b")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := func(family, kind int) func(*testing.T) (int, inspect.Watch) {
		return func(t *testing.T) (int, inspect.Watch) {
			return opened(t)(unix.Socket(family, kind, 0)), inspect.Watch{}
		}
	}
	pipe := func(end int) func(*testing.T) (int, inspect.Watch) {
		return func(t *testing.T) (int, inspect.Watch) {
			var ends [2]int
			err := unix.Pipe2(ends[:], unix.O_CLOEXEC)
			opened(t)(ends[1-end], err)
			return opened(t)(ends[end], err), inspect.Watch{}
		}
	}
	only := func(open func() (int, error)) func(*testing.T) (int, inspect.Watch) {
		return func(t *testing.T) (int, inspect.Watch) { return opened(t)(open()), inspect.Watch{} }
	}
	file := func(path string) func(*testing.T) (int, inspect.Watch) {
		return func(t *testing.T) (int, inspect.Watch) {
			return opened(t)(unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)), inspect.Watch{Local: path}
		}
	}
	listener := func(network, address string) func(*testing.T) (int, inspect.Watch) {
		return func(t *testing.T) (int, inspect.Watch) {
			fd, at := listening(t, network, address)
			w := inspect.Watch{Local: at}
			if strings.HasPrefix(network, "tcp") {
				w.State = "LISTEN"
			}
			return fd, w
		}
	}
	tests := []struct {
		name string
		kind inspect.Kind
		open func(*testing.T) (int, inspect.Watch)
	}{
		{"a TCP listener", inspect.TCPListener, listener("tcp4", "127.0.0.1:0")},
		{"a TCP listener over IPv6", inspect.TCPListener, listener("tcp6", "[::1]:0")},
		{"a TCP connection", inspect.TCPConnection, func(t *testing.T) (int, inspect.Watch) {
			_, at := listening(t, "tcp4", "127.0.0.1:0")
			c, err := net.Dial("tcp4", at)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			f, err := c.(*net.TCPConn).File()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return int(f.Fd()), inspect.Watch{Local: c.LocalAddr().String(), Peer: at, State: "ESTABLISHED"}
		}},
		{"a TCP socket that is not connected", inspect.TCPSocket, socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC)},
		{"a UDP socket", inspect.UDPSocket, func(t *testing.T) (int, inspect.Watch) {
			fd := opened(t)(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0))
			if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				t.Fatal(err)
			}
			at, err := unix.Getsockname(fd)
			if err != nil {
				t.Fatal(err)
			}
			return fd, inspect.Watch{Local: fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port), State: "UNCONNECTED"}
		}},
		{"a UDP socket that is not bound", inspect.UDPSocket, socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC)},
		{"a unix listener with a path", inspect.UnixListener, listener("unix", path)},
		{"a unix listener with an abstract name", inspect.UnixListener, listener("unix", fmt.Sprintf("@muxbench\x1b[31m %d", os.Getpid()))},
		{"one of a pair", inspect.UnixSocket, func(t *testing.T) (int, inspect.Watch) {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			opened(t)(pair[1], err)
			return opened(t)(pair[0], err), inspect.Watch{State: "CONNECTED"}
		}},
		{"a netlink socket", inspect.NetlinkSocket, socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC)},
		{"the end of a pipe to read", inspect.Pipe, pipe(0)},
		{"the end of a pipe to write", inspect.Pipe, pipe(1)},
		{"a FIFO", inspect.Pipe, file(fifo)},
		{"an eventfd", inspect.EventFD, only(func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) })},
		{"a timerfd", inspect.TimerFD, only(func() (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) })},
		{"a signalfd", inspect.SignalFD, only(func() (int, error) { return unix.Signalfd(-1, &unix.Sigset_t{}, unix.SFD_CLOEXEC) })},
		{"inotify", inspect.Inotify, only(func() (int, error) { return unix.InotifyInit1(unix.IN_CLOEXEC) })},
		{"a pidfd", inspect.PIDFD, only(func() (int, error) { return unix.PidfdOpen(os.Getpid(), 0) })},
		{"another epoll instance", inspect.Epoll, only(func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) })},
		{"a device", inspect.Device, func(t *testing.T) (int, inspect.Watch) {
			return opened(t)(unix.Open("/dev/random", unix.O_RDONLY|unix.O_CLOEXEC, 0)), inspect.Watch{Local: "/dev/random"}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fd, want := tt.open(t)
			epoll := newEpoll(t)
			watch(t, epoll, fd, unix.EPOLLIN)
			want.FD, want.Kind, want.Events, want.OpenAs = fd, tt.kind, plain, -1
			if diff := cmp.Diff([]inspect.Watch{want}, watchedBy(t, own(t), epoll)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	tests := []struct {
		events                                 uint32
		conditions                             string
		edge, oneShot, disarmed, exclusive, on bool
	}{
		{events: unix.EPOLLIN, conditions: "IN ERR HUP"},
		{events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET, conditions: "IN PRI OUT RDHUP ERR HUP", edge: true},
		{events: 0, conditions: "ERR HUP"},
		{events: unix.EPOLLOUT | unix.EPOLLONESHOT, conditions: "OUT ERR HUP", oneShot: true},
		{events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE, conditions: "IN ERR HUP", exclusive: true},
		{events: unix.EPOLLRDNORM | unix.EPOLLRDBAND | unix.EPOLLWRNORM | unix.EPOLLWRBAND | unix.EPOLLMSG, conditions: "RDNORM RDBAND WRNORM WRBAND MSG ERR HUP"},
		{events: 1 << 15, conditions: "ERR HUP 0x8000"},
		{events: unix.EPOLLOUT | unix.EPOLLONESHOT | unix.EPOLLET, edge: true, oneShot: true, disarmed: true, on: true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%#x", tt.events), func(t *testing.T) {
			fd, epoll := opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC)), newEpoll(t)
			watch(t, epoll, fd, tt.events)
			if tt.on {
				if n, err := unix.EpollWait(epoll, make([]unix.EpollEvent, 1), -1); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			got := watchedBy(t, own(t), epoll)[0].Events
			if words := strings.Join(got.Conditions(), " "); words != tt.conditions {
				t.Errorf("conditions %q, want %q", words, tt.conditions)
			}
			type flags struct{ edge, oneShot, disarmed, exclusive, wakeup bool }
			if have, want := (flags{got.EdgeTriggered(), got.OneShot(), got.Disarmed(), got.Exclusive(), got.Wakeup()}),
				(flags{tt.edge, tt.oneShot, tt.disarmed, tt.exclusive, false}); have != want {
				t.Errorf("%+v, want %+v", have, want)
			}
		})
	}
	// Keeping the system awake takes CAP_BLOCK_SUSPEND, without which the kernel drops it.
	if e := inspect.Events(unix.EPOLLWAKEUP | unix.EPOLLIN); !e.Wakeup() || len(e.Conditions()) != 1 {
		t.Errorf("%#x: %v", uint32(e), e.Conditions())
	}
}
