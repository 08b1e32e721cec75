//go:build linux

package scenarios

import (
	"math"
	"time"

	"muxbench/results"
)

// What a slice is at least, so that its ends, where a multiplexer waits for the
// last few connections, do not count for much.
const (
	defaultSlice = 20 * time.Millisecond
	minRounds    = 5
	minWaits     = 20
	// warmUpShare of a slice is run before it, uncounted.
	warmUpShare = 10
	// maxSlices of a window: with more, slices are longer instead, and a trial
	// stays a line that can be read.
	maxSlices = 2000
)

// pilot is what an arm showed while it was warmed up.
type pilot struct {
	rounds  float64 // messages per active connection
	waits   float64 // of the server; 0 where they are not known
	elapsed time.Duration
}

// perRound is how long one round takes.
func (p pilot) perRound() time.Duration {
	return max(1, time.Duration(float64(p.elapsed)/max(p.rounds, 1e-9)))
}

// window divides a cell's window into slices, the same for every arm: each is
// as short as its lower bounds allow for all arms, and together they are
// exactly the rounds or the duration asked for. None is shorter than least but a
// single one. Without pilots, because every
// arm has failed, it has none. What the commands are to do is left open.
func window(cell results.Cell, least time.Duration, pilots []pilot) []Command {
	if len(pilots) == 0 {
		return nil
	}
	fastest, slowest := time.Duration(math.MaxInt64), time.Duration(0)
	rounds := float64(minRounds)
	for _, p := range pilots {
		fastest, slowest = min(fastest, p.perRound()), max(slowest, p.perRound())
		if p.waits > 0 {
			rounds = max(rounds, minWaits*p.rounds/p.waits)
		}
	}
	var parts []Command
	if cell.Rounds > 0 {
		rounds = max(rounds, math.Ceil(float64(least)/float64(fastest)))
		for _, n := range divide(int64(cell.Rounds), int64(math.Ceil(min(rounds, maxRounds)))) {
			parts = append(parts, Command{Rounds: int(n), Record: true})
		}
		return parts
	}
	length := max(least, time.Duration(rounds*float64(slowest)))
	for _, d := range divide(cell.DurationNS, int64(length)) {
		parts = append(parts, Command{Duration: time.Duration(d), Record: true})
	}
	return parts
}

// divide splits total into parts of at least least, or into a single one,
// that differ by 1 at most.
func divide(total, least int64) []int64 {
	n := min(maxSlices, max(1, total/max(1, least)))
	parts := make([]int64, n)
	for i := range parts {
		parts[i] = total / n
		if int64(i) < total%n {
			parts[i]++
		}
	}
	return parts
}

// warmUp is the uncounted piece before a slice.
func warmUp(slice Command) Command {
	c := slice
	c.Record = false
	c.Rounds = (slice.Rounds + warmUpShare - 1) / warmUpShare
	c.Duration = slice.Duration / warmUpShare
	if slice.Do == DoPace {
		c.Rate = max(slice.Rate, 1/c.Duration.Seconds()) // a message at least
	}
	return c
}

// setUps is how many set-ups of all connections an arm's window has: many where one is short and varies much.
func setUps(slowest time.Duration) int {
	const (
		least, most = 3, 20
		enough      = 300 * time.Millisecond
	)
	return int(min(most, max(least, enough/max(1, slowest))))
}
