//go:build linux

package lab

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

func myths() Demo {
	return Demo{
		Name:  "myths",
		Title: "what is said of select, poll and epoll, and what is seen here",
		Why: `None of it holds everywhere. epoll saves looking at those that are idle, and has nothing to save where all are active; a trigger
changes how often you are told, and not what is in a socket; and what the kernel found is copied to your array
when you ask. Ratios, between socket pairs in one process, are of CPU time a message: medians of 30 turns in random order, with 95 % intervals.`,
		Advice: `Measure with your numbers of connections and of active ones ("muxbench run"), and doubt what is
said with "always".`,
		Source: `epoll(7), poll(2), select(2); ep_send_events in fs/eventpoll.c`,
		show:   showMyths,
	}
}

func showMyths(s *stage) {
	for _, r := range [...]rings{{pairs: 10, active: 10, writes: 1000}, {pairs: 1000, active: 10, writes: 500}} {
		r.show(s)
	}
	s.expect(`"edge-triggered loses data": 3 KiB, read after all its events`, "3 events, 3072 bytes", readLate(s))
	s.expect(`"events come by shared memory": the array while one happens`, "untouched, and written by the wait", arrayMeanwhile(s))
	s.expect(`"events come by shared memory": a wait into read-only memory`, "EFAULT, and 1 event elsewhere", intoMemory(s, unix.PROT_READ))
	s.hasLimit("fs.epoll.max_user_watches", uint64(s.MaxUserWatches()), "watches a user")
	s.hasLimit("RLIMIT_NOFILE", s.DescriptorLimit().Cur, "descriptors")
	s.expect(`"select stops at 1,024": longer sets, those with 1,024 (r, w, x)`, "r w", s.selected(s.readableAt(fdSetSize)))
}

// hasLimit shows that there is a limit.
func (s *stage) hasLimit(name string, limit uint64, of string) {
	observed := "none"
	if limit < math.MaxInt { // RLIM_INFINITY is more
		observed = fmt.Sprintf("it has: %s %s", grouped(int(limit)), of)
	}
	s.judge(fmt.Sprintf(`"epoll has no limit": %s`, name), "it has", observed, observed != "none")
}
