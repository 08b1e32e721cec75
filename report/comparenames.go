package report

import (
	"slices"
	"strings"

	"muxbench/results"
)

// comparedNames names cells by what tells those of one scenario apart and, where
// there is but one, by all that describes it if that is wanted.
func comparedNames(cells []Cell, whole bool) func(results.Cell) string {
	dims := make(map[sweepKey][]dimension)
	for _, sweep := range comparedSweeps(cells) {
		varying, fixed := splitDimensions(sweep)
		if len(varying) == 0 && whole {
			varying = fixed
		}
		dims[comparedSweep(sweep[0].Cell)] = varying
	}
	return func(c results.Cell) string {
		return strings.Join(append([]string{plainName(c.Scenario)}, phrases(dims[comparedSweep(c)], c)...), ", ")
	}
}

func comparedSweep(c results.Cell) sweepKey { return sweepOf(results.Trial{Cell: c}) }

// comparedSweeps are the cells of each scenario, as reports have tables of them,
// each cell once.
func comparedSweeps(cells []Cell) [][]Cell {
	var all [][]Cell
	places := make(map[sweepKey]int)
	seen := make(map[results.Cell]bool)
	for _, c := range cells {
		if seen[c.Cell] {
			continue
		}
		seen[c.Cell] = true
		key := comparedSweep(c.Cell)
		at, known := places[key]
		if !known {
			at = len(all)
			places[key] = at
			all = append(all, nil)
		}
		all[at] = append(all[at], c)
	}
	return all
}

// named are all cells that c tells of.
func (c SideBySide) named() []Cell {
	var all []Cell
	for _, r := range c.Rows {
		all = append(all, Cell{Cell: r.Cell})
	}
	for _, o := range slices.Concat(c.OnlyA, c.OnlyB) {
		all = append(all, Cell{Cell: o.Cell})
	}
	return all
}

// comparisonMetric is what a metric is called in a heading, with its unit, and how
// many base units make one of it.
func comparisonMetric(m results.Metric, scenario string) (name string, unit float64) {
	switch m {
	case results.ServerCPUPerMessage:
		return "server CPU, ns/" + unitOf(scenario).short, 1
	case results.ServerCPUPerConnection:
		return "server CPU, ns/connect", 1
	case results.Throughput:
		if scenario == results.ScenarioFanout {
			return "deliveries/s", 1
		}
		return "msgs/s", 1
	case results.ConnectsPerSecond:
		return "connects/s", 1
	case results.Elapsed:
		return "time per iteration, µs", 1e3
	case results.RegistrationTime:
		return "time to add, modify and remove, ns", 1
	case results.LatencyP50, results.LatencyP99:
		return latencyName(m) + " latency, µs", 1e3
	case results.SLORate:
		return "rate that keeps to the SLO, msgs/s", 1
	}
	return plainName(string(m)), 1
}
