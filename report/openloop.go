package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// open tells whether the messages of a cell begin at times fixed beforehand.
// Scenarios that set up connections or are one process exchange none, and in churn
// each connection brings its own, whatever a file says of them.
func open(c results.Cell) bool {
	return c.Open() && !c.SetsUp() && !c.OneProcess() && c.Scenario != results.ScenarioChurn
}

// sweepKey is what all trials of one table have in common: how many messages
// are offered is told in other columns by a rate, by a share and by an SLO.
type sweepKey struct {
	scenario string
	demand   demand
}

// demand is what says how many messages are offered.
type demand int

const (
	byReplies  demand = iota // closed loop, and scenarios that are never an open one
	byRate                   // the same for all arms
	byCapacity               // a share of what each did in a closed loop
	bySLO                    // as many as keep to it
)

func demandOf(c results.Cell) demand {
	switch {
	case !open(c):
		return byReplies
	case c.SLO != "":
		return bySLO
	case c.Load > 0:
		return byCapacity
	}
	return byRate
}

func sweepOf(t results.Trial) sweepKey { return sweepKey{t.Scenario, demandOf(t.Cell)} }

// OpenLoop is what an arm's ok trials of an open loop tell beside their values.
type OpenLoop struct {
	// Saturated is the number of trials that were: their latencies are of how
	// long the window was.
	Saturated int `json:"saturated_trials"`
	// Unsent is the number of messages that were never sent, UnsentTrials of the
	// trials that have any.
	Unsent       int64 `json:"unsent_messages,omitempty"`
	UnsentTrials int   `json:"trials_with_unsent_messages,omitempty"`
	// Search is nil where no rate was searched.
	Search *Search `json:"slo_search,omitempty"`

	lagP99 Span // in ns, over the trials that have it
	lagMax float64
}

// countOpen counts an ok trial.
func (a *Arm) countOpen(t results.Trial) {
	if !open(t.Cell) {
		return
	}
	if a.Open == nil {
		a.Open = &OpenLoop{lagP99: Span{math.Inf(1), math.Inf(-1)}}
	}
	o := a.Open
	if slices.Contains(t.Validity, string(results.CheckSaturated)) {
		o.Saturated++
	}
	if n := t.Values[results.Unsent]; n > 0 {
		o.Unsent += int64(min(n, mostUnsent))
		o.UnsentTrials++
	}
	if v, ok := t.Values[results.LagP99]; ok {
		o.lagP99 = o.lagP99.with(Span{v, v})
	}
	o.lagMax = max(o.lagMax, t.Values[results.LagMax])
	if demandOf(t.Cell) == bySLO {
		if o.Search == nil {
			o.Search = &Search{}
		}
		o.Search.count(t)
	}
}

// mostUnsent is more than any schedule has, and as many trials as a file can
// hold do not overflow with it.
const mostUnsent = 1 << 40

// overloaded says that more was asked of the arm than it can do, in most of
// its trials: its latencies compare with nothing.
func (a Arm) overloaded() bool { return a.Open != nil && 2*a.Open.Saturated > a.Blocks.OK }

// dropEmptyRatios takes out the ratios that mean nothing: of latencies of an
// overloaded server, and of the rate of an arm that mostly has none.
func (c Cell) dropEmptyRatios() {
	reference, _ := c.arm(c.Reference)
	for _, a := range c.Arms {
		for m := range a.Ratios {
			if a.incomparable(m) || reference.incomparable(m) {
				delete(a.Ratios, m)
			}
		}
	}
}

// incomparable tells whether the metric of the arm can be held against none.
func (a Arm) incomparable(m results.Metric) bool {
	return m.Percentile() > 0 && a.overloaded() || m == results.SLORate && a.missesSLO()
}

// openColumns are for a rate that is given, for all arms or by their capacity.
// How sure a ratio is, they have of p99 latency only: the others come beside it.
func openColumns(rows []row) []column {
	const uncertain = 4 // columns of compared before those that say it
	cols := []column{
		plainMetric("offered\nmsgs/s", results.Offered, 1, rows, 5),
		plainMetric("achieved\nmsgs/s", results.Throughput, 1, rows, 12),
		saturatedColumn(rows),
	}
	cols = append(cols, compared("p50\nµs", results.LatencyP50, 1e3, rows, comparedRanks{value: 6, ratio: 10, stars: 11, interval: 20})[:uncertain]...)
	cols = append(cols, compared("p99\nµs", results.LatencyP99, 1e3, rows, comparedRanks{ratio: 1, stars: 3, spread: 7, held: 15, interval: 18})...)
	cols = append(cols,
		percentile("p99.9\nµs", results.LatencyP999, rows, 13),
		plainMetric("max\nµs", results.LatencyMax, 1e3, rows, 16),
		plainMetric("lag p99\nµs", results.LagP99, 1e3, rows, 4),
	)
	cols = append(cols, compared("server CPU\nns/msg", results.ServerCPUPerMessage, 1, rows, comparedRanks{value: 8, ratio: 9, stars: 14, interval: 21})[:uncertain]...)
	return append(cols, plainMetric("capacity\nmsgs/s", results.Capacity, 1, rows, 17))
}

