//go:build linux

package inspect_test

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/inspect"
)

// free is a descriptor number that nothing in this process takes: far above
// those that the kernel gives, which are the lowest.
const free = 900

// at moves a descriptor to a number of its own, so that no other goroutine's
// file gets the number once it is closed.
func at(t *testing.T, fd, number int) int {
	t.Helper()
	if err := unix.Dup3(fd, number, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(number) })
	return number
}

const watchedFor = unix.EPOLLIN | unix.EPOLLERR | unix.EPOLLHUP

func TestClosed(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	opened(t)(pair[0], err)
	opened(t)(pair[1], err)
	var ends [2]int
	err = unix.Pipe2(ends[:], unix.O_CLOEXEC)
	opened(t)(ends[0], err)
	opened(t)(ends[1], err)
	event := opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC))
	device := opened(t)(unix.Open("/dev/random", unix.O_RDONLY|unix.O_CLOEXEC, 0))
	tests := []struct {
		name string
		fd   int // that the number is a duplicate of
		now  int // that the number is a duplicate of later; -1: closed
		want inspect.Watch
	}{
		{"a socket", pair[0], -1, inspect.Watch{Kind: inspect.UnixSocket, State: "CONNECTED", Closed: true, OpenAs: pair[0]}},
		{"an end of a pipe", ends[0], -1, inspect.Watch{Kind: inspect.Pipe, Closed: true, OpenAs: -1}},
		{"an eventfd", event, -1, inspect.Watch{Kind: inspect.Anonymous, Closed: true, OpenAs: -1}},
		{"a device", device, -1, inspect.Watch{Kind: inspect.Unknown, Closed: true, OpenAs: -1}},
		{"a socket, another now", pair[0], pair[1], inspect.Watch{Kind: inspect.UnixSocket, State: "CONNECTED", Replaced: true, OpenAs: pair[0]}},
		{"a socket, a pipe now", pair[0], ends[0], inspect.Watch{Kind: inspect.UnixSocket, State: "CONNECTED", Replaced: true, OpenAs: pair[0]}},
		{"a socket, a device now", pair[0], device, inspect.Watch{Kind: inspect.UnixSocket, State: "CONNECTED", Replaced: true, OpenAs: pair[0]}},
		{"an eventfd, a pipe now", event, ends[0], inspect.Watch{Kind: inspect.Anonymous, Replaced: true, OpenAs: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			epoll := newEpoll(t)
			watch(t, epoll, at(t, tt.fd, free), unix.EPOLLIN)
			if err := unix.Close(free); err != nil {
				t.Fatal(err)
			}
			if tt.now >= 0 {
				at(t, tt.now, free)
			}
			tt.want.FD, tt.want.Events = free, watchedFor
			if diff := cmp.Diff([]inspect.Watch{tt.want}, watchedBy(t, own(t), epoll)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// compares says whether the kernel compares descriptors (kcmp(2)).
func compares(t *testing.T) bool {
	t.Helper()
	const file = 0
	_, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(os.Getpid()), uintptr(os.Getpid()), file, 0, 0, 0)
	return errno == 0
}

// Eventfds share an inode, and the ends of a pipe do: only the kernel can tell
// them apart.
func TestReplacedByItsLike(t *testing.T) {
	if !compares(t) {
		t.Skip("the kernel does not compare descriptors (kcmp)")
	}
	first, second := opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC)), opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC))
	epoll := newEpoll(t)
	watch(t, epoll, at(t, first, free), unix.EPOLLIN)
	if err := unix.Close(free); err != nil {
		t.Fatal(err)
	}
	watch(t, epoll, at(t, second, free), unix.EPOLLIN)
	got := watchedBy(t, own(t), epoll)
	slices.SortFunc(got, func(a, b inspect.Watch) int { // two of one number, in the kernel's order
		if a.Replaced {
			return -1
		}
		return 1
	})
	want := []inspect.Watch{
		{FD: free, Kind: inspect.Anonymous, Events: watchedFor, Replaced: true, OpenAs: -1},
		{FD: free, Kind: inspect.EventFD, Events: watchedFor, OpenAs: -1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDuplicateOfInstance(t *testing.T) {
	if !compares(t) {
		t.Skip("the kernel does not compare descriptors (kcmp)")
	}
	before := own(t).Watches
	epoll, event := newEpoll(t), opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC))
	watch(t, epoll, event, unix.EPOLLIN)
	double := opened(t)(unix.Dup(epoll))
	watch(t, newEpoll(t), event, unix.EPOLLIN)
	p := own(t)
	for _, in := range p.Instances {
		want := in.FD
		if in.FD == double {
			want = epoll
		}
		if in.SameAs != want {
			t.Errorf("epoll instance %d is the same as %d, want %d", in.FD, in.SameAs, want)
		}
	}
	if p.Watches != before+2 || p.Undistinguished {
		t.Errorf("%d watches more, want 2: of a duplicate they count once; undistinguished: %t", p.Watches-before, p.Undistinguished)
	}
}

// A process that closes what it watches, in the ordinary way, is not said to
// have closed it and to watch it still, whenever it is looked at.
func TestOrdinaryCloses(t *testing.T) {
	epoll := newEpoll(t)
	stop := make(chan struct{})
	var churns sync.WaitGroup
	failed := make(chan error, 2)
	for range 2 {
		churns.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				if err == nil {
					err = errors.Join(
						unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, pair[0], &unix.EpollEvent{Events: unix.EPOLLIN}),
						unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, pair[1], &unix.EpollEvent{Events: unix.EPOLLIN}),
						unix.Close(pair[1]), unix.Close(pair[0]))
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	seen := 0
	for range 20 {
		for _, w := range watchedBy(t, own(t), epoll) {
			seen++
			if w.Closed || w.Replaced {
				t.Errorf("%+v", w)
			}
		}
		runtime.Gosched()
	}
	close(stop)
	churns.Wait()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	t.Logf("%d were watched", seen)
}

// A thread may have a table of descriptors of its own: then the process's says nothing of what
// the thread watches.
func TestThreadApart(t *testing.T) {
	if !compares(t) {
		t.Skip("the kernel does not compare descriptors (kcmp)")
	}
	type thread struct {
		id, epoll, event int
		err              error
	}
	ready, stop := make(chan thread), make(chan struct{})
	var unshared func()
	unshared = func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if unix.Gettid() == os.Getpid() {
			go unshared() // the first thread's table is the process's
			<-stop
			runtime.UnlockOSThread()
			return
		}
		is := thread{id: unix.Gettid()}
		is.err = unix.Unshare(unix.CLONE_FILES)
		if is.err == nil {
			is.epoll, is.err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		}
		if is.err == nil {
			is.event, is.err = unix.Eventfd(0, unix.EFD_CLOEXEC)
		}
		if is.err == nil {
			is.err = unix.EpollCtl(is.epoll, unix.EPOLL_CTL_ADD, is.event, &unix.EpollEvent{Events: unix.EPOLLIN})
		}
		ready <- is
		<-stop
	}
	go unshared()
	is := <-ready
	defer close(stop)
	if is.err != nil {
		t.Fatal(is.err)
	}
	if p := own(t); !slices.Equal(p.Apart, []int{is.id}) {
		t.Errorf("threads apart %d, want %d", p.Apart, is.id)
	}
	p, err := inspect.Read("/proc", is.id)
	if err != nil {
		t.Fatal(err)
	}
	want := []inspect.Watch{{FD: is.event, Kind: inspect.EventFD, Events: watchedFor, OpenAs: -1}}
	if diff := cmp.Diff(want, watchedBy(t, p, is.epoll)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
