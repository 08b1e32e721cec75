//go:build linux

package lab

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

const (
	// manyReady is how many descriptors are ready, and room how many of them a wait has
	// room for.
	manyReady = 6
	room      = 2
)

func maxEvents() Demo {
	return Demo{
		Name:  "maxevents",
		Title: "6 descriptors are ready, and a wait has room for 2: do the others starve?",
		Why: `epoll_wait takes from the front of the ready list. Level-triggered, what is reported goes back to its
end, so that all get their turn; otherwise it leaves the list until its next event, or a modify. What did not fit
stays where it is: nothing is lost.`,
		Advice: `A small buffer costs more waits and nobody's turn: some hundred events are plenty. A wait that fills
it has not reported all there is.`,
		Source: `epoll_wait(2), NOTES on maxevents, and EINVAL; ep_send_events in fs/eventpoll.c`,
		show:   showMaxEvents,
	}
}

func showMaxEvents(s *stage) {
	for _, trigger := range [...]struct {
		name  string
		flag  uint32
		after string
	}{
		{"level-triggered", 0, "the first 2 again"},
		{"EPOLLET", unix.EPOLLET, "no event"},
		{"EPOLLONESHOT", unix.EPOLLONESHOT, "no event"},
	} {
		epoll := s.Epoll()
		for range manyReady {
			s.watch(epoll, s.Counter(1), unix.EPOLLIN|trigger.flag)
		}
		s.takesTurns(trigger.name, trigger.after, func() []int { return s.someOf(epoll) })
	}
	epoll := s.Epoll()
	for _, n := range [...]int{0, -1} {
		_, errno := workbench.EpollWait(epoll, new(unix.EpollEvent), n, 0, nil)
		s.expect(fmt.Sprintf("epoll_wait with a maxevents of %d", n), "EINVAL", errorOf(errno))
	}
}

// takesTurns shows whether all have had a turn when there was room for each, and who
// has the next. A wait gives the descriptors that it reports.
func (s *stage) takesTurns(trigger, after string, wait func() []int) {
	first := wait()
	seen := slices.Clone(first)
	for range manyReady/room - 1 {
		seen = append(seen, wait()...)
	}
	slices.Sort(seen)
	s.expect(fmt.Sprintf("%s: %d waits report", trigger, manyReady/room), fmt.Sprintf("%d different ones", manyReady),
		fmt.Sprintf("%d different ones", len(slices.Compact(seen))))
	s.expect(trigger+": the next wait reports", after, nextOf(first, wait()))
}

func nextOf(first, next []int) string {
	switch {
	case len(next) == 0:
		return "no event"
	case slices.Equal(first, next):
		return fmt.Sprintf("the first %d again", len(first))
	}
	return fmt.Sprintf("%d others", len(next))
}

// someOf are the descriptors that a wait with little room reports.
func (s *stage) someOf(epoll int) []int {
	events := make([]unix.EpollEvent, room)
	var all []int
	for _, e := range events[:s.wait(epoll, events, 0)] {
		all = append(all, int(e.Fd))
	}
	return all
}
