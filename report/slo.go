package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// Figures that are derived from a trial: no file has them as values.
const (
	achievedShare results.Metric = "achieved_share"       // of the offered rate
	sloShare      results.Metric = "slo_rate_of_capacity" // the rate that keeps to the SLO, of what a closed loop did
	lowestTried   results.Metric = "lowest_rate_tried_msgs_per_s"
	lowestLatency results.Metric = "lowest_rate_latency_ns" // at the lowest rate that was tried
	boundLatency  results.Metric = "slo_latency_ns"         // of the counted slice, the percentile that the SLO bounds
)

// Search is what an arm's ok trials tell of the search for the highest rate
// that keeps to an SLO.
type Search struct {
	// Missed is the number of trials that found none, Unbounded of those in which
	// the highest rate that was tried kept to it: a higher one may too.
	Missed    int `json:"missed_trials"`
	Unbounded int `json:"trials_that_kept_to_the_highest_rate"`
	// Highest is from the least to the greatest such rate, in msgs/s.
	Highest *Span `json:"highest_kept_msgs_per_s,omitempty"`
	// Reasons are what beside the latency was against the lowest rate, in trials
	// that found none; each once.
	Reasons []string `json:"reasons,omitempty"`
}

func (s *Search) count(t results.Trial) {
	if missedSLO(t) {
		s.Missed++
		if p, ok := lowestProbe(t); ok && p.Why != "" && !slices.Contains(s.Reasons, p.Why) {
			s.Reasons = append(s.Reasons, p.Why)
		}
		return
	}
	var highest results.Probe
	for _, p := range t.Probes {
		if p.Offered > highest.Offered || p.Offered == highest.Offered && !p.Kept {
			highest = p
		}
	}
	if !highest.Kept {
		return
	}
	s.Unbounded++
	rate := Span{highest.Offered, highest.Offered}
	if s.Highest != nil {
		rate = s.Highest.with(rate)
	}
	s.Highest = &rate
}

// missedSLO says that the trial is ok and found no rate that keeps to the SLO:
// it counted nothing.
func missedSLO(t results.Trial) bool {
	_, kept := t.Values[results.SLORate]
	return demandOf(t.Cell) == bySLO && !kept
}

// missedWording is of trials that found no rate.
func missedWording() checkWording {
	rates := checkFigure{lowestTried, func(s Span) string { return fromTo(s.Low, s.High, 0) + " msgs/s" }}
	return checkWording{figures: []checkFigure{rates, {lowestLatency, durations}}, partly: true, words: func(s []string) string {
		const none = "no rate that was tried kept to the SLO"
		if s[0] == "" || s[1] == "" {
			return none
		}
		return none + " (the lowest, " + s[0] + ", had " + s[1] + ")"
	}}
}

// unconfirmedWording is of trials whose counted slice did not keep to the SLO.
func unconfirmedWording() checkWording {
	return checkWording{figures: []checkFigure{{boundLatency, durations}}, partly: true, words: func(s []string) string {
		return "at the rate that was found, the latency that the SLO bounds was above its bound in the slice that is shown" + unless(s[0] == "", " ("+s[0]+")")
	}}
}

func lowestProbe(t results.Trial) (lowest results.Probe, ok bool) {
	for i, p := range t.Probes {
		if i == 0 || p.Offered < lowest.Offered {
			lowest = p
		}
	}
	return lowest, len(t.Probes) > 0
}

// missesSLO says that the arm found no rate in at least half of its trials: so
// the median over them is none.
func (a Arm) missesSLO() bool {
	return a.Open != nil && a.Open.Search != nil && a.Open.Search.Missed > 0 && 2*a.Open.Search.Missed >= a.Blocks.OK
}

// figure is a value of the trial, or one derived from it.
func figure(t results.Trial, m results.Metric) (float64, bool) {
	quotient := func(of, by results.Metric) (float64, bool) {
		v, ok := t.Values[of]
		whole, known := t.Values[by]
		const most = 1e18 // as of any value
		return v / whole, ok && known && whole > 0 && v/whole <= most
	}
	switch m {
	case achievedShare:
		return quotient(results.Throughput, results.Offered)
	case sloShare:
		return quotient(results.SLORate, results.Capacity)
	case boundLatency:
		v, ok := t.Values[t.SLO]
		return v, ok
	case lowestTried:
		p, ok := lowestProbe(t)
		return p.Offered, ok
	case lowestLatency:
		p, ok := lowestProbe(t)
		return float64(p.LatencyNS), ok
	}
	v, ok := t.Values[m]
	return v, ok
}

