//go:build linux

package muxtest

import "slices"

// serverCases are about a whole server, as its clients see it.
func serverCases() []Case {
	all := slices.Concat[[]Case]()
	for i := range all {
		all[i].Tier = Whole
	}
	return all
}
