//go:build linux

package scenarios

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"muxbench/results"
)

// Findings are what figures measured on this machine have to be read with, and
// what can be done about it; the severe ones first. host has the machine's
// files: os.DirFS("/"). What it does not tell is not found fault with.
func Findings(host fs.FS, p Placement) []results.Finding {
	all := slices.Concat(processorFindings(host, p), quotaFindings(host), frequencyFindings(host, p), clockFindings(host), loadFindings(host), queueFindings(host), machineFindings(host))
	slices.SortStableFunc(all, func(a, b results.Finding) int {
		switch {
		case a.Severe == b.Severe:
			return 0
		case a.Severe:
			return -1
		}
		return 1
	})
	return all
}

// processorFindings look at where the two sides of a block run.
func processorFindings(host fs.FS, p Placement) []results.Finding {
	if available, err := AvailableCPUs(); err == nil && len(available) == 1 {
		return []results.Finding{{
			Check: "one-cpu",
			Text:  "There is one CPU: server and load generator take it from each other, so throughput and latency are of both together. The server's CPU time per message is its own.",
			Fix:   "run on two CPUs, for example with \"taskset -c 0,1\" where this process was confined to one",
		}}
	}
	for _, c := range p.pairs() {
		siblings := firstLine(host, cpuFile(c.server, "topology/thread_siblings_list"))
		if c.server == unpinned || c.server == c.load || !listed(siblings, c.load) {
			continue
		}
		return []results.Finding{{
			Check: "siblings",
			Text:  fmt.Sprintf("CPUs %d and %d, which serve and load, are threads of one core (%s): each is slower while the other works, by how much depends on the backend.", c.server, c.load, siblings),
			Fix:   "choose CPUs of two cores with --server-cpus and --load-cpus; \"lscpu -e\" shows them",
		}}
	}
	return nil
}

// quotaFindings look at the CPU time that this process may use.
func quotaFindings(host fs.FS) []results.Finding {
	quota, of, limited := cpuQuota(host)
	if !limited || quota >= 2 {
		return nil
	}
	return []results.Finding{{
		Check:  "cpu-quota",
		Text:   fmt.Sprintf("%s allows the time of %.2g CPUs, and server and load want two: once it is used up both are stopped, for up to 0.1 s.", of, quota),
		Fix:    "raise that limit (systemd: CPUQuota=, docker: --cpus)",
		Severe: quota < 1,
	}}
}

// frequencyFindings look at what else than the work decides on a CPU's clock. A
// virtual machine is not told.
func frequencyFindings(host fs.FS, p Placement) []results.Finding {
	var all []results.Finding
	for _, cpu := range p.used() {
		governor := firstLine(host, cpuFile(cpu, "cpufreq/scaling_governor"))
		if governor == "" || governor == "performance" {
			continue
		}
		all = append(all, results.Finding{
			Check: "governor",
			Text:  fmt.Sprintf("CPU %d is governed by %q: its frequency follows its load, so a backend that sleeps more runs slower.", cpu, governor),
			Fix:   "cpupower frequency-set -g performance",
		})
		break
	}
	const intel, others = "sys/devices/system/cpu/intel_pstate/no_turbo", "sys/devices/system/cpu/cpufreq/boost"
	fix := ""
	switch {
	case firstLine(host, intel) == "0":
		fix = "echo 1 > /" + intel
	case firstLine(host, others) == "1":
		fix = "echo 0 > /" + others
	default:
		return all
	}
	return append(all, results.Finding{
		Check: "boost",
		Text:  "CPUs may exceed their nominal frequency, for as long as heat and the load of other cores allow.",
		Fix:   fix,
	})
}

// clockFindings look at what timestamps are made from. Those of a virtual machine
// that read the CPU's counter, and arm64's, are as good as tsc.
func clockFindings(host fs.FS) []results.Finding {
	source := firstLine(host, "sys/devices/system/clocksource/clocksource0/current_clocksource")
	good := []string{"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"}
	if source == "" || slices.Contains(good, source) {
		return nil
	}
	fix := ""
	const sources = "sys/devices/system/clocksource/clocksource0/"
	for field := range strings.FieldsSeq(firstLine(host, sources+"available_clocksource")) {
		if slices.Contains(good, field) {
			fix = fmt.Sprintf("echo %s > /%scurrent_clocksource; look in dmesg why the kernel left it", field, sources)
			break
		}
	}
	return []results.Finding{{
		Check: "clock-source",
		Text:  fmt.Sprintf("The clock is %s, which is slow to read or coarse: latencies have its step, and load generator and server pay for every reading.", source),
		Fix:   fix,
	}}
}

