//go:build linux

package muxtest

import "fmt"

// waiterCases are about several threads that wait for one epoll instance, or for one
// that is in another.
func waiterCases() []Case {
	const selftest = "kernel selftest epoll_wakeup_test "
	return []Case{
		{ID: "C-105", Title: "of two threads that wait for one epoll instance an event wakes both, edge-triggered one", Source: selftest + "9, 10, 64", run: twoWait},
		{ID: "C-107", Title: "the same where either polls the instance; two events wake both", Source: selftest + "11-16", run: oneMayPoll},
		{ID: "C-109", Title: "of two threads that wait for an instance around another an event wakes both, edge-triggered in the outer one", Source: selftest + "25-32", run: twoOutside},
		{ID: "C-110", Title: "of one thread inside and one outside an event wakes both, edge-triggered inside the one there at least", Allowed: "edge-triggered inside: the one inside, or both", Source: selftest + "33-48", run: oneOutside},
		{ID: "C-111/threads", Title: "two threads, two instances in one, an event in each: both wake", Source: selftest + "53-58", run: twoBranches},
	}
}

// level is watching that is not edge-triggered.
const level conditions = 0

// ways are those that a descriptor can be watched in.
func ways() []conditions { return []conditions{level, edge} }

func way(flags conditions) string {
	if flags == edge {
		return "edge-triggered"
	}
	return "level-triggered"
}

func twoWait(r *rig) {
	for _, flags := range ways() {
		here, there := r.Pair()
		ep := r.Epoll()
		r.watch(ep, here, pollIn|flags)
		want := 2
		if flags == edge {
			want = 1
		}
		got := r.wakes(func() { r.Write(there, 1) }, watches{waiting, ep}, watches{waiting, ep})
		if count(got) != want {
			r.Differs("%s: %d of 2 threads wake, want %d", way(flags), count(got), want)
		}
	}
}

func oneMayPoll(r *rig) {
	for _, flags := range ways() {
		for _, how := range manners() {
			for streams := 1; streams <= 2; streams++ {
				ep := r.Epoll()
				var ends []int
				for range streams {
					here, there := r.Pair()
					r.watch(ep, here, pollIn|flags)
					ends = append(ends, there)
				}
				want := 2
				if flags == edge {
					want = streams
				}
				got := r.wakes(func() {
					for _, end := range ends {
						r.Write(end, 1)
					}
				}, watches{how[0], ep}, watches{how[1], ep})
				if count(got) != want {
					r.Differs("%s, %v and %v, %d written to: %d threads wake, want %d", way(flags), how[0], how[1], streams, count(got), want)
				}
			}
		}
	}
}

// nest is a stream in an epoll instance in another.
type nest struct{ outer, inner, here, there int }

func (r *rig) nest(outside, inside conditions) nest {
	n := nest{outer: r.Epoll(), inner: r.Epoll()}
	n.here, n.there = r.Pair()
	r.watch(n.inner, n.here, pollIn|inside)
	r.watch(n.outer, n.inner, pollIn|outside)
	return n
}

// eachNest calls f with each way to watch in two instances.
func eachNest(f func(name string, outside, inside conditions)) {
	for _, outside := range ways() {
		for _, inside := range ways() {
			f(fmt.Sprintf("%s outside, %s inside", way(outside), way(inside)), outside, inside)
		}
	}
}

func twoOutside(r *rig) {
	eachNest(func(name string, outside, inside conditions) {
		for _, how := range manners() {
			n := r.nest(outside, inside)
			want := 2
			if outside == edge {
				want = 1
			}
			got := r.wakes(func() { r.Write(n.there, 1) }, watches{how[0], n.outer}, watches{how[1], n.outer})
			if count(got) != want {
				r.Differs("%s, %v and %v: %d threads wake, want %d", name, how[0], how[1], count(got), want)
			}
		}
	})
}

func oneOutside(r *rig) {
	alone, total := 0, 0
	eachNest(func(name string, outside, inside conditions) {
		for _, how := range manners() {
			n := r.nest(outside, inside)
			got := r.wakes(func() { r.Write(n.there, 1) }, watches{how[0], n.inner}, watches{how[1], n.outer})
			if !got[0] {
				r.Differs("%s, %v and %v: the one inside does not wake", name, how[0], how[1])
			}
			if inside == level && !got[1] {
				r.Differs("%s, %v and %v: the one outside does not wake", name, how[0], how[1])
			}
			if inside == edge {
				total++
				if !got[1] {
					alone++
				}
			}
		}
	})
	r.Notef("edge-triggered inside, %d times of %d the one inside alone has woken", alone, total)
}

// branches are two epoll instances in one, with a stream in each.
type branches struct {
	outer        int
	inner        [2]int
	here, theirs [2]int
}

func (r *rig) branches(outside conditions) branches {
	b := branches{outer: r.Epoll()}
	for i := range b.inner {
		b.inner[i] = r.Epoll()
		b.here[i], b.theirs[i] = r.Pair()
		r.watch(b.inner[i], b.here[i], pollIn)
		r.watch(b.outer, b.inner[i], pollIn|outside)
	}
	return b
}

func (r *rig) writeToBoth(b branches) {
	for _, end := range b.theirs {
		r.Write(end, 1)
	}
}

func twoBranches(r *rig) {
	for _, outside := range ways() {
		for _, how := range manners() {
			b := r.branches(outside)
			got := r.wakes(func() { r.writeToBoth(b) }, watches{how[0], b.outer}, watches{how[1], b.outer})
			if count(got) != 2 {
				r.Differs("%s, %v and %v: %d threads wake, want both", way(outside), how[0], how[1], count(got))
			}
		}
	}
}
