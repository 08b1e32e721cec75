//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	// checkWithin is how long a check of one cell may take until it says
	// something, and checkFourWithin one of four.
	checkWithin     = time.Minute
	checkFourWithin = 2 * time.Minute

	// The gate promises less than one false alarm in a hundred checks: sixty have
	// a second one with a probability of an eighth at most, if all alarms were as
	// frequent as is allowed.
	mostAlarms = 1
	// mostUndecided is how many of sixty may end without a verdict.
	mostUndecided = 4
	// mostInvalid is the share of checks that may be invalid: those say nothing of
	// the gate. Beyond it, the others are too few.
	mostInvalid = 0.1
)

// oneCell is a check of two builds that are one.
func oneCell() step {
	return step{check: true, args: words("--base " + placeOfCopy + " -b epoll-lt")}
}

func gateIdentical() claim {
	return claim{
		name: "gate-identical", wanted: 60, takes: "22 s",
		question: "does a gate raise an alarm at identical builds?",
		steps:    fixed(oneCell()),
		judge:    judgeGateIdentical,
	}
}

// gateSlower claims that a gate finds a share of a message's CPU time: in a share
// of checks, and that it passes so many at most.
func gateSlower(name string, share, least float64, mostPassed int) claim {
	return claim{
		name: name, wanted: 20, takes: "30 s",
		question: fmt.Sprintf("does a gate find a slowdown by %g %% within %s?", share*100, checkWithin),
		steps:    fixed(slowed("", share)...),
		judge: func(done collected) []finding {
			return judgeGateSlower(done, least, mostPassed)
		},
	}
}

// tried is how long servers spin that tell what of it arrives.
const tried = 500 * time.Nanosecond

// slowed is a check whose head is slower by a share of what a message costs, and
// before it a run that tells how long the head has to spin for that. Both change with
// the machine, so that each check has one of its own, in the same cell and slices,
// measured right before.
func slowed(suffix string, share float64) []step {
	check := oneCell()
	check.name = "check" + suffix
	check.late = func(before []measured) ([]string, error) {
		spin, err := spinFor(before[len(before)-1], share)
		if err != nil {
			return nil, err
		}
		return []string{"--inject", spin.String()}, nil
	}
	return []step{{name: "base" + suffix, args: words("idle -c 200 -a 10 -s 64 -d 200ms --slice 5ms -b epoll-lt -n 6 --no-control --spin 0," + tried.String())}, check}
}

// spinFor is how long a server has to spin for each message to take a share more CPU
// time, by a run in which one spun for as long as was tried.
//
// Note: less arrives than is put in. A slower server finds more messages in each wait,
// and so has fewer waits to pay: with ten connections that talk it was two thirds.
func spinFor(run measured, share float64) (time.Duration, error) {
	var without, with []results.Trial
	for _, t := range run.file.Trials {
		if t.Reference {
			without = append(without, t)
		} else {
			with = append(with, t)
		}
	}
	if len(without) == 0 {
		return 0, errors.New("the run that tells what a message costs has no reference: remove its directory, and try again")
	}
	logs := without[0].Primary().BlockLogRatios(with, without)
	arrived := math.Expm1(stats.Shift(logs, results.Confidence).Estimate)
	const least = 0.01 // or else noise would say how long
	if !(arrived >= least) {
		return 0, fmt.Errorf("a server that spins %s for each message took %.2g %% more CPU time, which tells nothing: remove the run's directory, and try again on a quieter machine", tried, 100*arrived)
	}
	return time.Duration(float64(tried) * share / arrived).Round(time.Nanosecond), nil
}

func gateFour() claim {
	return claim{
		name: "gate-four", wanted: 5, takes: "100 s",
		question: fmt.Sprintf("does a gate pass four backends within %s?", checkFourWithin),
		steps:    fixed(step{check: true, args: words("--base " + placeOfCopy + " -b select,poll,epoll-lt,epoll-et")}),
		judge:    judgeGateFour,
	}
}
