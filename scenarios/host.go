//go:build linux

package scenarios

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// HostLimits looks at this host. What it does not tell is taken to be without
// limit.
func HostLimits() (Limits, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Limits{}, os.NewSyscallError("getrlimit", err)
	}
	l := Limits{
		Descriptors: limit.Max, OpenMax: math.MaxUint64, Files: math.MaxInt64, Ports: math.MaxInt, Tracked: -1,
		TCPMemory: math.MaxInt64,
	}
	if n := numbers("/proc/sys/fs/nr_open"); len(n) == 1 {
		l.OpenMax = uint64(n[0])
	}
	if n := numbers("/proc/sys/fs/file-nr"); len(n) == 3 { // allocated, unused, most
		l.Files = n[2] - n[0]
	}
	if n := numbers("/proc/sys/net/ipv4/ip_local_port_range"); len(n) == 2 {
		l.Ports = int(n[1] - n[0] + 1)
	}
	most, now := numbers("/proc/sys/net/netfilter/nf_conntrack_max"), numbers("/proc/sys/net/netfilter/nf_conntrack_count")
	if len(most) == 1 && len(now) == 1 {
		l.Tracked = max(0, most[0]-now[0])
	}
	if n := numbers("/proc/sys/net/ipv4/tcp_mem"); len(n) == 3 && n[2] < math.MaxInt64/int64(os.Getpagesize()) { // in pages
		l.TCPMemory = n[2] * int64(os.Getpagesize())
	}
	l.Memory, l.MemoryOf = availableMemory()
	return l, nil
}

// numbers are those of a file's first line; none if it cannot be read.
func numbers(path string) []int64 {
	var all []int64
	for _, field := range strings.Fields(firstLine(path)) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil
		}
		all = append(all, n)
	}
	return all
}

// availableMemory is the least of what the machine has available (proc_meminfo(5))
// and what the limits of this process's cgroups leave (cgroups(7), version 2).
func availableMemory() (bytes int64, of string) {
	bytes, of = math.MaxInt64, "this machine"
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			var kilobytes int64
			if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kilobytes); n == 1 {
				bytes = kilobytes << 10
			}
		}
	}
	group, found := strings.CutPrefix(firstLine("/proc/self/cgroup"), "0::/")
	if !found {
		return bytes, of
	}
	const root = "/sys/fs/cgroup"
	for dir := filepath.Join(root, group); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		limit, used := numbers(filepath.Join(dir, "memory.max")), numbers(filepath.Join(dir, "memory.current"))
		if len(limit) == 1 && len(used) == 1 && limit[0]-used[0] < bytes {
			bytes, of = max(0, limit[0]-used[0]), filepath.Join(dir, "memory.max")
		}
	}
	return bytes, of
}
