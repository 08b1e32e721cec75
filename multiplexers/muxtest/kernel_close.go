//go:build linux

package muxtest

import (
	"slices"

	"golang.org/x/sys/unix"
)

// kernelCloseCases are about descriptors that are closed while they are watched: an
// epoll instance watches the open file, under a descriptor's number.
func kernelCloseCases() []Case {
	return []Case{
		{ID: "C-127", Title: "closed with a duplicate open, a descriptor is reported still, and cannot be removed", Source: "epoll(7) Q6; libuv 4323", run: duplicateTrap},
		{ID: "C-127/again", Title: "the same file is watched a second time under a duplicate's number", Source: "epoll(7) Q1", run: watchedTwice},
		{ID: "C-127/reused", Title: "the number of a closed descriptor that is reported still can be watched anew, and both are reported under it", Source: "epoll(7) Q6; libevent nonpersist_readd", run: numberReused},
		{ID: "C-069", Title: "what a batch says of a descriptor that is closed meanwhile is said of the next file under its number", Source: "epoll(7), \"event cache\"; that servers here mind it is tested in package server", run: staleInBatch},
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
	counter := r.under(here, r.Counter(1))
	r.watch(ep, counter, pollIn)
	r.Write(there, 1)
	r.reports("the number used again", ep, found{here, pollIn}, found{here, pollIn})
	r.unwatch(ep, counter)
	r.reports("the new one removed", ep, found{here, pollIn})
	r.Close(second)
	r.reports("the old one closed for good", ep)
}

// staleInBatch closes one of two descriptors that are ready at once, as he may who
// handles the other: a new file gets its number before it is its turn.
func staleInBatch(r *rig) {
	for _, batch := range [...]struct {
		call string
		take func(fds ...int) (ready []int)
	}{
		{"epoll_pwait", func(fds ...int) (ready []int) {
			ep := r.Epoll()
			for _, fd := range fds {
				r.watch(ep, fd, pollIn)
			}
			for _, f := range r.take(ep, len(fds)) {
				ready = append(ready, f.fd)
			}
			return ready
		}},
		{"ppoll", func(fds ...int) (ready []int) {
			var set []unix.PollFd
			for _, fd := range fds {
				set = append(set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			}
			_, errno := uninterrupted(func() (int, unix.Errno) { return pollFDs(set, &unix.Timespec{}, nil) })
			r.works("ppoll", errno)
			for _, e := range set {
				if e.Revents == unix.POLLIN {
					ready = append(ready, int(e.Fd))
				}
			}
			return ready
		}},
		{"pselect6", func(fds ...int) (ready []int) {
			var read unix.FdSet
			for _, fd := range fds {
				read.Set(fd)
			}
			_, errno := uninterrupted(func() (int, unix.Errno) {
				return selectFDs(slices.Max(fds)+1, &read, nil, nil, &unix.Timespec{}, nil)
			})
			r.works("pselect6", errno)
			for _, fd := range fds {
				if read.IsSet(fd) {
					ready = append(ready, fd)
				}
			}
			return ready
		}},
	} {
		first, second := r.Counter(1), r.Counter(1)
		ready := batch.take(first, second)
		slices.Sort(ready)
		if !slices.Equal(ready, []int{min(first, second), max(first, second)}) {
			r.Differf("%s finds %v ready, want %d and %d", batch.call, ready, first, second)
		}
		r.Close(second)
		next := r.under(second, r.Counter(0))
		r.polls("a new file under a number that "+batch.call+" has said is ready", next, pollIn, 0)
	}
}

// under moves a descriptor to a number that was closed, if the kernel has not given it
// that.
func (r *rig) under(number, fd int) int {
	if fd != number {
		fd = r.Above(number, fd)
	}
	if fd != number {
		r.Skipf("needs number %d, which is in use elsewhere", number)
	}
	return fd
}
