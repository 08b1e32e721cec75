package gate_test

import (
	"fmt"

	"muxbench/results"
	"muxbench/results/gate"
)

const threshold = 0.03

// costs are what a message costs the three servers of a block, in ns.
type costs struct{ base, control, head float64 }

// even is a block in which all cost the same.
func even() costs { return costs{5000, 5000, 5000} }

// cellOf is the i-th of a gate's cells.
func cellOf(i int) results.Cell {
	return results.Cell{Scenario: "echo", Connections: 100 * (i + 1), Active: 100 * (i + 1), DurationNS: 4e8, Size: 64, Subject: "epoll-lt"}
}

const messages = 1_000_000 // of a slice

// block is what three servers did in one.
func block(cell results.Cell, number int, c costs) []results.Trial {
	return []results.Trial{
		trial(cell, "epoll-lt@base", number, c.base),
		trial(cell, "epoll-lt@base/control", number, c.control),
		trial(cell, "epoll-lt", number, c.head),
	}
}

func trial(cell results.Cell, arm string, block int, cost float64) results.Trial {
	calls := results.Counters{Waits: messages / 10, Events: messages, Reads: messages, Writes: messages}
	return results.Trial{
		Type: "trial", Cell: cell, Block: block, Arm: arm, Backend: "epoll-lt", Status: results.StatusOK,
		Reference: arm == "epoll-lt@base", Control: arm == "epoll-lt@base/control",
		Values:   map[results.Metric]float64{results.ServerCPUPerMessage: cost},
		Counters: &results.TrialCounters{Server: calls},
		Slices:   []results.Slice{{Messages: messages, ElapsedNS: int64(cost * messages), ServerCPUNS: int64(cost * messages)}},
	}
}

// blocks are so many of a cell.
func blocks(cell results.Cell, n int, of func(block int) costs) []results.Trial {
	var trials []results.Trial
	for i := range n {
		trials = append(trials, block(cell, i, of(i))...)
	}
	return trials
}

// lookAt says that a cell is looked at after so many blocks.
func lookAt(cell results.Cell, n int) results.Looks {
	return results.Looks{Type: "looks", Cell: cell, Blocks: n, Deviation: 0.01, Threshold: threshold}
}

// judge judges cells at a threshold of 3 %, looked at after nine blocks or twelve.
func judge(cells ...[]results.Trial) gate.Judgement {
	var looks []results.Looks
	var all []results.Trial
	for _, trials := range cells {
		if len(trials) > 0 {
			looks = append(looks, lookAt(trials[0].Cell, gate.Pilot(len(cells))))
		}
		all = append(all, trials...)
	}
	return gate.Judge(results.Gate{Threshold: threshold}, looks, all)
}

// steady is a block of builds of which the head costs so many times as much, and which
// differ a little from block to block, as it is on a quiet machine.
func steady(ratio float64) func(block int) costs {
	return func(block int) costs {
		wobble := 1 + 0.002*float64(block%5-2)
		return costs{5000 * wobble, 5000 * (1 + 0.002*float64((block+2)%5-2)), 5000 * ratio * (1 + 0.001*float64((block+1)%3-1))}
	}
}

// verdicts are those of cells, in their order.
func verdicts(j gate.Judgement) string {
	text := fmt.Sprint(j.Verdict, ":")
	for _, c := range j.Cells {
		text += fmt.Sprint(" ", c.Verdict)
	}
	return text
}
