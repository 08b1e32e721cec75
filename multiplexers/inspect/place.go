//go:build linux

package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// file is what an open descriptor refers to.
type file struct {
	link string
	// Inode, device in the kernel's encoding, and mode, where known.
	ino, dev uint64
	mode     uint16
	known    bool
}

// open looks at one descriptor of the process; fs.ErrNotExist if it is closed.
func (r *reader) open(fd int) (file, error) {
	path := filepath.Join(r.dir, "fd", strconv.Itoa(fd))
	link, err := os.Readlink(path)
	if err != nil {
		return file{}, explained("read its descriptor "+strconv.Itoa(fd), err)
	}
	f := file{link: link}
	if f.ino, f.known = inodeIn(link); f.known {
		return f, nil // the link tells enough, and there may be many thousand
	}
	// The file system is not to be asked: one in user space may never answer.
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_DONT_SYNC, unix.STATX_INO|unix.STATX_TYPE, &st); err == nil {
		f.ino, f.dev, f.mode, f.known = st.Ino, kernelDevice(st.Dev_major, st.Dev_minor), st.Mode, true
	}
	return f, nil
}

// inodeIn reads a link such as socket:[3959] or pipe:[3964].
func inodeIn(link string) (uint64, bool) {
	for _, kind := range [...]string{"socket:[", "pipe:["} {
		if number, ok := strings.CutPrefix(link, kind); ok {
			ino, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
			return ino, err == nil
		}
	}
	return 0, false
}

// place finds out whether the process has the file of an entry where it was
// registered, and what kind it is. The set that it is of has size entries.
func (r *reader) place(epoll int, e *entry, size int) error {
	e.Closed, e.Replaced, e.uncompared = false, false, false
	f, err := r.open(e.FD)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Closed = true
	case err != nil:
		return fmt.Errorf("find out what epoll instance %d watches: %w", epoll, err)
	default:
		differs, known := r.differs(epoll, *e, f, size)
		e.Replaced, e.uncompared = known && differs, !known
	}
	if e.Closed || e.Replaced {
		e.Kind = r.devices.kindOf(*e)
		return nil
	}
	e.Kind, e.Local = kindOf(f)
	return nil
}

// mostCompared bounds the sets whose files the kernel is asked to compare: it goes
// through the set each time.
const mostCompared = 4096

// differs tells whether f, which has the number of the entry now, is another file than
// the one that was registered, and whether that is known.
func (r *reader) differs(epoll int, e entry, f file, size int) (differs, known bool) {
	switch {
	case !e.located || !f.known:
		return false, false
	case e.ino != f.ino:
		// Some file systems, such as overlayfs and btrfs, show other devices, and
		// the former other inodes, than the kernel has for them itself.
		if !strings.HasPrefix(f.link, "/") || e.dev == f.dev || e.dev != 0 && (e.dev == r.devices.sockets || e.dev == r.devices.pipes || e.dev == r.devices.anonymous) {
			return true, true
		}
	case strings.HasPrefix(f.link, "socket:"):
		return false, true // of its own: a socket has an inode for itself
	}
	// The ends of a pipe share one, and so do nearly all files without a path.
	if size > mostCompared {
		return false, false
	}
	same, told := r.isTarget(epoll, e)
	return !same, told
}
