//go:build linux

package inspect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/inspect"
)

// headless is a watcher whose first thread ends, and whose others go on.
func headless() {
	go func() {
		watcher()
		os.Exit(0)
	}()
	end := make(chan struct{})
	var endFirst func()
	endFirst = func() {
		runtime.LockOSThread()
		if unix.Gettid() != os.Getpid() {
			go endFirst() // and not in this thread, which is kept until it is the first one's turn
			<-end
		}
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of this thread alone, which does not return
	}
	endFirst()
}

// A process whose first thread has ended is in the state of a zombie, and watches what it
// watched.
func TestFirstThreadHasEnded(t *testing.T) {
	c, _, line := another(t, "headless")
	var epoll, fd int
	if _, err := fmt.Sscanf(line, "%d watches %d", &epoll, &fd); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	stat := filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "stat")
	tick := time.NewTicker(time.Millisecond) // nothing announces it
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		content, err := os.ReadFile(stat)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("its first thread does not end: %s", content)
		}
	}
	p, err := inspect.Read("/proc", c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if got := watchedBy(t, p, epoll); len(got) != 1 || got[0].FD != fd || got[0].Kind != inspect.Pipe || got[0].Closed {
		t.Errorf("watches %+v, want descriptor %d, a pipe", got, fd)
	}
	if p.PID != c.Process.Pid || len(p.Apart) > 0 || compares(t) && p.Uncompared > 0 {
		t.Errorf("got %+v", p)
	}
}

// Of a set that is so large the kernel is not asked to compare files that share an inode,
// and it is told that a number may be another's.
func TestNotCompared(t *testing.T) {
	if !compares(t) {
		t.Skip("the kernel does not compare descriptors (kcmp)")
	}
	const most = 4096
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < 2*most {
		t.Skipf("needs a limit of %d descriptors, and has %d", 2*most, limit.Cur)
	}
	before := own(t)
	epoll := newEpoll(t)
	first := opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC))
	for range most {
		watch(t, epoll, opened(t)(unix.FcntlInt(uintptr(first), unix.F_DUPFD_CLOEXEC, 1000)), unix.EPOLLIN)
	}
	if p := own(t); p.Uncompared != before.Uncompared {
		t.Errorf("of %d watched %d are not compared, want none", most, p.Uncompared)
	}
	watch(t, epoll, first, unix.EPOLLIN)
	if p := own(t); p.Uncompared != before.Uncompared+most+1 {
		t.Errorf("of %d watched %d are not compared, want all", most+1, p.Uncompared)
	}
}

// Where processes have other numbers than here, the kernel would compare those of others.
func TestOtherNumbers(t *testing.T) {
	if !compares(t) {
		t.Skip("the kernel does not compare descriptors (kcmp)")
	}
	epoll, event := newEpoll(t), opened(t)(unix.Eventfd(0, unix.EFD_CLOEXEC))
	watch(t, epoll, event, unix.EPOLLIN)
	watch(t, newEpoll(t), event, unix.EPOLLIN)
	root, pid := t.TempDir(), strconv.Itoa(os.Getpid())
	for name, target := range map[string]string{"self": "1", pid: filepath.Join("/proc", pid), "sys": "/proc/sys"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got := own(t); got.Undistinguished || got.Uncompared > 0 {
		t.Fatalf("with the numbers that there are: got %+v", got)
	}
	got, err := inspect.Read(root, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Undistinguished || got.Uncompared == 0 {
		t.Errorf("with others: got %+v, want that nothing is compared", got)
	}
}
