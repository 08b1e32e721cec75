//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

const (
	// signalled is the timeout of waits under signals, of which there is one every beat,
	// and shower is for how long there are, at least.
	signalled = 200 * time.Millisecond
	beat      = 5 * time.Millisecond
	shower    = 3 * signalled
)

// keepsWaiting waits for a timeout of signalled to pass, by waits that signals end.
type keepsWaiting func(wait func(timeout time.Duration) error) error

// beginsAnew is how a loop does it that takes EINTR for a reason to do the same again.
func beginsAnew(wait func(time.Duration) error) error {
	for {
		if err := wait(signalled); err != unix.EINTR {
			return err
		}
	}
}

// showered shows how long waits last under steady signals: one that a loop keeps up,
// and those of mechanisms.
func (s *stage) showered(loop keepsWaiting, mechanisms []multiplexers.Mechanism) {
	const attempts = 3
	for range attempts {
		if s.steadilyShowered(loop, mechanisms) {
			return
		}
	}
	s.Skipf("needs a host on which a thread gets to run within %s: it did not, %d times", lasting(signalled), attempts)
}

// steadilyShowered shows it, unless signals were not steady: it says so then.
func (s *stage) steadilyShowered(loop keepsWaiting, mechanisms []multiplexers.Mechanism) bool {
	epoll := s.Epoll()
	interrupted, lapse := 0, false
	naive := s.underSignals("", []string{"epoll_pwait"}, func() (int, error) {
		return 0, loop(func(timeout time.Duration) error {
			_, err := unix.EpollWait(epoll, make([]unix.EpollEvent, 1), milliseconds(timeout))
			if err == unix.EINTR {
				interrupted++
			}
			lapse = err == nil && timeout > signalled/2 // with not one signal for as long
			return err
		})
	})
	defer naive.stop()
	var waits []*underSignals
	for _, m := range mechanisms {
		mux := s.multiplexer(m)
		w := s.underSignals(m.Name, m.Syscalls, func() (int, error) { return mux.Wait(make([]multiplexers.Event, 1), signalled) })
		defer w.stop()
		waits = append(waits, w)
	}

	began := time.Now()
	s.Until(func() bool {
		over := time.Since(began) >= shower
		for _, w := range waits {
			over = over && w.Over()
		}
		return over
	})
	stopped := time.Since(began)
	naive.stop()
	for _, w := range waits {
		w.stop()
	}
	if !naive.outlasts && lapse {
		return false
	}
	if naive.err != nil {
		s.Fatalf("epoll_wait: %v", naive.err)
	}
	s.judge(fmt.Sprintf("%s, anew at each EINTR, signals for %s: lasts", lasting(signalled), lasting(stopped)),
		"longer than the signals", fmt.Sprintf("%s, %d times EINTR", lasting(naive.Elapsed()), interrupted), naive.outlasts && interrupted > 0)
	for _, w := range waits {
		s.judge(fmt.Sprintf("%s: Wait for %s, under the same signals", w.name, lasting(signalled)),
			fmt.Sprintf("no event after %s or more", lasting(signalled)), w.String(),
			!w.outlasts && w.events == 0 && w.err == nil && w.Elapsed() >= signalled)
	}
	return true
}

// underSignals is a wait in a thread of its own, which gets a signal every beat.
type underSignals struct {
	*workbench.Thread
	name     string
	disarm   func()
	events   int // set when it has ended, as is err
	err      error
	outlasts bool // it went on when its signals were stopped
	stopped  bool
}

func (s *stage) underSignals(name string, calls []string, wait func() (int, error)) *underSignals {
	w := &underSignals{name: name}
	w.Thread, w.disarm = s.AsideSignalled(beat, func() { w.events, w.err = wait() }, calls...)
	return w
}

// stop stops its signals, and returns when it has ended.
func (w *underSignals) stop() {
	if w.stopped {
		return
	}
	w.outlasts, w.stopped = !w.Over(), true
	w.disarm()
	w.Join("a wait that gets no signal any more")
}

// String tells how the wait has ended.
func (w *underSignals) String() string {
	switch {
	case w.err != nil:
		return fmt.Sprintf("%s after %s", errorOf(w.err), lasting(w.Elapsed()))
	case w.events > 0:
		return fmt.Sprintf("%d %s after %s", w.events, plural(w.events, "event"), lasting(w.Elapsed()))
	}
	return "no event after " + lasting(w.Elapsed())
}
