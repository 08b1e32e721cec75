//go:build linux

package muxtest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// raceCases are about changes and waits of one epoll instance at once. They can show
// that the kernel loses something, and not that it never does.
func raceCases() []Case {
	const selftest = "kernel selftest epoll_wakeup_test "
	return []Case{
		{ID: "C-085/K", Title: "each of 10,000 edge-triggered waits ends, while other threads modify what is always ready", Source: selftest + "59; bugzilla.kernel.org 205933", run: modifiedAllTheTime},
		{ID: "C-091", Title: "ten threads, ten edges at once, 100 times: each thread gets one", Source: selftest + "60", run: tenOfTen},
		{ID: "C-092", Title: fmt.Sprintf("an event at the end of a wait's time goes to it or to one of %v beside it", workbench.Patience), Allowed: "either of the two waits", Source: selftest + "61; kernel 289caf5d8f6c", run: atTheLastMoment},
		{ID: "C-116", Title: "whether waits of no time, in 64 threads, see each time what is always ready", Allowed: "that some do not, as before kernel 0c4aefe3c2d0", Source: selftest + "65", run: falseNegatives},
	}
}

// patience is workbench.Patience in milliseconds, as the timeout of a wait that is to
// end long before.
const patience = int(workbench.Patience / time.Millisecond)

func modifiedAllTheTime(r *rig) {
	counter := r.Counter(1)
	ep := r.Epoll()
	r.watch(ep, counter, pollIn|edge)
	var over atomic.Bool
	var errno [2]unix.Errno
	var changing []*workbench.Thread
	for i := range errno {
		changing = append(changing, r.Aside(func() {
			for !over.Load() && errno[i] == 0 {
				errno[i] = epollControl(ep, unix.EPOLL_CTL_MOD, counter, pollIn|edge)
			}
		}))
	}
	for i := range 10000 {
		got, failed := uninterrupted(func() ([]found, unix.Errno) { return epollWait(ep, 1, patience, nil) })
		if failed != 0 || len(got) != 1 {
			r.Differs("wait %d reports %v, %s, want descriptor %d", i+1, got, ofErrno(failed), counter)
			break
		}
	}
	over.Store(true)
	for i, t := range changing {
		t.Join("modifying")
		r.works("epoll_ctl MOD", errno[i])
	}
}

func tenOfTen(r *rig) {
	const threads, rounds = 10, 100
	ep := r.Epoll()
	var all []int
	for range threads {
		counter := r.Counter(0)
		r.watch(ep, counter, pollIn|edge)
		all = append(all, counter)
	}
	type result struct {
		got   []found
		errno unix.Errno
	}
	begin, results := make(chan struct{}), make(chan result, threads)
	var waits []*workbench.Thread
	defer func() {
		close(begin)
		for _, t := range waits {
			t.Join("the last round over, waiting")
		}
	}()
	for range threads {
		waits = append(waits, r.Aside(func() {
			for range begin {
				got, errno := uninterrupted(func() ([]found, unix.Errno) { return epollWait(ep, 1, patience, nil) })
				results <- result{got, errno}
			}
		}))
	}
	for round := range rounds {
		for range threads {
			begin <- struct{}{}
		}
		for _, fd := range all {
			r.Ring(fd)
		}
		var reported []int
		for range threads {
			one := <-results
			r.works("epoll_pwait", one.errno)
			for _, f := range one.got {
				reported = append(reported, f.fd)
			}
		}
		slices.Sort(reported)
		if !slices.Equal(reported, all) {
			r.Differs("round %d: %d threads have got %v, want each of %v once", round+1, threads, reported, all)
			return
		}
		for _, fd := range all {
			r.Drain(fd)
		}
	}
}

// atTheLastMoment has the event come about when the one wait ends by its timeout. When
// just is not known, and does not matter: it must not be lost.
func atTheLastMoment(r *rig) {
	timed := 0
	const rounds = 40
	for round := range rounds {
		counter := r.Counter(0)
		ep := r.Epoll()
		r.watch(ep, counter, pollIn|edge)
		var got [2][]found
		var errno [2]unix.Errno
		wait := func(i, timeout int) *workbench.Thread {
			return r.Aside(func() {
				got[i], errno[i] = uninterrupted(func() ([]found, unix.Errno) { return epollWait(ep, 1, timeout, nil) })
			}, "epoll_pwait")
		}
		long := wait(1, patience)
		long.UntilBlocked()
		began := time.Now()
		short := wait(0, 2)
		for after := time.Duration(1800+15*round) * time.Microsecond; time.Since(began) < after; {
		}
		r.Ring(counter)
		short.Join("a wait of 2 ms")
		if len(got[0]) > 0 {
			timed++
			r.Ring(counter) // an edge for the other
		}
		long.Join("a wait beside it") // a little after its own timeout at the latest
		r.works("epoll_pwait", max(errno[0], errno[1]))
		if len(got[1]) != 1 {
			r.Differs("round %d: the wait of 2 ms has got %v, and the one beside it %v", round+1, got[0], got[1])
			return
		}
	}
	r.Notef("%d times of %d it was the timed wait's", timed, rounds)
}

// falseNegatives is a probe: a kernel that may say that nothing is ready while another
// thread looks is as good as any other, and those who poll ought to know.
func falseNegatives(r *rig) {
	const threads, limit = 64, 200 * time.Millisecond
	counter := r.Counter(1)
	ep := r.Epoll()
	r.watch(ep, counter, pollIn)
	var waits, missed atomic.Int64
	var looking []*workbench.Thread
	deadline := time.Now().Add(limit)
	for range threads {
		looking = append(looking, r.Aside(func() {
			for time.Now().Before(deadline) && missed.Load() == 0 {
				got, errno := epollWait(ep, 1, 0, nil)
				waits.Add(1)
				if errno == 0 && len(got) == 0 {
					missed.Add(1)
				}
			}
		}))
	}
	for _, t := range looking {
		t.Join("waiting for no time")
	}
	if missed.Load() > 0 {
		r.Notef("this kernel has zero-timeout false negatives: one after %d waits", waits.Load())
	} else {
		r.Notef("no zero-timeout false negative in %d waits", waits.Load())
	}
}
