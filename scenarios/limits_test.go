//go:build linux

package scenarios_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muxbench/scenarios"
)

func ample() scenarios.Limits {
	return scenarios.Limits{
		Descriptors: 1 << 20, OpenMax: 1 << 20, Files: 1 << 30, Ports: 28232, Tracked: -1,
		Memory: 1 << 40, MemoryOf: "this machine", TCPMemory: 1 << 40,
		Threads: 1 << 20, ThreadsBound: "kernel.threads-max is 1048776, of which 0 are in use",
	}
}

// What a host cannot carry is refused with the figures and what helps, what it
// can carry one arm after the other is marked so, and what it can just carry is
// neither.
func TestFits(t *testing.T) {
	tests := []struct {
		name        string
		scenario    string
		connections int // of four arms
		size        int
		limit       func(l *scenarios.Limits, n int)
		enough      int
		apart       bool // one arm after the other fits
		says        []string
	}{
		{"descriptors", "echo", 1000, 64, func(l *scenarios.Limits, n int) { l.Descriptors = uint64(n) }, 1032, false,
			[]string{"needs 1032 descriptors", "limit is 1031", `"ulimit -Hn 1032"`, "at most 999 connections"}},
		{"descriptors beyond what may be asked for", "echo", 1000, 64, func(l *scenarios.Limits, n int) { l.Descriptors, l.OpenMax = uint64(n), 1031 }, 1032, false,
			[]string{`"ulimit -Hn 1032"`, `"sysctl -w fs.nr_open=1032"`}},
		{"files", "echo", 1000, 64, func(l *scenarios.Limits, n int) { l.Files = int64(n) }, 2 * 4 * 1032, true,
			[]string{"8256 files", "has 8255 left", "fs.file-max"}},
		{"files, one arm at a time", "connect", 1000, 0, func(l *scenarios.Limits, n int) { l.Files = int64(n) }, 2 * 1032, false, []string{"2064 files"}},
		{"ports", "echo", 16_000, 64, func(l *scenarios.Limits, n int) { l.Ports = n }, 1000, false,
			[]string{"gives 1000 ports, and has 999", "ip_local_port_range", "at most 15984 connections"}},
		{"firewall", "echo", 1000, 64, func(l *scenarios.Limits, n int) { l.Tracked = int64(n) }, 4000, true,
			[]string{"4000 connections", "3999 more", "nf_conntrack_max"}},
		{"descriptors of those that come while others go", "churn", 1000, 64, func(l *scenarios.Limits, n int) { l.Descriptors = uint64(n) }, 2032, false,
			[]string{"needs 2032 descriptors", "at most 999 connections"}},
		{"firewall, of connections that come and go", "churn", 10, 64, func(l *scenarios.Limits, n int) { l.Tracked = int64(n) }, 200_000, false,
			[]string{"come and go", "200000", "199999 more", "nf_conntrack_max"}},
		{"memory of connections", "echo", 10_000, 1, func(l *scenarios.Limits, n int) { l.Memory = int64(n) }, 8*(12<<20) + 4*10_000*(10<<10) + 2*10_000, true,
			[]string{"up to 510 MB", "this machine has 510 MB", "fewer"}},
		{"memory of messages, as far as the kernel gives it", "bulk", 1000, 1 << 20, func(l *scenarios.Limits, n int) { l.Memory, l.TCPMemory = int64(n), 50e6 },
			8*(12<<20) + 4*1000*(10<<10) + 50e6, true, []string{"of memory"}},
		{"memory of a container", "echo", 1, 1, func(l *scenarios.Limits, n int) { l.Memory, l.MemoryOf = int64(n), "/sys/fs/cgroup/memory.max" }, 8*(12<<20) + 4*(10<<10) + 2, true,
			[]string{"/sys/fs/cgroup/memory.max has", "--memory"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sweep := scenarios.Sweep{Connections: []int{test.connections}, SocketBuffers: []int{0}}
			if test.size > 0 {
				sweep.Sizes = []int{test.size}
			}
			plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{test.scenario}, Sweep: sweep, NoControl: true})
			if err != nil {
				t.Fatal(err)
			}
			l := ample()
			test.limit(&l, test.enough)
			if err := plan.Fits(l); err != nil || len(plan.Apart) > 0 {
				t.Errorf("with just enough: %v, apart: %v", err, plan.Apart)
			}
			test.limit(&l, test.enough-1)
			err = plan.Fits(l)
			why := plan.Apart[plan.Cells[0]]
			if err != nil {
				why = err.Error()
			}
			if (err == nil) != test.apart {
				t.Errorf("with one less than enough: %v, want it let through %v", err, test.apart)
			}
			for _, want := range test.says {
				if !strings.Contains(why, want) {
					t.Errorf("%q does not say %q", why, want)
				}
			}
		})
	}
}

