//go:build linux

package muxtest

import (
	"sync/atomic"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// concurrentCases are about sets that threads change while another waits.
func concurrentCases() []Case {
	return []Case{
		{ID: "C-085", Tier: Contract, Title: "while another thread modifies what is always ready, no wait is left without it", Source: "kernel selftest epoll_wakeup_test 59; bugzilla.kernel.org 205933", needs: onceByOthers, bare: true, run: modifiedThroughout},
		{ID: "C-119", Tier: Contract, Title: "a wait does not report what is removed during it", Source: "libevent del_wait", needs: concurrentModify, run: removedDuringWait},
		{ID: "C-120", Tier: Contract, Title: "four threads add, modify and remove while another waits, and nothing is missed", Source: "mio registry_operations_are_thread_safe", needs: concurrentModify, run: changedByMany},
	}
}

func modifiedThroughout(r *rig) {
	counter := r.Counter(1)
	r.add(counter, readable)
	var over atomic.Bool
	var err error
	changing := r.Aside(func() {
		for !over.Load() && err == nil {
			err = r.mux.Modify(counter, readable)
		}
	})
	for i := range 2000 {
		if got := r.batch(4, r.Patience); len(got) != 1 || got[0] != ready(counter, readable) {
			r.Errorf("wait %d: got %v, want descriptor %d, readable", i+1, got, counter)
			break
		}
	}
	over.Store(true)
	changing.Join("modifying")
	if err != nil {
		r.Errorf("Modify: %v", err)
	}
}

func removedDuringWait(r *rig) {
	here, there := r.Pair()
	bell := r.Counter(0)
	r.add(here, readable)
	r.add(bell, readable)
	w := r.wait(-1)
	if !w.UntilBlocked() {
		r.Fatalf("the wait returned with nothing ready")
	}
	r.remove(here)
	r.Write(there, 1)
	if w.UntilBlocked() {
		r.Ring(bell)
	}
	w.expect("removed during the wait, and then written to", ready(bell, readable))
}

// changedByMany has each thread bring a descriptor of its own to be reported, again
// and again.
func changedByMany(r *rig) {
	const threads, rounds = 4, 50
	bell := r.Counter(0)
	r.add(bell, readable)
	seen := make(map[int]chan struct{})
	var counters []int
	for range threads {
		counter := r.Counter(1)
		counters = append(counters, counter)
		seen[counter] = make(chan struct{}, 1)
	}
	waiting := r.Aside(func() { r.hand(seen, bell) })
	var changing []*workbench.Thread
	for _, counter := range counters {
		changing = append(changing, r.Aside(func() {
			for range rounds {
				if !r.broughtUp(counter, seen[counter]) {
					return
				}
			}
		}))
	}
	for _, t := range changing {
		<-t.Ended() // for each thing that it waits for there is a limit
	}
	r.Ring(bell)
	waiting.Join("rung")
	r.expect("all removed but the bell", r.again(ready(bell, readable))...)
}

// hand waits, and says who is reported, until the bell is.
func (r *rig) hand(seen map[int]chan struct{}, bell int) {
	events := make([]multiplexers.Event, 16)
	for {
		n, err := r.mux.Wait(events, -1)
		if err != nil {
			r.Errorf("Wait: %v", err)
			return
		}
		for _, e := range events[:n] {
			if e.FD == bell {
				return
			}
			if e.Ready != readable {
				r.Errorf("got %v, want it readable", e)
			}
			select {
			case seen[e.FD] <- struct{}{}:
			default: // it has been told so
			}
		}
	}
}

// broughtUp adds a descriptor that is ready for nothing, wants it readable until it is
// reported, and removes it.
func (r *rig) broughtUp(fd int, seen <-chan struct{}) bool {
	if err := r.mux.Add(fd, 0); err != nil {
		r.Errorf("Add: %v", err)
		return false
	}
	if err := r.mux.Modify(fd, readable); err != nil {
		r.Errorf("Modify: %v", err)
		return false
	}
	reported := true
	select {
	case <-seen:
	case <-time.After(r.Patience):
		r.Errorf("descriptor %d is ready, wanted and not reported", fd)
		reported = false
	}
	if err := r.mux.Remove(fd); err != nil {
		r.Errorf("Remove: %v", err)
		return false
	}
	return reported
}
