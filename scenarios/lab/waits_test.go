//go:build linux

package lab

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// TestTimeoutsThatDoNotHoldComeOutOtherwise: of calls that end early, that block where
// they must not, or do not block where they must.
func TestTimeoutsThatDoNotHoldComeOutOtherwise(t *testing.T) {
	early := timedCall{name: "early", call: "ppoll", units: time.Millisecond, wait: func(time.Duration) error { return nil }}
	late := early
	late.wait = func(time.Duration) error { _, err := unix.Poll(nil, 1); return err }
	for _, test := range []struct {
		name string
		show func(*stage)
		row  string
	}{
		{"a timeout is cut short", func(s *stage) { s.lasts(early, time.Millisecond) }, "early, 1 ms"},
		{"a timeout is rounded down", func(s *stage) { s.lasts(late, 1500*time.Microsecond) }, "early, 1.5 ms"},
		{"0 blocks", func(s *stage) { s.polls(late) }, "early, 0"},
		{"-1 does not block", func(s *stage) {
			reader, writer := s.Pipe()
			s.waitsForEver(early, reader, writer)
		}, "early, −1"},
		{"rounding down does not spin", func(s *stage) { s.rounds("down", func(time.Duration) int { return 1 }, false) }, "rounded down"},
		{"rounding up spins", func(s *stage) { s.rounds("up", func(time.Duration) int { return 0 }, true) }, "rounded up"},
	} {
		t.Run(test.name, func(t *testing.T) { wantOtherwise(t, onStage(t, test.show), []string{test.row}) })
	}
}

// patched is a multiplexer with another wait.
type patched struct {
	multiplexers.Multiplexer
	wait func(timeout time.Duration) error
}

func (p patched) Wait(_ []multiplexers.Event, timeout time.Duration) (int, error) {
	return 0, p.wait(timeout)
}

// waitingBy is a mechanism that waits by wait, which blocks in ppoll(2).
func waitingBy(name string, wait func(timeout time.Duration) error) multiplexers.Mechanism {
	all := multiplexers.Mechanisms()
	m := all[slices.IndexFunc(all, func(m multiplexers.Mechanism) bool { return slices.Contains(m.Syscalls, "ppoll") })]
	whole := m.New
	m.Name = name
	m.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
		mux, err := whole(e)
		return patched{mux, wait}, err
	}
	return m
}

// TestWaitsThatSignalsDoNotAffectComeOutOtherwise: and those of mechanisms that they
// do affect.
func TestWaitsThatSignalsDoNotAffectComeOutOtherwise(t *testing.T) {
	keepsDeadline := func(wait func(time.Duration) error) error {
		deadline := time.Now().Add(signalled)
		for {
			if err := wait(rounded(max(0, time.Until(deadline)), time.Millisecond)); err != unix.EINTR {
				return err
			}
		}
	}
	once := func(timeout time.Duration) error {
		_, err := unix.Poll(nil, milliseconds(timeout))
		return err
	}
	anew := func(timeout time.Duration) error {
		for { // Without signals it ends well before it is given up, too.
			if err := once(3 * timeout); err != unix.EINTR {
				return err
			}
		}
	}
	early := func(time.Duration) error { return nil }
	shown := onStage(t, func(s *stage) {
		s.showered(keepsDeadline, []multiplexers.Mechanism{waitingBy("gives up", once), waitingBy("begins anew", anew), waitingBy("early", early)})
	})
	wantOtherwise(t, shown, []string{"anew at each EINTR", "gives up", "begins anew", "early"})
	onStage(t, func(s *stage) {
		if got := s.restarts(unix.SIGKILL); got != "no SA_RESTART" { // it can have no handler
			s.Errorf("SIGKILL: got %q", got)
		}
	})
}

// TestSignalsDoNotProlongWaits: it ends while there is a signal every beat.
func TestSignalsDoNotProlongWaits(t *testing.T) {
	onStage(t, func(s *stage) {
		const timeout = 10 * beat
		epoll := s.Epoll()
		n, err := -1, error(nil)
		thread, stop := s.AsideSignalled(beat, func() { n, err = waited(epoll, make([]unix.EpollEvent, 1), timeout) }, "epoll_pwait")
		defer stop()
		thread.Join("a wait under signals")
		if n != 0 || err != nil || thread.Elapsed() < timeout {
			s.Errorf("%d events, %v after %v, want none after %v or more", n, err, thread.Elapsed(), timeout)
		}
	})
}

// TestUsedUpWatchesAreJudged: what FillUserWatches may come to.
func TestUsedUpWatchesAreJudged(t *testing.T) {
	full := workbench.UserWatches{Allowed: 1000, Added: 1000, Refused: unix.ENOSPC}
	few, other, endless, stuck := full, full, full, full
	few.Added = 999
	other.Refused = unix.ENOMEM
	endless.Refused, endless.Added = 0, 1024
	stuck.Again = unix.ENOSPC
	for _, test := range []struct {
		all   workbench.UserWatches
		wants [2]bool // as expected, by row
	}{
		{full, [2]bool{true, true}},
		{few, [2]bool{false, true}},
		{other, [2]bool{false, true}},
		{endless, [2]bool{false, true}},
		{stuck, [2]bool{true, false}},
	} {
		for i, r := range onStage(t, func(s *stage) { s.uses(test.all) }).Rows {
			if r.AsExpected != test.wants[i] {
				t.Errorf("%+v: %s: %q beside %q", test.all, r.Done, r.Observed, r.Expected)
			}
		}
	}
}
