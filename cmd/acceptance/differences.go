//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"muxbench/results"
	"muxbench/results/stats"
)

// mostFalse is the share of comparisons of identical arms that may be called
// different at 1 %: four times the nominal share, which a hundred exceed by
// chance less than once in 200.
const mostFalse = 0.04

// leastBlocks are needed to call anything different at 1 %.
const leastBlocks = 8

func judgeIdentical(done collected) []finding {
	var all []finding
	eachCell(done.files(""), func(p results.Pairing, group []arms) {
		called, covered, intervals, n := 0, 0, 0, 0
		var estimates []float64
		for _, a := range group {
			c := compare(p, a.control, a.reference)
			if c.blocks < leastBlocks {
				continue
			}
			n++
			estimates = append(estimates, math.Expm1(c.ratio.Estimate))
			if c.different() {
				called++
			}
			if !math.IsNaN(c.ratio.Low) { // of 6 blocks at least
				intervals++
			}
			if c.ratio.Low <= 0 && c.ratio.High >= 0 {
				covered++
			}
		}
		if n == 0 {
			all = append(all, finding{what: fmt.Sprintf("%s: no comparison has %d blocks", named(group[0].cell), leastBlocks)})
			return
		}
		most := int(mostFalse * float64(max(n, done.want)))
		all = append(all, finding{
			what:     named(group[0].cell) + ", " + short(p.Metric),
			required: fmt.Sprintf("at most %d of %d called different", most, max(n, done.want)),
			measured: fmt.Sprintf("%d of %d; estimates %+.2f %% on average, sd %s; %d of %d intervals at 95 %% cover 1; %d comparisons, of which %d have %d blocks",
				called, n, stat.Mean(estimates, nil)*100, within(deviation(estimates)), covered, intervals, len(group), n, leastBlocks),
			holds:   called <= most && n == len(group), // or else some could not be called different
			certain: called > most,
		})
	})
	return all
}

// baseCPU is the CPU time of a message in ns, without a slowdown.
func baseCPU(first []measured) (float64, error) {
	base := medianOf(first, results.ServerCPUPerMessage)
	if math.IsNaN(base) {
		return 0, errors.New("the run that tells what a message costs has no trial that is ok: remove its directory base, and try again on a quieter machine")
	}
	return base, nil
}

// medianOf is that of a metric over all trials that are ok; NaN if none has it.
func medianOf(runs []measured, metric results.Metric) float64 {
	var values []float64
	for _, m := range runs {
		for _, t := range m.file.Trials {
			if v := t.Values[metric]; t.Status == results.StatusOK && v > 0 {
				values = append(values, v)
			}
		}
	}
	return stats.Median(values)
}

// leastSeen is the share of slowdowns that are to be seen.
const leastSeen = 0.95

func judgeSlowdown(done collected) []finding {
	var all []finding
	seen, n := 0, 0
	var estimates, put []float64
	for _, f := range done.files("") {
		n++
		for _, a := range cellsOf(f) {
			p := a.cell.Primary()
			c := compare(p, a.another, a.reference)
			if c.blocks == 0 {
				continue // all voided: nothing was seen
			}
			estimates = append(estimates, c.ratio.Estimate)
			if c.different() && c.ratio.Estimate > 0 {
				seen++
			}
		}
	}
	wanted := max(n, done.want)
	least := int(math.Ceil(leastSeen * float64(wanted)))
	base, err := baseCPU(done.first)
	if err == nil {
		put = append(put, base)
	}
	all = append(all, finding{
		what:     "slowdown, CPU/msg",
		required: fmt.Sprintf("seen in %d of %d", least, wanted),
		measured: fmt.Sprintf("%d of %d; median and range of the estimates %s; a message cost %.0f ns without it", seen, n, spread(grown(estimates)), stats.Median(put)),
		holds:    seen >= least-(wanted-n),
		certain:  n-seen > wanted-least,
	})
	return all
}

// mostApart is how far a loop's own reading of its CPU time and the kernel's of
// the whole process may be from each other.
const mostApart = 0.01

// judgeCPU compares the loop thread's own clock with the clock of its process,
// read from outside. That has the Go runtime's other threads in it, so that it
// cannot be less.
func judgeCPU(done collected) []finding {
	shares := make(map[string][]float64)
	var order []string
	for _, f := range done.files("") {
		for _, t := range f.Trials {
			share, ok := stats.LogRatio(t.Values[results.ServerOwnCPUPerMessage], t.Values[results.ServerCPUPerMessage])
			if t.Status != results.StatusOK || !ok {
				continue // the server in C has no reading of its own
			}
			if len(shares[t.Arm]) == 0 {
				order = append(order, t.Arm)
			}
			shares[t.Arm] = append(shares[t.Arm], math.Expm1(share))
		}
	}
	var all []finding
	for _, arm := range order {
		m := stats.MedianInterval(shares[arm], confidence)
		all = append(all, finding{
			what:     arm + ": own reading against the process's, other threads included",
			required: "within " + percent(mostApart),
			measured: fmt.Sprintf("%s of %d trials", within(m), len(shares[arm])),
			holds:    math.Abs(m.Estimate) <= mostApart,
		})
	}
	return all
}
