//go:build linux

package server

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// spareThreads are left to the rest of the host and to this process's runtime.
const spareThreads = 200

// HostThreads is how many more threads the host lets a process start, less some
// to spare, and what sets that bound. host has the machine's files:
// os.DirFS("/"). What it does not tell is taken to be without limit; bound is
// then empty.
//
// The kernel allows kernel.threads-max threads in all and kernel.pid_max numbers
// for them (proc_sys_kernel(5)), a control group pids.max (the kernel's
// documentation of the pids controller), a process vm.max_map_count mappings, and a
// user who is not root RLIMIT_NPROC (getrlimit(2)).
func HostThreads(host fs.FS) (most int, bound string) {
	running := threadsThatAre(host)
	left := int64(math.MaxInt64)
	take := func(limit, used int64, by string) {
		if n := limit - used; n < left {
			left, bound = n, fmt.Sprintf("%s is %d, of which %d are in use", by, limit, used)
		}
	}
	for _, name := range []string{"threads-max", "pid_max"} {
		if limit, ok := number(host, path.Join("proc/sys/kernel", name)); ok {
			take(limit, running, "kernel."+name)
		}
	}
	// A program that is linked with libc, as this one may be, maps a stack and a
	// guard for each (proc_sys_vm(5)).
	if limit, ok := number(host, "proc/sys/vm/max_map_count"); ok {
		take(limit/2, 0, "half of vm.max_map_count, as a thread may take two mappings,")
	}
	for _, dir := range pidsGroups(host) {
		limit, limited := number(host, path.Join(dir, "pids.max"))
		used, known := number(host, path.Join(dir, "pids.current"))
		if limited && known {
			take(limit, used, "/"+path.Join(dir, "pids.max"))
		}
	}
	var user unix.Rlimit
	if unix.Geteuid() != 0 && unix.Getrlimit(unix.RLIMIT_NPROC, &user) == nil && user.Cur < math.MaxInt32 {
		take(int64(user.Cur), running, "the limit of a user's threads (ulimit -u)")
	}
	if bound == "" {
		return math.MaxInt32, ""
	}
	return int(max(0, left-spareThreads)), bound
}

// threadsThatAre is how many threads there are on the host: the number behind the
// slash in proc_loadavg(5).
func threadsThatAre(host fs.FS) int64 {
	b, err := fs.ReadFile(host, "proc/loadavg")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 4 {
		return 0
	}
	_, all, _ := strings.Cut(fields[3], "/")
	n, _ := strconv.ParseInt(all, 10, 64)
	return n
}

// pidsGroups are the directories of this process's control groups that may limit
// its threads, of either version, each with those above it.
func pidsGroups(host fs.FS) []string {
	b, err := fs.ReadFile(host, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var all []string
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		root := "sys/fs/cgroup"
		switch parts[1] {
		case "": // version 2
		case "pids":
			root = "sys/fs/cgroup/pids"
		default:
			continue
		}
		for group := path.Clean(parts[2]); ; group = path.Dir(group) {
			all = append(all, path.Join(root, group))
			if group == "/" || group == "." {
				break
			}
		}
	}
	return all
}

// number reads a file with one number; not ok where there is none, as in "max".
func number(host fs.FS, file string) (int64, bool) {
	b, err := fs.ReadFile(host, file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}
