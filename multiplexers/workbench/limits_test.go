//go:build linux

package workbench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const enough = 20 * time.Second

// wentWell wants nothing to be told of an attempt.
func wentWell(t *testing.T, o Outcome) {
	t.Helper()
	if told := o.Wrong(); len(told) > 0 {
		t.Errorf("got %q", told)
	}
	if o.Skipped != "" {
		t.Skip(o.Skipped)
	}
}

func TestLimitOfDescriptorsIsSetAndPutBack(t *testing.T) {
	wentWell(t, Attempt(enough, Reexec{}, func(b *Bench) {
		before := b.DescriptorLimit()
		const soft = 64
		restore := b.LimitDescriptors(soft)
		if got := b.DescriptorLimit(); got.Cur != soft || got.Max != before.Max {
			t.Errorf("got %v, want %d of %d", got, soft, before.Max)
		}
		if _, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, soft); err != unix.EINVAL {
			t.Errorf("a descriptor beyond it: %v, want EINVAL", err)
		}
		restore()
		if got := b.DescriptorLimit(); got != before {
			t.Errorf("got %v, want %v", got, before)
		}
		b.LimitDescriptors(soft) // which the end puts back
	}))
}

func TestNeedOfDescriptorsIsTold(t *testing.T) {
	for _, test := range []struct {
		highest int
		skipped string
	}{
		{63, ""},
		{64, "needs a limit of 65 descriptors (ulimit -n), and has 64"},
	} {
		o := Attempt(enough, Reexec{}, func(b *Bench) {
			b.LimitDescriptors(64)
			b.NeedDescriptors(test.highest)
		})
		if o.Skipped != test.skipped {
			t.Errorf("of number %d: got %q, want %q", test.highest, o.Skipped, test.skipped)
		}
	}
}

// account stands for the kernel's of a user's watches: it refuses what is beyond its
// limit.
type account struct{ limit, watches int }

func (a *account) control(epoll, op, fd int, events uint32) unix.Errno {
	if op == unix.EPOLL_CTL_ADD && a.watches >= a.limit {
		return unix.ENOSPC
	}
	errno := EpollControl(epoll, op, fd, events)
	switch {
	case errno != 0:
	case op == unix.EPOLL_CTL_ADD:
		a.watches++
	case op == unix.EPOLL_CTL_DEL:
		a.watches--
	}
	return errno
}

func TestWatchesAreAddedUntilOneIsRefused(t *testing.T) {
	for _, test := range []struct {
		name         string
		limit, holds int // of which it is said, and that is kept
		want         UserWatches
	}{
		{"the limit is kept", 1000, 1000, UserWatches{Allowed: 1000, Added: 1000, Refused: unix.ENOSPC}},
		{"a square", 1024, 1024, UserWatches{Allowed: 1024, Added: 1024, Refused: unix.ENOSPC}},
		{"one that somebody has some of", 1000, 990, UserWatches{Allowed: 1000, Added: 990, Refused: unix.ENOSPC}},
		{"none is allowed", 10, 0, UserWatches{Allowed: 10, Refused: unix.ENOSPC}},
		{"the limit is not kept", 1000, 5000, UserWatches{Allowed: 1000, Added: 32 * 32}},
	} {
		t.Run(test.name, func(t *testing.T) {
			wentWell(t, Attempt(enough, Reexec{}, func(b *Bench) {
				kernel := account{limit: test.holds}
				f := filling{allowed: test.limit, most: test.limit, longest: enough, control: kernel.control}
				side := f.side(b)
				instances := make([]int, side)
				for i := range instances {
					instances[i] = b.Epoll()
				}
				got := f.fill(b, instances, side)
				got.Elapsed = 0
				if got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			}))
		})
	}
}

// TestFillingIsBounded: by the number, by the time and by the descriptors there are.
func TestFillingIsBounded(t *testing.T) {
	for _, test := range []struct {
		f    filling
		want string
	}{
		{filling{allowed: 1001, most: 1000}, "too long above 1000"},
		{filling{allowed: 1 << 40, most: 1 << 40}, "MiB is used at most"},
		{filling{allowed: 10_000, most: 10_000}, "descriptors (ulimit -n), and has 128"},
		{filling{allowed: 100, most: 100, longest: -1}, "watches have taken"},
	} {
		o := Attempt(enough, Reexec{}, func(b *Bench) {
			b.LimitDescriptors(128)
			test.f.control = EpollControl
			test.f.fill(b, []int{b.Epoll()}, test.f.side(b))
		})
		if !strings.Contains(o.Skipped, test.want) || len(o.Wrong()) > 0 {
			t.Errorf("%+v: skipped for %q, want one with %q; %q", test.f, o.Skipped, test.want, o.Wrong())
		}
	}
}

// TestMakingInstancesOfNobodyLeavesTheUserAsItWas: of every thread.
func TestMakingInstancesOfNobodyLeavesTheUserAsItWas(t *testing.T) {
	before := usersOfThreads(t)
	wentWell(t, Attempt(enough, Reexec{}, func(b *Bench) {
		ready := b.Counter(1)
		for _, epoll := range b.instancesOfNobody(3) {
			if errno := EpollControl(epoll, unix.EPOLL_CTL_ADD, ready, unix.EPOLLIN); errno != 0 {
				t.Errorf("epoll_ctl ADD: %v", errno)
			}
		}
	}))
	if after := usersOfThreads(t); !slices.Equal(after, before) {
		t.Errorf("threads are of %q, and were of %q", after, before)
	}
}

// usersOfThreads are the distinct lines about users in /proc/self/task/TID/status.
func usersOfThreads(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "Uid:") {
				all = append(all, line)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestEventBits(t *testing.T) {
	for bits, want := range map[uint32]string{
		0: "0", unix.EPOLLIN | unix.EPOLLHUP: "IN|HUP", unix.POLLNVAL: "NVAL",
		unix.EPOLLOUT | unix.EPOLLONESHOT | 1<<27: "OUT|ONESHOT|0x8000000",
	} {
		if got := EventBits(bits); got != want {
			t.Errorf("%#x: got %q, want %q", bits, got, want)
		}
	}
}
