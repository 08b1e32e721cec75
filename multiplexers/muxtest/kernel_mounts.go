//go:build linux

package muxtest

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// mountCases are about a file of /proc that can be polled.
func mountCases() []Case {
	return []Case{
		{ID: "C-178", Title: "a change of mounts is PRI and ERR on /proc/mounts, once", Takes: "CAP_SYS_ADMIN", Source: "LTP epoll_wait10; proc_pid_mounts(5)", apart: true, run: mounts},
	}
}

// mounts gives its thread, which ends with it, mounts of its own, in which it mounts
// what nobody else sees.
func mounts(r *rig) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		r.Skipf("needs CAP_SYS_ADMIN, for mounts of its own: unshare: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		r.Skipf("needs CAP_SYS_ADMIN, for mounts of its own: mount: %v", err)
	}
	fd := r.open("/proc/thread-self/mounts", unix.O_RDONLY)
	ep := r.Epoll()
	r.watch(ep, fd, pollPri)
	r.reports("nothing mounted", ep)
	for range 2 {
		if err := unix.Mount("none", "/", "tmpfs", 0, ""); err != nil {
			r.Skipf("needs CAP_SYS_ADMIN, to mount: %v", err)
		}
		r.reports("mounted", ep, found{fd, pollPri | pollErr})
		r.reports("told", ep)
	}
}
