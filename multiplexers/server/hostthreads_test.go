//go:build linux

package server_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// files are those of a host, in pairs of a name and what is in it.
func files(pairs ...string) fstest.MapFS {
	host := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		host[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1] + "\n")}
	}
	return host
}

// TestHostThreads: the least of what the kernel and the control groups of either
// version leave, less what is kept for others; and which of them it was.
func TestHostThreads(t *testing.T) {
	const (
		threadsMax = "proc/sys/kernel/threads-max"
		pidMax     = "proc/sys/kernel/pid_max"
		loadavg    = "proc/loadavg"
		groups     = "proc/self/cgroup"
		running    = "0.52 0.58 0.59 3/300 12345" // 300 threads, of which 3 run
	)
	tests := []struct {
		name  string
		host  fstest.MapFS
		most  int
		bound string
	}{
		{"threads-max", files(threadsMax, "1000", pidMax, "4194304", loadavg, running), 500, "kernel.threads-max is 1000, of which 300 are in use"},
		{"pid_max", files(threadsMax, "100000", pidMax, "700", loadavg, running), 200, "kernel.pid_max is 700, of which 300 are in use"},
		{"the first of two that leave as much", files(threadsMax, "700", pidMax, "700", loadavg, running), 200, "kernel.threads-max is 700, of which 300 are in use"},
		{"one that is told", files(pidMax, "700", loadavg, running), 200, "kernel.pid_max is 700, of which 300 are in use"},
		{"nobody says how many there are", files(threadsMax, "1000"), 800, "kernel.threads-max is 1000, of which 0 are in use"},
		{"nonsense about how many there are", files(threadsMax, "1000", loadavg, "0.1 0.2"), 800, "kernel.threads-max is 1000, of which 0 are in use"},
		{"a limit that is no number", files(threadsMax, "many", pidMax, "700", loadavg, running), 200, "kernel.pid_max is 700, of which 300 are in use"},
		{"just what is kept for others", files(threadsMax, "500", loadavg, running), 0, "kernel.threads-max is 500, of which 300 are in use"},
		{"one more than that", files(threadsMax, "501", loadavg, running), 1, "kernel.threads-max is 501, of which 300 are in use"},
		{"fewer than there are", files(threadsMax, "100", loadavg, running), 0, "kernel.threads-max is 100, of which 300 are in use"},

		{"a control group", files(threadsMax, "1000", loadavg, running, groups, "0::/a/b", "sys/fs/cgroup/a/b/pids.max", "400", "sys/fs/cgroup/a/b/pids.current", "50"),
			150, "/sys/fs/cgroup/a/b/pids.max is 400, of which 50 are in use"},
		{"one above it", files(threadsMax, "1000", loadavg, running, groups, "0::/a/b", "sys/fs/cgroup/a/b/pids.max", "max", "sys/fs/cgroup/a/b/pids.current", "5", "sys/fs/cgroup/a/pids.max", "400", "sys/fs/cgroup/a/pids.current", "50"),
			150, "/sys/fs/cgroup/a/pids.max is 400, of which 50 are in use"},
		{"the tighter one of two", files(groups, "0::/a/b", "sys/fs/cgroup/a/b/pids.max", "900", "sys/fs/cgroup/a/b/pids.current", "5", "sys/fs/cgroup/a/pids.max", "800", "sys/fs/cgroup/a/pids.current", "500"),
			100, "/sys/fs/cgroup/a/pids.max is 800, of which 500 are in use"},
		{"what a container sees as the root", files(threadsMax, "1000", loadavg, running, groups, "0::/", "sys/fs/cgroup/pids.max", "400", "sys/fs/cgroup/pids.current", "50"),
			150, "/sys/fs/cgroup/pids.max is 400, of which 50 are in use"},
		{"a group outside of the container's", files(threadsMax, "1000", loadavg, running, groups, "0::/../b", "sys/fs/cgroup/pids.max", "400", "sys/fs/cgroup/pids.current", "50"),
			150, "/sys/fs/cgroup/pids.max is 400, of which 50 are in use"},
		{"no limit of a group", files(threadsMax, "1000", loadavg, running, groups, "0::/a", "sys/fs/cgroup/a/pids.max", "max", "sys/fs/cgroup/a/pids.current", "50"),
			500, "kernel.threads-max is 1000, of which 300 are in use"},
		{"a group that does not say how many it has", files(threadsMax, "1000", loadavg, running, groups, "0::/a", "sys/fs/cgroup/a/pids.max", "400"),
			500, "kernel.threads-max is 1000, of which 300 are in use"},
		{"a group of somebody else's", files(threadsMax, "1000", loadavg, running, groups, "0::/a", "sys/fs/cgroup/c/pids.max", "400", "sys/fs/cgroup/c/pids.current", "50"),
			500, "kernel.threads-max is 1000, of which 300 are in use"},

		{"a control group of version 1", files(threadsMax, "1000", loadavg, running, groups, "4:memory:/m\n3:pids:/a/b\n0::/", "sys/fs/cgroup/pids/a/b/pids.max", "400", "sys/fs/cgroup/pids/a/b/pids.current", "50"),
			150, "/sys/fs/cgroup/pids/a/b/pids.max is 400, of which 50 are in use"},
		{"one above it, of version 1", files(threadsMax, "1000", loadavg, running, groups, "3:pids:/a/b", "sys/fs/cgroup/pids/a/b/pids.max", "max", "sys/fs/cgroup/pids/a/b/pids.current", "50", "sys/fs/cgroup/pids/a/pids.max", "400", "sys/fs/cgroup/pids/a/pids.current", "50"),
			150, "/sys/fs/cgroup/pids/a/pids.max is 400, of which 50 are in use"},
		{"the root of version 1", files(threadsMax, "1000", loadavg, running, groups, "3:pids:/", "sys/fs/cgroup/pids/pids.max", "400", "sys/fs/cgroup/pids/pids.current", "50"),
			150, "/sys/fs/cgroup/pids/pids.max is 400, of which 50 are in use"},
		{"another controller's group", files(threadsMax, "1000", loadavg, running, groups, "4:memory:/a\n5:name=systemd:/a", "sys/fs/cgroup/a/pids.max", "400", "sys/fs/cgroup/a/pids.current", "50", "sys/fs/cgroup/memory/a/pids.max", "400", "sys/fs/cgroup/memory/a/pids.current", "50", "sys/fs/cgroup/pids/a/pids.max", "400", "sys/fs/cgroup/pids/a/pids.current", "50"),
			500, "kernel.threads-max is 1000, of which 300 are in use"},
		{"nonsense about groups", files(threadsMax, "1000", loadavg, running, groups, "nonsense\n\n:::"),
			500, "kernel.threads-max is 1000, of which 300 are in use"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			most, bound := server.HostThreads(test.host)
			if most != test.most || bound != test.bound {
				t.Errorf("%d threads by %q, want %d by %q", most, bound, test.most, test.bound)
			}
		})
	}
}

