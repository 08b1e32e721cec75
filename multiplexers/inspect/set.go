//go:build linux

package inspect

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// set is the interest set of the epoll instance that a descriptor is of.
type set struct {
	epoll   int
	entries []entry
}

// pauses are how long to wait between looks at what seems to be closed and
// watched still. A descriptor that is closed in the ordinary way is so for a
// moment: close(2) takes it from the table first, and its file from interest sets as
// the thread returns to user space (fs/file_table.c, fput), and the thread may lose its CPU
// in between.
func pauses() []time.Duration {
	return []time.Duration{0, 10 * time.Millisecond, 40 * time.Millisecond, 150 * time.Millisecond}
}

// sets reads the interest sets of epoll instances, and finds out what each
// descriptor in them is in the process. It leaves out instances that are closed
// meanwhile.
func (r *reader) sets(epolls []int) ([]set, error) {
	var sets []set
	for _, fd := range epolls {
		entries, err := r.registered(fd)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := set{fd, entries}
		for i := range entries {
			if err := r.place(fd, &entries[i], len(entries)); err != nil {
				return nil, err
			}
		}
		sets = append(sets, s)
	}
	for _, pause := range pauses() {
		if !slices.ContainsFunc(sets, set.doubted) {
			break
		}
		time.Sleep(pause)
		for i := range sets {
			if err := r.lookAgain(&sets[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range sets {
		slices.SortFunc(s.entries, func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.FD, b.FD), cmp.Compare(a.nth, b.nth))
		})
	}
	return sets, nil
}

// doubted tells a set with descriptors that seem to be closed.
func (s set) doubted() bool {
	return slices.ContainsFunc(s.entries, func(e entry) bool { return e.Closed || e.Replaced })
}

// uncompared is of how many it is not known whether their number is another file's.
func (s set) uncompared() int {
	n := 0
	for _, e := range s.entries {
		if e.uncompared {
			n++
		}
	}
	return n
}

// lookAgain drops what is watched no longer of what seemed to be closed, and
// finds out once more about the rest of it.
func (r *reader) lookAgain(s *set) error {
	if !s.doubted() {
		return nil
	}
	again, err := r.registered(s.epoll)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := make(map[registration]entry, len(again))
	for _, e := range again {
		there[e.registration()] = e
	}
	kept := s.entries[:0]
	for _, e := range s.entries {
		if e.Closed || e.Replaced {
			now, still := there[e.registration()]
			if !still {
				continue
			}
			if err := r.place(s.epoll, &now, len(again)); err != nil {
				return err
			}
			e = now
		}
		kept = append(kept, e)
	}
	s.entries = kept
	return nil
}
