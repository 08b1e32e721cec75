//go:build linux

package lab

import (
	"errors"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const fdSetSize = 8 * int(unsafe.Sizeof(unix.FdSet{})) // FD_SETSIZE, as libc has it

func selectLimit() Demo {
	return Demo{
		Name:  "select-limit",
		Title: "select(2) and descriptor 1,024",
		Why: `An fd_set of libc has 1,024 bits, and FD_SET of a descriptor beyond writes to whatever
lies behind it. The limit is on a descriptor's number, not on how many there are, and it is libc's: the kernel
takes bitmaps of any length.`,
		Advice: `Check the number before each FD_SET, or use poll(2) or epoll(7).`,
		Source: `select(2), BUGS; core_sys_select in fs/select.c`,
		Takes:  "a limit of descriptors (ulimit -n) above 1,024",
		show:   showSelectLimit,
	}
}

func showSelectLimit(s *stage) {
	last, beyond := s.readableAt(fdSetSize-1), s.readableAt(fdSetSize)
	m := mechanism(func(m multiplexers.Mechanism) bool { return m.Capabilities.MaxFD == fdSetSize-1 })
	s.keepsToFDSet(m, last, beyond)
	s.expect("FD_SET of 1,023, unchecked as libc's is: the memory behind", "untouched", behindSet(fdSetSize-1))
	s.expect("FD_SET of 1,024: the memory behind its 128 bytes", "overwritten", behindSet(fdSetSize))
	s.expect("select(2) with longer bitmaps: the sets that 1,024 is in (r, w, x)", "r w", s.selected(beyond))
}

// keepsToFDSet has a mechanism watch the last descriptor of an fd_set, and one beyond.
func (s *stage) keepsToFDSet(m multiplexers.Mechanism, last, beyond int) {
	s.expect(m.Name+", which keeps to an fd_set: descriptor 1,023", "readable", s.added(m, last))
	s.expect(m.Name+": descriptor 1,024", "refused", s.added(m, beyond))
}

// behindSet says what becomes of the word behind an fd_set when the bit of a
// descriptor, up to 1,087, is set as FD_SET does it.
func behindSet(fd int) string {
	var guarded struct {
		set    unix.FdSet
		behind uint64
	}
	word := (*uint64)(unsafe.Add(unsafe.Pointer(&guarded), fd/64*8))
	*word |= 1 << (fd % 64)
	if guarded.behind != 0 {
		return "overwritten"
	}
	return "untouched"
}

// readableAt is a counter of that number, readable.
func (s *stage) readableAt(number int) int {
	s.NeedDescriptors(number)
	fd := s.Above(number, s.Counter(1))
	if fd != number {
		s.Skipf("descriptor %d is in use elsewhere", number)
	}
	return fd
}

// added is what a multiplexer of mechanism m says of a descriptor, when asked once.
func (s *stage) added(m multiplexers.Mechanism, fd int) string {
	mux := s.multiplexer(m)
	err := mux.Add(fd, multiplexers.Readable)
	if errors.Is(err, multiplexers.ErrFDLimit) {
		return "refused"
	}
	if err != nil {
		s.Fatalf("%v", err)
	}
	events := make([]multiplexers.Event, 1)
	n, err := mux.Wait(events, 0)
	if err != nil {
		s.Fatalf("backend %s: %v", m.Name, err)
	}
	if n == 1 && events[0].FD == fd && events[0].Ready&multiplexers.Readable != 0 {
		return "readable"
	}
	return "not reported"
}

// selected is in which sets select(2) leaves a descriptor, given bitmaps as long as its
// number takes.
func (s *stage) selected(fd int) string {
	var sets [3][]uint64
	var addresses [3]unsafe.Pointer
	word, bit := fd/64, uint64(1)<<(fd%64)
	for i := range sets {
		sets[i] = make([]uint64, word+1)
		sets[i][word] = bit
		addresses[i] = unsafe.Pointer(&sets[i][0])
	}
	var poll unix.Timespec
	if _, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(fd+1), uintptr(addresses[0]), uintptr(addresses[1]), uintptr(addresses[2]),
		uintptr(unsafe.Pointer(&poll)), 0); errno != 0 {
		return errorOf(errno)
	}
	var in [3]bool
	for i, set := range sets {
		in[i] = set[word]&bit != 0
	}
	return setsOf(in)
}

// setsOf names select's sets of those to read, to write and with an exception, as in
// "r w".
func setsOf(in [3]bool) string {
	var all []string
	for i, name := range [...]string{"r", "w", "x"} {
		if in[i] {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, " ")
}
