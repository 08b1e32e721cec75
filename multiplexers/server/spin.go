//go:build linux

package server

import (
	"fmt"
	"runtime"
	"time"

	"muxbench/multiplexers"
)

// MaxSpin is the most that Config.Spin may be. While the loop spins, it serves
// nobody.
const MaxSpin = time.Millisecond

const (
	// seed is what a spin starts from: anything but 0, which xorshift never
	// leaves.
	seed = 1
	// leastRun is the CPU time of a calibrating run: so much that reading the
	// clock is nothing beside it, and so little that most runs are undisturbed.
	leastRun = time.Millisecond
	// calibratingRuns are so many that one at least is undisturbed.
	calibratingRuns = 15
	// mostSteps of a calibrating run take seconds: a clock that shows less than
	// leastRun by then stands still.
	mostSteps = 1 << 30
)

// spin takes n steps from x. Each needs the result of the one before, and the
// caller keeps the last: neither the compiler nor the processor can leave any
// out, or take two at once.
//
// It is a call of its own so that a loop that never spins has no more of it in
// its way than a branch; and one that calls nothing, so that it leaves the
// processor's memory of returns as it was (see package multiplexers' transfer).
//
//go:noinline
func spin(x uint64, n int) uint64 {
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// stepsFor is the number of steps that take as much CPU time as asked for, on
// the CPU that the calling goroutine is on, at its speed of now. 0 costs
// nothing.
func stepsFor(asked time.Duration) (int, error) {
	if asked < 0 || asked > MaxSpin {
		return 0, fmt.Errorf("spinning %s for each message: want from 0 to %s", asked, MaxSpin)
	}
	if asked == 0 {
		return 0, nil
	}
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	x := uint64(seed)
	speed, err := calibrate(func(steps int) time.Duration {
		began := multiplexers.ThreadCPUTime()
		x = spin(x, steps)
		return multiplexers.ThreadCPUTime() - began
	})
	if err != nil {
		return 0, fmt.Errorf("spinning %s for each message: %w", asked, err)
	}
	return speed.steps(asked), nil
}

// pace is how long a run of steps took.
type pace struct {
	run  int
	took time.Duration
}

// calibrate finds the pace of run, which takes so many steps and says how long
// that took: the shortest of several, because what disturbs a run makes it
// longer.
//
// Note: servers that are compared are each calibrated on their own, so what
// counts is that they agree. Beside two busy processes on a virtual machine with
// two CPUs, the shortest of nine runs differed by 0.7 % from process to process
// (standard deviation), and their median by 2.2 %. That the CPU itself may be
// slower for one than for the other is in neither.
func calibrate(run func(steps int) time.Duration) (pace, error) {
	steps := 1 << 10
	for run(steps) < leastRun {
		if steps *= 2; steps > mostSteps {
			return pace{}, fmt.Errorf("%d steps took less than %s of CPU time, by the thread's clock: it does not advance, use no spin", mostSteps, leastRun)
		}
	}
	shortest := run(steps)
	for range calibratingRuns - 1 {
		shortest = min(shortest, run(steps))
	}
	if shortest <= 0 {
		return pace{}, fmt.Errorf("%d steps took %s of CPU time, by the thread's clock: it is too coarse, use no spin", steps, shortest)
	}
	return pace{steps, shortest}, nil
}

// steps is how many steps, to the nearest and at least one, take d.
func (p pace) steps(d time.Duration) int {
	return max(1, int((d*time.Duration(p.run)+p.took/2)/p.took))
}
