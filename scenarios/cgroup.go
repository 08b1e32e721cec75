//go:build linux

package scenarios

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// controlGroup is a group of processes that limits this one: its own, or one
// that its own is in (cgroups(7)).
type controlGroup struct {
	dir     string
	unified bool // of version 2, whose files have other names
}

// controlGroups are those of version 2 and of version 1's controller, each
// hierarchy from this process's own group upwards.
func controlGroups(host fs.FS, controller string) []controlGroup {
	lines, err := fs.ReadFile(host, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var all []controlGroup
	for line := range strings.Lines(string(lines)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		root, unified := "sys/fs/cgroup", fields[0] == "0" && fields[1] == ""
		if !unified {
			if !slices.Contains(strings.Split(fields[1], ","), controller) {
				continue
			}
			// Controllers that share a hierarchy each have a link to it.
			root = path.Join(root, controller)
		}
		// Rooted first: outside of its namespace's root a group's path begins with
		// "..". A container may see its own group at the root, under any name.
		for dir := path.Join(root, path.Join("/", fields[2])); ; dir = path.Dir(dir) {
			all = append(all, controlGroup{dir, unified})
			if dir == root {
				break
			}
		}
	}
	return all
}

// cpuQuota is how many CPUs' time the limits of this process's groups leave it,
// the least of them; not ok without a limit.
func cpuQuota(host fs.FS) (cpus float64, of string, ok bool) {
	for _, g := range controlGroups(host, "cpu") {
		file := path.Join(g.dir, "cpu.max")
		limit := numbers(host, file) // none where it reads "max"
		if !g.unified {
			file = path.Join(g.dir, "cpu.cfs_quota_us")
			limit = append(numbers(host, file), numbers(host, path.Join(g.dir, "cpu.cfs_period_us"))...)
		}
		if len(limit) != 2 || limit[0] < 0 || limit[1] <= 0 { // -1: none
			continue
		}
		if n := float64(limit[0]) / float64(limit[1]); !ok || n < cpus {
			cpus, of, ok = n, "/"+file, true
		}
	}
	return cpus, of, ok
}