// sloColumns are for the highest rate that keeps to an SLO.
func sloColumns(rows []row) []column {
	cols := compared("highest\nmsgs/s", results.SLORate, 1, rows, comparedRanks{ratio: 1, stars: 2, spread: 4, held: 11, interval: 9})
	share := plainMetric("of capa-\ncity %", sloShare, 0.01, rows, 7)
	share.name = "share of capacity"
	cols = append(cols,
		share,
		missedColumn(rows),
		unconfirmedColumn(rows),
		percentile("p50\nµs", results.LatencyP50, rows, 10),
		percentile("p99\nµs", results.LatencyP99, rows, 5),
		percentile("p99.9\nµs", results.LatencyP999, rows, 12),
		plainMetric("max\nµs", results.LatencyMax, 1e3, rows, 14),
		plainMetric("lag p99\nµs", results.LagP99, 1e3, rows, 6),
		plainMetric("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, 8),
		plainMetric("capacity\nmsgs/s", results.Capacity, 1, rows, 13),
	)
	return append(cols, saturatedColumn(rows))
}

// missedColumn has the trials that found no rate, and nothing for an arm that
// always found one.
func missedColumn(rows []row) column {
	c := column{header: "none\nkept", rank: 3}
	for _, r := range rows {
		cell := ""
		if o := r.arm.Open; o != nil && o.Search != nil && o.Search.Missed > 0 {
			cell = fmt.Sprintf("%d/%d", o.Search.Missed, r.arm.Blocks.OK)
		}
		c.cells = append(c.cells, cell)
	}
	return c
}

// unconfirmedColumn has the trials whose slice, at the rate that was found, did
// not keep to the SLO itself.
func unconfirmedColumn(rows []row) column {
	c := column{header: "not con-\nfirmed", name: "not confirmed", rank: 3}
	for _, r := range rows {
		n := r.arm.unconfirmed()
		c.cells = append(c.cells, unless(n == 0, fmt.Sprintf("%d/%d", n, r.arm.Blocks.OK)))
	}
	return c
}

// unconfirmed is in how many trials the rate that was found did not keep to the
// SLO in the slice that counts.
func (a Arm) unconfirmed() int {
	for _, f := range a.Flags {
		if f.Text == string(results.CheckSLOUnconfirmed) {
			return f.Blocks
		}
	}
	return 0
}

// searchNotes are about what the search for a rate did not find.
func searchNotes(sc Scenario, varying []dimension) []string {
	unbounded, trials := 0, 0
	var highest *Span
	where := newSpots(sc, varying)
	var reasons []string
	for i, c := range sc.Cells {
		for _, a := range c.Arms {
			trials += a.Blocks.Counted()
			if a.Open == nil || a.Open.Search == nil {
				continue
			}
			for _, why := range a.Open.Search.Reasons {
				if text := plainText(why); !slices.Contains(reasons, text) {
					reasons = append(reasons, text)
				}
			}
			s := a.Open.Search
			if s.Highest == nil {
				continue
			}
			unbounded += s.Unbounded
			rates := *s.Highest
			if highest != nil {
				rates = highest.with(rates)
			}
			highest = &rates
			where.add(i, a.Name)
		}
	}
	var notes []string
	if len(reasons) > 0 {
		text := strings.Join(reasons[:min(len(reasons), maxSpots)], "; ")
		if more := len(reasons) - maxSpots; more > 0 {
			text += fmt.Sprintf("; and %d reasons more", more)
		}
		notes = append(notes, "against the lowest rate was also: "+text)
	}
	if highest != nil {
		notes = append(notes, fmt.Sprintf("the highest rate that was tried (%s msgs/s) kept to the SLO, and a higher one may too: in %d of %s%s",
			fromTo(highest.Low, highest.High, 0), unbounded, plural(trials, "trial", "trials"), where))
	}
	return notes
}

// sloPhrase is empty for a cell without an SLO.
func sloPhrase(c results.Cell) string {
	return unless(demandOf(c) != bySLO, latencyName(c.SLO)+" at most "+formatDuration(float64(c.SLONS)))
}

// latencyName is p99 for LatencyP99; a file may have what is no percentile.
func latencyName(m results.Metric) string {
	if p := m.Percentile(); p > 0 {
		return "p" + formatShort(100*p)
	}
	return plainName(string(m))
}
