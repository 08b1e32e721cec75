//go:build linux

package lab

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// onStage shows something as a demonstration is shown, and wants nothing to fail.
func onStage(t *testing.T, show func(*stage)) Shown {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shown := Demo{show: show}.Show(workbench.Reexec{Path: path, Args: []string{path, "part"}})
	for _, f := range shown.Failures {
		t.Error(f)
	}
	if shown.Skipped != "" {
		t.Skip(shown.Skipped)
	}
	return shown
}

// TestWithoutTheMistakeItComesOutOtherwise: a demonstration with its mistake undone, or
// made where none is expected, is not as expected. Each row named is among those that
// differ.
func TestWithoutTheMistakeItComesOutOtherwise(t *testing.T) {
	const some = "x"
	once := echo{name: some, flag: unix.EPOLLET}
	drains := echo{name: some, flag: unix.EPOLLET, drains: true}
	hangs, flows := outcomeOfEcho{portion, request - portion, portion, request - 2*portion + 1}, outcomeOfEcho{request, 0, 1, 0}
	duplicate := func(s *stage) func(int) int { return func(a int) int { return s.Duplicate(a, aloft) } }
	for _, test := range []struct {
		name    string
		show    func(*stage)
		differs []string // parts of what was done
	}{
		{"et-hang drained", func(s *stage) { s.answers(drains, hangs) }, []string{"bytes answered", "FIONREAD", "1 byte more", "then"}},
		{"et-hang not drained", func(s *stage) { s.answers(once, flows) }, []string{"bytes answered", "FIONREAD", "1 byte more", "then"}},
		{"accept-et drained", func(s *stage) { s.lets(accepting{name: some, flag: unix.EPOLLET, drains: true}, 1) }, []string{"x: accepted", "queue", "another"}},
		{"accept-et not drained", func(s *stage) { s.lets(accepting{name: some, flag: unix.EPOLLET}, arrivals) }, []string{"x: accepted", "queue", "another"}},
		{"blocking-socket non-blocking", func(s *stage) { s.twoClients(some, true, "read", "0 bytes") }, []string{"sleeps in", "another client"}},
		{"blocking-socket blocking", func(s *stage) { s.twoClients(some, false, "epoll_pwait", "1 byte") }, []string{"sleeps in", "another client"}},
		{"fd-reuse with a mistake", func(s *stage) { s.reuses(reusing{name: some}, "another", "dropped", "1 byte") }, []string{"number", "closed connection", "gets"}},
		{"fd-reuse with generations", func(s *stage) {
			s.reuses(reusing{name: some, generations: true}, "the same", "handled", "end of file")
		}, []string{"closed connection", "gets"}},
		{"fd-reuse closed late", func(s *stage) { s.reuses(reusing{name: some, late: true}, "the same", "handled", "end of file") }, []string{"number", "closed connection", "gets"}},
		{"dup that is opened anew", func(s *stage) { s.closesOneOfTwo(some, s.openedAnew, stays) }, []string{"close(a)"}},
		{"dup that is one", func(s *stage) { s.closesOneOfTwo(some, duplicate(s), "no event") }, []string{"close(a)"}},
		{"fork with an instance each", func(s *stage) {
			showFork(s, func(_, watched int) int {
				own := s.Epoll()
				s.watch(own, watched, unix.EPOLLIN)
				return own
			})
		}, []string{"the child adds", "the child removes"}},
		{"cloexec the other way", func(s *stage) {
			made := func(flags int) int {
				fd, err := unix.EpollCreate1(flags)
				return s.keepingFlag(s.Own("epoll_create1", fd, err))
			}
			s.inherits([]leavable{{"without", made(0), notInherited}, {"with", made(unix.EPOLL_CLOEXEC), inherited}})
		}, []string{"without", "with:"}},
		{"maxevents where some starve", func(s *stage) {
			s.takesTurns(some, "no event", func() []int { return []int{4, 5} })
		}, []string{"3 waits", "next"}},
	} {
		t.Run(test.name, func(t *testing.T) { wantOtherwise(t, onStage(t, test.show), test.differs) })
	}
}

func wantOtherwise(t *testing.T, shown Shown, differs []string) {
	t.Helper()
	for _, part := range differs {
		i := slices.IndexFunc(shown.Rows, func(r Row) bool { return strings.Contains(r.Done, part) && !r.AsExpected })
		if i < 0 {
			t.Errorf("no row with %q differs: %+v", part, shown.Rows)
		}
	}
}

// TestMechanismsThatDifferComeOutOtherwise: what is expected of each follows from its
// capabilities, and is looked at.
func TestMechanismsThatDifferComeOutOtherwise(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			m.Capabilities.RegularFiles = !m.Capabilities.RegularFiles
			m.Capabilities.KernelSet = !m.Capabilities.KernelSet
			wantOtherwise(t, onStage(t, func(s *stage) { showRegularFile(s, []multiplexers.Mechanism{m}) }), []string{m.Name + ": watched"})
			wantOtherwise(t, onStage(t, func(s *stage) { s.forgets(m) }), []string{m.Name + ": after close", m.Name + ": another"})
		})
	}
}

func TestWhatIsWatchedIsCounted(t *testing.T) {
	onStage(t, func(s *stage) {
		epoll := s.Epoll()
		for n, want := range [...]string{"0 descriptors", "1 descriptor", "2 descriptors"} {
			if got := watchedBy(s, epoll); got != want {
				s.Errorf("with %d watched: got %q, want %q", n, got, want)
			}
			s.watch(epoll, s.Counter(0), unix.EPOLLIN)
		}
	})
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ns", 1: "1 ns", 900: "900 ns", 1130: "1.13 µs", 65 * time.Microsecond: "65 µs", 100 * time.Microsecond: "100 µs",
		1500 * time.Microsecond: "1.5 ms", time.Millisecond: "1 ms", 12340 * time.Microsecond: "12.3 ms", 200 * time.Millisecond: "200 ms", 2500 * time.Millisecond: "2.5 s",
	} {
		if got := lasting(d); got != want {
			t.Errorf("%d ns: got %q, want %q", d, got, want)
		}
	}
}