// saturatedColumn has the trials that were, and nothing for an arm that never
// was.
func saturatedColumn(rows []row) column {
	c := column{header: "satu-\nrated", name: "saturated", rank: 2}
	for _, r := range rows {
		cell := ""
		if o := r.arm.Open; o != nil && o.Saturated > 0 {
			cell = fmt.Sprintf("%d/%d", o.Saturated, r.arm.Blocks.OK)
		}
		c.cells = append(c.cells, cell)
	}
	return c
}

// saturatedWording is of trials that are saturated for either reason.
func saturatedWording() checkWording {
	achieved := checkFigure{achievedShare, func(s Span) string { return fromTo(100*s.Low, 100*s.High, 1) + " %" }}
	rise := checkFigure{results.LatencyRise, func(s Span) string { return fromTo(s.Low, s.High, 2) }}
	return checkWording{figures: []checkFigure{achieved, rise}, partly: true, words: func(s []string) string {
		how := []string{unless(s[0] == "", "achieved "+s[0]+" of the offered rate"), unless(s[1] == "", "latency at the end "+s[1]+" times that of the beginning (10th percentiles)")}
		how = slices.DeleteFunc(how, func(s string) bool { return s == "" })
		return "saturated" + unless(len(how) == 0, " ("+strings.Join(how, ", ")+")") +
			": its latency is of an overloaded server and grows with the window"
	}}
}

// pacing says how well the load generator kept to the schedule.
func pacing(sc Scenario) string {
	lag, longest := Span{math.Inf(1), math.Inf(-1)}, 0.0
	for a := range sc.arms() {
		if a.Open != nil {
			lag, longest = lag.with(a.Open.lagP99), max(longest, a.Open.lagMax)
		}
	}
	if lag.Low > lag.High {
		return ""
	}
	return fmt.Sprintf("Sent within %s (p99) and %s at most of when they could be: the load generator's own lag.",
		durations(lag), formatDuration(longest))
}

// durations writes a span of ns.
func durations(s Span) string {
	if from, to := formatDuration(s.Low), formatDuration(s.High); from != to {
		return from + " to " + to
	}
	return formatDuration(s.Low)
}

// unsentNotes say how many messages there was no connection for.
func unsentNotes(sc Scenario, varying []dimension) []string {
	var unsent int64
	trials, all := 0, 0
	where := newSpots(sc, varying)
	for i, c := range sc.Cells {
		for _, a := range c.Arms {
			all += a.Blocks.Counted()
			if a.Open == nil || a.Open.UnsentTrials == 0 {
				continue
			}
			unsent, trials = unsent+a.Open.Unsent, trials+a.Open.UnsentTrials
			where.add(i, a.Name)
		}
	}
	if trials == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s never sent, given up a second after twice the window; they count with the time they had waited: in %d of %s%s",
		plural(int(unsent), "message was", "messages were"), trials, plural(all, "trial", "trials"), where)}
}

const closedLoopBlindness = "Closed loop: while a server stalls nobody sends, so a stall counts once however many it would have made wait: " +
	"--rate shows latency as users would see it."

// newTables are those of all scenarios, in their order. The first that has
// latencies of a closed loop says what those cannot show.
func newTables(s Summary) []table {
	var tables []table
	said := false
	for _, sc := range s.Scenarios {
		t := newTable(sc)
		if !said && sc.showsClosedLatency() {
			t.remarks = append(t.remarks, closedLoopBlindness)
			said = true
		}
		tables = append(tables, t)
	}
	return tables
}

// showsClosedLatency is false of scenarios that cannot be had as an open loop.
func (sc Scenario) showsClosedLatency() bool {
	if first := sc.Cells[0].Cell; !first.Closed() || first.Scenario == results.ScenarioChurn || first.Scenario == results.ScenarioFanout {
		return false
	}
	for a := range sc.arms() {
		if n := a.number(results.LatencyP50, 1); n.known && !n.hidden {
			return true
		}
	}
	return false
}
