//go:build linux

package workbench

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// stock is what an attempt must leave as it was.
type stock struct {
	open  map[int]string // descriptors, with what they refer to
	files unix.Rlimit    // RLIMIT_NOFILE
}

func takeStock() (stock, error) {
	// The Go runtime makes its own epoll instance when it first needs it, and keeps
	// it: that is not the attempt's doing.
	if r, w, err := os.Pipe(); err == nil {
		_, _ = r.Close(), w.Close() // which nobody reads or writes
	}
	open, err := OpenDescriptors()
	if err != nil {
		return stock{}, err
	}
	s := stock{open: open}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &s.files); err != nil {
		return stock{}, os.NewSyscallError("getrlimit", err)
	}
	return s, nil
}

// missing says in what later is not what s was.
func (s stock) missing(later stock) []string {
	var all []string
	for _, fd := range slices.Sorted(maps.Keys(later.open)) {
		if s.open[fd] != later.open[fd] {
			all = append(all, fmt.Sprintf("descriptor %d is left open: %s", fd, later.open[fd]))
		}
	}
	for _, fd := range slices.Sorted(maps.Keys(s.open)) {
		if _, ok := later.open[fd]; !ok {
			all = append(all, fmt.Sprintf("descriptor %d was closed and is somebody else's: %s", fd, s.open[fd]))
		}
	}
	if s.files != later.files {
		all = append(all, fmt.Sprintf("the limit of descriptors was %d of at most %d and is left at %d of %d",
			s.files.Cur, s.files.Max, later.files.Cur, later.files.Max))
	}
	return all
}

// OpenDescriptors lists this process's descriptors with what they refer to,
// without the one that reads the list.
func OpenDescriptors() (map[int]string, error) {
	const list = "/proc/self/fd"
	entries, err := os.ReadDir(list)
	if err != nil {
		return nil, err
	}
	open := make(map[int]string, len(entries))
	for _, e := range entries {
		file, err := os.Readlink(list + "/" + e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // of the list itself
		}
		if err != nil {
			return nil, err
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		open[fd] = file
	}
	return open, nil
}

func closeQuietly(fd int) {
	_ = unix.Close(fd) // what it refers to is an attempt's own, and no data is at stake
}
