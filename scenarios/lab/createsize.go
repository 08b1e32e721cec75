//go:build linux

package lab

import (
	"fmt"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

func createSize() Demo {
	return Demo{
		Name:  "create-size",
		Title: "epoll_create(1): does it watch one descriptor?",
		Why: `The size was a hint of how much to allocate at first. Since Linux 2.6.8 the kernel allocates for each
descriptor that is added, and only wants the size to be above 0. What is watched is bounded by memory, by
fs.epoll.max_user_watches, and by the descriptors there can be.`,
		Advice: `Call epoll_create1(EPOLL_CLOEXEC).`,
		Source: `epoll_create(2), NOTES and EINVAL`,
		Takes:  "an architecture with epoll_create(2), such as amd64",
		show:   showCreateSize,
	}
}

func showCreateSize(s *stage) {
	if !workbench.HasEpollCreate {
		s.Skipf("needs epoll_create(2), which this architecture's kernel does not have: libc calls epoll_create1(2)")
	}
	const watched = 100
	s.NeedDescriptors(watched + spare)
	counters := make([]int, watched)
	for i := range counters {
		counters[i] = s.Counter(0)
	}
	for _, size := range [...]int{1, 1_000_000} {
		fd, err := workbench.EpollCreate(size)
		epoll := s.Own("epoll_create", fd, err)
		for _, c := range counters {
			s.watch(epoll, c, unix.EPOLLIN)
		}
		s.expect(fmt.Sprintf("epoll_create(%d), %d descriptors added: it watches", size, watched),
			fmt.Sprintf("%d descriptors", watched), watchedBy(s, epoll))
	}
	for _, size := range [...]int{0, -1} {
		fd, err := workbench.EpollCreate(size)
		if err == nil {
			s.Own("epoll_create", fd, nil)
		}
		s.expect(fmt.Sprintf("epoll_create(%d)", size), "EINVAL", errorOf(err))
	}
}
