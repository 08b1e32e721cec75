package report

import (
	"fmt"
	"slices"

	"muxbench/results"
)

// wording is how a verdict is put: server CPU is taken, much or little of it,
// and in scenario chain it is time. A latency is low or high; a rate that keeps
// to an SLO is the better the more it is.
type wording struct {
	where          string // in which of a run's cells, for a question that asks of others too
	verb, question string
	best           string
	ratio          string // what an arm is so many times of
}

func wordingOf(c results.Cell) wording {
	switch {
	case c.Scenario == results.ScenarioChain:
		return wording{"in " + results.ScenarioChain, "takes", "the least time per iteration", "takes the least time", "as long"}
	case c.Scenario == results.ScenarioCtl:
		return wording{"in " + results.ScenarioCtl, "takes", "the least time to add, modify and remove", "takes the least time", "as long"}
	case demandOf(c) == bySLO:
		return wording{"under an SLO", "carries", "the highest rate that keeps to the SLO", "carries the most", "as much"}
	case open(c):
		return wording{"in an open loop", "has", "the lowest p99 latency", "has the lowest", "as high"}
	}
	return wording{"", "takes", "the least server CPU", "takes the least", "as much"}
}

// metricPhrase names a metric that arms are compared by in a sentence.
func metricPhrase(m results.Metric) string {
	switch m {
	case results.Throughput:
		return "throughput"
	case results.ConnectElapsed:
		return "set-up time"
	case results.ConnectsPerSecond:
		return "connections/s"
	case results.AddTime:
		return "time to add"
	case results.ModifyTime:
		return "time to modify"
	case results.RemoveTime:
		return "time to remove"
	case results.RegistrationTime:
		return "time to add, modify and remove"
	case results.Elapsed:
		return "time per iteration"
	case results.LatencyP50, results.LatencyP99:
		return latencyName(m) + " latency"
	case results.SLORate:
		return "the rate that keeps to the SLO"
	}
	return "server CPU"
}

// phraseIn is likewise, in a scenario where the metric is of something of its own.
func phraseIn(scenario string, m results.Metric) string {
	if scenario == results.ScenarioAccept && m == results.ConnectElapsed {
		return "time to the last accept"
	}
	return metricPhrase(m)
}

// question is what lines about those cells answer. The aside names what they
// leave to the table; it may be empty.
func question(cells []Cell) (text, aside string) {
	var asked []wording
	for _, c := range cells {
		if w := wordingOf(c.Cell); !slices.Contains(asked, w) {
			asked = append(asked, w)
		}
	}
	// What needs no place to be named comes first.
	slices.SortStableFunc(asked, func(a, b wording) int { return min(len(a.where), 1) - min(len(b.where), 1) })
	for i, w := range asked {
		switch {
		case i == 0:
			text = "Which " + w.verb + " " + w.question
		case w.verb == asked[i-1].verb:
			text += ", and " + w.where + " " + w.question
		default:
			text += ", and " + w.where + " " + w.verb + " " + w.question
		}
	}
	if asked[0].where == "" {
		aside = " (throughput and latency are in the table)"
	}
	return text, aside
}

// plural is n with the noun that goes with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", formatInt(int64(n)), many)
}