// A load generator keeps 24 bytes of each message of an open loop: of a rate
// what it says, of a share of an unknown capacity what a backend may do.
func TestFitsOfOpenLoops(t *testing.T) {
	for _, test := range []struct {
		name     string
		sweep    scenarios.Sweep
		messages int64
	}{
		{"a rate", scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 1e6}}, Duration: 2 * time.Second}, 2e6},
		{"a share", scenarios.Sweep{Rates: []scenarios.Rate{{Share: 0.2}}, Duration: 10 * time.Second}, 1e6},
		{"a search", scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: "latency_p99_ns", Bound: time.Millisecond}}}, 625e3},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.sweep.Connections, test.sweep.Sizes, test.sweep.SocketBuffers = []int{1}, []int{1}, []int{0}
			plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{"rate"}, Sweep: test.sweep, NoControl: true})
			if err != nil {
				t.Fatal(err)
			}
			l := ample()
			l.Memory = 8*(12<<20) + 4*(10<<10) + 2 + 4*24*test.messages
			if err := plan.Fits(l); err != nil || len(plan.Apart) > 0 {
				t.Errorf("with just enough: %v, apart: %v", err, plan.Apart)
			}
			l.Memory--
			if err := plan.Fits(l); err != nil || len(plan.Apart) == 0 {
				t.Errorf("with one byte less than enough for four arms at once: %v, apart: %v", err, plan.Apart)
			}
		})
	}
}

