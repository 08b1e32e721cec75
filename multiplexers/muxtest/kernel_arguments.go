//go:build linux

package muxtest

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// argumentCases are about what epoll's calls accept, and how they refuse.
func argumentCases() []Case {
	return []Case{
		{ID: "C-019", Title: "EPOLL_CTL_MOD accepts IN, OUT, PRI, ERR, HUP, RDHUP, ET and ONESHOT in every combination", Source: "LTP epoll_ctl03", run: anyCombination},
		{ID: "C-040", Title: "epoll_wait on what is no epoll instance, without room, or into memory that cannot be written", Source: "LTP epoll_wait03", run: badWaits},
		{ID: "C-041", Title: "epoll_ctl on bad descriptors, with an unknown operation, on itself and without an event", Source: "LTP epoll_ctl02", run: badControls},
		{ID: "C-043/K", Title: "epoll_ctl MOD and DEL of what is not watched are ENOENT, ADD of what is is EEXIST", Source: "LTP epoll_ctl02", run: notInSet},
		{ID: "C-044/refused", Title: "what cannot be polled is EPERM, what is no open file EBADF", Source: "LTP epoll_ctl06", run: unpollable},
		{ID: "C-044/accepted", Title: "sockets, pipes and what else can be polled is accepted", Source: "LTP epoll_ctl06", run: pollable},
		{ID: "C-047", Title: "epoll_create1 refuses unknown flags", Source: "LTP epoll_create1_02", run: badFlags},
		{ID: "C-047/size", Title: "epoll_create refuses the sizes 0 and -1, and takes any other", Takes: "epoll_create(2), which later architectures do not have", Source: "LTP epoll_create02", run: badSizes},
		{ID: "C-048", Title: "EPOLL_CLOEXEC is FD_CLOEXEC, and nothing is without it", Source: "LTP epoll_create1_01, epoll-shim cloexec", run: closeOnExec},
		{ID: "C-115/bits", Title: "EPOLLEXCLUSIVE goes with IN, OUT, ERR, HUP, WAKEUP and ET; with RDHUP, PRI and ONESHOT it is EINVAL", Source: "epoll_ctl(2), ERRORS; kernel EPOLLEXCLUSIVE_OK_BITS", run: exclusiveBits},
		{ID: "C-115/modified", Title: "EPOLL_CTL_MOD to or from EPOLLEXCLUSIVE is EINVAL, and so is an epoll instance watched so", Source: "epoll_ctl(2), ERRORS", run: exclusiveModified},
	}
}

func anyCombination(r *rig) {
	all := [...]conditions{pollIn, pollOut, pollPri, pollErr, pollHup, edge, once, pollRDHup}
	here, _ := r.Pair()
	ep := r.Epoll()
	r.watch(ep, here, 0)
	for combination := range 1 << len(all) {
		var asked conditions
		for i, bit := range all {
			if combination>>i&1 != 0 {
				asked |= bit
			}
		}
		r.rewatch(ep, here, asked)
	}
}

func badWaits(r *rig) {
	ep := r.Epoll()
	counter := r.Counter(1)
	r.watch(ep, counter, pollIn)
	wait := func(ep, room int) unix.Errno {
		_, errno := epollWait(ep, room, 0, nil)
		return errno
	}
	r.refuses("epoll_pwait on descriptor -1", wait(-1, 1), unix.EBADF)
	r.refuses("epoll_pwait on an eventfd", wait(counter, 1), unix.EINVAL)
	r.refuses("epoll_pwait with room for 0", wait(ep, 0), unix.EINVAL)
	for _, room := range [...]int{-1, 1 << 30} {
		var e unix.EpollEvent
		_, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&e)), uintptr(room), 0, 0, 0)
		r.refuses(fmt.Sprintf("epoll_pwait with room for %d", room), errno, unix.EINVAL)
	}
	sealed, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		r.Fatalf("mmap: %v", err)
	}
	defer func() { _ = unix.Munmap(sealed) }() // which cannot fail on what was mapped
	_, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(sealed))), 1, 0, 0, 0)
	r.refuses("epoll_pwait into memory that is only read", errno, unix.EFAULT)
	r.reports("after it", ep, found{counter, pollIn})
}

