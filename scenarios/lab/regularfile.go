//go:build linux

package lab

import (
	"fmt"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

func regularFile() Demo {
	return Demo{
		Name:  "regular-file",
		Title: "a regular file, read to its end, is watched: does anybody say it is ready?",
		Why: `Reading a file waits for a disk, or a server of files, and then goes on by itself, so that file systems have no way to ask
whether it would block. select and poll count what cannot be asked as ready, always; epoll refuses it with EPERM.
Ready says nothing about the page cache: read(2) may still wait for the disk. /proc/self/mounts is a file that can
be asked: it changes.`,
		Advice: `Take EPERM for "always ready", as libev does. Where the disk must not hold up a loop, read in
other threads or by io_uring.`,
		Source: `epoll_ctl(2), EPERM; select(2); file_can_poll in include/linux/poll.h`,
		show:   func(s *stage) { showRegularFile(s, multiplexers.Mechanisms()) },
	}
}

func showRegularFile(s *stage, mechanisms []multiplexers.Mechanism) {
	file := s.opened("/proc/self/exe") // the link is followed: a regular file
	end, err := unix.Seek(file, 0, unix.SEEK_END)
	if err != nil {
		s.Fatalf("lseek: %v", err)
	}
	s.tell(fmt.Sprintf("read at the end of a file of %s bytes", grouped(int(end))), "%s", s.readOf(file))
	for _, m := range mechanisms {
		expected := "refused: EPERM"
		if m.Capabilities.RegularFiles {
			expected = "ready: Readable|Writable"
		}
		s.expect(m.Name+": watched for reading and writing", expected, s.found(m, file))
	}
	for _, other := range [...]struct{ name, expected string }{
		{"/", "EPERM"},
		{"/dev/null", "EPERM"},
		{"/proc/self/mounts", "no error"},
	} {
		s.expect("epoll_ctl ADD of "+other.name, other.expected,
			errorOf(s.control(s.Epoll(), unix.EPOLL_CTL_ADD, s.opened(other.name), unix.EPOLLPRI)))
	}
}

func (s *stage) opened(path string) int {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return s.Own("open "+path, fd, err)
}

// readOf is what a read finds.
func (s *stage) readOf(fd int) string {
	n, err := unix.Read(fd, make([]byte, portion))
	if err != nil {
		return errorOf(err)
	}
	return bytesOf(n)
}

// found is what a multiplexer says of a descriptor of which all is wanted, without
// waiting.
func (s *stage) found(m multiplexers.Mechanism, fd int) string {
	mux := s.multiplexer(m)
	if err := mux.Add(fd, multiplexers.Readable|multiplexers.Writable); err != nil {
		return "refused: " + errorOf(err)
	}
	return "ready: " + s.reported(mux)
}
