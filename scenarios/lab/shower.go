//go:build linux

package lab

import (
	"fmt"
	"time"
	"unsafe"

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
}

func (s *stage) underSignals(name string, calls []string, wait func() (int, error)) *underSignals {
	w := &underSignals{name: name}
	type armed struct {
		disarm func()
		err    error
	}
	ready := make(chan armed, 1)
	w.Thread = s.Aside(func() {
		disarm, err := signalEvery(beat)
		ready <- armed{disarm, err}
		if err == nil {
			w.events, w.err = wait()
		}
	}, calls...)
	a := <-ready
	if a.err != nil {
		s.Fatalf("%v", a.err)
	}
	w.disarm = a.disarm
	return w
}

// stop stops its signals, and returns when it has ended.
func (w *underSignals) stop() {
	if w.disarm == nil {
		return // it was stopped before
	}
	w.outlasts = !w.Over()
	w.disarm()
	w.disarm = nil
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

// signalEvery has the kernel send SIGURG to the calling thread, by timer_create(2), which
// is steadier on a busy host than another thread would be. The caller must be locked to
// its thread; disarm may be called in any, once.
func signalEvery(interval time.Duration) (disarm func(), err error) {
	const toThread = 4 // SIGEV_THREAD_ID
	event := struct {  // struct sigevent
		value          uint64
		signal, notify int32
		thread         int32
		_              [11]int32
	}{signal: int32(unix.SIGURG), notify: toThread, thread: int32(unix.Gettid())}
	var timer int32
	if _, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); errno != 0 {
		return nil, fmt.Errorf("timer_create: %w", errno)
	}
	disarm = func() { _, _, _ = unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(timer), 0, 0) } // it is there, so there is no way to fail
	every := unix.NsecToTimespec(int64(interval))
	spec := unix.ItimerSpec{Interval: every, Value: every}
	if _, _, errno := unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		disarm()
		return nil, fmt.Errorf("timer_settime: %w", errno)
	}
	return disarm, nil
}
