//go:build linux

package scenarios

import (
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/results"
)

// Environment looks at the machine. What cannot be read stays empty.
func Environment() results.Environment {
	host := os.DirFS("/")
	e := results.Environment{
		OS:          runtime.GOOS,
		Arch:        runtime.GOARCH,
		GoVersion:   runtime.Version(),
		ClockSource: firstLine(host, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
		Congestion:  firstLine(host, "proc/sys/net/ipv4/tcp_congestion_control"),
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		e.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	if cpus, err := AvailableCPUs(); err == nil {
		e.CPUs = len(cpus)
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		e.OpenFiles = limit.Max
	}
	var memory unix.Sysinfo_t
	if unix.Sysinfo(&memory) == nil {
		e.MemoryBytes = int64(memory.Totalram) * int64(memory.Unit)
	}
	if n := numbers(host, "proc/sys/net/core/somaxconn"); len(n) == 1 {
		e.SoMaxConn = int(n[0])
	}
	if n := numbers(host, "proc/sys/net/ipv4/ip_local_port_range"); len(n) == 2 {
		e.PortRangeLow, e.PortRangeHi = int(n[0]), int(n[1])
	}
	e.CPUModel, e.Hypervisor = processor(host)
	return e
}

// firstLine of a file; empty if it cannot be read.
func firstLine(host fs.FS, name string) string {
	b, err := fs.ReadFile(host, name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// processor reads proc_cpuinfo(5). Architectures other than x86 tell no model
// there, and no hypervisor.
func processor(host fs.FS) (model, hypervisor string) {
	b, err := fs.ReadFile(host, "proc/cpuinfo")
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			model = value
		case "flags":
			for flag := range strings.FieldsSeq(value) {
				if flag == "hypervisor" {
					return model, "a virtual machine"
				}
			}
			return model, ""
		}
	}
	return model, hypervisor
}
