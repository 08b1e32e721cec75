package report

import (
	"fmt"
	"slices"

	"muxbench/results"
)

// wording is how a verdict is put: server CPU is taken, much or little of it,
// and in scenario chain it is time.
type wording struct{ question, least, more string }

func wordingOf(scenario string) wording {
	if scenario == results.ScenarioChain {
		return wording{"the least time per iteration", "takes the least time", "as long"}
	}
	return wording{"the least server CPU", "takes the least", "as much"}
}

// metricPhrase names a metric that arms are compared by in a sentence.
func metricPhrase(m results.Metric) string {
	switch m {
	case results.Throughput:
		return "throughput"
	case results.ConnectElapsed:
		return "set-up time"
	case results.Elapsed:
		return "time per iteration"
	}
	return "server CPU"
}

// question is what lines about those scenarios answer. The aside names what
// they leave to the table; it may be empty.
func question(scenarios []string) (text, aside string) {
	const which = "Which takes "
	others := slices.DeleteFunc(slices.Clone(scenarios), func(s string) bool { return s == results.ScenarioChain })
	chain := wordingOf(results.ScenarioChain).question
	if len(others) == 0 {
		return which + chain, ""
	}
	text, aside = which+wordingOf(others[0]).question, " (throughput and latency are in the table)"
	if len(others) < len(scenarios) {
		text += ", and in " + results.ScenarioChain + " " + chain
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
