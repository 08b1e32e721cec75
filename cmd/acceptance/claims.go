//go:build linux

package main

import (
	"fmt"
	"time"
)

// claims are all that can be repeated, in the order of the table.
func claims() []claim {
	return []claim{
		{
			name: "noise", wanted: 4, takes: "3 min",
			question: "how far do blocks of identical arms differ?",
			steps: fixed(
				step{name: "echo", args: words("echo -c 200 -s 64 -d 400ms -b epoll-lt -n 10")},
				// A slice of five rounds takes 100 ms and more here.
				step{name: "echo-2k", args: words("echo -c 2k -s 64 -d 4s -b epoll-lt -n 10")},
				step{name: "idle", args: words("idle -c 200,2k -a 10 -s 64 -d 400ms -b epoll-lt -n 10")},
			),
			judge: judgeNoise,
		},
		{
			name: "slices", wanted: 1, takes: "25 min",
			question: "how long and how many slices pay best?",
			steps:    fixed(sliceSteps()...),
			judge:    judgeSlices,
		},
		{
			name: "identical", wanted: 100, takes: "12 s",
			question: "are identical arms called different?",
			steps:    fixed(step{args: words("echo -c 200 -s 64 -d 200ms -b epoll-lt --budget 12s")}),
			judge:    judgeIdentical,
		},
		slowdown("slowdown-3", 0.03, 20*time.Second),
		slowdown("slowdown-2", 0.02, 60*time.Second),
		{
			name: "cpu", wanted: 3, takes: "1 min",
			question: "does a loop's own CPU clock agree with the kernel's account of its process?",
			steps: fixed(step{needs: echoInC, args: append(
				words("echo -c 200 -s 64 -d 400ms -b select,poll,epoll-lt,epoll-et -n 10 --no-control --server"),
				"echo-c="+placeOfProgram+" epoll-lt {port}")}),
			judge: judgeCPU,
		},
		{
			name: "counters", wanted: 1, takes: "10 s",
			question: "does strace count the system calls that the server counts?",
			steps:    fixed(counterSteps()...),
			judge:    judgeCounters,
		},
		{
			name: "client", wanted: 6, takes: "10 s",
			question: "does an independent client measure the same?",
			steps:    clientSteps,
			judge:    judgeClient,
		},
		pacing(),
		openClient(),
		crossover(),
		watched(),
		fairness(),
		gateIdentical(),
		gateSlower("gate-slower-5", 0.05, 1, 0),
		gateSlower("gate-slower-3", 0.03, 0.95, 1),
		gateFour(),
		gateBenchstat(),
	}
}

// fixed are the same steps for every repetition.
func fixed(steps ...step) func([]measured, int) ([]step, error) {
	return func([]measured, int) ([]step, error) { return steps, nil }
}

// slowdown claims that a share of a message's CPU time is seen in time.
func slowdown(name string, share float64, budget time.Duration) claim {
	const common = "echo -c 200 -s 64 -d 200ms -b epoll-lt "
	return claim{
		name: name, wanted: 20, takes: budget.String(),
		question: fmt.Sprintf("is a slowdown by %g %% seen within %s?", share*100, budget),
		first:    []step{{name: "base", args: words(common + "-n 6 --no-control")}},
		steps: func(first []measured, _ int) ([]step, error) {
			base, err := baseCPU(first)
			if err != nil {
				return nil, err
			}
			return []step{{args: words(fmt.Sprintf("%s--spin 0,%dns --budget %s --no-control", common, int(share*base+0.5), budget))}}, nil
		},
		judge: judgeSlowdown,
	}
}
