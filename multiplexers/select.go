//go:build linux

package multiplexers

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// select(2): the interest set is two bitmaps by descriptor, which the kernel
// overwrites with what it found.
//
// The limit of 1,024 descriptors is libc's fd_set, not the kernel's: bitmaps
// as long as the highest descriptor are handed to the kernel directly. Masters
// are kept, and copied before each call by the word; what was found is
// searched by the word, skipping empty ones, and no further than as many bits
// as the kernel counted. A bitmap that nobody is interested in is not handed
// over at all.
//
// Errors and hang-ups show as readable (and an error as writable too): there
// is no bit for them. Cost follows the highest descriptor, not the number of
// them.
//
// pselect6(2) is used because it takes nanoseconds and exists on every
// architecture; without a signal mask it does what select(2) does.
type selector struct {
	entry       Entry
	name        string
	limit       int      // descriptors are below it
	watched     []uint64 // descriptors in the set, whatever is wanted of them
	read, write bitmap
	top         int // highest watched descriptor, plus one
	next        int // where the next search starts: after the last descriptor that found room
	timeout     unix.Timespec
}

const (
	// fdSetSize is libc's FD_SETSIZE: the numbers that an fd_set has bits for.
	fdSetSize = 1024
	// unlimited is above all numbers of descriptors.
	unlimited = math.MaxInt32
)

// selectMechanism is select for descriptors below a limit: the kernel's, or
// that of a program which uses libc's fd_set.
func selectMechanism(limit int) Mechanism {
	m := Mechanism{
		Name:     "select",
		Summary:  "select(2) with bitmaps up to the highest descriptor: copied, scanned by the kernel and by us, each time",
		Syscalls: []string{"pselect6"},
		Trigger:  LevelTriggered,
		Capabilities: Capabilities{
			SubMillisecond: true,
			RegularFiles:   true,
		},
	}
	if limit != unlimited {
		m.Name = fmt.Sprintf("select-%d", limit)
		m.Summary = fmt.Sprintf("select(2) within an fd_set, as libc has it: descriptors below %d (FD_SETSIZE) and no others", limit)
		m.Capabilities.MaxFD = limit - 1
	}
	m.New = func(e Entry) (Multiplexer, error) { return &selector{entry: e, name: m.Name, limit: limit}, nil }
	m.Probe = probe(m.New)
	return m
}

func (m *selector) Add(fd int, want Interest) error {
	switch {
	case fd < 0:
		return &setError{m.name, "add", fd, unix.EBADF}
	case fd >= m.limit:
		return &setError{m.name, "add", fd, ErrFDLimit}
	case m.has(fd):
		return &setError{m.name, "add", fd, unix.EEXIST}
	}
	for len(m.watched) <= fd/64 {
		m.watched = append(m.watched, 0)
	}
	m.watched[fd/64] |= 1 << (fd % 64)
	m.top = max(m.top, fd+1)
	m.want(fd, want)
	return nil
}

func (m *selector) Modify(fd int, want Interest) error {
	if !m.has(fd) {
		return &setError{m.name, "modify", fd, unix.ENOENT}
	}
	m.want(fd, want)
	return nil
}

func (m *selector) Remove(fd int) error {
	if !m.has(fd) {
		return &setError{m.name, "remove", fd, unix.ENOENT}
	}
	m.want(fd, 0)
	m.watched[fd/64] &^= 1 << (fd % 64)
	if fd+1 == m.top {
		i := fd / 64
		for i >= 0 && m.watched[i] == 0 {
			i--
		}
		m.top = 0
		if i >= 0 {
			m.top = i*64 + bits.Len64(m.watched[i])
		}
	}
	return nil
}

func (m *selector) has(fd int) bool {
	return fd >= 0 && fd/64 < len(m.watched) && m.watched[fd/64]&(1<<(fd%64)) != 0
}

func (m *selector) want(fd int, want Interest) {
	m.read.set(fd, want&Readable != 0)
	m.write.set(fd, want&Writable != 0)
}

func (m *selector) Wait(events []Event, timeout time.Duration) (int, error) {
	end := deadlineAfter(timeout)
	words := (m.top + 63) / 64
	for {
		ts := timespecOf(&m.timeout, end.remaining(timeout))
		r, errno := m.entry.syscall(unix.SYS_PSELECT6, uintptr(m.top),
			uintptr(unsafe.Pointer(m.read.prepare(words))), uintptr(unsafe.Pointer(m.write.prepare(words))), 0,
			uintptr(unsafe.Pointer(ts)), 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, os.NewSyscallError("pselect6", errno)
		}
		return m.collect(events, int(r)), nil
	}
}

// collect searches the bitmaps for the bits that the kernel counted, from
// where the last search ran out of room.
func (m *selector) collect(events []Event, ready int) int {
	start := min(m.next, m.top)
	m.next = 0
	n := 0
	for _, part := range [2][2]int{{start, m.top}, {0, start}} {
		from, to := part[0], part[1]
		for i := from / 64; i*64 < to && ready > 0; i++ {
			readable, writable := m.read.found[i], m.write.found[i]
			found := (readable | writable) & span(from-i*64, to-i*64)
			for ; found != 0; found &= found - 1 {
				bit := bits.TrailingZeros64(found)
				r, w := readable>>bit&1, writable>>bit&1
				events[n] = Event{FD: i*64 + bit, Ready: Readable*Interest(r) | Writable*Interest(w)}
				n++
				ready -= int(r + w)
				if n == len(events) {
					m.next = i*64 + bit + 1
					return n
				}
			}
		}
	}
	return n
}

// span has the bits from up to, not including, to that fall within one word.
func span(from, to int) uint64 {
	s := ^uint64(0)
	if from > 0 {
		s <<= from
	}
	if to < 64 {
		s &= 1<<to - 1
	}
	return s
}

func (m *selector) Close() error {
	*m = selector{entry: m.entry, name: m.name, limit: m.limit}
	return nil
}

// bitmap is one of select's sets: the master, and the copy that the kernel
// overwrites with what it found.
type bitmap struct {
	master, found []uint64
	wanted        int // bits set in master
}

func (b *bitmap) set(fd int, on bool) {
	i, bit := fd/64, uint64(1)<<(fd%64)
	for len(b.master) <= i {
		b.master = append(b.master, 0)
	}
	was := b.master[i]&bit != 0
	switch {
	case on && !was:
		b.master[i] |= bit
		b.wanted++
	case !on && was:
		b.master[i] &^= bit
		b.wanted--
	}
}

// prepare copies as many words of the master for the kernel, and returns the
// copy's address: nil, with an empty copy, if nothing is wanted.
func (b *bitmap) prepare(words int) *uint64 {
	if len(b.found) < words {
		b.found = make([]uint64, len(b.master))
	}
	if b.wanted == 0 {
		clear(b.found[:words])
		return nil
	}
	copy(b.found[:words], b.master)
	return &b.found[0]
}
