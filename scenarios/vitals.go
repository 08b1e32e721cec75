//go:build linux

package scenarios

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vitals is what the machine has counted so far. What it does not tell is 0:
// a reading never fails.
type vitals struct {
	steal, total int64         // of the CPUs' time, in ticks
	throttled    time.Duration // of this process's control groups, summed over CPUs
	throttles    int64         // how often
	drops        int64         // of connections by listeners, in this network namespace
	sent, resent int64         // TCP segments, in this network namespace
}

// readVitals reads the counters of some CPUs; with none given, or a negative
// one, of all that this process may run on. host has the machine's files:
// os.DirFS("/").
func readVitals(host fs.FS, on []int) vitals {
	var v vitals
	v.steal, v.total = ticks(host, on)
	v.throttles, v.throttled = throttling(host)
	tcp := columns(host, "proc/net/netstat", "TcpExt:")
	// tcp_listendrop() in the kernel counts every connection that a listener
	// gives up as one of ListenDrops: those that found its queue full, which are
	// ListenOverflows and TCPReqQFullDrop too, are not to be added again. Since
	// Linux 4.7 a connection that is answered with a SYN cookie instead is not
	// among them.
	v.drops = tcp["ListenDrops"] + tcp["SyncookiesSent"]
	segments := columns(host, "proc/net/snmp", "Tcp:")
	// OutSegs leaves out those that carry nothing but what was sent before.
	v.resent = segments["RetransSegs"]
	v.sent = segments["OutSegs"] + v.resent
	return v
}

// since is what happened after an earlier reading of the same CPUs, but for their
// speed.
func (v vitals) since(before vitals) Vitality {
	throttled := grown(before.throttled, v.throttled)
	if throttled == 0 && v.throttles > before.throttles {
		throttled = 1 // it is stopped on another CPU still: the time is added at the end
	}
	return Vitality{
		StealShare:         share(grown(before.steal, v.steal), grown(before.total, v.total)),
		Throttled:          throttled,
		ListenDrops:        grown(before.drops, v.drops),
		RetransmittedShare: share(grown(before.resent, v.resent), grown(before.sent, v.sent)),
	}
}

// grown is how far a counter went. One that went backwards wrapped, or has
// started again: nothing is known.
func grown[N ~int64](before, now N) N {
	if now < before {
		return 0
	}
	if grown := now - before; grown >= 0 {
		return grown
	}
	return 0
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

// ticks reads the CPUs' lines of proc_stat(5).
func ticks(host fs.FS, on []int) (steal, total int64) {
	b, err := fs.ReadFile(host, "proc/stat")
	if err != nil {
		return 0, 0
	}
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
			total += n
			if i == 7 {
				steal += n
			}
		}
	}
	return steal, total
}

// throttling sums up what the quotas of this process's groups did. A process
// that two of them stop at once counts twice: it should not be stopped at all.
func throttling(host fs.FS) (times int64, total time.Duration) {
	for _, g := range controlGroups(host, "cpu") {
		stat := named(host, path.Join(g.dir, "cpu.stat"))
		times += stat["nr_throttled"]
		if g.unified {
			total += time.Duration(stat["throttled_usec"]) * time.Microsecond
		} else {
			total += time.Duration(stat["throttled_time"])
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
