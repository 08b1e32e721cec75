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
	// signalled is the timeout of waits under signals: far above what passes between
	// two of them.
	signalled = 200 * time.Millisecond
	// showered is for how long there are signals, at least.
	showered = 3 * signalled
)

func interrupted() Demo {
	return Demo{
		Name:  "eintr",
		Title: "a signal comes during a wait, its handler installed with SA_RESTART: does the wait go on?",
		Why: `The kernel begins read(2) anew after a handler with SA_RESTART, but never a wait for readiness: it
ends with EINTR, and what is left of the timeout is the caller's to know. Go installs its handlers so, and sends
signals to its own threads to preempt them.`,
		Advice: `On EINTR wait again, for what is left until a deadline that was computed before the first wait.
With the whole timeout again it never passes under steady signals: timers stop.`,
		Source: `signal(7), "Interruption of system calls and library functions by signal handlers"; epoll_wait(2), EINTR`,
		show:   func(s *stage) { showInterrupted(s, beginsAnew, multiplexers.Mechanisms()) },
	}
}

func showInterrupted(s *stage, anew func(epoll int) error, mechanisms []multiplexers.Mechanism) {
	s.expect("flags of SIGURG's handler, which Go installs", "SA_RESTART", s.restarts(unix.SIGURG))
	s.restartedRead()
	for _, c := range [...]struct {
		name, call string
		wait       func() error
	}{
		{"select", "pselect6", func() error { _, err := unix.Select(0, nil, nil, nil, nil); return err }},
		{"poll", "ppoll", func() error { _, err := unix.Poll(nil, -1); return err }},
		{"epoll_wait", "epoll_pwait", s.epollWaiting()},
	} {
		var err error
		t := s.Aside(func() { err = c.wait() }, c.call)
		if t.UntilBlocked() { // and not ended by a signal of the Go runtime's
			t.Signal()
		}
		t.Join(c.name + " under a signal")
		s.expect(c.name+", no timeout, 1 signal: returns", "EINTR", errorOf(err))
	}
	s.shower(anew, mechanisms)
}

// restarts says whether a signal's handler is installed with SA_RESTART.
func (s *stage) restarts(signal unix.Signal) string {
	// The kernel's struct sigaction of 64-bit architectures with a restorer.
	var action struct {
		handler  uintptr
		flags    uint64
		restorer uintptr
		mask     uint64
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), 0, uintptr(unsafe.Pointer(&action)), unsafe.Sizeof(action.mask), 0, 0)
	if errno != 0 {
		s.Fatalf("rt_sigaction: %v", errno)
	}
	const restart = 0x10000000 // SA_RESTART
	if action.flags&restart == 0 {
		return "no SA_RESTART"
	}
	return "SA_RESTART"
}

// restartedRead shows that a read goes on after a signal.
func (s *stage) restartedRead() {
	reader, writer := s.Pipe()
	if err := unix.SetNonblock(reader, false); err != nil {
		s.Fatalf("fcntl O_NONBLOCK: %v", err)
	}
	observed := ""
	t := s.Aside(func() { observed = s.readOf(reader) }, "read")
	for range 3 {
		if t.UntilBlocked() {
			t.Signal()
		}
	}
	t.UntilBlocked()
	s.Write(writer, 1)
	t.Join("a read of a pipe with a byte in it")
	s.expect("read of an empty pipe, 3 signals, then 1 byte: returns", "1 byte", observed)
}

// epollWaiting waits for an epoll instance that watches nothing.
func (s *stage) epollWaiting() func() error {
	epoll := s.Epoll()
	return func() error {
		_, err := unix.EpollWait(epoll, make([]unix.EpollEvent, 1), -1)
		return err
	}
}

// beginsAnew waits for a timeout to pass, as a loop does that takes EINTR for a reason
// to do the same again.
func beginsAnew(epoll int) error {
	for {
		_, err := unix.EpollWait(epoll, make([]unix.EpollEvent, 1), int(signalled.Milliseconds()))
		if err != unix.EINTR {
			return err
		}
	}
}

// shower shows how long waits last that get one signal after the other.
func (s *stage) shower(anew func(epoll int) error, mechanisms []multiplexers.Mechanism) {
	epoll := s.Epoll()
	var failed error
	naive := s.Aside(func() { failed = anew(epoll) }, "epoll_pwait")
	waits := make([]*underSignals, len(mechanisms))
	for i, m := range mechanisms {
		waits[i] = s.underSignals(m)
	}
	began, signals := time.Now(), 0
	signal := func(t *workbench.Thread) {
		if t.BlockedIn() != "" {
			t.Signal()
			signals++
		}
	}
	s.Until(func() bool {
		signal(naive)
		over := time.Since(began) >= showered
		for _, w := range waits {
			signal(w.Thread)
			over = over && w.Over()
		}
		return over
	})
	stopped := time.Since(began)
	goesOn := !naive.Over()
	for _, w := range waits {
		w.inTime = w.Over()
	}

	naive.Join("a wait that is signalled no more")
	if failed != nil {
		s.Fatalf("epoll_wait: %v", failed)
	}
	s.judge(fmt.Sprintf("%s, anew at each EINTR, signals for %s: lasts", lasting(signalled), lasting(stopped)),
		"longer than the signals", lasting(naive.Elapsed()), goesOn)
	for _, w := range waits {
		w.Join("a wait that is signalled no more")
		s.judge(fmt.Sprintf("%s: Wait for %s, under the same signals", w.name, lasting(signalled)),
			fmt.Sprintf("no event after %s or more", lasting(signalled)), w.String(),
			w.inTime && w.events == 0 && w.err == nil && w.Elapsed() >= signalled)
	}
	s.tell("signals sent to these waits", "%d", signals)
}

// underSignals is a multiplexer's wait in a thread of its own.
type underSignals struct {
	*workbench.Thread
	name   string
	events int // set when it has ended, as is err
	err    error
	inTime bool // it ended while there were signals
}

func (s *stage) underSignals(m multiplexers.Mechanism) *underSignals {
	mux := s.multiplexer(m)
	w := &underSignals{name: m.Name}
	w.Thread = s.Aside(func() { w.events, w.err = mux.Wait(make([]multiplexers.Event, 1), signalled) }, m.Syscalls...)
	return w
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
