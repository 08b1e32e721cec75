//go:build linux

package muxtest

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// limitCases are about what runs out. Each is tried in a process of its own.
func limitCases() []Case {
	return []Case{
		{ID: "C-047/full", Title: "with no descriptor left epoll_create1 is EMFILE", Source: "LTP epoll_create1_02; epoll_create(2), ERRORS", apart: true, run: tableFull},
		{ID: "C-053", Title: "with as many watches as fs.epoll.max_user_watches allows, one more is ENOSPC", Takes: workbench.FillingTakes(), Source: "epoll_ctl(2), ERRORS; epoll(7), /proc interfaces", apart: true, run: watchesFull},
	}
}

func tableFull(r *rig) {
	lowest := r.Counter(0) // all below it are in use
	r.Close(lowest)
	r.LimitDescriptors(uint64(lowest))
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != unix.EMFILE {
		r.Differs("epoll_create1: %v, want EMFILE", err)
	}
	if err == nil {
		r.Own("epoll_create1", fd, nil)
	}
}

// watchesFull fills the account of a user who is nobody.
func watchesFull(r *rig) {
	got := r.FillUserWatches()
	r.refuses(fmt.Sprintf("epoll_ctl ADD beside %d watches of %d", got.Added, got.Allowed), got.Refused, unix.ENOSPC)
	if got.Added != got.Allowed {
		r.Differs("the limit is %d watches, and %d are all", got.Allowed, got.Added)
	}
	r.refuses("epoll_ctl ADD when one of them is removed", got.Again, 0)
	r.Notef("%d watches in %v", got.Added, got.Elapsed.Round(time.Millisecond))
}
