//go:build linux

package inspect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// entry is a registration and what it takes to find out about it.
type entry struct {
	Watch
	nth int // of those with its number, in the kernel's order
	// The file that was registered: its inode, and the file system's device in the
	// kernel's own encoding. Kernels before 4.13 do not tell them.
	ino, dev uint64
	located  bool
	// It is not known whether the number is another file's now.
	uncompared bool
}

// registration tells an entry from the others of its set, but for those that
// share an inode: then by their order.
type registration struct {
	fd, nth  int
	ino, dev uint64
}

func (e entry) registration() registration { return registration{e.FD, e.nth, e.ino, e.dev} }

// registered is an interest set as the kernel lists it.
func (r *reader) registered(epoll int) ([]entry, error) {
	return readFDInfo(filepath.Join(r.dir, "fdinfo", strconv.Itoa(epoll)))
}

func readFDInfo(path string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, explained("read an interest set", err)
	}
	defer f.Close()
	var set []entry
	numbered := make(map[int]int)
	for lines := bufio.NewScanner(f); ; {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return nil, explained("read an interest set", fmt.Errorf("read %s: %w", path, err))
			}
			return set, nil
		}
		e, ok := parseEntry(lines.Bytes())
		if !ok {
			continue // of the descriptor itself: pos, flags, mnt_id, ino
		}
		e.nth = numbered[e.FD]
		numbered[e.FD]++
		set = append(set, e)
	}
}

// parseEntry reads a line such as
//
//	tfd:        5 events: 80002019 data:     7f4700000005  pos:0 ino:f77 sdev:9
//
// where all but the descriptor and pos are hexadecimal (ep_show_fdinfo).
func parseEntry(line []byte) (entry, bool) {
	e := entry{Watch: Watch{OpenAs: -1}}
	rest, ok := bytes.CutPrefix(line, []byte("tfd:"))
	if !ok {
		return e, false
	}
	number, rest, ok := bytes.Cut(rest, []byte("events:"))
	fd, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 31)
	if !ok || err != nil {
		return e, false
	}
	mask, rest, ok := bytes.Cut(rest, []byte("data:"))
	events, err := strconv.ParseUint(string(bytes.TrimSpace(mask)), 16, 32)
	if !ok || err != nil {
		return e, false
	}
	e.FD, e.Events = int(fd), Events(events)
	_, rest, _ = bytes.Cut(rest, []byte(" ino:"))
	inode, device, _ := bytes.Cut(rest, []byte(" sdev:"))
	var noInode, noDevice error
	e.ino, noInode = strconv.ParseUint(string(inode), 16, 64)
	e.dev, noDevice = strconv.ParseUint(string(bytes.TrimSpace(device)), 16, 32)
	e.located = noInode == nil && noDevice == nil
	if !e.located {
		e.ino, e.dev = 0, 0
	}
	return e, true
}

// tells returns ErrNotTold if the kernel does not list an interest set that is
// known not to be empty: one of this process. A set that is listed as empty
// may be so.
func (r *reader) tells() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("find out whether the kernel lists interest sets: epoll_create1: %w", err)
	}
	defer unix.Close(epoll)
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("find out whether the kernel lists interest sets: eventfd: %w", err)
	}
	defer unix.Close(event)
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(event)}); err != nil {
		return fmt.Errorf("find out whether the kernel lists interest sets: epoll_ctl: %w", err)
	}
	path := filepath.Join(r.proc, "self/fdinfo", strconv.Itoa(epoll))
	set, err := readFDInfo(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a procfs that does not have this process cannot say
	}
	if err != nil {
		return err
	}
	if len(set) == 0 {
		return fmt.Errorf("%w: %s has no lines that begin with tfd for one that watches something; a kernel in user space such as gVisor leaves them out: look from the host", ErrNotTold, path)
	}
	return nil
}