// TestThreadsOfAHostThatTellsNothing: then there is no limit, and none is named,
// unless the user has one.
func TestThreadsOfAHostThatTellsNothing(t *testing.T) {
	if unix.Geteuid() != 0 {
		t.Skip("root alone has no limit of threads of its own (RLIMIT_NPROC)")
	}
	if most, bound := server.HostThreads(files()); most != math.MaxInt32 || bound != "" {
		t.Errorf("%d threads by %q, want %d by nothing", most, bound, math.MaxInt32)
	}
}

// TestThreadsOfAUser: who is not root may have so many threads in all, whatever
// the host has.
func TestThreadsOfAUser(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil {
		t.Fatal(err)
	}
	host := files("proc/sys/kernel/threads-max", "4000000000", "proc/loadavg", "0.52 0.58 0.59 3/300 12345")
	if unix.Geteuid() == 0 {
		// One thread becomes another user's, to the kernel's eyes, and ends with
		// the test. The limit binds nobody while the process's user is root.
		fewer := unix.Rlimit{Cur: min(5000, limit.Max), Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &fewer); err != nil {
			t.Fatal(err)
		}
		before := limit
		t.Cleanup(func() {
			if err := unix.Setrlimit(unix.RLIMIT_NPROC, &before); err != nil {
				t.Error(err)
			}
		})
		limit = fewer
		runtime.LockOSThread()
		const same, nobody = math.MaxUint32, 65534
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, nobody, same); errno != 0 {
			t.Skipf("this process may not become another user's: %v", os.NewSyscallError("setresuid", errno))
		}
	}
	if limit.Cur >= math.MaxInt32 {
		t.Skip("this user's threads are not limited")
	}
	wantMost, wantBound := max(0, int(limit.Cur)-300-200), fmt.Sprintf("the limit of a user's threads (ulimit -u) is %d, of which 300 are in use", limit.Cur)
	if most, bound := server.HostThreads(host); most != wantMost || bound != wantBound {
		t.Errorf("%d threads by %q, want %d by %q", most, bound, wantMost, wantBound)
	}
}
