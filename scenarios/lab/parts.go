//go:build linux

package lab

import "muxbench/multiplexers/workbench"

const (
	heirPart       = "heir"
	sharerPart     = "sharer"
	pollLimitPart  = "poll-limit"
	watchLimitPart = "watch-limit"
	fullTablePart  = "full-table"
)

// Parts are what demonstrations start further processes of this program for.
func Parts() workbench.Parts {
	return workbench.Parts{
		heirPart:       inherit,
		sharerPart:     share,
		pollLimitPart:  showing(showBeyondPollLimit),
		watchLimitPart: showing(showBeyondWatchLimit),
		fullTablePart:  showing(showWithFullTable),
	}
}
