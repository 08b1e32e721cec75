//go:build linux

package muxtest

import "muxbench/multiplexers"

// need is a condition for a case to be about a subject.
type need int

const (
	nothing need = iota
	edgeTriggered
	oneShot
	reportsAgain // what persists is reported by every wait, as it is by a one-shot mechanism that the rig re-arms
	reportsOnce  // left alone, by one wait only
	kernelSet
	concurrentModify
	oneShotByOthers
	onceByOthers
	exclusive
	limited
	unlimited
	indexed
	multiplexing
	severalLoops
	severalThreads
)

// met says whether s is as the condition has it. Those of mechanisms are met by no
// subject that has none.
func (n need) met(s Subject) bool {
	trigger, can := s.mechanism.Trigger, s.mechanism.Capabilities
	edge, once := trigger == multiplexers.EdgeTriggered, trigger == multiplexers.OneShot
	switch n {
	case edgeTriggered:
		return edge
	case oneShot:
		return once
	case reportsAgain:
		return !edge
	case reportsOnce:
		return edge || once
	case kernelSet:
		return can.KernelSet
	case concurrentModify:
		return can.ConcurrentModify
	case oneShotByOthers:
		return once && can.ConcurrentModify
	case onceByOthers:
		return (edge || once) && can.ConcurrentModify
	case exclusive:
		return can.Exclusive
	case limited:
		return can.MaxFD > 0
	case unlimited:
		return can.MaxFD == 0
	case indexed:
		return can.Indexed
	case multiplexing:
		return s.backend.Multiplexes()
	case severalLoops:
		return s.backend.Loops > 0
	case severalThreads:
		return s.backend.Threads(0, 0) != 1
	}
	return true
}

// String gives the condition in words, and nothing for that which everybody meets.
func (n need) String() string {
	return [...]string{
		nothing:          "",
		edgeTriggered:    "edge-triggered",
		oneShot:          "one-shot",
		reportsAgain:     "level-triggered, or one-shot and re-armed",
		reportsOnce:      "edge-triggered or one-shot",
		kernelSet:        "a set in the kernel",
		concurrentModify: "changes by other threads",
		oneShotByOthers:  "one-shot, changes by other threads",
		onceByOthers:     "edge-triggered or one-shot, changes by other threads",
		exclusive:        "exclusive watching",
		limited:          "a highest descriptor",
		unlimited:        "no highest descriptor",
		indexed:          "an array of its own",
		multiplexing:     "loops of ours",
		severalLoops:     "several loops",
		severalThreads:   "several threads",
	}[n]
}
