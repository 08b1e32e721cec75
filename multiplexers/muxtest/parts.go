//go:build linux

package muxtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// The parts of further processes in cases about the kernel. What they are told is a
// word, and numbers behind it; each is answered by a line.
const (
	holdPart  = "hold"
	watchPart = "watch"
)

// playHold keeps the descriptors that it was given open, and answers
//
//   - "has N" with whether descriptor N is open: "open" or "closed";
//   - "add EP FD N" with the error of having epoll instance EP watch descriptor FD
//     under number N, or "watched".
func playHold(_ []string, in *bufio.Reader, out io.Writer) error {
	return answer(in, out, func(word string, n []int) (string, error) {
		switch {
		case word == "has" && len(n) == 1:
			if _, err := unix.FcntlInt(uintptr(n[0]), unix.F_GETFD, 0); err != nil {
				return "closed", nil
			}
			return "open", nil
		case word == "add" && len(n) == 3:
			fd, err := unix.FcntlInt(uintptr(n[1]), unix.F_DUPFD_CLOEXEC, n[2])
			if err != nil {
				return "", fmt.Errorf("fcntl F_DUPFD_CLOEXEC: %w", err)
			}
			if fd != n[2] {
				return "", fmt.Errorf("number %d is in use", n[2])
			}
			if errno := epollControl(n[0], unix.EPOLL_CTL_ADD, fd, pollIn); errno != 0 {
				return unix.ErrnoName(errno), nil
			}
			return "watched", nil
		}
		return "", fmt.Errorf("told %q %v", word, n)
	})
}

// playWatch has an epoll instance of its own watch descriptor 3 for what its argument
// says, a number, and a thread that waits for it. It answers
//
//   - "look" with "asleep", or what the wait has reported, after which the thread
//     waits anew;
//   - "dismiss" with "dismissed", when the thread has ended, and ends itself.
func playWatch(args []string, in *bufio.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("watch a descriptor: got %q, want what for", args)
	}
	asked, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil {
		return fmt.Errorf("watch a descriptor: %w", err)
	}
	var played error
	o := workbench.Attempt(2*watchdog, workbench.Reexec{}, func(b *workbench.Bench) {
		v := &vigil{rig: &rig{Bench: b}}
		defer v.dismiss()
		ep := b.Epoll()
		v.rig.watch(ep, 3, conditions(asked))
		played = answer(in, out, func(word string, _ []int) (string, error) {
			switch word {
			case "look":
				said := "asleep"
				if len(v.watchers) == 0 {
					v.begin(waiting, ep)
				}
				if w := v.watchers[0]; !w.UntilBlocked() {
					said = fmt.Sprintf("%v", w.got)
					v.watchers = nil
				}
				return said, nil
			case "dismiss":
				v.dismiss()
				return "dismissed", io.EOF
			}
			return "", fmt.Errorf("told %q", word)
		})
	})
	if wrong := o.Wrong(); played == nil && len(wrong) > 0 {
		return fmt.Errorf("watch a descriptor: %s", strings.Join(wrong, "; "))
	}
	return played
}

// answer answers each line with another, until there are no more, or to which answers
// with io.EOF.
func answer(in *bufio.Reader, out io.Writer, to func(word string, numbers []int) (string, error)) error {
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			return errors.New("told nothing")
		}
		var numbers []int
		for _, field := range fields[1:] {
			n, err := strconv.Atoi(field)
			if err != nil {
				return fmt.Errorf("told %q: %w", line, err)
			}
			numbers = append(numbers, n)
		}
		said, err := to(fields[0], numbers)
		if err != nil && err != io.EOF {
			return err
		}
		if _, failed := fmt.Fprintln(out, said); failed != nil || err == io.EOF {
			return failed
		}
	}
}
