//go:build linux

package lab

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// readLate is what an edge-triggered instance reports of three writes, and what is to
// be read when all that has happened.
func readLate(s *stage) string {
	here, there := s.Pair()
	epoll := s.Epoll()
	s.watch(epoll, here, unix.EPOLLIN|unix.EPOLLET)
	events := 0
	for range 3 {
		s.Write(there, 1<<10)
		events += len(s.fired(epoll, time.Second))
	}
	return fmt.Sprintf("%d %s, %s", events, plural(events, "event"), bytesOf(s.Drain(here)))
}

// arrayMeanwhile is what becomes of the array that waits have filled before, when the
// next event happens, and when it is waited for.
func arrayMeanwhile(s *stage) string {
	here, there := s.Pair()
	epoll := s.Epoll()
	s.watch(epoll, here, unix.EPOLLIN)
	array := make([]unix.EpollEvent, 1)
	s.Write(there, 1)
	s.wait(epoll, array, time.Second)
	s.Drain(here)
	mark := unix.EpollEvent{Events: unix.EPOLLHUP, Fd: -1, Pad: -1}
	array[0] = mark
	s.Write(there, 1)
	s.Settle(epoll, unix.POLLIN, unix.POLLIN) // it has happened
	meanwhile, afterwards := "untouched", "untouched by the wait"
	if array[0] != mark {
		meanwhile = "written"
	}
	s.wait(epoll, array, time.Second)
	if array[0] != mark {
		afterwards = "written by the wait"
	}
	return meanwhile + ", and " + afterwards
}

// intoMemory is what a wait says to an array in memory of that protection (mmap(2)), and
// whether the event is still to be had.
func intoMemory(s *stage, protection int) string {
	page, err := unix.Mmap(-1, 0, unix.Getpagesize(), protection, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		s.Fatalf("mmap: %v", err)
	}
	s.Defer(func() {
		if err := unix.Munmap(page); err != nil {
			s.Errorf("munmap: %v", err)
		}
	})
	epoll := s.Epoll()
	s.watch(epoll, s.Counter(1), unix.EPOLLIN)
	_, errno := workbench.EpollWait(epoll, (*unix.EpollEvent)(unsafe.Pointer(&page[0])), 1, 0, nil)
	left := len(s.fired(epoll, 0))
	return fmt.Sprintf("%s, and %d %s elsewhere", errorOf(errno), left, plural(left, "event"))
}
