//go:build linux

package multiplexers

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Entry is a way into the kernel.
//
// Runtime goes through the Go scheduler's bookkeeping, as package syscall
// does: what an ordinary Go program gets, and safe anywhere. Raw goes straight
// in, as a C program does. That leaves out what the scheduler does around each
// call, but a thread blocked in a raw call keeps its P, and nothing can stop the
// world meanwhile:
//
//   - GOMAXPROCS must be above the number of raw loops, and be set explicitly:
//     otherwise the runtime follows the CPU quota and stops the world to do so;
//   - the garbage collector must be off, and nobody may call what stops the
//     world (runtime.ReadMemStats, runtime.GOMAXPROCS, …);
//   - GODEBUG=asyncpreemptoff=1 spares blocked calls the preemption signals.
type Entry uint8

const (
	Runtime Entry = iota
	Raw
)

// String is the entry's name on the command line.
func (e Entry) String() string {
	if e == Raw {
		return "raw"
	}
	return "runtime"
}

// ParseEntry is the inverse of String.
func ParseEntry(s string) (Entry, error) {
	switch s {
	case "raw":
		return Raw, nil
	case "runtime":
		return Runtime, nil
	}
	return 0, fmt.Errorf("entry %q is unknown: use raw or runtime", s)
}

// syscall enters the kernel. Its callers pass addresses of memory that they
// hold on the heap and keep alive; see https://pkg.go.dev/unsafe#Pointer, rule 4,
// which this function takes over from package syscall by its pragma.
//
//go:uintptrescapes
func (e Entry) syscall(trap, a1, a2, a3, a4, a5, a6 uintptr) (uintptr, unix.Errno) {
	if e == Raw {
		r, _, errno := unix.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
		return r, errno
	}
	r, _, errno := unix.Syscall6(trap, a1, a2, a3, a4, a5, a6)
	return r, errno
}

// Read is read(2) into p, which must not be empty. n is 0 at the end of file
// and where errno is not 0. EINTR cannot happen on a non-blocking descriptor.
func (e Entry) Read(fd int, p []byte) (n int, errno unix.Errno) {
	return transfer(e, unix.SYS_READ, fd, unsafe.SliceData(p), len(p))
}

// Write is write(2) of p, which must not be empty. A peer that is gone is
// EPIPE or ECONNRESET and no signal: Go ignores SIGPIPE on sockets.
func (e Entry) Write(fd int, p []byte) (n int, errno unix.Errno) {
	return transfer(e, unix.SYS_WRITE, fd, unsafe.SliceData(p), len(p))
}

// Receive is recv(2) into p, otherwise as Read. Between sockets of one process it
// and Send are some 3 % cheaper than read(2) and write(2), which pass through
// what the kernel does for files of all kinds.
func (e Entry) Receive(fd int, p []byte) (n int, errno unix.Errno) {
	return transfer(e, unix.SYS_RECVFROM, fd, unsafe.SliceData(p), len(p))
}

// Send is send(2) of p, otherwise as Write.
func (e Entry) Send(fd int, p []byte) (n int, errno unix.Errno) {
	return transfer(e, unix.SYS_SENDTO, fd, unsafe.SliceData(p), len(p))
}

// transfer is a system call that takes a descriptor, memory and a length, and
// else zeros.
//
// Note: it is in assembly so that what calls it is inlined, and a raw call is one
// return away. The way through the kernel is deeper than the processor remembers
// returns, and each return on the way back costs 10 ns, of the 900 that a recv(2)
// of a byte takes; through unix.RawSyscall6 there were five. For the same reason
// the loops that use it send and receive in the functions that they turn in.
//
//go:noescape
func transfer(e Entry, trap uintptr, fd int, p *byte, n int) (done int, errno unix.Errno)

// transferRuntime is where transfer goes with Runtime entry.
//
//lint:ignore U1000 it is the assembly that goes there
func transferRuntime(_ Entry, trap uintptr, fd int, p *byte, n int) (done int, errno unix.Errno) {
	r, _, errno := unix.Syscall(trap, uintptr(fd), uintptr(unsafe.Pointer(p)), uintptr(n))
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
