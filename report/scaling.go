package report

import (
	"slices"
	"strconv"
	"strings"

	"muxbench/results"
)

// Options of arms that have several threads, and what each message costs on top.
const (
	optionLoops       = "loops"
	optionPoolThreads = "pool_threads"
	optionSpin        = "spin"
)

// threads is how many serve connections: loops, or threads of a pool; 1 where
// nothing is said of them. It is not known of a server whose threads come and go, and
// of one that says anything but a number.
func (a Arm) threads() (n int, known bool) {
	if a.external() {
		return 0, false
	}
	for _, option := range []string{optionLoops, optionPoolThreads, results.OptionThreads} {
		if said, ok := a.Options[option]; ok {
			n, err := strconv.Atoi(said)
			return n, err == nil && n > 0
		}
	}
	return 1, true
}

// besideThreads is the arm's name without how many threads it has: what arms have in
// common that differ in nothing else.
func (a Arm) besideThreads() string {
	parts := slices.DeleteFunc(strings.Split(a.Name, "/"), func(part string) bool {
		for _, word := range []string{"loops-", "threads-"} {
			if n, ok := strings.CutPrefix(part, word); ok {
				_, err := strconv.Atoi(n)
				return err == nil
			}
		}
		return false
	})
	return strings.Join(parts, "/")
}

// scalingColumns are of arms that differ in their threads: what is asked for is the
// speed-up, throughput over that of the reference.
func scalingColumns(rows []row) []column {
	cols := []column{numbers("threads", 1, rows, func(r row) number {
		n, known := r.arm.threads()
		return number{value: float64(n), known: known}
	})}
	speed := compared("msgs/s", results.Throughput, 1, rows, comparedRanks{value: 5, ratio: 0, stars: 2, spread: 3, held: 10, interval: 14})
	for i := range speed {
		speed[i].header = strings.Replace(speed[i].header, "× ref", "speed-up", 1)
		speed[i].header = strings.Replace(speed[i].header, "× ", "speed-up\n", 1)
		speed[i].name = strings.Replace(speed[i].name, "ratio of msgs/s", "speed-up", 1)
	}
	speed[3].name = "stars of the speed-up"
	cols = append(cols, speed...)
	cols = append(cols, compared("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, comparedRanks{value: 0, ratio: 4, stars: 6, spread: 8, held: 11, interval: 15})...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, rows, 13),
		percentile("p99\nµs", results.LatencyP99, rows, 7),
		threadShares("share of\na thread, %", rows, 9),
		counted("syscalls\n/msg", results.ServerSyscallsPerMsg, rows, 16),
	)
}

// scalingRemarks say on how many CPUs the threads were, and how much work a message
// is.
func scalingRemarks(sc Scenario) []string {
	if sc.Name != results.ScenarioScaling {
		return nil
	}
	var all []string
	works := map[string]bool{}
	shared := false
	for a := range sc.arms() {
		works[a.Options[optionSpin]] = true
		_, ok := a.Values[results.LeastThreadShare]
		shared = shared || ok
	}
	if several, most := sc.serverCPUs(); several {
		switch most {
		case 0:
			all = append(all, "The server's threads were on no CPUs of their own.")
		case 1:
			all = append(all, "All threads of a server shared one CPU, as there are no more beside the load generator's: several cannot be faster than one here, and what they cost shows.")
		default:
			all = append(all, "The server's threads had up to "+formatInt(int64(most))+" CPUs.")
		}
	}
	if len(works) == 1 {
		for work := range works {
			if work != "" {
				all = append(all, "Each message costs the server "+plainText(work)+" of CPU time on top, as work would.")
			}
		}
	}
	if shared {
		all = append(all, "A share is of the reads, those that got nothing included: of the thread with the least and of that with the most.")
	}
	return all
}

// serverCPUs says whether any arm has several threads, and how many CPUs those had at
// most; 0 if they were on none in particular.
func (sc Scenario) serverCPUs() (several bool, most int) {
	for a := range sc.arms() {
		if n, known := a.threads(); a.Blocks.OK > 0 && (n > 1 || !known) {
			several, most = true, max(most, a.CPUs)
		}
	}
	return several, most
}
