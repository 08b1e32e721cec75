//go:build linux

package muxtest

import "slices"

// serverCases are about a whole server, as its clients see it.
func serverCases() []Case {
	all := slices.Concat(
		serverAcceptCases(), serverStormCases(), serverStreamCases(), serverDepartureCases(), serverPressureCases(),
		serverCloseCases(), serverFullCases(),
	)
	for i := range all {
		all[i].Tier = Whole
	}
	return all
}
