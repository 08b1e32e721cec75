//go:build linux

package muxtest

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// errorCases are about what cannot be done.
func errorCases() []Case {
	return []Case{
		{ID: "C-042", Tier: Contract, Title: "adding twice is EEXIST, and the first registration stands", Source: "LTP epoll_ctl02, polling insert_twice, mio double_register_different_token", run: addedTwice},
		{ID: "C-043", Tier: Contract, Title: "changing and removing what is not watched is ENOENT", Source: "LTP epoll_ctl02, polling delete_unrecognized, epoll-shim modify_nonexisting", run: notWatched},
		{ID: "C-046", Tier: Contract, Title: "regular files are always ready or refused, as declared", Source: "gVisor poll UnpollableFile, LTP epoll_ctl06, libev ev_epoll.c", run: regularFile},
		{ID: "M-003", Tier: Contract, Title: "a number that is no descriptor is EBADF", Source: "the contract", run: noDescriptor},
	}
}

// refused wants err to be the other one, and to name the descriptor.
func (r *rig) refused(op string, fd int, err, want error) {
	switch {
	case !errors.Is(err, want):
		r.Errorf("%s(%d): %v, want %v", op, fd, err, want)
	case !strings.Contains(err.Error(), strconv.Itoa(fd)):
		r.Errorf("%s(%d): %q does not name the descriptor", op, fd, err)
	}
}

func addedTwice(r *rig) {
	here, there := r.Pair()
	r.add(here, readable)
	r.refused("Add", here, r.mux.Add(here, writable), unix.EEXIST)
	r.expect("the second interest is not in force")
	r.Write(there, 1)
	r.expect("the first one is", ready(here, readable))
	r.remove(here)
	r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
	r.add(here, writable)
	r.expect("removed and added", ready(here, writable))
}

func notWatched(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	r.refused("Modify", here, r.mux.Modify(here, readable), unix.ENOENT)
	r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
	r.expect("never watched")
	r.add(here, readable)
	r.remove(here)
	r.refused("Modify", here, r.mux.Modify(here, readable), unix.ENOENT)
	r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
	// A neighbour's registration is no registration.
	r.add(there, readable)
	r.refused("Remove", here, r.mux.Remove(here), unix.ENOENT)
	r.expect("not watched any more")
}

func regularFile(r *rig) {
	fd, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	r.Own("open", fd, err)
	err = r.mux.Add(fd, readable|writable)
	if !r.subject.mechanism.Capabilities.RegularFiles {
		r.refused("Add", fd, err, unix.EPERM)
		r.expect("refused")
		return
	}
	if err != nil {
		r.Fatalf("Add of a regular file: %v", err)
	}
	for range 2 {
		r.expect("a regular file", ready(fd, readable|writable))
	}
	r.modify(fd, readable)
	r.expect("a regular file, wanted readable", ready(fd, readable))
}

func noDescriptor(r *rig) {
	r.refused("Add", -1, r.mux.Add(-1, readable), unix.EBADF)
	r.expect("refused")
}

// events makes a slice of its arguments, for those who compare.
func events(e ...multiplexers.Event) []multiplexers.Event { return e }
