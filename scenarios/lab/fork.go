//go:build linux

package lab

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func fork() Demo {
	return Demo{
		Name:  "fork",
		Title: "a child has the parent's epoll descriptor: whose list is it?",
		Why: `fork(2) duplicates descriptors: parent and child have one instance, with one list. What either adds
or removes is added or removed for both, under numbers that may mean nothing to the other; and a file that a
child still holds stays watched when the parent has closed it.`,
		Advice: `Make an epoll instance after fork, one in each process. Set close-on-exec on everything, and
EPOLL_CTL_DEL before close(2).`,
		Source: `epoll(7), "Questions and answers" on closing; fork(2); the comment on forking in libev's ev_epoll.c`,
		show:   func(s *stage) { showFork(s, func(epoll, _ int) int { return epoll }) },
	}
}

// foreign is the number under which a child watches what its parent has not open.
const foreign = aloft + spare

// showFork shows it with a child that plays a part: what it is given has the same
// numbers there as here, as after fork(2), which a Go program cannot call. Given is the
// child's instance, beside the parent's and what that watches.
func showFork(s *stage, given func(epoll, watched int) int) {
	s.NeedDescriptors(foreign)
	epoll := s.Epoll()
	reader, writer := s.Pipe()
	shared := s.Above(aloft, reader)
	s.watch(epoll, shared, unix.EPOLLIN)
	child := s.Play(sharerPart, []string{strconv.Itoa(shared)}, given(epoll, shared), shared)
	do := func(command string) {
		child.Tell(command)
		if got := child.Hear(birth); got != "done" {
			s.Fatalf("child %d, told to %s, says %q", child.PID(), command, got)
		}
	}

	do("add")
	s.expect("the child adds a pipe of its own: the parent's wait", fmt.Sprintf("EPOLLIN of %d", foreign), numbersOf(s.fired(epoll, lull)))
	_, err := unix.FcntlInt(foreign, unix.F_GETFD, 0)
	s.expect(fmt.Sprintf("fcntl of %d in the parent", foreign), "EBADF", errorOf(err))
	s.expect("EPOLL_CTL_DEL of it by the parent", "EBADF", errorOf(s.control(epoll, unix.EPOLL_CTL_DEL, foreign, 0)))

	do("remove")
	s.expect("the child removes the parent's pipe: DEL by the parent", "ENOENT", errorOf(s.control(epoll, unix.EPOLL_CTL_DEL, shared, 0)))
	do("close")
	s.expect("the child closes its own: the parent's wait", "no event", numbersOf(s.fired(epoll, lull)))

	if err := s.control(epoll, unix.EPOLL_CTL_ADD, shared, unix.EPOLLIN); err != nil && err != unix.EEXIST {
		s.Fatalf("epoll_ctl ADD: %v", err)
	}
	s.Close(shared)
	s.Write(writer, 1)
	s.expect("the parent watches its pipe, closes it, 1 byte: a wait", fmt.Sprintf("EPOLLIN of %d", shared), numbersOf(s.fired(epoll, lull)))
	child.End()
	s.expect("the child ends, who held it too: a wait", "no event", numbersOf(s.fired(epoll, lull)))
}

// numbersOf gives events with the numbers in their data, as in "EPOLLIN of 500", and
// "no event".
func numbersOf(events []unix.EpollEvent) string {
	if len(events) == 0 {
		return "no event"
	}
	var all []string
	for _, e := range events {
		all = append(all, fmt.Sprintf("%s of %d", bitsOf(e.Events), e.Fd))
	}
	return strings.Join(all, ", ")
}

// share plays the child: it has an epoll instance, and a pipe's reader which it gives
// the number that it has in the parent, its argument.
func share(args []string, in *bufio.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("share an epoll instance: got %q, want a number", args)
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	const epoll, given = 3, 4
	if err := unix.Dup3(given, number, unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("dup3: %w", err)
	}
	if err := unix.Close(given); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	for {
		command, err := in.ReadString('\n')
		if err == io.EOF {
			return nil // and all that it holds is closed
		}
		if err != nil {
			return err
		}
		if err := obey(strings.TrimSpace(command), epoll, number); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(command), err)
		}
		if _, err := fmt.Fprintln(out, "done"); err != nil {
			return err
		}
	}
}

func obey(command string, epoll, number int) error {
	switch command {
	case "add":
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return err
		}
		if err := unix.Dup3(p[0], foreign, unix.O_CLOEXEC); err != nil {
			return err
		}
		if err := unix.Close(p[0]); err != nil {
			return err
		}
		if _, err := unix.Write(p[1], make([]byte, 1)); err != nil {
			return err
		}
		return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, foreign, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: foreign})
	case "remove":
		return unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, number, nil)
	case "close":
		return unix.Close(foreign)
	}
	return fmt.Errorf("there is no such command: %w", unix.EINVAL)
}
