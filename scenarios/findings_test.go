//go:build linux

package scenarios_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muxbench/results"
	"muxbench/scenarios"
)

const clockSources = "sys/devices/system/clocksource/clocksource0/"

// hostOf has files of a host, by name.
func hostOf(files map[string]string) fstest.MapFS {
	host := fstest.MapFS{}
	for name, text := range files {
		host[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return host
}

// twoCPUs are those that the first block runs on.
func twoCPUs(t *testing.T) (server, load int) {
	t.Helper()
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(available) < 2 {
		t.Skip("there is one CPU")
	}
	return available[0], available[1]
}

// namesOf are the checks of findings, but for the one of a machine with a
// single CPU, which the test may run on.
func namesOf(findings []results.Finding) []string {
	names := []string{}
	for _, f := range findings {
		if f.Check != "one-cpu" {
			names = append(names, f.Check)
		}
	}
	return names
}

// What a machine is said to have, from files as the kernel writes them, and
// what is said of it when it is as it should be: nothing.
func TestFindings(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string // the check; empty: nothing is found
		says  []string
		fix   string
	}{
		{"nothing is told", nil, "", nil, ""},
		{"all is as it should be", map[string]string{
			"proc/loadavg":                                           "0.00 0.29 4.63 1/88 32560\n",
			"proc/self/cgroup":                                       "3:cpu,cpuacct:/a\n0::/b\n",
			"proc/cpuinfo":                                           "processor\t: 0\nflags\t\t: fpu vme de\n",
			"proc/sys/net/core/somaxconn":                            "4096\n",
			"sys/fs/cgroup/b/cpu.max":                                "max 100000\n",
			"sys/fs/cgroup/cpu.max":                                  "200000 100000\n",
			"sys/fs/cgroup/cpu/a/cpu.stat":                           "nr_periods 0\n",
			clockSources + "current_clocksource":                     "tsc\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us":                   "-1\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_period_us":                  "100000\n",
			"sys/devices/system/cpu/intel_pstate/no_turbo":           "1\n",
			"sys/devices/system/cpu/cpufreq/boost":                   "0\n",
			"sys/devices/system/cpu/vulnerabilities/meltdown":        "Not affected\n",
			"sys/devices/system/cpu/vulnerabilities/spec_rstack_ove": "Unknown: No mitigations\n",
		}, "", nil, ""},
		{"quota", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"},
			"cpu-quota", []string{"/sys/fs/cgroup/cpu.max allows the time of 1.5 CPUs"}, "--cpus"},
		{"less than one CPU", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"},
			"cpu-quota severe", []string{"of 0.5 CPUs"}, "--cpus"},
		{"the least quota on the way up", map[string]string{
			"proc/self/cgroup":          "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max": "300000 100000\n",
			"sys/fs/cgroup/a/cpu.max":   "110000 100000\n",
			"sys/fs/cgroup/cpu.max":     "190000 100000\n",
		}, "cpu-quota", []string{"/sys/fs/cgroup/a/cpu.max allows the time of 1.1 CPUs"}, "--cpus"},
		{"quota of version 1", map[string]string{
			"proc/self/cgroup": "7:blkio:/a\n4:cpu,cpuacct:/docker/1\n",
			"sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us":  "90000\n",
			"sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000\n",
		}, "cpu-quota severe", []string{"/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us", "of 0.9 CPUs"}, "--cpus"},
		{"quota, seen from another namespace", map[string]string{"proc/self/cgroup": "0::/../../x\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"},
			"cpu-quota", []string{"/sys/fs/cgroup/cpu.max"}, "--cpus"},
		{"no period", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "1 0\n"}, "", nil, ""},
		{"clock", map[string]string{clockSources + "current_clocksource": "hpet\n", clockSources + "available_clocksource": "hpet acpi_pm \n"},
			"clock-source", []string{"The clock is hpet"}, ""},
		{"clock, with a better one", map[string]string{clockSources + "current_clocksource": "hpet\n", clockSources + "available_clocksource": "hpet tsc acpi_pm \n"},
			"clock-source", nil, "echo tsc > /" + clockSources + "current_clocksource"},
		{"turbo", map[string]string{"sys/devices/system/cpu/intel_pstate/no_turbo": "0\n"}, "boost", nil, "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"},
		{"boost", map[string]string{"sys/devices/system/cpu/cpufreq/boost": "1\n"}, "boost", nil, "echo 0 > /sys/devices/system/cpu/cpufreq/boost"},
		{"load", map[string]string{"proc/loadavg": "100000.25 0.29 4.63 1/88 32560\n"}, "load-average", []string{"100000.25 threads", "has just ended"}, "top"},
		{"load of a hostile file", map[string]string{"proc/loadavg": "nan\n"}, "", nil, ""},
		{"queue", map[string]string{"proc/sys/net/core/somaxconn": "128\n"}, "somaxconn", []string{"128 connections"}, "sysctl -w net.core.somaxconn=4096"},
		{"virtual machine", map[string]string{"proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor vme\n"}, "virtual-machine", []string{"Compare ratios"}, ""},
		{"mitigations", map[string]string{
			"sys/devices/system/cpu/vulnerabilities/l1tf":       "Not affected\n",
			"sys/devices/system/cpu/vulnerabilities/spectre_v1": "Mitigation: usercopy/swapgs barriers\n",
			"sys/devices/system/cpu/vulnerabilities/spectre_v2": "Mitigation: Retpolines\n",
			"sys/devices/system/cpu/vulnerabilities/srso":       "Vulnerable: Safe RET, no microcode\n",
		}, "mitigations", []string{"CPU: spectre_v1, spectre_v2.", "Not mitigated: srso."}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := scenarios.Findings(hostOf(test.files), scenarios.Placement{})
			check, severe := strings.CutSuffix(test.want, " severe")
			want := []string{}
			if check != "" {
				want = append(want, check)
			}
			if got := namesOf(findings); !slices.Equal(got, want) {
				t.Fatalf("found %v, want %v", got, want)
			}
			for _, f := range findings {
				if f.Check != check {
					continue
				}
				for _, says := range test.says {
					if !strings.Contains(f.Text, says) {
						t.Errorf("%q does not say %q", f.Text, says)
					}
				}
				if !strings.Contains(f.Fix, test.fix) || (test.fix == "") != (f.Fix == "") {
					t.Errorf("the fix is %q, want %q", f.Fix, test.fix)
				}
				if f.Severe != severe {
					t.Errorf("severe: %t, want %t", f.Severe, severe)
				}
			}
		})
	}
}

