//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	notNeededFiles   = 500
	notNeededStretch = 200 * time.Millisecond
)

func notNeeded() Demo {
	return Demo{
		Name:  "not-needed",
		Title: fmt.Sprintf("%d descriptors are readable, and nobody wants to read them yet: who sleeps?", notNeededFiles),
		Why: `Level-triggered, what is ready is reported by every wait, so that none can block and the loop takes a
whole CPU to do nothing. Edge-triggered, it has been reported, and the next wait sleeps until something happens.`,
		Advice: `Level-triggered, stop watching what you do not want to read now (EPOLL_CTL_MOD without EPOLLIN).
Edge-triggered, remember it: nobody tells you again.`,
		Source: `epoll(7), "Level-triggered and edge-triggered"; select(2)`,
		show:   showNotNeeded,
	}
}

func showNotNeeded(s *stage) {
	s.NeedDescriptors(notNeededFiles + spare)
	var files []int
	for range notNeededFiles {
		files = append(files, s.Counter(1))
	}
	level, edge := s.Epoll(), s.Epoll()
	for _, fd := range files {
		s.watch(level, fd, unix.EPOLLIN)
		s.watch(edge, fd, unix.EPOLLIN|unix.EPOLLET)
	}
	spent := leftReady(s, level)
	first := s.wait(edge, make([]unix.EpollEvent, 2*notNeededFiles), 0)
	s.expect("edge-triggered: events of the first wait", grouped(notNeededFiles), grouped(first))
	asleep := s.onlyWait(edge, notNeededStretch)
	s.sleeps("edge-triggered: waits that return after it", 0, asleep)
	s.judge("edge-triggered: CPU time meanwhile", "a tenth of that, or less", asleep.load(), 10*asleep.cpu <= spent.cpu)
	for _, fd := range files {
		s.modify(level, fd, 0)
	}
	s.sleeps("level-triggered, modified to want nothing: waits that return", 0, s.onlyWait(level, notNeededStretch/2))
}

// leftReady shows what it takes to wait with a level-triggered instance.
func leftReady(s *stage, epoll int) stretch {
	spent := s.onlyWait(epoll, notNeededStretch)
	s.spins("level-triggered: waits that return", spent)
	s.expect("level-triggered: events of each of them", grouped(notNeededFiles), spent.perReturn())
	s.tell("level-triggered: CPU time meanwhile", "%s, %.3g µs a wait", spent.load(), spent.perWait())
	return spent
}