// loadFindings look at who else wants the CPUs.
func loadFindings(host fs.FS) []results.Finding {
	const idle = 1.0 // per CPU; a machine that has measured a minute ago has less
	available, err := AvailableCPUs()
	first, _, _ := strings.Cut(firstLine(host, "proc/loadavg"), " ")
	load, malformed := strconv.ParseFloat(first, 64)
	if err != nil || malformed != nil || !(load > idle*float64(len(available))) {
		return nil
	}
	return []results.Finding{{
		Check: "load-average",
		Text:  fmt.Sprintf("On average %.2f threads ran or waited during the last minute, on %d CPUs. If that was not a build or a run that has just ended, others take CPU time still.", load, len(available)),
		Fix:   "see with \"top\" who it is, and end it or wait",
	}}
}

// queueFindings look at how many connections may wait to be accepted.
func queueFindings(host fs.FS) []results.Finding {
	const enough = 4096 // the kernel's default since Linux 5.4
	n := numbers(host, "proc/sys/net/core/somaxconn")
	if len(n) != 1 || n[0] >= enough {
		return nil
	}
	return []results.Finding{{
		Check: "somaxconn",
		Text:  fmt.Sprintf("%d connections may wait to be accepted: those beyond are dropped, and the client tries again after a second, which scenario connect shows as its latency.", n[0]),
		Fix:   fmt.Sprintf("sysctl -w net.core.somaxconn=%d", enough),
	}}
}

// machineFindings are what to compare machines by.
func machineFindings(host fs.FS) []results.Finding {
	var all []results.Finding
	if _, hypervisor := processor(host); hypervisor != "" {
		all = append(all, results.Finding{
			Check: "virtual-machine",
			Text:  "This is a virtual machine: what others do on its host changes caches, memory and the speed of the CPUs, unseen from here. Compare ratios measured here, not absolute figures.",
		})
	}
	const dir = "sys/devices/system/cpu/vulnerabilities"
	entries, err := fs.ReadDir(host, dir)
	if err != nil {
		return all
	}
	var mitigated, open []string
	for _, e := range entries {
		switch state := firstLine(host, path.Join(dir, e.Name())); {
		case strings.HasPrefix(state, "Mitigation:"):
			mitigated = append(mitigated, e.Name())
		case strings.HasPrefix(state, "Vulnerable"):
			open = append(open, e.Name())
		}
	}
	if len(mitigated)+len(open) == 0 {
		return all
	}
	return append(all, results.Finding{
		Check: "mitigations",
		Text: fmt.Sprintf("Part of what a system call costs here is for mitigating flaws of the CPU: %s. Not mitigated: %s. Another machine compares if it has the same.",
			enumerated(mitigated), enumerated(open)),
	})
}

func enumerated(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// pairs are the CPUs that blocks run on, each combination once around.
func (p Placement) pairs() []cpus {
	var all []cpus
	for block := range max(1, len(p.ServerCPUs)) * max(1, len(p.LoadCPUs)) {
		if c, err := p.of(block); err == nil { // whoever measures there is told why not
			all = append(all, c)
		}
	}
	return all
}

// used are the CPUs that blocks run on, or all that they may.
func (p Placement) used() []int {
	var all []int
	for _, c := range p.pairs() {
		all = append(all, c.server, c.load)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 || all[0] == unpinned {
		all, _ = AvailableCPUs()
	}
	return all
}

func cpuFile(cpu int, name string) string {
	return fmt.Sprintf("sys/devices/system/cpu/cpu%d/%s", cpu, name)
}

// listed says whether a CPU is in a list as the kernel writes them: "0-1,8".
func listed(list string, cpu int) bool {
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && from <= cpu && cpu <= to {
			return true
		}
	}
	return false
}