// What is found of CPUs is found of those that blocks run on.
func TestFindingsOfCPUs(t *testing.T) {
	server, load := twoCPUs(t)
	cpu := func(n int, name string) string { return fmt.Sprintf("sys/devices/system/cpu/cpu%d/%s", n, name) }
	siblings := cpu(server, "topology/thread_siblings_list")
	swapped := scenarios.Placement{ServerCPUs: []int{load}, LoadCPUs: []int{server}}
	tests := []struct {
		name  string
		files map[string]string
		on    scenarios.Placement
		want  []string
	}{
		{"siblings in a list", map[string]string{siblings: fmt.Sprintf("%d,%d\n", server, load)}, scenarios.Placement{}, []string{"siblings"}},
		{"siblings in a range", map[string]string{siblings: fmt.Sprintf("900,%d-%d\n", server, load)}, scenarios.Placement{}, []string{"siblings"}},
		{"a sibling that is not used", map[string]string{siblings: fmt.Sprintf("%d,%d\n", server, load+900)}, scenarios.Placement{}, nil},
		{"siblings of another CPU", map[string]string{siblings: fmt.Sprintf("%d,%d\n", server, load)}, swapped, nil},
		{"a list that is none", map[string]string{siblings: "-,,x-9,99999999999999999999\n"}, scenarios.Placement{}, nil},
		{"governor", map[string]string{cpu(load, "cpufreq/scaling_governor"): "powersave\n"}, scenarios.Placement{}, []string{"governor"}},
		{"governors, said once", map[string]string{cpu(server, "cpufreq/scaling_governor"): "powersave\n", cpu(load, "cpufreq/scaling_governor"): "schedutil\n"}, scenarios.Placement{}, []string{"governor"}},
		{"governor that keeps the frequency", map[string]string{cpu(load, "cpufreq/scaling_governor"): "performance\n"}, scenarios.Placement{}, nil},
		{"governor of a CPU that is not used", map[string]string{cpu(load+900, "cpufreq/scaling_governor"): "powersave\n"}, scenarios.Placement{}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := scenarios.Findings(hostOf(test.files), test.on)
			if got := namesOf(findings); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
}

// Severe findings come first, each check once.
func TestFindingsOrder(t *testing.T) {
	files := map[string]string{
		"proc/cpuinfo":                         "flags: hypervisor\n",
		"proc/sys/net/core/somaxconn":          "1\n",
		"proc/self/cgroup":                     "0::/\n",
		clockSources + "current_clocksource":   "jiffies\n",
		"sys/devices/system/cpu/cpufreq/boost": "1\n",
		"sys/fs/cgroup/cpu.max":                "1000 100000\n",
	}
	got := namesOf(scenarios.Findings(hostOf(files), scenarios.Placement{}))
	if want := []string{"cpu-quota", "boost", "clock-source", "somaxconn", "virtual-machine"}; !slices.Equal(got, want) {
		t.Errorf("found %v of %v, want %v", got, slices.Sorted(maps.Keys(files)), want)
	}
}
