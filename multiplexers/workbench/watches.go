//go:build linux

package workbench

import (
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// What FillUserWatches does is bounded by what it takes: a watch took 2 to 4 µs to add,
// half of that to give back, and some 200 bytes of the kernel's memory. Most hosts allow
// more than can be added in that time.
const (
	mostWatches    = 1_000_000
	longestFilling = 5 * time.Second // on a host that is slower
	bytesPerWatch  = 200
	memoryShare    = 8 // at most this part of what is available
)

// FillingTakes is what FillUserWatches takes that not every host or user has, in words.
func FillingTakes() string {
	return fmt.Sprintf("CAP_SETUID, fs.epoll.max_user_watches of at most %d, and memory for as many", mostWatches)
}

// UserWatches is what came of adding watches until one was refused.
type UserWatches struct {
	Allowed int        // a user: fs.epoll.max_user_watches
	Added   int        // before one was refused
	Refused unix.Errno // how; 0 if none was, one more than allowed included
	Again   unix.Errno // of removing one then, and adding it again
	Elapsed time.Duration
}

// MaxUserWatches is fs.epoll.max_user_watches: how many watches all epoll instances of
// a user may have together (epoll(7), "/proc interfaces").
func (b *Bench) MaxUserWatches() int {
	n, err := numberIn("/proc/sys/fs/epoll/max_user_watches")
	if err != nil {
		b.Skipf("needs to know a limit: %v", err)
	}
	return n
}

// FillUserWatches adds watches for a user who has nothing else, so that no other
// program is refused, until one is refused. It skips the attempt without what
// FillingTakes names. The watches go with the attempt's descriptors in the end.
func (b *Bench) FillUserWatches() UserWatches {
	f := filling{allowed: b.MaxUserWatches(), most: mostWatches, longest: longestFilling, control: EpollControl}
	side := f.side(b)
	return f.fill(b, b.instancesOfNobody(side), side)
}

// filling is how a limit of watches is reached.
type filling struct {
	allowed, most int
	longest       time.Duration
	control       func(epoll, op, fd int, events uint32) unix.Errno
}

// side is how many epoll instances must watch as many files each, one more watch than
// is allowed among them. It skips the attempt if that takes too much.
func (f filling) side(b *Bench) int {
	const what = "needs fs.epoll.max_user_watches to be reached: that is"
	if f.allowed > f.most {
		b.Skipf("%s %d, and would take too long above %d", what, f.allowed, f.most)
	}
	if memory := b.availableMemory(); f.allowed*bytesPerWatch > memory/memoryShare {
		b.Skipf("%s %d, which take some %d MiB, and 1/%d of %d MiB is used at most", what, f.allowed, f.allowed*bytesPerWatch>>20, memoryShare, memory>>20)
	}
	side := int(math.Sqrt(float64(f.allowed))) + 1 // the square is more than allowed
	const others = 64                              // descriptors that are open already, or will be
	b.NeedDescriptors(2*side + others)
	return side
}

// fill has each instance watch each of so many files, until a watch is refused.
func (f filling) fill(b *Bench, instances []int, files int) UserWatches {
	got, began := UserWatches{Allowed: f.allowed}, time.Now()
	counters := make([]int, files)
	for i := range counters {
		counters[i] = b.Counter(0)
	}
	for _, epoll := range instances {
		for _, fd := range counters {
			if got.Refused = f.control(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); got.Refused == 0 {
				got.Added++
				continue
			}
			got.Elapsed = time.Since(began)
			if got.Added > 0 {
				got.Again = f.again(instances[0], counters[0], epoll, fd)
			}
			return got
		}
		if got.Elapsed = time.Since(began); got.Elapsed > f.longest {
			b.Skipf("needs fs.epoll.max_user_watches to be reached: %d of %d watches have taken %v", got.Added, f.allowed, got.Elapsed.Round(time.Millisecond))
		}
	}
	return got
}

// again removes a watch, and adds the one that was refused.
func (f filling) again(from, watched, to, refused int) unix.Errno {
	if errno := f.control(from, unix.EPOLL_CTL_DEL, watched, 0); errno != 0 {
		return errno
	}
	return f.control(to, unix.EPOLL_CTL_ADD, refused, unix.EPOLLIN)
}

// instancesOfNobody makes epoll instances, whose watches are on the account of the real
// user who made them. The thread that makes them is that user for as long, by
// setresuid(2) of its real ID alone: the other threads are not concerned, and it can go
// back.
func (b *Bench) instancesOfNobody(n int) []int {
	const leave = -1
	become := func(user int) unix.Errno {
		unchanged := leave
		_, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(user), uintptr(unchanged), uintptr(unchanged))
		return errno
	}
	self := os.Getuid()
	var became, back unix.Errno
	var failed error
	made := make([]int, 0, n)
	b.Aside(func() {
		for _, nobody := range nobodies() {
			if became = become(nobody); became != unix.EINVAL {
				break // and not a number that the user namespace does not have
			}
		}
		if became != 0 {
			return
		}
		for range n {
			var fd int
			if fd, failed = unix.EpollCreate1(unix.EPOLL_CLOEXEC); failed != nil {
				break
			}
			made = append(made, fd)
		}
		back = become(self)
	}).Join("making epoll instances")
	for _, fd := range made {
		b.Own("epoll_create1", fd, nil)
	}
	switch {
	case became != 0:
		b.Skipf("needs CAP_SETUID, to be a user who has nothing else: setresuid: %v", became)
	case back != 0:
		b.Fatalf("setresuid back: %v", back)
	case failed != nil:
		b.Fatalf("epoll_create1: %v", failed)
	}
	return made
}

// nobodies are users whom nobody is: one that no range is given away of, and one that
// user namespaces of 65,536 users have, between those of services and the traditional
// nobody. They are the process's own, so that two that do this at once do not meet.
func nobodies() []int {
	const unused, small, smalls = 0x7ead0000, 65_520, 14
	pid := os.Getpid()
	return []int{unused + pid&0xffff, small + pid%smalls}
}
