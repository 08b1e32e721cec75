//go:build linux

package lab

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watch is epoll_ctl(2), EPOLL_CTL_ADD. The event's data is the descriptor.
func (s *stage) watch(epoll, fd int, events uint32) {
	if err := s.control(epoll, unix.EPOLL_CTL_ADD, fd, events); err != nil {
		s.Fatalf("epoll_ctl ADD of descriptor %d: %v", fd, err)
	}
}

// modify is EPOLL_CTL_MOD.
func (s *stage) modify(epoll, fd int, events uint32) {
	if err := s.control(epoll, unix.EPOLL_CTL_MOD, fd, events); err != nil {
		s.Fatalf("epoll_ctl MOD of descriptor %d: %v", fd, err)
	}
}

// control is epoll_ctl(2), for those that are to see its error.
func (s *stage) control(epoll, op, fd int, events uint32) error {
	return unix.EpollCtl(epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// fired is epoll_wait(2) with room for 64 events. A timeout of 0 polls; a negative one
// blocks for ever. A signal does not end it.
func (s *stage) fired(epoll int, timeout time.Duration) []unix.EpollEvent {
	events := make([]unix.EpollEvent, 64)
	return events[:s.wait(epoll, events, timeout)]
}

// wait is the same into events, which must not be empty. It says how many there are.
func (s *stage) wait(epoll int, events []unix.EpollEvent, timeout time.Duration) int {
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	for {
		n, err := epollWait(epoll, unsafe.Pointer(&events[0]), len(events), ms)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			s.Fatalf("epoll_wait: %v", err)
		}
		return n
	}
}

// epollWait is epoll_pwait(2), which every architecture has, without a signal mask.
func epollWait(epoll int, events unsafe.Pointer, room, ms int) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(events), uintptr(room), uintptr(ms), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// wordsOf gives events as in "1 event: EPOLLIN", and "no event".
func wordsOf(events []unix.EpollEvent) string {
	if len(events) == 0 {
		return "no event"
	}
	var all []string
	for _, e := range events {
		all = append(all, bitsOf(e.Events))
	}
	return fmt.Sprintf("%d %s: %s", len(all), plural(len(all), "event"), strings.Join(all, ", "))
}

// bitsOf gives the conditions of an event as in "EPOLLIN|EPOLLHUP".
func bitsOf(events uint32) string {
	var all []string
	for _, bit := range [...]struct {
		bit  uint32
		name string
	}{
		{unix.EPOLLIN, "EPOLLIN"},
		{unix.EPOLLPRI, "EPOLLPRI"},
		{unix.EPOLLOUT, "EPOLLOUT"},
		{unix.EPOLLRDHUP, "EPOLLRDHUP"},
		{unix.EPOLLERR, "EPOLLERR"},
		{unix.EPOLLHUP, "EPOLLHUP"},
	} {
		if events&bit.bit != 0 {
			all = append(all, bit.name)
		}
	}
	if len(all) == 0 {
		return "0"
	}
	return strings.Join(all, "|")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
