//go:build linux

package workbench

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// look is how often a condition that nothing announces is looked at.
const look = time.Millisecond

// Own has fd closed in the end. Call is what made it, and err whether that failed,
// which ends the attempt: it is skipped if this host does not let it have one.
func (b *Bench) Own(call string, fd int, err error) int {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		b.Skipf("needs %s: %v", call, err)
	case err != nil:
		b.Fatalf("%s: %v", call, err)
	}
	b.owned = append(b.owned, fd)
	return fd
}

// NeedDescriptors skips the attempt unless the limit of descriptors (ulimit -n) allows
// one of the number highest.
func (b *Bench) NeedDescriptors(highest int) {
	if have := b.DescriptorLimit().Cur; have <= uint64(highest) {
		b.Skipf("needs a limit of %d descriptors (ulimit -n), and has %d", highest+1, have)
	}
}

// Close closes a descriptor of the attempt's before its end.
func (b *Bench) Close(fd int) {
	i := slices.Index(b.owned, fd)
	if i < 0 {
		b.Fatalf("descriptor %d is not the attempt's", fd)
	}
	b.owned = slices.Delete(b.owned, i, i+1)
	closeQuietly(fd)
}

// Pipe is pipe2(2), non-blocking.
func (b *Bench) Pipe() (reader, writer int) {
	var p [2]int
	err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC)
	return b.Own("pipe2", p[0], err), b.Own("pipe2", p[1], err)
}

// Pair is socketpair(2) of non-blocking streams.
func (b *Bench) Pair() (here, there int) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return b.Own("socketpair", p[0], err), b.Own("socketpair", p[1], err)
}

// Counter is eventfd2(2), non-blocking: readable while its value is not 0, always
// writable.
func (b *Bench) Counter(value uint) int {
	fd, err := unix.Eventfd(value, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return b.Own("eventfd2", fd, err)
}

// Epoll is epoll_create1(2).
func (b *Bench) Epoll() int {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return b.Own("epoll_create1", fd, err)
}

// Duplicate is fcntl(2) with F_DUPFD_CLOEXEC: a second descriptor of fd's open file,
// the lowest free one from lowest on. Unlike dup3(2) it cannot hit a descriptor of
// somebody else's.
func (b *Bench) Duplicate(fd, lowest int) int {
	b.NeedDescriptors(lowest)
	second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest)
	return b.Own("fcntl F_DUPFD_CLOEXEC", second, err)
}

// Above moves fd to the first free number from lowest on.
func (b *Bench) Above(lowest, fd int) int {
	moved := b.Duplicate(fd, lowest)
	b.Close(fd)
	return moved
}

// Write writes n bytes.
func (b *Bench) Write(fd, n int) {
	if got, err := unix.Write(fd, make([]byte, n)); err != nil || got != n {
		b.Fatalf("writing %d bytes to descriptor %d: %d, %v", n, fd, got, err)
	}
}

// Read reads n bytes.
func (b *Bench) Read(fd, n int) {
	if got, err := unix.Read(fd, make([]byte, n)); err != nil || got != n {
		b.Fatalf("reading %d bytes from descriptor %d: %d, %v", n, fd, got, err)
	}
}

// Ring adds 1 to a counter.
func (b *Bench) Ring(fd int) {
	if _, err := unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)); err != nil {
		b.Fatalf("writing to eventfd %d: %v", fd, err)
	}
}

// Fill writes to a non-blocking descriptor until nothing more fits, and says how many
// bytes did.
func (b *Bench) Fill(fd int) int {
	total := 0
	for block := make([]byte, 4096); ; {
		n, err := unix.Write(fd, block)
		if err == unix.EAGAIN {
			return total
		}
		if err != nil {
			b.Fatalf("filling descriptor %d: %v", fd, err)
		}
		total += n
	}
}

// Drain reads a non-blocking descriptor until nothing is left, and says how many
// bytes were.
func (b *Bench) Drain(fd int) int {
	total := 0
	for block := make([]byte, 64<<10); ; {
		n, err := unix.Read(fd, block)
		if err == unix.EAGAIN || err == nil && n == 0 {
			return total
		}
		if err != nil {
			b.Fatalf("draining descriptor %d: %v", fd, err)
		}
		total += n
	}
}

// Finds is what the kernel, asked by poll(2), finds on a descriptor of which the
// conditions asked are wanted: POLLIN and so on.
func (b *Bench) Finds(fd int, asked int16) int16 {
	set := []unix.PollFd{{Fd: int32(fd), Events: asked}}
	if _, err := unix.Poll(set, 0); err != nil && err != unix.EINTR {
		b.Fatalf("poll: %v", err)
	}
	return set[0].Revents
}

// Settle returns when the kernel finds just this on a descriptor: only then is there
// something to agree with. TCP takes a moment even on the loopback interface. If it
// never does, this kernel differs.
func (b *Bench) Settle(fd int, asked, found int16) {
	var got int16
	if !b.Until(func() bool { got = b.Finds(fd, asked); return got == found }) {
		b.Differf("poll(2) finds %#x on descriptor %d, want %#x", got, fd, found)
	}
}

// Until returns true when the condition holds, and false if it does not within
// its Patience.
func (b *Bench) Until(condition func() bool) bool {
	deadline, tick := time.NewTimer(b.Patience), time.NewTicker(look)
	defer deadline.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			return condition()
		case <-tick.C:
		}
	}
	return true
}