// The host that the tests run on has limits that a small plan fits into and
// ten million connections do not.
func TestHostLimits(t *testing.T) {
	l, err := scenarios.HostLimits(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	if l.Descriptors == 0 || l.Ports < 1 || l.Files < 1 || l.Memory < 1<<20 || l.Memory == math.MaxInt64 || l.MemoryOf == "" || l.TCPMemory < 1<<20 {
		t.Errorf("implausible limits: %+v", l)
	}
	for connections, fits := range map[int]bool{10: true, 10_000_000: false} {
		plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{"echo"}, NoControl: true, Sweep: scenarios.Sweep{Connections: []int{connections}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := scenarios.CheckLimits(&plan); (err == nil) != fits {
			t.Errorf("%d connections: CheckLimits = %v", connections, err)
		}
	}
}

// What a host says of itself, in files as the kernel writes them.
func TestLimitsOfAHost(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	page := int64(os.Getpagesize())
	host := fstest.MapFS{
		"proc/sys/fs/nr_open":                            file("1048576\n"),
		"proc/sys/fs/file-nr":                            file("2000\t0\t10000\n"),
		"proc/sys/net/ipv4/ip_local_port_range":          file("32768\t60999\n"),
		"proc/sys/net/ipv4/tcp_mem":                      file("1\t2\t3\n"),
		"proc/sys/net/netfilter/nf_conntrack_max":        file("100\n"),
		"proc/sys/net/netfilter/nf_conntrack_count":      file("30\n"),
		"proc/sys/kernel/threads-max":                    file("1000\n"),
		"proc/loadavg":                                   file("0.10 0.20 0.30 2/300 4567\n"),
		"proc/meminfo":                                   file("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n"),
		"proc/self/cgroup":                               file("4:memory:/a/b\n0::/c/d\n"),
		"sys/fs/cgroup/c/memory.max":                     file("5000000\n"),
		"sys/fs/cgroup/c/memory.current":                 file("4000000\n"),
		"sys/fs/cgroup/c/memory.stat":                    file("anon 1\ninactive_file 1000000\nactive_file 200000\nslab_reclaimable 30000\n"),
		"sys/fs/cgroup/c/d/memory.max":                   file("max\n"),
		"sys/fs/cgroup/c/d/memory.current":               file("1\n"),
		"sys/fs/cgroup/memory/memory.limit_in_bytes":     file("9223372036854771712\n"),
		"sys/fs/cgroup/memory/memory.usage_in_bytes":     file("1\n"),
		"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": file("3000000\n"),
		"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": file("2500000\n"),
	}
	want := scenarios.Limits{
		OpenMax: 1048576, Files: 8000, Ports: 28232, Tracked: 70, TCPMemory: 3 * page, Memory: 500_000, MemoryOf: "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
		Threads: 1000 - 300 - 200, ThreadsBound: "kernel.threads-max is 1000, of which 300 are in use",
	}
	check := func(t *testing.T) {
		t.Helper()
		got, err := scenarios.HostLimits(host)
		if err != nil {
			t.Fatal(err)
		}
		got.Descriptors = 0 // this process's
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	check(t)
	delete(host, "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes")
	want.Memory, want.MemoryOf = 5000000-4000000+1230000, "/sys/fs/cgroup/c/memory.max"
	check(t)
	delete(host, "proc/self/cgroup")
	want.Memory, want.MemoryOf = 8000<<10, "this machine"
	check(t)
	host["proc/sys/net/netfilter/nf_conntrack_max"] = file("0\n")
	want.Tracked = -1
	check(t)
}

// The preset's commands are the original's, and each has the cell that
// measures it.
func TestPresetOriginal(t *testing.T) {
	plan, err := scenarios.Build(scenarios.Request{Preset: "original", NoControl: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		line                      string
		scenario                  string
		connections, rounds, size int
	}{
		{"conn 10000", "connect", 10_000, 0, 0},
		{"performance 10000 100 1024", "echo", 10_000, 100, 1024},
		{"performance 10000 100 10240", "echo", 10_000, 100, 10_240},
		{"performance 10000 1000 1024", "echo", 10_000, 1000, 1024},
		{"performance 10000 1000 10240", "echo", 10_000, 1000, 10_240},
		{"performance_2 10000 100 102400", "bulk", 10_000, 100, 102_400},
		{"performance_2 10000 100 1024", "echo", 10_000, 100, 1024},
		{"performance_2 10000 500 1024", "echo", 10_000, 500, 1024},
		{"performance_2 10000 1000 1024", "echo", 10_000, 1000, 1024},
	}
	if len(plan.Commands) != len(want) {
		t.Fatalf("%d commands, want %d", len(plan.Commands), len(want))
	}
	measured := map[any]bool{}
	for _, c := range plan.Cells {
		measured[c] = true
	}
	for i, w := range want {
		got := plan.Commands[i]
		if c := got.Cell; got.Line != w.line || c.Scenario != w.scenario || c.Connections != w.connections || c.Active != w.connections || c.Rounds != w.rounds || c.Size != w.size {
			t.Errorf("command %d is %+v, want %+v", i, got, w)
		}
		if !measured[got.Cell] {
			t.Errorf("%s: no cell of the plan measures it", got.Line)
		}
	}
	if len(plan.Cells) != 7 {
		t.Errorf("%d cells, want one for each different piece of work: 7", len(plan.Cells))
	}
	smaller, err := scenarios.Build(scenarios.Request{Preset: "original", NoControl: true, Sweep: scenarios.Sweep{Connections: []int{10, 20}}, Blocks: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := smaller.Commands[len(want)].Line; got != "conn 20" || smaller.Blocks != 2 || len(smaller.Cells) != 14 {
		t.Errorf("with 10 and 20 connections: %q, %d blocks, %d cells; want conn 20, 2, 14", got, smaller.Blocks, len(smaller.Cells))
	}
	if e := plan.Estimate(); e < 10*time.Minute || e > 2*time.Hour {
		t.Errorf("estimated at %s", e)
	}
}
