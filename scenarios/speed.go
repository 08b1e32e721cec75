//go:build linux

package scenarios

import (
	"fmt"
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results/stats"
)

// A reading of a CPU's speed takes about 1 ms, in pieces of which the shortest
// counts. Shared virtual machines with sibling threads need that: there whole
// readings of an undisturbed block differ by 10 to 20 % from least to greatest,
// as a neighbour comes and goes, and would void every block. The shortest of ten
// pieces is 3 % longer than the least ever in one of a hundred.
const (
	speedPieces = 10
	pieceRounds = 60_000 // 0.1 ms on a CPU of 2.6 GHz
)

// speedometer keeps how long a fixed piece of work took on CPUs, in CPU time of
// the thread that did it. Its zero value is ready. It is for one goroutine.
type speedometer struct {
	readings map[int][]float64 // nanoseconds, by CPU
	state    uint64            // that the work leads to, so that no compiler leaves it out
}

// measure takes a reading on a CPU; on a negative one wherever the thread is.
// It leaves the thread where it may have been before.
func (s *speedometer) measure(cpu int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("measuring the speed of CPU %d: %w", cpu, os.NewSyscallError("sched_getaffinity", err))
	}
	if err := pin(cpu); err != nil {
		return fmt.Errorf("measuring the speed of a CPU: %w", err)
	}
	least := math.Inf(1)
	for range speedPieces {
		started := multiplexers.ThreadCPUTime()
		s.state = xorshift(s.state, pieceRounds)
		least = min(least, float64(multiplexers.ThreadCPUTime()-started))
	}
	if s.readings == nil {
		s.readings = make(map[int][]float64)
	}
	s.readings[cpu] = append(s.readings[cpu], least)
	if cpu < 0 {
		return nil
	}
	// Not by ending the thread: it may have started workers, which die with it.
	if err := unix.SchedSetaffinity(0, &before); err != nil {
		return fmt.Errorf("letting a thread run on other CPUs than %d again: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}

// change is the greatest change of any CPU: SpeedChange of its readings. It is
// not ok without any.
func (s *speedometer) change() (greatest float64, ok bool) {
	for _, readings := range s.readings {
		greatest = max(greatest, SpeedChange(readings))
	}
	return greatest, len(s.readings) > 0
}

// SpeedChange is by how much a fixed piece of work took longer or shorter in the
// last third of the readings than in the first, comparing their medians: 0.02 if
// by 2 %. It is how far they went, not how far they spread: a CPU whose siblings
// come and go has the same speed for all arms of a block. Of one reading or
// none it is 0.
func SpeedChange(readings []float64) float64 {
	if len(readings) < 2 {
		return 0
	}
	third := max(1, len(readings)/3)
	first, last := stats.Median(readings[:third]), stats.Median(readings[len(readings)-third:])
	change := math.Abs(last/first - 1)
	if math.IsNaN(change) || math.IsInf(change, 0) {
		return 0 // no time at all: there is no telling
	}
	return change
}

// xorshift is work that needs no memory: each round needs the last one's result.
func xorshift(x uint64, rounds int) uint64 {
	if x == 0 {
		x = 1 // 0 stays 0
	}
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}
