//go:build linux

package muxtest

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// limitCases are about what runs out. Each is tried in a process of its own.
func limitCases() []Case {
	return []Case{
		{ID: "C-047/full", Title: "with no descriptor left epoll_create1 is EMFILE", Source: "LTP epoll_create1_02; epoll_create(2), ERRORS", apart: true, run: tableFull},
		{ID: "C-053", Title: "with as many watches as fs.epoll.max_user_watches allows, one more is ENOSPC", Takes: "CAP_SETUID, memory and time for all of them", Source: "epoll_ctl(2), ERRORS; epoll(7), /proc interfaces", apart: true, run: watchesFull},
	}
}

func tableFull(r *rig) {
	lowest := r.Counter(0) // all below it are in use
	r.Close(lowest)
	r.allow(uint64(lowest))
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != unix.EMFILE {
		r.Differs("epoll_create1: %v, want EMFILE", err)
	}
	if err == nil {
		r.Own("epoll_create1", fd, nil)
	}
}

const (
	// mostWatches are as many as are added and given back in 2 s or 3: a watch took 2 to
	// 3 µs, and half of that to give back.
	mostWatches   = 500_000
	bytesPerWatch = 200                     // of the kernel's memory, about
	fillingLimit  = 2500 * time.Millisecond // on a host that is slower
)

// watchesFull fills the account of a user who is nobody, so that no other program is
// refused. An epoll instance's watches are on the account of the real user who made it.
func watchesFull(r *rig) {
	limit := r.number("/proc/sys/fs/epoll/max_user_watches")
	memory := r.available()
	switch {
	case limit > mostWatches:
		r.Skipf("needs fs.epoll.max_user_watches to be filled: that is %d, and would take too long above %d", limit, mostWatches)
	case limit*bytesPerWatch > memory/8:
		r.Skipf("needs fs.epoll.max_user_watches to be filled: %d take some %d MiB, more than an eighth of the %d there are", limit, limit*bytesPerWatch>>20, memory>>20)
	}
	// Each of so many instances watches each of so many duplicates, and the last one
	// has room for more.
	side := int(math.Sqrt(float64(limit))) + 2
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		r.Fatalf("getrlimit: %v", err)
	}
	if need := uint64(2*side + 100); need > files.Cur {
		r.Skipf("needs fs.epoll.max_user_watches to be filled: that is %d, and takes %d descriptors of which %d are allowed", limit, need, files.Cur)
	}
	instances := r.ofNobody(side)
	counter := r.Counter(0)
	duplicates := make([]int, side)
	for i := range duplicates {
		duplicates[i] = r.Duplicate(counter, 0)
	}
	watches, began := 0, time.Now()
	for _, ep := range instances {
		for _, fd := range duplicates {
			errno := epollControl(ep, unix.EPOLL_CTL_ADD, fd, pollIn)
			if errno == 0 {
				watches++
				continue
			}
			r.refuses(fmt.Sprintf("epoll_ctl ADD beside %d watches of %d", watches, limit), errno, unix.ENOSPC)
			if watches != limit {
				r.Differs("the limit is %d watches, and %d are all", limit, watches)
			}
			r.unwatch(instances[0], duplicates[0])
			r.watch(ep, fd, pollIn)
			r.Notef("%d watches in %v", watches, time.Since(began).Round(time.Millisecond))
			return
		}
		if elapsed := time.Since(began); elapsed > fillingLimit {
			r.Skipf("needs fs.epoll.max_user_watches to be filled: %d of %d have taken %v", watches, limit, elapsed.Round(time.Millisecond))
		}
	}
	r.Differs("%d watches are accepted with a limit of %d", watches, limit)
}

// number is what a file of /proc has.
func (r *rig) number(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		r.Skipf("needs to know a limit: %v", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		r.Fatalf("%s: %v", path, err)
	}
	return n
}

// available is how much memory could be had, in bytes (proc_meminfo(5), MemAvailable).
func (r *rig) available() int {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		r.Skipf("needs to know how much memory there is: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(size), " kB"))
			if err != nil {
				r.Fatalf("%q: %v", line, err)
			}
			return kib << 10
		}
	}
	r.Skipf("needs to know how much memory there is: /proc/meminfo does not tell")
	return 0
}

// ofNobody makes epoll instances of a user who has nothing else. The thread that makes
// them is that user for as long, by setresuid(2) of its real ID alone: the other
// threads are not concerned, and it can go back.
func (r *rig) ofNobody(n int) []int {
	const unused = 0x7ead0000 // with the process's ID, so that two of these do not meet
	nobody, self := uintptr(unused+os.Getpid()&0xffff), uintptr(os.Getuid())
	become := func(user uintptr) unix.Errno {
		const leave = ^uintptr(0)
		_, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, user, leave, leave)
		return errno
	}
	var errno, back unix.Errno
	var err error
	made := make([]int, 0, n)
	r.Aside(func() {
		if errno = become(nobody); errno != 0 {
			return
		}
		for range n {
			var fd int
			if fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
				break
			}
			made = append(made, fd)
		}
		back = become(self)
	}).Join("making epoll instances")
	for _, fd := range made {
		r.Own("epoll_create1", fd, nil)
	}
	switch {
	case errno != 0:
		r.Skipf("needs CAP_SETUID, to be a user who has nothing else: setresuid: %s", ofErrno(errno))
	case back != 0:
		r.Fatalf("setresuid back: %v", back)
	case err != nil:
		r.Fatalf("epoll_create1: %v", err)
	}
	return made
}
