//go:build linux

package scenarios

import (
	"math"
	"time"

	"muxbench/multiplexers/ctl"
	"muxbench/results"
)

// What things cost on a small machine, in ns, for Estimate.
const (
	costOfArm        = 90e6 // processes, and what they say to each other
	costOfConnection = 35e3 // to set up and to reset
	costOfMessage    = 12e3
	costOfByte       = 0.3
	costOfIdle       = 250.0 // per idle connection and wait, where one looks at all of them
	costOfStep       = 3.5e6 // of a burst: to ask for it, and until it is accepted
	costOfChange     = 2e3   // of a set, three times
	costOfSlice      = 2.5e6 // what its two sides are asked, and the CPUs' speed
)

// Estimate is roughly how long the plan will take: set-up from what connecting
// costs on a small machine, windows from their durations or, by rounds, from
// typical costs of a message. It is a guess for the user's planning, and at most
// the budget.
func (p Plan) Estimate() time.Duration {
	var total float64
	for _, c := range p.Cells {
		total += p.costOfBlock(c)
	}
	total *= float64(p.Blocks)
	if p.Budget > 0 {
		total = min(total, float64(p.Budget))
	}
	return time.Duration(min(total, math.MaxInt64/2))
}

// costOfBlock is of all arms of a cell.
func (p Plan) costOfBlock(c results.Cell) float64 {
	settingUp := float64(c.Connections) * costOfConnection
	one := costOfArm + settingUp
	round := costOfRound(c)
	window := float64(c.DurationNS)
	switch {
	case c.Scenario == Accept:
		steps := math.Ceil(float64(c.Connections) / float64(c.Active))
		bursts := settingUp + steps*costOfStep
		one += bursts * (1 + burstsOfWindow)
	case c.Scenario == Connect:
		one += settingUp * float64(setUps(time.Duration(settingUp)))
	case c.Rounds > 0:
		one += round * float64(c.Rounds+2+(c.Rounds+warmUpShare-1)/warmUpShare)
	case c.Open():
		one += p.costOfOffer(c, window)
	default:
		slices := max(1, window/costOfSliceAlone(c, p.Slice))
		one += window + max(window/warmUpShare, round*slices) + costOfSlice*slices + 2*round + float64(p.Slice)
	}
	switch c.Scenario {
	case Chain:
		one = costOfArm + p.costOfChain(c)
	case Ctl:
		one = costOfArm + 2*iterations*float64(ctl.Changes)*costOfChange
	}
	return one * float64(len(p.ArmsIn(c)))
}

// costOfOffer is of an open loop: warm-up, the capacity that its rate is a share
// of, a search for a rate, and the slice itself.
func (p Plan) costOfOffer(c results.Cell, window float64) float64 {
	const probes = 9 // with those that are tried twice
	paced := window + window/warmUpShare + costOfSlice
	total := 2*costOfRound(c) + float64(p.Slice) + paced
	if c.Rate == 0 {
		total += capacityTurns * (float64(capacityPiece(time.Duration(costOfRound(c)))) + costOfSlice)
	}
	if c.SLO != "" {
		total += probes * (window + costOfSlice)
	}
	return total
}

// costOfRound is of a message on each active connection.
func costOfRound(c results.Cell) float64 {
	switch c.Scenario {
	case Churn:
		return float64(c.Connections) * (costOfConnection + costOfMessage)
	case Fanout:
		const costOfHeldByte = 6 // that is written in parts
		return float64(c.Connections) * (costOfMessage/3 + float64(c.Size)*costOfHeldByte)
	}
	waits := min(1, 10/float64(c.Active)) // that look at all; with many active ones, one finds many
	return float64(c.Active)*(costOfMessage+float64(c.Size)*costOfByte) + waits*float64(c.Connections-c.Active)*costOfIdle
}

// costOfSliceAlone is how long a slice takes, as short as it may be. Where few of
// many talk, a wait finds all of them.
func costOfSliceAlone(c results.Cell, least time.Duration) float64 {
	rounds := float64(minRounds)
	if c.Active < c.Connections/2 {
		rounds = minWaits
	}
	return max(float64(least), rounds*costOfRound(c))
}

// windowOf is a cell's duration where none is asked for: least, or as long as so
// many turns take about.
func windowOf(c results.Cell, least time.Duration, turns int) time.Duration {
	long := time.Duration(float64(turns) * costOfSliceAlone(c, defaultSlice))
	return max(least, long.Round(10*time.Millisecond))
}

// costOfChain is of an arm's iterations, counted and not: bytes, and waits for
// as many as are active at a time.
func (p Plan) costOfChain(c results.Cell) float64 {
	const costOfByte, costOfPair = 1300, 80 // half of the backends look at each pair in each wait
	bytes := float64(c.Active + c.Rounds)
	once := bytes*costOfByte + bytes/float64(c.Active)*float64(c.Connections)*costOfPair
	n := 2.0
	if once > float64(p.Slice) {
		n = 1
	}
	return (n*iterations + 1) * once
}
