//go:build linux

package workbench

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AsideSignalled is Aside of what gets SIGURG every so often, until stop is called, which
// may be done more than once, from any goroutine.
func (b *Bench) AsideSignalled(every time.Duration, f func(), calls ...string) (t *Thread, stop func()) {
	type armed struct {
		disarm func()
		err    error
	}
	ready := make(chan armed, 1)
	t = b.Aside(func() {
		disarm, err := signalEvery(every)
		ready <- armed{disarm, err}
		if err == nil {
			f()
		}
	}, calls...)
	a := <-ready
	if a.err != nil {
		b.Skipf("needs a timer that sends signals to a thread: %v", a.err)
	}
	return t, sync.OnceFunc(a.disarm)
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
