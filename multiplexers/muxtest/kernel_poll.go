//go:build linux

package muxtest

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollCases are about poll(2).
func pollCases() []Case {
	return []Case{
		{ID: "C-009", Title: "poll leaves what is asked alone, hung up or in error too", Source: "gVisor poll EventsFieldNotModified, EventsFieldNotModifiedOnError", run: askedStands},
		{ID: "C-013", Title: "of IN, RDNORM, OUT and WRNORM those are found that are asked for", Source: "gVisor poll NonBlockingEventPOLLIN and others", run: justWhatIsAsked},
		{ID: "C-045/poll", Title: "poll finds files and directories ready at once, with an endless timeout too", Source: "gVisor poll UnpollableFile, LTP ppoll01, libev ev_epoll.c", run: polledFile},
		{ID: "C-052", Title: "a closed descriptor is POLLNVAL and counts; a bad array is EFAULT, too many EINVAL", Source: "LTP poll04, ppoll01; gVisor poll InvalidFds", run: badPolls},
		{ID: "C-055", Title: "poll takes as many entries as RLIMIT_NOFILE allows descriptors, and no more", Source: "gVisor poll Nfds", apart: true, run: asManyAsAllowed},
		{ID: "C-061", Title: "an entry with a negative descriptor is passed over", Source: "poll(2)", run: negativeEntry},
	}
}

func askedStands(r *rig) {
	reader, writer := r.Pipe()
	gone, far := r.Pipe()
	broken, end := r.Pipe()
	r.Close(far)
	r.Close(broken)
	r.Write(writer, 1)
	closed := r.Counter(0)
	r.Close(closed)
	set := []unix.PollFd{
		{Fd: int32(reader), Events: unix.POLLIN | unix.POLLPRI},
		{Fd: int32(gone), Events: unix.POLLIN},
		{Fd: int32(end), Events: 0},
		{Fd: int32(closed), Events: unix.POLLOUT},
		{Fd: -1, Events: unix.POLLIN},
	}
	asked := [...]int16{unix.POLLIN | unix.POLLPRI, unix.POLLIN, 0, unix.POLLOUT, unix.POLLIN}
	want := [...]conditions{pollIn, pollHup, pollErr, unix.POLLNVAL, 0}
	n, errno := uninterrupted(func() (int, unix.Errno) { return pollFDs(set, &unix.Timespec{}, nil) })
	r.works("ppoll", errno)
	if n != 4 {
		r.Differs("ppoll returns %d, want 4", n)
	}
	for i, e := range set {
		if e.Events != asked[i] {
			r.Differs("entry %d asked for %v, and asks for %v afterwards", i, conditions(asked[i]), conditions(e.Events))
		}
		if got := conditions(e.Revents); got != want[i] {
			r.Differs("entry %d: poll finds %v, want %v", i, got, want[i])
		}
	}
}

func justWhatIsAsked(r *rig) {
	all := [...]conditions{pollIn, unix.EPOLLRDNORM, pollOut, unix.EPOLLWRNORM}
	here, there := r.Pair()
	r.Write(there, 1)
	for combination := range 1 << len(all) {
		var asked conditions
		for i, bit := range all {
			if combination>>i&1 != 0 {
				asked |= bit
			}
		}
		r.polls("asked for "+asked.String(), here, asked, asked)
	}
}

func polledFile(r *rig) {
	for _, file := range [...]struct {
		name string
		fd   int
	}{
		{"a regular file", r.open("/proc/self/exe", unix.O_RDONLY)},
		{"a directory", r.open("/", unix.O_RDONLY|unix.O_DIRECTORY)},
		{"/dev/zero", r.open("/dev/zero", unix.O_RDONLY)},
	} {
		r.polls(file.name, file.fd, pollIn|pollOut|pollPri, pollIn|pollOut)
		set := []unix.PollFd{{Fd: int32(file.fd), Events: unix.POLLIN | unix.POLLOUT}}
		n := -1
		var errno unix.Errno
		endless := r.Aside(func() {
			n, errno = uninterrupted(func() (int, unix.Errno) { return pollFDs(set, nil, nil) })
		}, "ppoll")
		endless.Join("ppoll of " + file.name + " for ever")
		r.works("ppoll", errno)
		if n != 1 {
			r.Differs("ppoll of %s for ever returns %d, want 1", file.name, n)
		}
	}
}

func badPolls(r *rig) {
	counter := r.Counter(1)
	r.Close(counter)
	r.polls("a closed descriptor", counter, pollIn, unix.POLLNVAL)
	r.polls("a closed descriptor of which nothing is asked", counter, 0, unix.POLLNVAL)
	var none unix.Timespec
	poll := func(set *unix.PollFd, n int) unix.Errno {
		_, errno := uninterrupted(func() (uintptr, unix.Errno) {
			n, _, errno := unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(set)), uintptr(n), uintptr(unsafe.Pointer(&none)), 0, 0, 0)
			return n, errno
		})
		return errno
	}
	r.refuses("ppoll of one entry at no address", poll(nil, 1), unix.EFAULT)
	r.refuses("ppoll of -1 entries", poll(&unix.PollFd{}, -1), unix.EINVAL)
	r.refuses("ppoll of no entries at no address", poll(nil, 0), 0)
}

func asManyAsAllowed(r *rig) {
	const allowed = 64
	counter := r.Counter(1)
	r.LimitDescriptors(allowed)
	set := make([]unix.PollFd, allowed+1)
	for i := range set {
		set[i] = unix.PollFd{Fd: int32(counter), Events: unix.POLLIN}
	}
	poll := func(n int) (int, unix.Errno) {
		return uninterrupted(func() (int, unix.Errno) { return pollFDs(set[:n], &unix.Timespec{}, nil) })
	}
	n, errno := poll(allowed)
	r.refuses("ppoll of as many entries as descriptors are allowed", errno, 0)
	if n != allowed {
		r.Differs("ppoll of %d ready entries returns %d", allowed, n)
	}
	_, errno = poll(allowed + 1)
	r.refuses("ppoll of one more", errno, unix.EINVAL)
}

func negativeEntry(r *rig) {
	counter := r.Counter(1)
	set := []unix.PollFd{
		{Fd: -1, Events: unix.POLLIN, Revents: unix.POLLIN},
		{Fd: ^int32(counter), Events: unix.POLLIN, Revents: unix.POLLIN},
		{Fd: int32(counter), Events: unix.POLLIN},
	}
	n, errno := uninterrupted(func() (int, unix.Errno) { return pollFDs(set, &unix.Timespec{}, nil) })
	r.works("ppoll", errno)
	if n != 1 || set[0].Revents != 0 || set[1].Revents != 0 || set[2].Revents != unix.POLLIN {
		r.Differs("ppoll returns %d, and finds %v; want 1, and nothing on those passed over", n, set)
	}
}
