//go:build linux

package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

const (
	herdSize   = 4
	herdRounds = 8
)

func herd() Demo {
	return Demo{
		Name:  "herd",
		Title: fmt.Sprintf("%d threads wait for one byte, which nobody reads: how many return?", herdSize),
		Why: `The event goes to every epoll instance that watches the file; of those that watch it with
EPOLLEXCLUSIVE, to one or more. Within an instance it wakes one thread. Level-triggered, that one leaves the
descriptor on the ready list and so wakes the next, for as long as it is ready.`,
		Advice: `If threads share an instance, use EPOLLET or EPOLLONESHOT. If each has its own, watch a shared
listener with EPOLLEXCLUSIVE, or give each its own by SO_REUSEPORT; and be ready for accept(2) to say EAGAIN.`,
		Source: `epoll(7); epoll_ctl(2), EPOLLEXCLUSIVE; epoll_wakeup_test.c in the kernel's selftests`,
		show:   func(s *stage) { showHerds(s, herdKinds()) },
	}
}

// herdKind is a way for several threads to wait for the same file.
type herdKind struct {
	name        string
	shared      bool // one epoll instance for all, and not one each
	flags       uint32
	least, most int // that an event wakes
}

func herdKinds() []herdKind {
	return []herdKind{
		{"one instance, level-triggered", true, 0, herdSize, herdSize},
		{"one instance, edge-triggered", true, unix.EPOLLET, 1, 1},
		{"one instance, EPOLLONESHOT", true, unix.EPOLLONESHOT, 1, 1},
		{"an instance each, level-triggered", false, 0, herdSize, herdSize},
		{"an instance each, edge-triggered", false, unix.EPOLLET, herdSize, herdSize},
		{"an instance each, EPOLLEXCLUSIVE", false, unix.EPOLLEXCLUSIVE, 1, herdSize},
	}
}

func showHerds(s *stage, kinds []herdKind) {
	for _, k := range kinds {
		rounds := make(map[int]int) // by how many returned
		asExpected := true
		for range herdRounds {
			n := s.woken(k)
			rounds[n]++
			asExpected = asExpected && k.least <= n && n <= k.most
		}
		s.judge(k.name, k.expected(), roundsOf(rounds), asExpected)
	}
}

// woken is how many of the waiting threads return for a byte.
func (s *stage) woken(k herdKind) int {
	reader, writer := s.Pipe()
	bell := s.Counter(0) // to send those home that are left asleep
	taken := []int{reader, writer, bell}
	instances := make([]int, herdSize)
	for i := range instances {
		if k.shared && i > 0 {
			instances[i] = instances[0]
			continue
		}
		instances[i] = s.Epoll()
		taken = append(taken, instances[i])
		s.watch(instances[i], reader, unix.EPOLLIN|k.flags)
		s.watch(instances[i], bell, unix.EPOLLIN)
	}
	var threads []*workbench.Thread
	failed := make([]error, len(instances))
	defer func() {
		s.Ring(bell)
		for i, t := range threads {
			t.Join("a wait with the bell rung")
			if failed[i] != nil {
				s.Errorf("epoll_wait: %v", failed[i])
			}
		}
		for _, fd := range taken {
			s.Close(fd)
		}
	}()
	for i, epoll := range instances {
		threads = append(threads, s.Aside(func() {
			_, failed[i] = waited(epoll, make([]unix.EpollEvent, 1), -1)
		}, "epoll_pwait"))
	}
	for _, t := range threads {
		if !t.UntilBlocked() {
			s.Fatalf("a wait returned with nothing ready")
		}
	}
	s.Write(writer, 1)
	s.Until(func() bool { return ended(threads) >= k.least })
	return settled(threads)
}

// settled is how many threads have ended, when all others are seen asleep. A thread
// that wakes the next one does so before it ends: if none has ended while all others
// were seen asleep, nobody is under way. They are looked at several times, since one
// that is being woken on another CPU passes for asleep until that CPU has heard of it.
func settled(threads []*workbench.Thread) int {
	const looks = 5
	before := ended(threads)
	for same := 0; same < looks; same++ {
		for _, t := range threads {
			t.UntilBlocked() // or over
		}
		if now := ended(threads); now != before {
			before, same = now, 0
		}
	}
	return before
}

func ended(threads []*workbench.Thread) int {
	n := 0
	for _, t := range threads {
		if t.Over() {
			n++
		}
	}
	return n
}

func (k herdKind) expected() string {
	switch {
	case k.least < k.most:
		return fmt.Sprintf("%d or more", k.least)
	case k.least == herdSize:
		return fmt.Sprintf("all %d", herdSize)
	}
	return fmt.Sprint(k.least)
}

// roundsOf tells in how many rounds how many have returned.
func roundsOf(rounds map[int]int) string {
	var all []string
	for _, n := range slices.Sorted(maps.Keys(rounds)) {
		all = append(all, fmt.Sprintf("%d in each of %d %s", n, rounds[n], plural(rounds[n], "round")))
	}
	return strings.Join(all, ", ")
}
