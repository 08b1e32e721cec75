//go:build linux

package lab

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// aloft is a number for descriptors that must keep it: far above those that the Go
// runtime, or a child's, takes for its own, and within an fd_set.
const aloft = 200

// birth is how long a process may take to say its first word, on a busy host.
const birth = limit / 3

func closeOnExec() Demo {
	return Demo{
		Name:  "cloexec",
		Title: "which epoll descriptors does an executed program inherit?",
		Why: `execve(2) keeps every descriptor that has not the close-on-exec flag. Who inherits an epoll instance
keeps it alive, can wait for what it never opened and take others' edges, and can change the list. dup(2) does not
copy the flag.`,
		Advice: `Use epoll_create1(EPOLL_CLOEXEC), accept4(SOCK_CLOEXEC), O_CLOEXEC and F_DUPFD_CLOEXEC. To set the
flag later leaves a moment in which another thread may fork.`,
		Source: `epoll_create(2), EPOLL_CLOEXEC; execve(2); dup(2)`,
		show:   showCloseOnExec,
	}
}

func showCloseOnExec(s *stage) {
	s.NeedDescriptors(aloft + spare)
	made := func(flags int) int {
		fd, err := unix.EpollCreate1(flags)
		return s.Own("epoll_create1", fd, err)
	}
	duplicate := func(command int) int {
		fd, err := unix.FcntlInt(uintptr(made(unix.EPOLL_CLOEXEC)), command, aloft)
		return s.Own("fcntl", fd, err)
	}
	s.inherits([]leavable{
		{"epoll_create1(0)", s.keepingFlag(made(0)), inherited},
		{"epoll_create1(EPOLL_CLOEXEC)", s.keepingFlag(made(unix.EPOLL_CLOEXEC)), notInherited},
		{"its duplicate by dup", duplicate(unix.F_DUPFD), inherited},
		{"its duplicate by F_DUPFD_CLOEXEC", duplicate(unix.F_DUPFD_CLOEXEC), notInherited},
	})
}

const (
	inherited    = "open: 1 event"
	notInherited = "not open"
)

// leavable is an epoll descriptor, at least aloft, that an executed program may inherit.
type leavable struct {
	name     string
	fd       int
	expected string
}

// keepingFlag moves a descriptor aloft, with its close-on-exec flag as it is.
func (s *stage) keepingFlag(fd int) int {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		s.Fatalf("fcntl F_GETFD: %v", err)
	}
	command := unix.F_DUPFD
	if flags&unix.FD_CLOEXEC != 0 {
		command = unix.F_DUPFD_CLOEXEC
	}
	moved, err := unix.FcntlInt(uintptr(fd), command, aloft)
	s.Own("fcntl", moved, err)
	s.Close(fd)
	return moved
}

// inherits shows what a child finds under the numbers of those descriptors.
func (s *stage) inherits(all []leavable) {
	ready := s.Counter(1)
	var numbers []string
	for _, l := range all {
		s.watch(l.fd, ready, unix.EPOLLIN)
		numbers = append(numbers, strconv.Itoa(l.fd))
	}
	child := s.Play(heirPart, numbers)
	for _, l := range all {
		s.expect(l.name+": in an executed program", l.expected, child.Hear(birth))
	}
	child.End()
}

// inherit says of each number whether it is an epoll instance, and what it reports.
func inherit(args []string, _ *bufio.Reader, out io.Writer) error {
	open, err := workbench.OpenDescriptors()
	if err != nil {
		return err
	}
	for _, arg := range args {
		fd, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		said := notInherited
		if open[fd] == "anon_inode:[eventpoll]" {
			events := make([]unix.EpollEvent, 8)
			n, err := unix.EpollWait(fd, events, 0)
			if err != nil {
				return err
			}
			said = fmt.Sprintf("open: %d %s", n, plural(n, "event"))
		}
		if _, err := fmt.Fprintln(out, said); err != nil {
			return err
		}
	}
	return nil
}
