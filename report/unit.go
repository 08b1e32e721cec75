package report

import "muxbench/results"

// unit is what counts as a message in a scenario.
type unit struct {
	short string // in a header, after a slash
	one   string // in a sentence
	whole string // likewise, where it is to be said what belongs to it
}

func unitOf(scenario string) unit {
	switch scenario {
	case results.ScenarioChurn:
		return unit{"connect", "a connection", "a connection and its message"}
	case results.ScenarioAccept:
		return unit{"accept", "a connection", "a connection"}
	case results.ScenarioFanout:
		return unit{"delivery", "a delivery", "a delivery"}
	}
	return unit{"msg", "a message", "a message"}
}
