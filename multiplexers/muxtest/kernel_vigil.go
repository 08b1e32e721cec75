//go:build linux

package muxtest

import (
	"sync/atomic"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// manner is how a thread waits for an epoll instance.
type manner int

const (
	waiting manner = iota // in epoll_wait(2)
	polling               // in poll(2) of the instance, whose event it then takes
)

func (m manner) String() string { return [...]string{"waiting", "polling"}[m] }

// manners are the ways for two threads to wait.
func manners() [][2]manner {
	return [][2]manner{{waiting, waiting}, {waiting, polling}, {polling, waiting}, {polling, polling}}
}

// watcher is an endless wait for one event of an epoll instance, in a thread of its
// own. No signal ends it until it is dismissed.
type watcher struct {
	*workbench.Thread
	dismissed atomic.Bool
	got       []found    // set when it has ended, as is errno
	errno     unix.Errno // EINTR if it was dismissed
}

// vigil is several watchers.
type vigil struct {
	rig      *rig
	watchers []*watcher
}

// begin has one more thread wait for an epoll instance. Whoever begins sees to it
// that dismiss is called.
func (v *vigil) begin(how manner, ep int) {
	w := &watcher{}
	wait, call := func() { w.got, w.errno = epollWait(ep, 1, -1, nil) }, "epoll_pwait"
	if how == polling {
		call = "ppoll"
		wait = func() {
			set := []unix.PollFd{{Fd: int32(ep), Events: unix.POLLIN}}
			if _, w.errno = pollFDs(set, nil, nil); w.errno == 0 {
				// Another may have been faster, and then there is nothing to take.
				w.got, w.errno = epollWait(ep, 1, 0, nil)
			}
		}
	}
	w.Thread = v.rig.Aside(func() {
		for !w.dismissed.Load() {
			wait()
			if len(w.got) > 0 || w.errno != 0 && w.errno != unix.EINTR {
				return
			}
		}
	}, call)
	v.watchers = append(v.watchers, w)
}

// untilAsleep returns when all watchers sleep.
func (v *vigil) untilAsleep() {
	for _, w := range v.watchers {
		if !w.UntilBlocked() {
			v.rig.Differf("a wait returns with nothing ready: %v, %s", w.got, ofErrno(w.errno))
		}
	}
}

// awake says of each watcher whether it has got an event, once what woke the first of
// them has had its effect.
//
// A thread is made runnable within the call that wakes it, be that a write(2) here or
// another's epoll_wait(2) that leaves something. So nothing more is to come when all
// that have not ended are found asleep, twice in a row without another having ended.
func (v *vigil) awake() []bool {
	all := make([]bool, len(v.watchers))
	for settled := 0; settled < 2; settled++ {
		for i, w := range v.watchers {
			if !w.UntilBlocked() && !all[i] {
				all[i] = true
				settled = -1
				v.rig.works("waiting", w.errno)
			}
		}
	}
	return all
}

// dismiss ends what is asleep still.
func (v *vigil) dismiss() {
	for _, w := range v.watchers {
		w.dismissed.Store(true)
		for w.UntilBlocked() {
			w.Signal()
		}
	}
}

// watches is a way for a thread to wait, and for which epoll instance.
type watches struct {
	how manner
	ep  int
}

// wakes has threads fall asleep and something happen, and says which of them that has
// woken, with an event.
func (r *rig) wakes(happens func(), all ...watches) []bool {
	v := &vigil{rig: r}
	defer v.dismiss()
	for _, w := range all {
		v.begin(w.how, w.ep)
	}
	v.untilAsleep()
	happens()
	return v.awake()
}

// count is how many are true.
func count(all []bool) int {
	n := 0
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}
