//go:build linux

package workbench

import (
	"fmt"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// Memory is a figure of /proc/meminfo (proc_meminfo(5)), in bytes: "MemTotal".
func (b *Bench) Memory(name string) int {
	const file = "/proc/meminfo"
	text, err := os.ReadFile(file)
	if err != nil {
		b.Skipf("needs to know how much memory there is: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if figure, ok := strings.CutPrefix(line, name+":"); ok {
			var kib int
			if _, err := fmt.Sscan(figure, &kib); err == nil {
				return kib << 10
			}
		}
	}
	b.Skipf("needs to know how much memory there is: %s has no %s", file, name)
	return 0
}

// availableMemory is how much memory this process can have, in bytes: what the host
// has available, and what its control groups leave.
func (b *Bench) availableMemory() int {
	available := b.Memory("MemAvailable")
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return available // a kernel without control groups
	}
	for line := range strings.Lines(string(text)) {
		// See cgroups(7): the number of the hierarchy, its controllers, and the path.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(fields) < 3:
		case fields[1] == "":
			available = min(available, leftBy("/sys/fs/cgroup", fields[2], "memory.max", "memory.current"))
		case fields[1] == "memory":
			available = min(available, leftBy("/sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes", "memory.usage_in_bytes"))
		}
	}
	return available
}

// leftBy is what a control group and those above it leave. Those that set no limit, or
// cannot be seen, leave everything.
func leftBy(mount, group, limit, usage string) int {
	left := math.MaxInt
	// Rooted: outside of its namespace's root a group's path begins with "..".
	for group = path.Join("/", group); ; group = path.Dir(group) {
		most, limited := numberIn(path.Join(mount, group, limit))
		used, seen := numberIn(path.Join(mount, group, usage))
		if limited == nil && seen == nil {
			left = min(left, max(0, most-used))
		}
		if group == "/" {
			return left
		}
	}
}

// numberIn is the number that a file consists of.
func numberIn(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}
