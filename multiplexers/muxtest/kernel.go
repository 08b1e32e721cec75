//go:build linux

package muxtest

import "slices"

// kernelCases are facts of the kernel, which multiplexers and servers are built on.
func kernelCases() []Case {
	all := slices.Concat(
		argumentCases(), pollCases(), selectCases(), kernelTimeoutCases(), kernelSignalCases(),
		waiterCases(), nestingCases(), kernelHangUpCases(), connectCases(), flowCases(), urgentCases(), kernelCloseCases(),
		mannerCases(), raceCases(), processCases(), limitCases(), mountCases(),
	)
	for i := range all {
		all[i].Tier = Kernel
	}
	return all
}
