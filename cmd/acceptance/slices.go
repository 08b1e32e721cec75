//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"muxbench/results"
	"muxbench/results/stats"
)

// sliceSteps are a run for each cell and length, so that each has a time of its
// own. Windows are long enough for 40 slices, from one second to two.
func sliceSteps() []step {
	var all []step
	for _, scenario := range []string{"echo", "idle -a 10"} {
		for _, connections := range []string{"200", "2000", "10000"} {
			for _, slice := range []time.Duration{5, 10, 20, 50} {
				slice *= time.Millisecond
				window := min(2*time.Second, max(time.Second, 40*slice))
				all = append(all, step{
					name: fmt.Sprintf("%.4s-%s-%s", scenario, connections, slice),
					args: words(fmt.Sprintf("%s -c %s -s 64 -d %s --slice %s -b epoll-lt -n 12", scenario, connections, window, slice)),
				})
			}
		}
	}
	return all
}

// judgeSlices tells how much blocks differ with fewer turns than there were, and
// which choice has a given precision in the least time: sd² × time.
func judgeSlices(done collected) []finding {
	var all []finding
	best := make(map[string]finding)
	least := make(map[string]float64)
	var cells []string
	for _, steps := range done.repetitions {
		for _, m := range steps {
			for _, a := range cellsOf(m.file) {
				for _, turns := range []int{5, 10, 20, 40} {
					reference, control := firstTurns(a.reference, turns), firstTurns(a.control, turns)
					if len(control) < 2 || len(reference) < 2 {
						continue
					}
					took := blockTime(m, a, turns)
					sd := make(map[results.Metric]stats.Interval)
					for _, p := range a.cell.Pairings() {
						sd[p.Metric] = deviation(p.BlockLogRatios(control, reference))
					}
					cpu := sd[a.cell.Primary().Metric]
					worth := cpu.Estimate * math.Sqrt(took.Seconds())
					f := finding{
						what: fmt.Sprintf("%s, %d slices of %s", named(a.cell), turns, m.step.args[slices.Index(m.step.args, "--slice")+1]),
						measured: fmt.Sprintf("sd of CPU/msg %s, of throughput %s; %s a block; sd × √s %s",
							within(cpu), within(sd[results.Throughput]), took.Round(10*time.Millisecond), percent(worth)),
					}
					all = append(all, f)
					name := named(a.cell)
					if _, known := best[name]; !known {
						cells = append(cells, name)
					}
					if old, known := least[name]; !known || worth < old {
						least[name], best[name] = worth, f
					}
				}
			}
		}
	}
	for _, name := range cells {
		f := best[name]
		f.what = "least sd × √s: " + f.what
		all = append(all, f)
	}
	return all
}

// firstTurns are trials with so many turns only; those that have fewer are left
// out.
func firstTurns(trials []results.Trial, turns int) []results.Trial {
	var some []results.Trial
	for _, t := range trials {
		if len(t.Slices) < turns {
			continue
		}
		t.Slices = slices.SortedFunc(slices.Values(t.Slices), func(a, b results.Slice) int { return a.Turn - b.Turn })[:turns]
		some = append(some, t)
	}
	return some
}

// blockTime is what a block would take with so many turns only: the whole of
// one, voided ones counted, less the slices that are saved. What surrounds each
// slice is not saved in this sum, so that few slices look a little dearer than
// they are.
func blockTime(m measured, a arms, turns int) time.Duration {
	blocks := make(map[int]bool)
	for _, t := range m.file.Trials {
		blocks[t.Block] = true
	}
	saved := 0.0
	for _, arm := range [][]results.Trial{a.reference, a.control} {
		for _, t := range arm {
			for _, s := range t.Slices {
				if s.Turn >= turns {
					saved += float64(s.ElapsedNS) / float64(len(arm))
				}
			}
		}
	}
	return time.Duration(float64(m.record.TookNS)/float64(len(blocks)) - saved)
}
