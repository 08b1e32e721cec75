//go:build linux

package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func pollLimit() Demo {
	return Demo{
		Name:  "poll-limit",
		Title: "poll(2) of more descriptors than RLIMIT_NOFILE",
		Why: `poll(2) takes no more entries than the soft limit of descriptors, whatever they are; and a limit can be
lowered when the descriptors are open already. An epoll instance holds what it was given.`,
		Advice: `Keep an array for poll(2) within getrlimit(2), without dead entries, and do not lower the limit
of a process that polls more.`,
		Source: `poll(2), EINVAL; do_sys_poll in fs/select.c`,
		show:   func(s *stage) { s.apart(pollLimitPart) },
	}
}

// showBeyondPollLimit lowers the process's limit.
func showBeyondPollLimit(s *stage) {
	const soft = 64
	s.NeedDescriptors(soft + spare)
	epoll := s.Epoll()
	var set []unix.PollFd
	for range soft + 1 {
		fd := s.Counter(1)
		set = append(set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		s.watch(epoll, fd, unix.EPOLLIN)
	}
	s.expect("poll(2) of 65 readable descriptors", "65 ready", polled(set))
	s.LimitDescriptors(soft)
	s.expect("after setrlimit(2) to 64: poll(2) of 64", "64 ready", polled(set[:soft]))
	s.expect("after setrlimit(2) to 64: poll(2) of 65", "EINVAL", polled(set))
	ready := s.wait(epoll, make([]unix.EpollEvent, 2*soft), 0)
	s.expect("after setrlimit(2) to 64: epoll_wait(2) of the same 65", "65 ready", fmt.Sprintf("%d ready", ready))
}

func polled(set []unix.PollFd) string {
	for {
		n, err := unix.Poll(set, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return errorOf(err)
		}
		return fmt.Sprintf("%d ready", n)
	}
}
