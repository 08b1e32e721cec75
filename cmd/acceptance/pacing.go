//go:build linux

package main

import (
	"fmt"
	"math"
	"time"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	// mostLag is what the 99th percentile of send lag may be in the median.
	mostLag = 20 * time.Microsecond
	// mostMissed is how far what was achieved may be from what was offered.
	mostMissed = 0.01
	// belowSaturation is the share of what the server does in a closed loop up to
	// which what is offered is to be achieved.
	belowSaturation = 0.8
)

// schedules are those of an open loop.
func schedules() []results.Schedule { return []results.Schedule{results.Poisson, results.Fixed} }

func pacing() claim {
	const common = " -c 100 -s 64 -b epoll-lt --no-control "
	var steps []step
	for _, s := range schedules() {
		steps = append(steps, step{name: string(s), args: words("rate" + common + "-d 1s -n 10 --rate 10k,50k,100k --schedule " + string(s))})
	}
	return claim{
		name: "pacing", wanted: 1, takes: "3 min",
		question: "are messages of an open loop sent when they are to be?",
		first:    []step{{name: "capacity", args: words("echo" + common + "-d 400ms -n 6")}},
		steps:    fixed(steps...),
		judge:    judgePacing,
	}
}

// offers are all trials of one offered rate.
type offers struct {
	cell results.Cell
	ok   []results.Trial
	all  int
}

// offersOf are those of runs, in the order of the files.
func offersOf(files []*results.File) []*offers {
	var order []*offers
	of := make(map[results.Cell]*offers)
	for _, f := range files {
		for _, t := range f.Trials {
			o := of[t.Cell]
			if o == nil {
				o = &offers{cell: t.Cell}
				of[t.Cell], order = o, append(order, o)
			}
			o.all++
			if t.Status == results.StatusOK {
				o.ok = append(o.ok, t)
			}
		}
	}
	return order
}

// judgePacing looks at the load generator's own lateness at every rate, and at
// what was achieved where the server had time for it.
func judgePacing(done collected) []finding {
	capacity := medianOf(done.first, results.Throughput)
	all := []finding{{what: "closed loop, throughput", measured: fmt.Sprintf("%.0f msgs/s", capacity)}}
	for _, s := range schedules() {
		for _, o := range offersOf(done.files(string(s))) {
			what := fmt.Sprintf("%s, %.0f msgs/s", s, o.cell.Rate)
			if len(o.ok) == 0 {
				all = append(all, finding{what: what, required: "trials that are ok", measured: fmt.Sprintf("none of %d", o.all)})
				continue
			}
			var lags, missed []float64
			for _, t := range o.ok {
				if lag, known := t.Values[results.LagP99]; known {
					lags = append(lags, lag)
				}
				if r, ok := stats.LogRatio(t.Values[results.Throughput], t.Values[results.Offered]); ok {
					missed = append(missed, math.Expm1(r))
				}
			}
			all = append(all, lagFinding(what, lags), achievedFinding(what, missed, o.cell.Rate <= belowSaturation*capacity))
		}
	}
	return all
}

func lagFinding(what string, lags []float64) finding {
	m := stats.MedianInterval(lags, confidence)
	return finding{
		what:     what + ": send lag, p99",
		required: fmt.Sprintf("median ≤ %s", mostLag),
		measured: fmt.Sprintf("%s of %d blocks", micros(m), len(lags)),
		holds:    m.Estimate <= float64(mostLag),
		open:     !(m.High <= float64(mostLag)), // nor where there are too few for an interval
	}
}

func achievedFinding(what string, missed []float64, below bool) finding {
	m := stats.MedianInterval(missed, confidence)
	f := finding{
		what:     what + ": achieved, from offered",
		measured: fmt.Sprintf("%s of %d blocks", within(m), len(missed)),
		holds:    math.Abs(m.Estimate) <= mostMissed,
		open:     !(max(math.Abs(m.Low), math.Abs(m.High)) <= mostMissed),
	}
	if below {
		f.required = "within " + percent(mostMissed)
	} else {
		f.what += fmt.Sprintf(" (more than %s of the closed loop's)", percent(belowSaturation))
	}
	return f
}

// micros writes an interval of times in ns.
func micros(i stats.Interval) string {
	if math.IsNaN(i.Low) || math.IsNaN(i.High) {
		return fmt.Sprintf("%.2f µs", i.Estimate/1e3)
	}
	return fmt.Sprintf("%.2f µs (%.2f to %.2f)", i.Estimate/1e3, i.Low/1e3, i.High/1e3)
}
