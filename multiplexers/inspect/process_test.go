//go:build linux

package inspect_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/inspect"
)

// role is set in the environment of this test's binary where it is to be
// another process.
const role = "INSPECT_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "watcher":
		watcher()
	case "headless":
		headless()
	case "holder":
		fmt.Println("holding")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "reader":
		pid, _ := strconv.Atoi(os.Args[1])
		p, err := inspect.Read("/proc", pid)
		fmt.Printf("%d %t %v\n", len(p.Instances), errors.Is(err, inspect.ErrDenied), err)
	}
}

// watcher watches the reading end of a pipe, says so, and lives until its
// input ends.
func watcher() {
	ends := make([]int, 2)
	epoll, err := unix.EpollCreate1(0)
	if err == nil {
		err = unix.Pipe(ends)
	}
	if err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, ends[0], &unix.EpollEvent{Events: unix.EPOLLIN})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%d watches %d\n", epoll, ends[0])
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// another starts this test's binary as another process, which ends when its
// input is closed, with the test at the latest, and returns the first line that it
// writes.
func another(t *testing.T, as string, extra ...*os.File) (*exec.Cmd, io.Closer, string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "/proc/self/exe")
	c.Env = append(os.Environ(), role+"="+as)
	c.Stderr, c.ExtraFiles = os.Stderr, extra
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, in, strings.TrimSpace(line)
}

func TestOfAnotherProcess(t *testing.T) {
	c, _, line := another(t, "watcher")
	var epoll, fd int
	if _, err := fmt.Sscanf(line, "%d watches %d", &epoll, &fd); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	p, err := inspect.Read("/proc", c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != c.Process.Pid || p.Command == "" || p.MaxUserWatches <= 0 {
		t.Errorf("process %d %q, at most %d watches", p.PID, p.Command, p.MaxUserWatches)
	}
	want := inspect.Watch{FD: fd, Kind: inspect.Pipe, Events: unix.EPOLLIN | unix.EPOLLERR | unix.EPOLLHUP, OpenAs: -1}
	if got := watchedBy(t, p, epoll); !slices.Equal(got, []inspect.Watch{want}) {
		t.Errorf("watches %+v, want %+v", got, want)
	}
}

func TestNoProcess(t *testing.T) {
	c, in, _ := another(t, "holder")
	in.Close()
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, c.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	zombie := fmt.Sprintf("inspect process %d: ", c.Process.Pid)
	if _, err := inspect.Read("/proc", c.Process.Pid); !errors.Is(err, inspect.ErrEnded) || !strings.HasPrefix(err.Error(), zombie) || !strings.Contains(err.Error(), "zombie") {
		t.Errorf("of a zombie: %v", err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]error{c.Process.Pid: inspect.ErrNoProcess, inspect.MaxPID: inspect.ErrNoProcess} {
		if _, err := inspect.Read("/proc", pid); !errors.Is(err, want) || !strings.Contains(err.Error(), "ps -e") {
			t.Errorf("of %d: %v, want %v", pid, err, want)
		}
	}
	for _, pid := range []int{0, -1, inspect.MaxPID + 1} {
		if _, err := inspect.Read("/proc", pid); err == nil || !strings.Contains(err.Error(), "from 1 to 4194304") {
			t.Errorf("of %d: %v, want what numbers there are", pid, err)
		}
	}
	if _, err := inspect.Read(t.TempDir(), 1); !errors.Is(err, inspect.ErrNoProc) || !strings.Contains(err.Error(), "mount -t proc") {
		t.Errorf("without procfs: %v", err)
	}
}

func TestOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	c, _, _ := another(t, "watcher")
	const nobody = 65534
	other := exec.CommandContext(t.Context(), "/proc/self/exe", strconv.Itoa(c.Process.Pid))
	other.Env = append(os.Environ(), role+"=reader")
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := other.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := string(out); !strings.HasPrefix(got, "0 true ") || !strings.Contains(got, "CAP_SYS_PTRACE: try sudo") {
		t.Errorf("another user is told %q, want that it may not and what helps", got)
	}
}

// A file that another process has kept open is watched on.
func TestClosedHereOpenElsewhere(t *testing.T) {
	epoll := newEpoll(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	fd := int(read.Fd())
	watch(t, epoll, fd, unix.EPOLLIN)
	another(t, "holder", read)
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	got := watchedBy(t, own(t), epoll)
	if len(got) != 1 || got[0].FD != fd || !got[0].Closed && !got[0].Replaced || got[0].Kind != inspect.Pipe || got[0].OpenAs != -1 {
		t.Errorf("watches %+v, want a pipe that is closed", got)
	}
}
