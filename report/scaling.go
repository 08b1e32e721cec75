package report

import (
	"slices"
	"strconv"

	"muxbench/results"
)

// Options of arms that have several threads, and what each message costs on top.
const (
	optionLoops       = "loops"
	optionPoolThreads = "pool_threads"
	optionSpin        = "spin"
)

// threads is how many serve connections: loops, or threads of a pool; 1 where
// nothing else is said.
func (a Arm) threads() int {
	for _, option := range []string{optionLoops, optionPoolThreads} {
		if n, err := strconv.Atoi(a.Options[option]); err == nil && n > 0 {
			return n
		}
	}
	return 1
}

// scalingColumns are of arms that differ in their threads: what is asked for is the
// speed-up, throughput over that of the reference.
func scalingColumns(rows []row) []column {
	cols := []column{numbers("threads", 1, rows, func(r row) number {
		return number{value: float64(r.arm.threads()), known: r.arm.Options[results.OptionThreads] != results.ThreadsVary}
	})}
	speed := compared("msgs/s", results.Throughput, 1, rows, comparedRanks{value: 5, ratio: 0, stars: 2, spread: 3, held: 10, interval: 14})
	speed[2].header, speed[2].name = "speed-up", "speed-up"
	speed[4].header = "speed-up\n" + speed[4].header[len("× "):]
	cols = append(cols, speed...)
	cols = append(cols, compared("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, comparedRanks{value: 0, ratio: 4, stars: 6, spread: 8, held: 11, interval: 15})...)
	return append(cols,
		percentile("p50\nµs", results.LatencyP50, rows, 13),
		percentile("p99\nµs", results.LatencyP99, rows, 7),
		threadShares("share of\na thread", rows, 9),
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
	most, several := 0, false
	works := map[string]bool{}
	for a := range sc.arms() {
		if n := a.threads(); n > 1 && a.Blocks.OK > 0 {
			several = true
			most = max(most, a.CPUs)
		}
		works[a.Options[optionSpin]] = true
	}
	switch {
	case !several:
	case most == 0:
		all = append(all, "The server's threads were on no CPUs of their own.")
	case most == 1:
		all = append(all, "All threads of a server shared one CPU, as there are no more beside the load generator's: several cannot be faster than one here, and what they cost shows.")
	default:
		all = append(all, "The server's threads had up to "+formatInt(int64(most))+" CPUs.")
	}
	if len(works) == 1 {
		for work := range works {
			if work != "" {
				all = append(all, "Each message costs the server "+plainText(work)+" of CPU time on top, as work would.")
			}
		}
	}
	return append(all, "A share is of the reads, those that got nothing included.")
}

// scaling draws what more threads bring, a line for each backend that has them.
func (b *chartBuilder) scaling(sc Scenario) {
	varying, fixed := splitDimensions(sc.Cells)
	for _, cell := range sc.Cells {
		if cell.Reference == "" {
			continue
		}
		speed := measure{name: "speed-up", title: "speed-up", axis: "throughput, ratio to " + plainName(cell.Reference), unit: 1, metric: results.Throughput}
		for _, m := range []measure{speed, serverCPU()} {
			b.add(b.byThreads(sc, cell, m, varying, fixed), m.gap())
		}
	}
}

// byThreads is one line per backend along its threads. Those of one number of threads
// have a point.
func (b *chartBuilder) byThreads(sc Scenario, cell Cell, m measure, varying, fixed []dimension) Chart {
	c := Chart{
		Name:     chartName(sc.Name, m.name+"-by-threads", varying, cell.Cell),
		Title:    chartTitle(sc, m.title) + " against threads",
		Subtitle: subtitle(sc, slices.Concat(fixed, varying), cell.Cell) + onCPUs(sc),
		X:        Axis{Label: "threads that serve: loops, or those of a pool"}, Y: Axis{Label: m.axis},
	}
	c.Y.Ratio = m.metric == results.Throughput
	var backends []string
	for _, a := range cell.Arms {
		if !a.Control && a.Options[results.OptionThreads] != results.ThreadsVary && !slices.Contains(backends, a.Backend) {
			backends = append(backends, a.Backend)
		}
	}
	for i, backend := range backends {
		series := Series{Name: plainName(backend), Style: i}
		for _, a := range cell.Arms {
			if a.Control || a.Backend != backend || a.Options[results.OptionThreads] == results.ThreadsVary {
				continue
			}
			series.Points = append(series.Points, m.amongThreads(cell, a))
		}
		slices.SortStableFunc(series.Points, func(p, q Point) int { return int(p.X - q.X) })
		c.Series = append(c.Series, series)
	}
	return c
}

// onCPUs says how many CPUs the threads of a server had at most; empty if none in
// particular.
func onCPUs(sc Scenario) string {
	most := 0
	for a := range sc.arms() {
		most = max(most, a.CPUs)
	}
	return unless(most == 0, ", "+plural(most, "CPU", "CPUs")+" for a server's threads")
}

// amongThreads is the point of an arm: of throughput, its ratio to the reference.
func (m measure) amongThreads(cell Cell, a Arm) Point {
	x := float64(a.threads())
	if m.metric != results.Throughput {
		return m.at(x, a)
	}
	value := m.at(x, a)
	switch r := a.Ratios[m.metric]; {
	case a.Name == cell.Reference && value.Blocks > 0:
		return Point{X: x, Y: 1, Low: 1, High: 1, Blocks: value.Blocks, Interval: value.Interval}
	case r != nil:
		p := point(x, r.Estimate, 1)
		p.Hollow = !r.told()
		return p
	}
	return Point{X: x}
}
