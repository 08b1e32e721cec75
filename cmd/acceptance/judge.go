//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"muxbench/results"
	"muxbench/results/stats"
)

const confidence = 0.95

// arms are the trials of one run that are ok, in one cell.
type arms struct {
	cell                        results.Cell
	reference, control, another []results.Trial // another is any that is neither
}

// cellsOf are a run's cells, in the order of the file.
func cellsOf(file *results.File) []arms {
	var all []arms
	for _, t := range file.Trials {
		if t.Status != results.StatusOK {
			continue
		}
		i := slices.IndexFunc(all, func(a arms) bool { return a.cell == t.Cell })
		if i < 0 {
			i, all = len(all), append(all, arms{cell: t.Cell})
		}
		a := &all[i]
		switch {
		case t.Control:
			a.control = append(a.control, t)
		case t.Reference:
			a.reference = append(a.reference, t)
		default:
			a.another = append(a.another, t)
		}
	}
	return all
}

// named is a cell in words.
func named(c results.Cell) string {
	if c.Active == c.Connections {
		return fmt.Sprintf("%d connections, all active", c.Connections)
	}
	return fmt.Sprintf("%d connections, %d active", c.Connections, c.Active)
}

// short is a metric in words.
func short(m results.Metric) string {
	switch m {
	case results.Throughput:
		return "throughput"
	case results.ServerCPUPerMessage:
		return "CPU/msg"
	}
	return string(m)
}

// deviation is the standard deviation of normally distributed values with its
// chi-square interval; NaN of fewer than two.
func deviation(values []float64) stats.Interval {
	if len(values) < 2 {
		return stats.Interval{Estimate: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	sd, free := stat.StdDev(values, nil), float64(len(values)-1)
	chi := distuv.ChiSquared{K: free}
	return stats.Interval{
		Estimate: sd,
		Low:      sd * math.Sqrt(free/chi.Quantile((1+confidence)/2)),
		High:     sd * math.Sqrt(free/chi.Quantile((1-confidence)/2)),
	}
}

// compared is one run's comparison of two arms.
type compared struct {
	ratio  stats.Interval // of the logarithm
	p      float64        // two-sided
	blocks int
}

func compare(p results.Pairing, arm, base []results.Trial) compared {
	ratios := p.BlockLogRatios(arm, base)
	return compared{stats.Shift(ratios, confidence), stats.TwoSided(stats.SignedRank(ratios, 0)), len(ratios)}
}

// different is at 1 %; a run of fewer than 8 blocks cannot say so.
func (c compared) different() bool { return c.p <= 0.01 }

// percent writes a share.
func percent(share float64) string {
	if math.IsNaN(share) {
		return "unknown"
	}
	return fmt.Sprintf("%.2f %%", share*100)
}

// within writes an interval of shares.
func within(i stats.Interval) string {
	if math.IsNaN(i.Low) || math.IsNaN(i.High) {
		return percent(i.Estimate)
	}
	return fmt.Sprintf("%s (%.2f to %.2f)", percent(i.Estimate), i.Low*100, i.High*100)
}

// spread is the median and range of shares.
func spread(shares []float64) string {
	low, high := stats.Range(shares)
	return within(stats.Interval{Estimate: stats.Median(shares), Low: low, High: high})
}

// grown turns logarithms of ratios into what they are above 1.
func grown(logs []float64) []float64 {
	shares := make([]float64, len(logs))
	for i, l := range logs {
		shares[i] = math.Expm1(l)
	}
	return shares
}
