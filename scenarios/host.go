//go:build linux

package scenarios

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// HostLimits looks at a host, whose files are below host: os.DirFS("/"). What
// it does not tell is taken to be without limit.
func HostLimits(host fs.FS) (Limits, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Limits{}, os.NewSyscallError("getrlimit", err)
	}
	l := Limits{
		Descriptors: limit.Max, OpenMax: math.MaxUint64, Files: math.MaxInt64, Ports: math.MaxInt, Tracked: -1,
		TCPMemory: math.MaxInt64,
	}
	if n := numbers(host, "proc/sys/fs/nr_open"); len(n) == 1 {
		l.OpenMax = uint64(n[0])
	}
	if n := numbers(host, "proc/sys/fs/file-nr"); len(n) == 3 { // allocated, unused, most
		l.Files = n[2] - n[0]
	}
	if n := numbers(host, "proc/sys/net/ipv4/ip_local_port_range"); len(n) == 2 {
		l.Ports = int(n[1] - n[0] + 1)
	}
	most, now := numbers(host, "proc/sys/net/netfilter/nf_conntrack_max"), numbers(host, "proc/sys/net/netfilter/nf_conntrack_count")
	if len(most) == 1 && len(now) == 1 && most[0] > 0 { // 0: without limit
		l.Tracked = max(0, most[0]-now[0])
	}
	if n := numbers(host, "proc/sys/net/ipv4/tcp_mem"); len(n) == 3 && n[2] < math.MaxInt64/int64(os.Getpagesize()) { // in pages
		l.TCPMemory = n[2] * int64(os.Getpagesize())
	}
	l.Memory, l.MemoryOf = availableMemory(host)
	l.Threads, l.ThreadsBound = server.HostThreads(host)
	return l, nil
}

// numbers are those of a file of one line; none if it cannot be read.
func numbers(host fs.FS, name string) []int64 {
	b, err := fs.ReadFile(host, name)
	if err != nil {
		return nil
	}
	var all []int64
	for _, field := range strings.Fields(string(b)) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil
		}
		all = append(all, n)
	}
	return all
}

// availableMemory is the least of what the machine has available
// (proc_meminfo(5)) and what the limits of this process's cgroups leave.
func availableMemory(host fs.FS) (bytes int64, of string) {
	bytes, of = math.MaxInt64, "this machine"
	if n, ok := named(host, "proc/meminfo")["MemAvailable:"]; ok {
		bytes = n << 10
	}
	for _, g := range controlGroups(host, "memory") {
		files := memoryFilesOf(g)
		if left, ok := files.left(host, g.dir); ok && left < bytes {
			bytes, of = left, "/"+path.Join(g.dir, files.limit)
		}
	}
	return bytes, of
}

// memoryFiles are the names of a control group's files about memory.
type memoryFiles struct {
	limit, usage string
	cache        []string // in memory.stat: what the kernel gives up when it must
}

func memoryFilesOf(g controlGroup) memoryFiles {
	if g.unified {
		return memoryFiles{"memory.max", "memory.current", []string{"inactive_file", "active_file", "slab_reclaimable"}}
	}
	return memoryFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"}}
}

// left is what the group in dir may still take; not ok if it has no limit.
func (f memoryFiles) left(host fs.FS, dir string) (int64, bool) {
	limit, usage := numbers(host, path.Join(dir, f.limit)), numbers(host, path.Join(dir, f.usage))
	if len(limit) != 1 || len(usage) != 1 {
		return 0, false
	}
	left := limit[0] - usage[0]
	stat := named(host, path.Join(dir, "memory.stat"))
	for _, name := range f.cache {
		left += stat[name]
	}
	return max(0, left), true
}

// named are the numbers of a file whose lines begin with a name and a number.
func named(host fs.FS, name string) map[string]int64 {
	all := make(map[string]int64)
	b, err := fs.ReadFile(host, name)
	if err != nil {
		return all
	}
	for line := range strings.Lines(string(b)) {
		var key string
		var value int64
		if n, _ := fmt.Sscan(line, &key, &value); n == 2 {
			all[key] = value
		}
	}
	return all
}
