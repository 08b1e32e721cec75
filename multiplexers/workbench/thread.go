//go:build linux

package workbench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Thread is something under way in a thread of its own.
type Thread struct {
	bench   *Bench
	calls   []string // that it blocks in
	tid     int
	ended   chan struct{}
	elapsed time.Duration
}

// Aside calls f in another thread, which ends with it. Calls name the system calls
// that it is expected to block in, as the kernel does: "ppoll". The attempt does not
// end well before f has returned.
func (b *Bench) Aside(f func(), calls ...string) *Thread {
	if len(calls) > 0 {
		b.NeedToSeeThreads() // or else one that blocks would stay behind
	}
	t := &Thread{bench: b, calls: calls, ended: make(chan struct{})}
	b.threads = append(b.threads, t)
	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(t.ended)
		tid <- unix.Gettid()
		began := time.Now()
		f()
		t.elapsed = time.Since(began)
	}()
	t.tid = <-tid
	return t
}

// NeedToSeeThreads skips the attempt where it cannot be known when a thread is blocked:
// emulations of Linux do not tell.
func (b *Bench) NeedToSeeThreads() {
	if _, err := os.ReadFile("/proc/thread-self/syscall"); err != nil {
		b.Skipf("needs to see whether a thread is blocked: %v", err)
	}
}

// Over says whether it has ended.
func (t *Thread) Over() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// Ended is closed when it has.
func (t *Thread) Ended() <-chan struct{} { return t.ended }

// Elapsed is how long it took, once it has ended.
func (t *Thread) Elapsed() time.Duration {
	<-t.ended
	return t.elapsed
}

// UntilBlocked returns true when the thread sleeps in one of its system calls, and
// false if it ended instead.
func (t *Thread) UntilBlocked() bool {
	deadline, tick := time.NewTimer(t.bench.Patience), time.NewTicker(look)
	defer deadline.Stop()
	defer tick.Stop()
	for {
		// When f has returned, the Go scheduler may sleep in this thread, in a call of
		// the same name.
		if t.BlockedIn() != "" && !t.Over() {
			return true
		}
		select {
		case <-t.ended:
			return false
		case <-deadline.C:
			t.bench.Fatalf("thread %d is not blocked in %v after %v", t.tid, t.calls, t.bench.Patience)
		case <-tick.C:
		}
	}
}

// BlockedIn is the one of its system calls that the thread sleeps in, and empty if it
// sleeps in none of them.
//
// /proc/PID/task/TID/syscall begins with the number of the system call that the thread
// sleeps in, and is "running" if it does not sleep (proc_pid_syscall(5)). A thread that
// sleeps for the Go scheduler sleeps in futex(2).
//
// One that was woken by another CPU and does not run yet counts as sleeping there. It
// does not in /proc/PID/task/TID/stat, so what that says is asked first: when the call
// that wakes a thread has returned, the thread is not taken for blocked.
func (t *Thread) BlockedIn() string {
	if !t.sleeps() {
		return ""
	}
	state, err := t.tells("syscall")
	switch {
	case err != nil && t.Over():
		return "" // and its thread with it
	case err != nil:
		t.bench.Skipf("needs to see whether a thread is blocked: %v", err)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(state), " ")
	number, err := strconv.Atoi(first)
	if err != nil {
		return "" // running
	}
	for _, call := range t.calls {
		if n, ok := numberOf(call); ok && n == number {
			return call
		}
	}
	return ""
}

// sleeps says whether the thread's state is "S" (proc_pid_stat(5)).
func (t *Thread) sleeps() bool {
	stat, err := t.tells("stat")
	if err != nil {
		return false // it has ended, or will be asked for again
	}
	// The state follows the name, which is in parentheses and may have some in it.
	_, state, _ := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	return strings.HasPrefix(state, "S")
}

// tells is the beginning of a file of /proc about the thread. Package os would make
// twice as many system calls, each of which is an opportunity for others to run.
func (t *Thread) tells(file string) (string, error) {
	fd, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/%s", t.tid, file), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", os.NewSyscallError("open", err)
	}
	defer closeQuietly(fd)
	text := make([]byte, 512)
	n, err := unix.Read(fd, text)
	if err != nil {
		return "", os.NewSyscallError("read", err)
	}
	return string(text[:n]), nil
}

// numberOf is the number of a system call that waits.
func numberOf(name string) (number int, ok bool) {
	switch name {
	case "pselect6":
		return unix.SYS_PSELECT6, true
	case "ppoll":
		return unix.SYS_PPOLL, true
	case "epoll_pwait":
		return unix.SYS_EPOLL_PWAIT, true
	case "epoll_pwait2":
		return unix.SYS_EPOLL_PWAIT2, true
	case "read":
		return unix.SYS_READ, true
	}
	return 0, false
}

// Signal sends the thread SIGURG, by which the Go runtime asks goroutines to
// yield: what interrupts real waits.
func (t *Thread) Signal() {
	if err := unix.Tgkill(os.Getpid(), t.tid, unix.SIGURG); err != nil && err != unix.ESRCH {
		t.bench.Fatalf("tgkill: %v", err)
	}
}

// Join returns when it has ended; if it does not within Patience, the attempt has
// failed. When says in what situation.
func (t *Thread) Join(when string) {
	timer := time.NewTimer(t.bench.Patience)
	defer timer.Stop()
	select {
	case <-t.ended:
	case <-timer.C:
		t.bench.Fatalf("%s: it does not return", when)
	}
}
