//go:build linux

package lab

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
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
		show:   showInterrupted,
	}
}

func showInterrupted(s *stage) {
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
	s.showered(beginsAnew, multiplexers.Mechanisms())
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
