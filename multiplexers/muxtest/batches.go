//go:build linux

package muxtest

import "muxbench/multiplexers"

// batchCases are about more being ready than fits into the buffer.
func batchCases() []Case {
	return []Case{
		{ID: "C-065", Tier: Contract, Title: "13 ready of 18, three at a time and drained: 3, 3, 3, 3, 1", Source: "LTP epoll_wait13", run: batchesDrained},
		{ID: "C-067", Tier: Contract, Title: "what is reported once and did not fit comes with the next wait", Source: "unikraft issue 1297", needs: reportsOnce, bare: true, run: onceThoughTheyDidNotFit},
		{ID: "M-004", Tier: Contract, Title: "those that did not fit come before those that did come again", Source: "the contract; gVisor, on fairness of epoll_wait", needs: reportsAgain, run: nobodyStarves},
		{ID: "M-005", Tier: Contract, Title: "after a full buffer a large one takes each exactly once", Source: "the contract", run: smallThenLarge},
		{ID: "M-006", Tier: Contract, Title: "descriptors removed between two full buffers are not missed, nor others lost", Source: "the contract", run: removedBetweenBatches},
	}
}

// crowd is 18 descriptors, numbered one after the other, of which 13 are ready.
func (r *rig) crowd() (busy, all []int) {
	for i := range 18 {
		value := uint(1)
		if i%4 == 1 {
			value = 0 // 5 are quiet
		}
		fd := r.Counter(value)
		r.add(fd, readable)
		all = append(all, fd)
		if value > 0 {
			busy = append(busy, fd)
		}
	}
	return busy, all
}

// tally counts how often each descriptor of busy is reported, and wants no
// other to be.
func (r *rig) tally(counts map[int]int, busy []int, got []multiplexers.Event) {
	for _, e := range got {
		if e.Ready != readable {
			r.Errorf("got %v, want it readable", e)
		}
		counts[e.FD]++
	}
	known := make(map[int]bool, len(busy))
	for _, fd := range busy {
		known[fd] = true
	}
	for fd := range counts {
		if !known[fd] {
			r.Errorf("descriptor %d is reported and is not ready", fd)
		}
	}
}

// once wants each of busy to have been reported exactly once.
func (r *rig) once(counts map[int]int, busy []int) {
	for _, fd := range busy {
		if counts[fd] != 1 {
			r.Errorf("descriptor %d was reported %d times, want once", fd, counts[fd])
		}
	}
}

func batchesDrained(r *rig) {
	busy, _ := r.crowd()
	counts := make(map[int]int)
	for i, want := range [...]int{3, 3, 3, 3, 1, 0} {
		got := r.batch(3, 0)
		if len(got) != want {
			r.Errorf("wait %d reported %d, want %d", i+1, len(got), want)
		}
		r.tally(counts, busy, got)
		for _, e := range got {
			r.Drain(e.FD)
		}
	}
	r.once(counts, busy)
}

func onceThoughTheyDidNotFit(r *rig) {
	busy, _ := r.crowd()
	counts := make(map[int]int)
	for i, want := range [...]int{5, 5, 3, 0} {
		got := r.batch(5, 0)
		if len(got) != want {
			r.Errorf("wait %d reported %d, want %d", i+1, len(got), want)
		}
		r.tally(counts, busy, got)
	}
	r.once(counts, busy)
}

func nobodyStarves(r *rig) {
	busy, _ := r.crowd()
	for round := range 3 {
		counts := make(map[int]int)
		for range 4 {
			r.tally(counts, busy, r.batch(3, 0))
		}
		// 12 of 13 by now. What is left comes first.
		got := r.batch(3, 0)
		r.tally(counts, busy, got)
		for _, fd := range busy {
			if counts[fd] == 0 {
				r.Errorf("round %d: descriptor %d was not among the first 15 of 13 events: %v", round+1, fd, counts)
			}
			if counts[fd] > 2 {
				r.Errorf("round %d: descriptor %d was reported %d times while others waited", round+1, fd, counts[fd])
			}
		}
		// Line up again: a wait with room for all starts afresh.
		if got := r.batch(32, 0); len(got) != len(busy) {
			r.Errorf("a large buffer took %d events, want %d", len(got), len(busy))
		}
	}
}

func smallThenLarge(r *rig) {
	busy, _ := r.crowd()
	for room := 1; room <= len(busy); room++ {
		first := r.batch(room, 0)
		if len(first) != room {
			r.Errorf("a buffer of %d took %d events", room, len(first))
		}
		counts := make(map[int]int)
		if edgeTriggered.met(r.subject) {
			r.tally(counts, busy, first) // not to come again
		}
		r.tally(counts, busy, r.batch(32, 0))
		r.once(counts, busy)
		if edgeTriggered.met(r.subject) {
			for _, fd := range busy {
				r.modify(fd, readable)
			}
		}
	}
}

func removedBetweenBatches(r *rig) {
	for gone := range 13 {
		busy, all := r.crowd()
		first := r.batch(4, 0)
		counts := make(map[int]int)
		r.tally(counts, busy, first)
		r.remove(busy[gone])
		left := append(append([]int(nil), busy[:gone]...), busy[gone+1:]...)
		rest := make(map[int]int)
		r.tally(rest, left, r.batch(32, 0))
		for _, fd := range left {
			want := 1
			if edgeTriggered.met(r.subject) && counts[fd] == 1 {
				want = 0
			}
			if rest[fd] != want {
				r.Errorf("descriptor %d was reported %d times after a removal, want %d", fd, rest[fd], want)
			}
		}
		for _, fd := range all {
			if fd != busy[gone] {
				r.remove(fd)
			}
		}
		for _, fd := range all {
			r.Close(fd)
		}
	}
}
