//go:build linux

package muxtest

import (
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"
)

// selectCases are about select(2).
func selectCases() []Case {
	return []Case{
		{ID: "C-010", Title: "select clears the bits of what is not ready, when it returns 0 too", Source: "LTP select04", run: bitsCleared},
		{ID: "C-011", Title: "bits from nfds on are passed over", Source: "gVisor select IgnoreBitsAboveNfds", run: bitsAbove},
		{ID: "C-012", Title: "select counts bits, not descriptors", Source: "LTP select01", run: bitsCounted},
		{ID: "C-045/select", Title: "select finds files and directories readable and writable", Source: "gVisor, libev ev_epoll.c", run: selectedFile},
		{ID: "C-051", Title: "a negative nfds is EINVAL, a bad address EFAULT, a closed descriptor in any set EBADF", Source: "LTP select03, pselect02; gVisor select NegativeNfds, ClosedFds", run: badSelects},
	}
}

// selectOnce is select(2) that does not wait.
func (r *rig) selectOnce(nfds int, read, write, except *unix.FdSet) int {
	n, errno := uninterrupted(func() (int, unix.Errno) { return selectFDs(nfds, read, write, except, &unix.Timespec{}, nil) })
	r.works("pselect6", errno)
	return n
}

func bitsCleared(r *rig) {
	reader, writer := r.Pipe()
	_, full := r.Pipe()
	r.Fill(full)
	var read, write, except unix.FdSet
	read.Set(reader)
	write.Set(full)
	except.Set(writer)
	if n := r.selectOnce(max(reader, writer, full)+1, &read, &write, &except); n != 0 {
		r.Differs("select returns %d with nothing ready", n)
	}
	if read.IsSet(reader) || write.IsSet(full) || except.IsSet(writer) {
		r.Differs("select returns 0, and leaves bits")
	}
}

func bitsAbove(r *rig) {
	var all [3]unix.FdSet
	for i := range all {
		for j := range all[i].Bits {
			all[i].Bits[j] = -1
		}
		all[i].Clear(0) // the only one below nfds
	}
	before := all
	if n := r.selectOnce(1, &all[0], &all[1], &all[2]); n != 0 {
		r.Differs("select returns %d with no bit below nfds", n)
	}
	// It copies whole words back, in which bits above nfds are cleared.
	for i := range all {
		for j := 1; j < len(all[i].Bits); j++ {
			if all[i].Bits[j] != before[i].Bits[j] {
				r.Differs("select with nfds 1 has changed word %d of a set", j)
			}
		}
	}
}

func bitsCounted(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	var read, write unix.FdSet
	read.Set(here)
	write.Set(here)
	if n := r.selectOnce(here+1, &read, &write, nil); n != 2 {
		r.Differs("one descriptor, readable and writable: select returns %d, want 2", n)
	}
	file := r.open("/proc/self/exe", unix.O_RDONLY)
	var readFile unix.FdSet
	readFile.Set(file)
	if n := r.selectOnce(file+1, &readFile, nil, nil); n != 1 {
		r.Differs("a file, asked whether it is readable: select returns %d, want 1", n)
	}
}

func selectedFile(r *rig) {
	for _, path := range [...]string{"/proc/self/exe", "/", "/dev/zero"} {
		if got := r.selects(r.open(path, unix.O_RDONLY)); got != "rw" {
			r.Differs("%s: select finds %q, want %q", path, got, "rw")
		}
	}
}

func badSelects(r *rig) {
	for _, nfds := range [...]int{-1, -100000, math.MinInt32} {
		_, errno := selectFDs(nfds, nil, nil, nil, &unix.Timespec{}, nil)
		r.refuses(fmt.Sprintf("select with nfds %d", nfds), errno, unix.EINVAL)
	}
	counter := r.Counter(0)
	var none unix.Timespec
	for i := range 3 {
		var sets [3]uintptr
		sets[i] = 1 // an address that nothing is at
		_, errno := uninterrupted(func() (uintptr, unix.Errno) {
			n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(counter+1), sets[0], sets[1], sets[2], uintptr(unsafe.Pointer(&none)), 0)
			return n, errno
		})
		r.refuses(fmt.Sprintf("select with set %d at a bad address", i), errno, unix.EFAULT)
	}
	r.Close(counter)
	for i := range 3 {
		var sets [3]*unix.FdSet
		sets[i] = new(unix.FdSet)
		sets[i].Set(counter)
		_, errno := uninterrupted(func() (int, unix.Errno) {
			return selectFDs(counter+1, sets[0], sets[1], sets[2], &unix.Timespec{}, nil)
		})
		r.refuses(fmt.Sprintf("select with a closed descriptor in set %d", i), errno, unix.EBADF)
		if !sets[i].IsSet(counter) {
			r.Differs("select has failed, and changed set %d", i)
		}
	}
}
