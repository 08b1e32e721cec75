//go:build linux

package scenarios

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"muxbench/results"
)

// vitals is what the machine has counted so far. What it does not tell is
// absent: a reading never fails.
type vitals struct {
	steal, total *int64         // of the CPUs' time, in ticks
	throttled    *time.Duration // of this process's control groups, summed over CPUs
	throttles    int64          // how often
	drops        *int64         // of connections by listeners, in this network namespace
	sent, resent *int64         // TCP segments, in this network namespace
}

// readVitals reads the counters of some CPUs; with none given, or a negative
// one, of all that this process may run on. host has the machine's files:
// os.DirFS("/").
func readVitals(host fs.FS, on []int) vitals {
	var v vitals
	v.steal, v.total = ticks(host, on)
	v.throttles, v.throttled = throttling(host)
	// tcp_listendrop() in the kernel counts every connection that a listener
	// gives up as one of ListenDrops: those that found its queue full, which are
	// ListenOverflows and TCPReqQFullDrop too, are not to be added again. Since
	// Linux 4.7 a connection that is answered with a SYN cookie instead is not
	// among them.
	tcp := columns(host, "proc/net/netstat", "TcpExt:")
	if drops, ok := tcp["ListenDrops"]; ok {
		v.drops = new(drops + tcp["SyncookiesSent"])
	}
	// OutSegs leaves out those that carry nothing but what was sent before.
	segments := columns(host, "proc/net/snmp", "Tcp:")
	resent, ok := segments["RetransSegs"]
	if sent, also := segments["OutSegs"]; ok && also {
		v.resent, v.sent = new(resent), new(sent+resent)
	}
	return v
}

// overflows is how often a connection has found a listener's queue full: what is not
// told stands still.
func overflows(host fs.FS) int64 {
	return columns(host, "proc/net/netstat", "TcpExt:")["ListenOverflows"]
}

// since is what happened after an earlier reading of the same CPUs, but for their
// speed.
func (v vitals) since(before vitals) Vitality {
	all := Vitality{}
	if stolen, ok := grown(before.steal, v.steal); ok {
		total, _ := grown(before.total, v.total)
		all[results.StealShare] = share(stolen, total)
	}
	if throttled, ok := grown(before.throttled, v.throttled); ok {
		if throttled == 0 && v.throttles > before.throttles {
			throttled = 1 // it is stopped on another CPU still: the time is added at the end
		}
		all[results.Throttled] = float64(throttled)
	}
	if drops, ok := grown(before.drops, v.drops); ok {
		all[results.ListenDrops] = float64(drops)
	}
	if resent, ok := grown(before.resent, v.resent); ok {
		sent, _ := grown(before.sent, v.sent)
		all[results.RetransmittedShare] = share(resent, sent)
	}
	return all
}

// grown is how far a counter went; not ok where it is not told. One that went
// backwards wrapped, or has started again: it counts as one that stood still.
func grown[N ~int64](before, now *N) (by N, ok bool) {
	if before == nil || now == nil {
		return 0, false
	}
	return max(0, *now-*before), true
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

// ticks reads the CPUs' lines of proc_stat(5): nil where they tell no steal time.
func ticks(host fs.FS, on []int) (steal, total *int64) {
	b, err := fs.ReadFile(host, "proc/stat")
	if err != nil {
		return nil, nil
	}
	var stolen, all int64
	told := false
	if len(on) == 0 || slices.Min(on) < 0 {
		on, _ = AvailableCPUs() // none if it fails: the line of all
	}
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, " ")
		number, isCPU := strings.CutPrefix(name, "cpu")
		if !isCPU {
			break // the CPUs come first, and what follows is long
		}
		cpu, err := strconv.Atoi(number)
		if all := number == "" && len(on) == 0; !all && (err != nil || !slices.Contains(on, cpu)) {
			continue
		}
		// User, nice, system, idle, iowait, irq, softirq, steal. What guests took
		// comes after them, and is in user and nice already.
		for i, field := range strings.Fields(rest) {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil || i > 7 {
				break
			}
			all += n
			if i == 7 {
				stolen += n
				told = true
			}
		}
	}
	if !told {
		return nil, nil
	}
	return &stolen, &all
}

// throttling sums up what the quotas of this process's groups did; total is nil
// where no group tells. A process that two of them stop at once counts twice: it
// should not be stopped at all.
func throttling(host fs.FS) (times int64, total *time.Duration) {
	for _, g := range controlGroups(host, "cpu") {
		stat := named(host, path.Join(g.dir, "cpu.stat"))
		if _, told := stat["nr_throttled"]; !told {
			continue
		}
		if total == nil {
			total = new(time.Duration(0))
		}
		times += stat["nr_throttled"]
		if g.unified {
			*total += time.Duration(stat["throttled_usec"]) * time.Microsecond
		} else {
			*total += time.Duration(stat["throttled_time"])
		}
	}
	return times, total
}

// columns are the numbers of a table in /proc/net, which has one line of names
// and one of numbers, both beginning with the table's name. Numbers that are
// none are left out.
func columns(host fs.FS, name, table string) map[string]int64 {
	all := make(map[string]int64)
	b, err := fs.ReadFile(host, name)
	if err != nil {
		return all
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != table {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, field := range fields[:min(len(fields), len(names))] {
			if n, err := strconv.ParseInt(field, 10, 64); err == nil {
				all[names[i]] = n
			}
		}
		break
	}
	return all
}
