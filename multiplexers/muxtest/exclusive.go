//go:build linux

package muxtest

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const exclusively = multiplexers.Exclusive

// exclusiveCases are about mechanisms that know Exclusive.
func exclusiveCases() []Case {
	all := []Case{
		{ID: "C-114", Tier: Contract, Title: "an event wakes one or more of the waits that watch exclusively", Source: "epoll_ctl(2), EPOLLEXCLUSIVE; LTP epoll_wait16", run: oneOrMoreWake},
		{ID: "C-115", Tier: Contract, Title: "and all that do not", Source: "epoll_ctl(2), EPOLLEXCLUSIVE", run: allOthersWake},
		{ID: "M-013", Tier: Contract, Title: "watched exclusively, a descriptor is reported as any other", Source: "the contract", run: reportedAsOthers},
		{ID: "M-014", Tier: Contract, Title: "Modify has no part in Exclusive: EINVAL, and the registration stands", Source: "epoll_ctl(2), ERRORS", run: modifyIsRefused},
		{ID: "M-015", Tier: Contract, Title: "watched exclusively, a descriptor can be removed and added again either way", Source: "the contract", run: exclusiveThenNot},
		{ID: "M-016", Tier: Contract, Title: "a hang-up cannot be wanted beside Exclusive: EINVAL, and it is not watched", Source: "epoll_ctl(2), EPOLLEXCLUSIVE", run: noHangUpBeside},
	}
	for i := range all {
		all[i].needs = exclusive
	}
	return all
}

// herd is several multiplexers that watch one counter, with a wait blocked in
// each, and a bell that all of them watch as usual, so that those which an event
// leaves asleep can be sent home.
type herd struct {
	rig         *rig
	water, bell int
	waits       []*waiter
}

// gather makes a multiplexer for each of the ways to watch the counter, which
// is not readable yet.
func (r *rig) gather(wants ...multiplexers.Interest) *herd {
	h := &herd{rig: r, water: r.Counter(0), bell: r.Counter(0)}
	var muxes []multiplexers.Multiplexer
	for _, want := range wants {
		mux := r.another()
		if err := mux.Add(h.water, want); err != nil {
			r.Fatalf("Add(%d, %v): %v", h.water, want, err)
		}
		if err := mux.Add(h.bell, readable); err != nil {
			r.Fatalf("Add(%d, %v): %v", h.bell, readable, err)
		}
		muxes = append(muxes, mux)
	}
	for _, mux := range muxes { // when nothing can fail any more
		h.waits = append(h.waits, r.waitOn(mux, -1))
	}
	return h
}

// untilBlocked returns when all waits sleep.
func (h *herd) untilBlocked() {
	for _, w := range h.waits {
		if !w.UntilBlocked() {
			h.rig.Fatalf("a wait returned with nothing ready")
		}
	}
}

// first returns with the first of these waits that does, or nil where none does.
func (h *herd) first(waits []*waiter) *waiter {
	back := make(chan *waiter, len(waits))
	for _, w := range waits {
		go func() {
			<-w.Ended() // by the bell at the latest
			back <- w
		}()
	}
	select {
	case w := <-back:
		return w
	case <-time.After(h.rig.Patience):
		return nil
	}
}

// dismiss rings the bell and returns when no wait is under way.
func (h *herd) dismiss() {
	h.rig.Ring(h.bell)
	for _, w := range h.waits {
		select {
		case <-w.Ended():
		case <-time.After(h.rig.Patience):
			h.rig.Errorf("a wait does not return for the bell")
		}
	}
}

// oneOrMore wants one of these waits to return for the counter, and the others to
// have nothing else to tell than that, or the bell that ends them.
func (h *herd) oneOrMore(waits []*waiter) {
	r := h.rig
	awake := h.first(waits)
	if awake == nil {
		r.Fatalf("none of %d waits returns", len(waits))
	}
	awake.expect("the first to return", ready(h.water, readable))
	h.dismiss()
	for _, w := range waits {
		for _, e := range w.result("in the end") {
			if e != ready(h.water, readable) && e != ready(h.bell, readable) {
				r.Errorf("in the end: got %v, want no more than descriptors %d and %d, readable", e, h.water, h.bell)
			}
		}
	}
}

func oneOrMoreWake(r *rig) {
	for range 3 {
		h := r.gather(slices.Repeat([]multiplexers.Interest{readable | exclusively}, 3)...)
		defer h.dismiss()
		h.untilBlocked()
		r.Ring(h.water)
		h.oneOrMore(h.waits)
	}
}

func allOthersWake(r *rig) {
	h := r.gather(readable|exclusively, readable, readable|exclusively, readable)
	defer h.dismiss()
	h.untilBlocked()
	r.Ring(h.water)
	for _, i := range [...]int{1, 3} {
		h.waits[i].expect("watched as usual", ready(h.water, readable))
	}
	h.oneOrMore([]*waiter{h.waits[0], h.waits[2]})
}

func reportedAsOthers(r *rig) {
	for _, stream := range r.streams() {
		r.add(stream.here, readable|exclusively)
		r.expect(stream.name)
		for range 3 {
			r.Write(stream.there, 1)
			r.expect(stream.name+" written to", ready(stream.here, readable))
			r.expect(stream.name+" again", r.again(ready(stream.here, readable))...)
		}
		r.Drain(stream.here)
		r.expect(stream.name + " drained")
		r.Write(stream.there, 1)
		r.Close(stream.there)
		found := readable | hangUp // unasked: both sides are closed
		r.settle(stream.here, readable, found)
		r.expect(stream.name+" whose peer is closed", ready(stream.here, r.shown(readable, found)))
		r.remove(stream.here)
		r.expect(stream.name + " removed")
	}
	here, there := r.Pair()
	r.add(here, readable|writable|exclusively)
	r.expect("both wanted, idle", ready(here, writable))
	r.Write(there, 1)
	r.expect("both wanted, written to", ready(here, readable|writable))
}

func modifyIsRefused(r *rig) {
	here, there := r.Pair()
	r.add(here, readable|exclusively)
	for _, want := range [...]multiplexers.Interest{0, readable, writable, readable | exclusively} {
		r.refused("Modify", here, r.mux.Modify(here, want), unix.EINVAL)
		r.expect("refused")
		r.Write(there, 1)
		r.expect("as it was added", ready(here, readable))
		r.Drain(here)
	}
	r.remove(here)
	r.add(here, readable)
	r.refused("Modify", here, r.mux.Modify(here, writable|exclusively), unix.EINVAL)
	r.expect("watched as usual, and refused")
	r.Write(there, 1)
	r.expect("as it was added, as usual", ready(here, readable))
}

func exclusiveThenNot(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	for range 2 {
		r.add(here, readable|exclusively)
		r.refused("Add", here, r.mux.Add(here, readable|exclusively), unix.EEXIST)
		r.expect("added exclusively", ready(here, readable))
		r.remove(here)
		r.expect("removed")
		r.add(here, readable)
		r.expect("added as usual", ready(here, readable))
		r.modify(here, readable|writable)
		r.expect("modified as usual", ready(here, readable|writable))
		r.remove(here)
		r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
	}
}

func noHangUpBeside(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	r.refused("Add", here, r.mux.Add(here, readable|hangUp|exclusively), unix.EINVAL)
	r.expect("refused")
	r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
}
