//go:build linux

package lab

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
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
	if errno := workbench.EpollControl(epoll, op, fd, events); errno != 0 {
		return errno
	}
	return nil
}

// fired is epoll_wait(2) with room for 64 events. A timeout of 0 polls; a negative one
// blocks for ever. A signal does not end it.
func (s *stage) fired(epoll int, timeout time.Duration) []unix.EpollEvent {
	events := make([]unix.EpollEvent, 64)
	return events[:s.wait(epoll, events, timeout)]
}

// wait is the same into events, which must not be empty. It says how many there are.
func (s *stage) wait(epoll int, events []unix.EpollEvent, timeout time.Duration) int {
	n, err := waited(epoll, events, timeout)
	if err != nil {
		s.Fatalf("epoll_wait: %v", err)
	}
	return n
}

// waited is the same, for other threads than the demonstration's.
func waited(epoll int, events []unix.EpollEvent, timeout time.Duration) (int, error) {
	deadline := time.Now().Add(timeout)
	for left := timeout; ; left = max(0, time.Until(deadline)) {
		ms := -1
		if timeout >= 0 {
			ms = milliseconds(rounded(left, time.Millisecond))
		}
		n, errno := workbench.EpollWait(epoll, &events[0], len(events), ms, nil)
		switch errno {
		case 0:
			return n, nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
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
	return "EPOLL" + strings.ReplaceAll(workbench.EventBits(events), "|", "|EPOLL")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
