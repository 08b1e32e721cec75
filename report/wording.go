package report

import "slices"

// wording is how a verdict is put: server CPU is taken, much or little of it,
// and in scenario chain it is time.
type wording struct{ question, least, more string }

func wordingOf(scenario string) wording {
	if scenario == scenarioChain {
		return wording{"the least time per iteration", "takes the least time", "as long"}
	}
	return wording{"the least server CPU", "takes the least", "as much"}
}

// question is what lines about those scenarios answer. The aside names what
// they leave to the table; it may be empty.
func question(scenarios []string) (text, aside string) {
	const which = "Which takes "
	others := slices.DeleteFunc(slices.Clone(scenarios), func(s string) bool { return s == scenarioChain })
	chain := wordingOf(scenarioChain).question
	if len(others) == 0 {
		return which + chain, ""
	}
	text, aside = which+wordingOf(others[0]).question, " (throughput and latency are in the table)"
	if len(others) < len(scenarios) {
		text += ", and in " + scenarioChain + " " + chain
	}
	return text, aside
}
