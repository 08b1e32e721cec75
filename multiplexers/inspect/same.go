//go:build linux

package inspect

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Types of comparison of kcmp(2), from include/uapi/linux/kcmp.h.
const (
	kcmpFile     = 0
	kcmpFiles    = 2
	kcmpEpollTFD = 7 // Linux 4.13
)

// numbersAsHere says whether the procfs at proc has the numbers of processes that this
// process's PID namespace has, which kcmp(2) goes by: it may be mounted from another,
// such as that of a container's host.
func numbersAsHere(proc string) bool {
	self, err := os.Readlink(filepath.Join(proc, "self"))
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// kcmp is kcmp(2) of the thread and another, or itself: 0 for the same, 1 and 2 for
// the order of others. Told is false where the kernel does not compare: without
// CONFIG_KCMP, in a sandbox, or where it knows the process by another number.
func (r *reader) kcmp(other int, kind, a, b uintptr) (order uintptr, told bool) {
	if !r.compares {
		return 0, false
	}
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(r.thread), uintptr(other), kind, a, b, 0)
	return order, errno == 0
}

// compare compares files of the thread.
func (r *reader) compare(a, b int) (order uintptr, told bool) {
	return r.kcmp(r.thread, kcmpFile, uintptr(a), uintptr(b))
}

// isTarget tells whether the descriptor of an entry is the open file that the
// entry is for.
func (r *reader) isTarget(epoll int, e entry) (same, told bool) {
	slot := [3]uint32{uint32(epoll), uint32(e.FD), uint32(e.nth)} // struct kcmp_epoll_slot
	if !r.compares {
		return false, false
	}
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(r.thread), uintptr(r.thread), kcmpEpollTFD, uintptr(e.FD), uintptr(unsafe.Pointer(&slot)), 0)
	return order == 0, errno == 0
}

// markSame sets SameAs of instances that are in order of their descriptors,
// and returns whether some that may be the same could not be compared. A process may have
// many thousand: they are sorted, as the kernel's order allows.
func (r *reader) markSame(instances []Instance) (undistinguished bool) {
	sorted := make([]*Instance, len(instances))
	watching := 0
	for i := range instances {
		sorted[i] = &instances[i]
		if len(instances[i].Watched) > 0 {
			watching++
		}
	}
	told := true
	slices.SortFunc(sorted, func(a, b *Instance) int {
		order, ok := r.compare(a.FD, b.FD)
		told = told && ok
		switch {
		case ok && order == 1:
			return -1
		case ok && order == 2:
			return 1
		}
		return cmp.Compare(a.FD, b.FD)
	})
	for i := 1; i < len(sorted); i++ {
		before, in := sorted[i-1], sorted[i]
		if order, ok := r.compare(before.FD, in.FD); ok && order == 0 {
			in.SameAs = before.SameAs
		}
	}
	return !told && watching > 1
}

// apart are the threads that do not share the process's table of descriptors
// (clone(2), CLONE_FILES; unshare(2)), in order; none where the kernel does not
// compare.
func (r *reader) apart() []int {
	var apart []int
	for _, id := range r.threads() {
		if id == r.pid || id == r.thread {
			continue
		}
		if order, told := r.kcmp(id, kcmpFiles, 0, 0); told && order != 0 {
			apart = append(apart, id)
		}
	}
	return apart
}