func badControls(r *rig) {
	ep := r.Epoll()
	counter := r.Counter(1)
	r.refuses("epoll_ctl on descriptor -1", epollControl(-1, unix.EPOLL_CTL_ADD, counter, pollIn), unix.EBADF)
	r.refuses("epoll_ctl ADD of descriptor -1", epollControl(ep, unix.EPOLL_CTL_ADD, -1, pollIn), unix.EBADF)
	r.refuses("epoll_ctl with operation 0", epollControl(ep, 0, counter, pollIn), unix.EINVAL)
	r.refuses("epoll_ctl with operation 4", epollControl(ep, 4, counter, pollIn), unix.EINVAL)
	r.refuses("epoll_ctl on an eventfd", epollControl(counter, unix.EPOLL_CTL_ADD, ep, pollIn), unix.EINVAL)
	for _, op := range [...]int{unix.EPOLL_CTL_ADD, unix.EPOLL_CTL_MOD} {
		_, _, errno := unix.Syscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(counter), 0, 0, 0)
		r.refuses(fmt.Sprintf("epoll_ctl with operation %d and no event", op), errno, unix.EFAULT)
	}
	r.reports("nothing was added", ep)
}

func notInSet(r *rig) {
	ep, counter := r.Epoll(), r.Counter(1)
	r.refuses("epoll_ctl MOD", epollControl(ep, unix.EPOLL_CTL_MOD, counter, pollIn), unix.ENOENT)
	r.refuses("epoll_ctl DEL", epollControl(ep, unix.EPOLL_CTL_DEL, counter, 0), unix.ENOENT)
	r.reports("never watched", ep)
	r.watch(ep, counter, pollIn)
	r.refuses("epoll_ctl ADD, again", epollControl(ep, unix.EPOLL_CTL_ADD, counter, pollOut), unix.EEXIST)
	r.reports("the first registration stands", ep, found{counter, pollIn})
	r.unwatch(ep, counter)
	r.refuses("epoll_ctl DEL, again", epollControl(ep, unix.EPOLL_CTL_DEL, counter, 0), unix.ENOENT)
}

// open is open(2) of a file that every host has.
func (r *rig) open(path string, flags int) int {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	return r.Own("open "+path, fd, err)
}

func unpollable(r *rig) {
	memory, err := unix.MemfdCreate("unpollable", unix.MFD_CLOEXEC)
	r.Own("memfd_create", memory, err)
	ep := r.Epoll()
	for _, file := range [...]struct {
		name string
		fd   int
		want unix.Errno
	}{
		{"a regular file", r.open("/proc/self/exe", unix.O_RDONLY), unix.EPERM},
		{"a directory", r.open("/", unix.O_RDONLY|unix.O_DIRECTORY), unix.EPERM},
		{"/dev/zero", r.open("/dev/zero", unix.O_RDONLY), unix.EPERM},
		{"/proc/self/status", r.open("/proc/self/status", unix.O_RDONLY), unix.EPERM},
		{"a memfd", memory, unix.EPERM},
		{"a directory opened with O_PATH", r.open("/", unix.O_PATH), unix.EBADF},
	} {
		r.refuses("epoll_ctl ADD of "+file.name, epollControl(ep, unix.EPOLL_CTL_ADD, file.fd, pollIn), file.want)
	}
}

func pollable(r *rig) {
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	r.Own("timerfd_create", timer, err)
	notices, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	r.Own("inotify_init1", notices, err)
	signals, err := unix.Signalfd(-1, &unix.Sigset_t{}, unix.SFD_NONBLOCK|unix.SFD_CLOEXEC)
	r.Own("signalfd4", signals, err)
	datagrams, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	r.Own("socket", datagrams, err)
	reader, writer := r.Pipe()
	here, _ := r.Pair()
	listener, _ := r.Listen()
	ep := r.Epoll()
	for _, file := range [...]struct {
		name string
		fd   int
	}{
		{"a pipe's reading end", reader}, {"a pipe's writing end", writer}, {"a Unix socket", here},
		{"a TCP socket", r.Stream()}, {"a listening one", listener}, {"a UDP socket", datagrams},
		{"an eventfd", r.Counter(0)}, {"a timerfd", timer}, {"a signalfd", signals}, {"an inotify instance", notices},
		{"an epoll instance", r.Epoll()}, {"/proc/self/mounts", r.open("/proc/self/mounts", unix.O_RDONLY)},
	} {
		r.refuses("epoll_ctl ADD of "+file.name, epollControl(ep, unix.EPOLL_CTL_ADD, file.fd, pollIn), 0)
	}
}

