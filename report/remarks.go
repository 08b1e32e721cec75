package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

const (
	optionServer      = "server" // the command of an external server
	optionCPU         = "cpu"
	cpuOutside        = "outside"
	maxCommandColumns = 200
)

// external tells a server that is not of this program, and so has no counters.
func (a Arm) external() bool { return a.Options[optionServer] != "" }

// remarks say below a scenario's table how its figures were had. Unlike notes,
// they tell of nothing that went wrong.
func remarks(sc Scenario, varying []dimension) []string {
	all := externalServers(sc)
	if extra := len(all) - maxNotes; extra > 0 {
		all = append(all[:maxNotes], fmt.Sprintf("There are %d external servers more: see --format json.", extra))
	}
	return slices.DeleteFunc(append(slices.Concat(all, acceptRemarks(sc), ctlRemarks(sc), scalingRemarks(sc)), pacing(sc), starsLegend(sc), identicalArms(sc, varying), outsideCPU(sc), switches(sc)), func(s string) bool { return s == "" })
}

// externalServers are the commands, each said once.
func externalServers(sc Scenario) []string {
	what := "an external server"
	if sc.Name == results.ScenarioChain {
		what = "an external program"
	}
	var all []string
	for a := range sc.arms() {
		if !a.external() {
			continue
		}
		text := plainName(a.Name) + " is " + what + ": " + plain(a.Options[optionServer], maxCommandColumns)
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// outsideCPU says where the server's CPU time is not its thread's own reading,
// and how far that would have differed.
func outsideCPU(sc Scenario) string {
	var names, others []string
	low, high := math.Inf(1), math.Inf(-1)
	for a := range sc.arms() {
		if a.Options[optionCPU] != cpuOutside {
			others = append(others, a.Name)
			continue
		}
		if !slices.Contains(names, plainName(a.Name)) {
			names = append(names, plainName(a.Name))
		}
		own, ok := a.Values[results.ServerOwnCPUPerMessage]
		if all := a.Values[results.ServerCPUPerMessage]; ok && all.Value > 0 {
			low, high = min(low, own.Value/all.Value), max(high, own.Value/all.Value)
		}
	}
	if len(names) == 0 {
		return ""
	}
	who := "for every arm alike"
	if len(others) > 0 {
		who = "for " + enumerate(names) + " only"
	}
	text := "Server CPU is read from outside while the server sleeps, of all its processes and threads, " + who
	if low <= high {
		text += "; what our loops' own threads read is " + fromTo(low, high, 2) + " of it"
	}
	return text + "."
}

// switches say how often the kernel gave a CPU to another within slices, over
// all trials: a line for each arm would be longer than the table.
func switches(sc Scenario) string {
	server, load := "the server's", "the load generator's"
	if sc.Cells[0].OneProcess() {
		server = "the loop's"
	}
	var parts []string
	often := 0.0
	for _, side := range []struct {
		whose  string
		metric results.Metric
	}{{server, results.ServerSwitches}, {load, results.LoadSwitches}} {
		low, high := math.Inf(1), math.Inf(-1)
		for a := range sc.arms() {
			if e, ok := a.Values[side.metric]; ok {
				low, high = min(low, e.Low), max(high, e.High)
			}
		}
		if low > high {
			continue
		}
		often = max(often, high)
		count := fromTo(low, high, 0) + " times"
		if low == 1 && high == 1 {
			count = "once"
		}
		if len(parts) == 0 {
			parts = append(parts, side.whose+" CPU away "+count+" a trial")
		} else {
			parts = append(parts, side.whose+" "+count)
		}
	}
	if often == 0 {
		return ""
	}
	return "Within slices, the kernel took " + strings.Join(parts, ", and ") + "."
}

// worldStops is a note: a stopped world is a pause that the server has not
// made itself.
func worldStops(sc Scenario) []string {
	var names []string
	trials := make(map[string]int)
	total := 0
	for a := range sc.arms() {
		if a.WorldStopped == 0 {
			continue
		}
		name := plainName(a.Name)
		if trials[name] == 0 {
			names = append(names, name)
		}
		trials[name] += a.WorldStopped
		total += a.WorldStopped
	}
	if total == 0 {
		return nil
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, trials[name])
	}
	of := fmt.Sprintf("%d trials", total)
	if total == 1 {
		of = "one trial"
	}
	return []string{"the Go runtime stopped the world within slices of " + of + ": " + strings.Join(names, ", ")}
}

// arms yields every arm of every cell.
func (sc Scenario) arms() func(yield func(Arm) bool) {
	return func(yield func(Arm) bool) {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				if !yield(a) {
					return
				}
			}
		}
	}
}

func fromTo(low, high float64, digits int) string {
	from, to := formatNumber(low, digits), formatNumber(high, digits)
	if from == to {
		return from
	}
	return from + " to " + to
}
