//go:build linux

package muxtest

import (
	"fmt"
	"slices"
	"time"
)

// trial is a list of moves that can be made again, or a part of them.
type trial[M fmt.Stringer] struct {
	moves []M
	// play makes moves, from a fresh beginning, and says what is wrong; nil if nothing
	// is. A move that makes no sense where it comes is passed over.
	play func([]M) *breach
	// hurry is the same with less patience for what does not come.
	hurry func([]M) *breach
	// among says in words what moves are made on.
	among func([]M) string
	// whose is who makes a move: all of one stream's or client's may be left out
	// together. Negative is nobody in particular.
	whose func(M) int
	// simpler is what may stand for a move, the simplest first.
	simpler func(M) []M
	// easier trials may fail as well, and are then to be gone on with instead, the first
	// of them that does.
	easier []trial[M]
}

// ease is the easiest trial that fails as b did.
func (t trial[M]) ease(b *breach) trial[M] {
	for _, instead := range t.easier {
		if like(instead.play(instead.moves), b) {
			return instead
		}
	}
	return t
}

// shrink looks for fewer and simpler moves that fail as b did, until a time. What is
// left can, if time allows, spare no single move: delta debugging (Zeller and
// Hildebrandt, 2002), and then the moves one by one.
func (t trial[M]) shrink(b *breach, until time.Time) []M {
	best := t.moves
	fails := func(moves []M) bool {
		if time.Now().After(until) || !like(t.hurry(moves), b) {
			return false
		}
		best = moves
		return true
	}
	for changed := true; changed; {
		before := len(best)
		t.leaveOut(fails, func() []M { return best })
		chunks(fails, func() []M { return best })
		changed = len(best) < before
		for i := 0; i < len(best); i++ {
			for _, instead := range t.simpler(best[i]) {
				moves := slices.Clone(best)
				moves[i] = instead
				if fails(moves) {
					changed = true
					break
				}
			}
		}
	}
	return best
}

// leaveOut tries without each of those who make moves.
func (t trial[M]) leaveOut(fails func([]M) bool, best func() []M) {
	seen := make(map[int]bool)
	for _, m := range best() {
		who := t.whose(m)
		if who < 0 || seen[who] {
			continue
		}
		seen[who] = true
		fails(slices.DeleteFunc(slices.Clone(best()), func(m M) bool { return t.whose(m) == who }))
	}
}

// chunks tries without each stretch of moves, from half of them to single ones, the
// last first: what is after the cause is most likely of no use.
func chunks[M any](fails func([]M) bool, best func() []M) {
	for size := max(1, len(best())/2); ; size /= 2 {
		for end := len(best()); end > 0; end -= size {
			all := best()
			end = min(end, len(all))
			fails(slices.Concat(all[:max(0, end-size)], all[end:]))
		}
		if size == 1 {
			return
		}
	}
}
