//go:build linux

package lab

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// TestWhatIsUndoneComesOutOtherwise: what a demonstration shows is what has happened. Each
// is shown with its cause undone, or with the opposite trigger, and the rows that have
// these words in them must not be as expected.
func TestWhatIsUndoneComesOutOtherwise(t *testing.T) {
	for _, test := range []struct {
		name string
		show func(*stage)
		rows []string
	}{
		{"ready, and reported once", func(s *stage) {
			epoll := s.Epoll()
			s.watch(epoll, s.Counter(1), unix.EPOLLIN|unix.EPOLLET)
			leftReady(s, epoll)
		}, []string{"waits that return", "events of each"}},
		{"nothing to write, and reported by every wait", func(s *stage) {
			s.sleeps("waits", 1, s.idleConnection(unix.EPOLLIN|unix.EPOLLOUT))
		}, []string{"waits"}},
		{"nothing to write, and EPOLLOUT not wanted", func(s *stage) {
			s.spins("waits", s.idleConnection(unix.EPOLLIN))
		}, []string{"waits"}},
		{"room that is not asked for", func(s *stage) {
			s.Patience = lull
			s.expect("replies", "8 of 8 arrive, 0 EPOLL_CTL_MOD", s.replies(always(unix.EPOLLIN|unix.EPOLLET), 1<<20))
		}, []string{"replies"}},
		{"an edge that is asked for anew", func(s *stage) {
			s.expect("replies", "8 of 8 arrive, 0 EPOLL_CTL_MOD", s.replies(wanting{unix.EPOLLIN | unix.EPOLLET, unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET}, 1<<20))
		}, []string{"replies"}},
		{"no limit", func(s *stage) { s.hasLimit("RLIMIT_NOFILE", unix.RLIM_INFINITY, "descriptors") }, []string{"no limit"}},
		{"a mechanism without a limit", func(s *stage) {
			unlimited := mechanism(func(m multiplexers.Mechanism) bool { return m.Capabilities.MaxFD == 0 })
			s.keepsToFDSet(unlimited, s.readableAt(fdSetSize-1), s.readableAt(fdSetSize))
		}, []string{"1,024"}},
		{"a table that is not full", func(s *stage) {
			s.connects(func(int) {})
		}, []string{"accept4(2) with", "for the listener", "edge-triggered: a wait", "then close(2)"}},
	} {
		t.Run(test.name, func(t *testing.T) { wantOtherwise(t, onStage(t, test.show), test.rows) })
	}
}

// TestHerdsAreCounted: demanded is what they do not do.
func TestHerdsAreCounted(t *testing.T) {
	kinds := herdKinds()
	for i, k := range kinds {
		kinds[i].least, kinds[i].most = 0, 0
		if k.least > 1 {
			kinds[i].most = 1
		}
	}
	for _, r := range onStage(t, func(s *stage) { showHerds(s, kinds) }).Rows {
		if r.AsExpected {
			t.Errorf("%s: %q passes for %q", r.Done, r.Observed, r.Expected)
		}
	}
}

// TestConditionsAreOfTheDescriptor: with nobody gone, or something to read, they are
// not those of the table.
func TestConditionsAreOfTheDescriptor(t *testing.T) {
	onStage(t, func(s *stage) {
		here, there := s.Pair()
		for _, want := range [...]string{"OUT", "IN|OUT"} {
			if got := s.conditions(here); got != want {
				s.Errorf("got %q, want %q", got, want)
			}
			s.Write(there, 1)
		}
	})
}

// TestMechanismsThatTellOtherwiseComeOutOtherwise: those that are said to tell hang-ups
// and do not, or the other way round; and one among those that do.
func TestMechanismsThatTellOtherwiseComeOutOtherwise(t *testing.T) {
	reset := []peerState{{"reset", (*stage).tcpReset, unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLERR | unix.EPOLLHUP}}
	all := multiplexers.Mechanisms()
	for _, m := range all {
		t.Run(m.Name, func(t *testing.T) {
			m.Capabilities.HangUp = !m.Capabilities.HangUp
			wantOtherwise(t, onStage(t, func(s *stage) { showStates(s, reset, []multiplexers.Mechanism{m}) }), []string{"mechanisms that"})
		})
	}
	for i := range all {
		all[i].Capabilities.HangUp = true
	}
	wantOtherwise(t, onStage(t, func(s *stage) { showStates(s, reset, all) }), []string{"mechanisms that tell"})
}

// TestDeliveryIsLookedAt: the same wait into memory that can be written to.
func TestDeliveryIsLookedAt(t *testing.T) {
	onStage(t, func(s *stage) {
		if got, want := intoMemory(s, unix.PROT_READ|unix.PROT_WRITE), "no error, and 1 event elsewhere"; got != want {
			s.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestRatioSaysNoMoreThanItsInterval(t *testing.T) {
	turns := func(low, high float64) (all []float64) {
		for i := range 10 {
			all = append(all, low+float64(i)*(high-low)/9)
		}
		return all
	}
	one := turns(1, 1)
	for _, test := range []struct {
		a    []float64
		want string
	}{
		{turns(1.1, 1.3), "1.20 (1.12 to 1.28): it takes more"},
		{turns(0.7, 0.9), "0.80 (0.72 to 0.88): it takes less"},
		{turns(0.9, 1.2), "1.05 (0.93 to 1.17): cannot be told"},
		{turns(1, 1), "1.00 (1.00 to 1.00): cannot be told"},
		{turns(2, 2)[:3], "2.00 (NaN to NaN): cannot be told"},
	} {
		if got := ratio(test.a, one, "it takes"); got != test.want {
			t.Errorf("%v: got %q, want %q", test.a, got, test.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", math.MaxInt32: "2,147,483,647"} {
		if got := grouped(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