func badFlags(r *rig) {
	for _, flags := range [...]int{-1, 1, unix.EPOLL_CLOEXEC + 1, unix.EPOLL_CLOEXEC | unix.O_NONBLOCK} {
		fd, err := unix.EpollCreate1(flags)
		if err != unix.EINVAL {
			r.Differs("epoll_create1 with flags %#x: %v, want EINVAL", flags, err)
		}
		if err == nil {
			r.Own("epoll_create1", fd, nil)
		}
	}
}

func badSizes(r *rig) {
	if !workbench.HasEpollCreate {
		r.Skipf("needs epoll_create(2), which this architecture's kernel does not have")
	}
	for _, c := range [...]struct {
		size int
		want error
	}{{0, unix.EINVAL}, {-1, unix.EINVAL}, {1, nil}, {1 << 30, nil}} {
		fd, err := workbench.EpollCreate(c.size)
		if err == nil {
			r.Own("epoll_create", fd, nil)
		}
		if err != c.want {
			r.Differs("epoll_create of size %d: %v, want %v", c.size, err, c.want)
		}
	}
}

func closeOnExec(r *rig) {
	for _, flags := range [...]int{0, unix.EPOLL_CLOEXEC} {
		fd, err := unix.EpollCreate1(flags)
		r.Own("epoll_create1", fd, err)
		got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			r.Fatalf("fcntl F_GETFD: %v", err)
		}
		if want := flags / unix.EPOLL_CLOEXEC * unix.FD_CLOEXEC; got != want {
			r.Differs("epoll_create1 with flags %#x: the descriptor has flags %#x, want %#x", flags, got, want)
		}
	}
}

func exclusiveBits(r *rig) {
	here, _ := r.Pair()
	ep := r.Epoll()
	for _, c := range [...]struct {
		beside conditions
		want   unix.Errno
	}{
		{0, 0}, {pollIn, 0}, {pollOut, 0}, {pollErr, 0}, {pollHup, 0}, {unix.EPOLLWAKEUP, 0}, {edge, 0},
		{pollIn | pollOut | pollErr | pollHup | unix.EPOLLWAKEUP | edge, 0},
		{pollRDHup, unix.EINVAL}, {pollPri, unix.EINVAL}, {once, unix.EINVAL}, {pollIn | pollRDHup, unix.EINVAL},
	} {
		errno := epollControl(ep, unix.EPOLL_CTL_ADD, here, shared|c.beside)
		r.refuses(fmt.Sprintf("epoll_ctl ADD for %v", shared|c.beside), errno, c.want)
		if errno == 0 {
			r.unwatch(ep, here)
		}
	}
}

func exclusiveModified(r *rig) {
	here, _ := r.Pair()
	ep, inner := r.Epoll(), r.Epoll()
	r.watch(ep, here, pollIn|shared)
	r.refuses("epoll_ctl MOD of what is watched exclusively", epollControl(ep, unix.EPOLL_CTL_MOD, here, pollIn), unix.EINVAL)
	r.unwatch(ep, here)
	r.watch(ep, here, pollIn)
	r.refuses("epoll_ctl MOD to EXCLUSIVE", epollControl(ep, unix.EPOLL_CTL_MOD, here, pollIn|shared), unix.EINVAL)
	r.refuses("epoll_ctl ADD of an epoll instance, EXCLUSIVE", epollControl(ep, unix.EPOLL_CTL_ADD, inner, pollIn|shared), unix.EINVAL)
}
