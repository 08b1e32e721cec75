//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// nestingCases are about an epoll instance as a descriptor: polled, and watched by
// another.
func nestingCases() []Case {
	const selftest = "kernel selftest epoll_wakeup_test "
	return []Case{
		{ID: "C-049/self", Title: "an epoll instance that watches itself is EINVAL", Source: "LTP epoll_ctl02, gVisor epoll CycleOfOne", run: watchesItself},
		{ID: "C-049/cycles", Title: "two, three and five that watch each other in a ring are ELOOP", Source: "LTP epoll_ctl04; gVisor epoll CycleOfThree; epoll-shim recursive_register", run: rings},
		{ID: "C-049/depth", Title: "an event shows through five instances in each other, and a sixth is refused", Allowed: "EINVAL or ELOOP", Source: "LTP epoll_ctl05, epoll_ctl07, epoll_wait09; kernel EP_MAX_NESTS", run: depths},
		{ID: "C-077", Title: "poll finds an epoll instance readable while anything in it is ready", Source: selftest + "5, 7", run: instancePolled},
		{ID: "C-080/K", Title: "edge-triggered, one and two events are reported once, and then poll finds nothing either", Source: selftest + "2, 4, 6, 8", run: instancePolledEdge},
		{ID: "C-108", Title: "what is watched in two instances is reported by the outer one as that watches the inner", Source: selftest + "17-24", run: outerDecides},
		{ID: "C-111", Title: "two instances in one are two events, again and again or edge-triggered once", Source: selftest + "49-52", run: branchesReported},
		{ID: "C-112", Title: "an event shows outside and inside, and is gone from both when it is read, twice", Source: "gVisor epoll DoubleLayerEpoll, libuv poll_nested_epoll", run: doubleLayer},
	}
}

func watchesItself(r *rig) {
	ep := r.Epoll()
	r.refuses("epoll_ctl ADD of the instance itself", epollControl(ep, unix.EPOLL_CTL_ADD, ep, pollIn), unix.EINVAL)
}

func rings(r *rig) {
	for _, length := range [...]int{2, 3, 5} {
		first := r.Epoll()
		last := first
		for range length - 1 {
			next := r.Epoll()
			r.watch(next, last, pollIn)
			last = next
		}
		r.refuses("epoll_ctl ADD that closes a ring", epollControl(first, unix.EPOLL_CTL_ADD, last, pollIn), unix.ELOOP)
	}
}

func depths(r *rig) {
	counter := r.Counter(1)
	const deepest = 5 // EP_MAX_NESTS is 4, beside the innermost
	inner := counter
	for depth := 1; depth <= deepest; depth++ {
		ep := r.Epoll()
		r.watch(ep, inner, pollIn)
		for range 2 {
			r.reports("nested", ep, found{inner, pollIn})
		}
		r.polls("nested", ep, pollIn, pollIn)
		inner = ep
	}
	errno := epollControl(r.Epoll(), unix.EPOLL_CTL_ADD, inner, pollIn)
	if errno != unix.EINVAL && errno != unix.ELOOP {
		r.Differs("a sixth instance around five: %s, want EINVAL or ELOOP", ofErrno(errno))
	}
	r.Notef("a sixth instance around five: %s", ofErrno(errno))
}

func instancePolled(r *rig) {
	for streams := 1; streams <= 2; streams++ {
		ep := r.Epoll()
		var all []found
		for range streams {
			counter := r.Counter(0)
			r.watch(ep, counter, pollIn)
			all = append(all, found{counter, pollIn})
		}
		r.polls("nothing ready", ep, pollIn|pollOut, 0)
		for _, f := range all {
			r.Ring(f.fd)
		}
		for range 2 {
			r.polls("ready", ep, pollIn|pollOut, pollIn)
			r.reports("ready", ep, all...)
		}
		for _, f := range all {
			r.polls("not all of them drained", ep, pollIn, pollIn)
			r.Drain(f.fd)
		}
		r.polls("drained", ep, pollIn, 0)
	}
}

func instancePolledEdge(r *rig) {
	for streams := 1; streams <= 2; streams++ {
		ep := r.Epoll()
		var all []found
		for range streams {
			counter := r.Counter(1)
			r.watch(ep, counter, pollIn|edge)
			all = append(all, found{counter, pollIn})
		}
		for range 2 {
			r.polls("ready, and not reported", ep, pollIn, pollIn)
		}
		r.reports("ready", ep, all...)
		r.polls("reported", ep, pollIn, 0)
		r.reports("reported", ep)
		for _, f := range all {
			r.polls("reported, and one not told anew", f.fd, pollIn, pollIn)
			r.Ring(f.fd)
		}
		r.polls("rung anew", ep, pollIn, pollIn)
		r.reports("rung anew", ep, all...)
	}
}

func outerDecides(r *rig) {
	eachNest(func(name string, outside, inside conditions) {
		for _, polled := range [...]bool{false, true} {
			n := r.nest(outside, inside)
			poll := func(when string, want conditions) {
				if polled {
					r.polls(name+", "+when, n.outer, pollIn, want)
				}
			}
			r.Write(n.there, 1)
			poll("written to", pollIn)
			r.reports(name+", written to", n.outer, found{n.inner, pollIn})
			if outside == edge {
				poll("again", 0)
				r.reports(name+", again", n.outer)
			} else {
				poll("again", pollIn)
				r.reports(name+", again", n.outer, found{n.inner, pollIn})
			}
		}
	})
}

func branchesReported(r *rig) {
	for _, outside := range ways() {
		b := r.branches(outside)
		r.writeToBoth(b)
		both := []found{{b.inner[0], pollIn}, {b.inner[1], pollIn}}
		r.polls(way(outside), b.outer, pollIn, pollIn)
		r.reports(way(outside), b.outer, both...)
		if outside == edge {
			both = nil
		}
		r.reports(way(outside)+", again", b.outer, both...)
		r.polls(way(outside)+", again", b.outer, pollIn, pollIn*conditions(min(1, len(both))))
		for i, inner := range b.inner {
			r.reports(way(outside)+", inside", inner, found{b.here[i], pollIn})
		}
	}
}

func doubleLayer(r *rig) {
	n := r.nest(level, level)
	for range 2 {
		r.Write(n.there, 1)
		r.reports("outside", n.outer, found{n.inner, pollIn})
		r.reports("inside", n.inner, found{n.here, pollIn})
		r.Drain(n.here)
		r.reports("outside, drained", n.outer)
		r.reports("inside, drained", n.inner)
	}
}
