//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// kernelCloseCases are about descriptors that are closed while they are watched: an
// epoll instance watches the open file, under a descriptor's number.
func kernelCloseCases() []Case {
	return []Case{
		{ID: "C-127", Title: "closed with a duplicate open, a descriptor is reported still, and cannot be removed", Source: "epoll(7) Q6; libuv 4323", run: duplicateTrap},
		{ID: "C-127/again", Title: "the same file is watched a second time under a duplicate's number", Source: "epoll(7) Q1", run: watchedTwice},
		{ID: "C-127/reused", Title: "the number of a closed descriptor that is reported still can be watched anew, and both are reported under it", Source: "epoll(7) Q6; libevent nonpersist_readd", run: numberReused},
	}
}

func duplicateTrap(r *rig) {
	here, there := r.Pair()
	ep := r.Epoll()
	r.watch(ep, here, pollIn)
	second := r.Duplicate(here, 0)
	r.Close(here)
	r.Write(there, 1)
	for range 2 {
		r.reports("closed, and a duplicate open", ep, found{here, pollIn})
	}
	r.refuses("epoll_ctl DEL of what is closed", epollControl(ep, unix.EPOLL_CTL_DEL, here, 0), unix.EBADF)
	r.refuses("epoll_ctl DEL of the duplicate", epollControl(ep, unix.EPOLL_CTL_DEL, second, 0), unix.ENOENT)
	r.reports("not removed", ep, found{here, pollIn})
	r.Close(second)
	r.reports("the duplicate closed too", ep)
}

func watchedTwice(r *rig) {
	here, there := r.Pair()
	ep := r.Epoll()
	second := r.Duplicate(here, 0)
	r.watch(ep, here, pollIn)
	r.watch(ep, second, pollIn|edge)
	r.Write(there, 1)
	r.reports("written to", ep, found{here, pollIn}, found{second, pollIn})
	r.reports("again", ep, found{here, pollIn})
	r.unwatch(ep, here)
	r.Write(there, 1)
	r.reports("one removed", ep, found{second, pollIn})
}

func numberReused(r *rig) {
	here, there := r.Pair()
	ep := r.Epoll()
	r.watch(ep, here, pollIn)
	second := r.Duplicate(here, 0)
	r.Close(here)
	counter := r.Counter(1)
	if counter != here {
		counter = r.Above(here, counter)
	}
	if counter != here {
		r.Skipf("needs number %d, which is in use elsewhere", here)
	}
	r.watch(ep, counter, pollIn)
	r.Write(there, 1)
	r.reports("the number used again", ep, found{here, pollIn}, found{here, pollIn})
	r.unwatch(ep, counter)
	r.reports("the new one removed", ep, found{here, pollIn})
	r.Close(second)
	r.reports("the old one closed for good", ep)
}
