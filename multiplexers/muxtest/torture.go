//go:build linux

package muxtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// tortureCases make random moves, drawn from a seed: bytes have to arrive, whatever
// order a program finds to read, write, pause and change its mind in. What fails is
// told with its seed, and with the fewest moves found that fail so.
func tortureCases() []Case {
	return []Case{
		{ID: "C-150", Tier: Contract, Title: "duplex streams, at random: no wake-up is lost, nothing else is reported, all bytes arrive", Source: "libuv poll_duplex, poll_unidirectional", Seeds: Seeds{1, 25}, bare: true, run: tortureStreams},
		{ID: "C-150/server", Tier: Whole, Title: "clients, at random: each gets back what it sent, and the server's totals are theirs", Source: "libuv poll_duplex, poll_unidirectional", Seeds: Seeds{1, 20}, run: tortureServer},
	}
}

// Seeds are the random runs that a case makes: from First on, Count of them. Each
// seed stands for the same moves on every host, as far as the kernel's answers are
// the same: between Unix sockets they are, over TCP not always.
type Seeds struct {
	First uint64
	Count int
}

// breach is what is not as it must be. What fails alike is of one kind.
type breach struct{ kind, text string }

func breachf(kind, format string, args ...any) *breach {
	return &breach{kind, fmt.Sprintf(format, args...)}
}

// hanging is the kind of what does not return. It cannot be tried again: what it holds
// is lost.
const hanging = "hanging"

const (
	// shrinking bounds the search for fewer moves that fail.
	shrinking = 3 * time.Second
	// replays are how often moves that failed are made again, to know whether they
	// always fail.
	replays = 3
	// last is how many moves are told where fewer are not found.
	last = 12
)

// accuse reports what is wrong with moves that were made for the rig's seed, the last
// of them at the latest. The flags are those of muxbench conform, where a multiplexer is
// chosen by a backend that waits with it: there is one of its name.
func accuse[M fmt.Stringer](r *rig, id string, b *breach, t trial[M]) {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d fails after %d moves: %s", r.seed, len(t.moves), b.text)
	if b.kind == hanging || !t.reduced(&text, b) {
		fmt.Fprintf(&text, "\nthe last moves %s:", t.among(t.moves))
		list(&text, t.moves[max(0, len(t.moves)-last):])
	}
	fmt.Fprintf(&text, "\nreplay with --case %s -b %s --seeds 1 --from %d", id, r.subject.Name, r.seed)
	r.Errorf("%s", text.String())
}

// reduced tells whether the moves fail again, and if they do, the fewest found that
// fail as well. It says false if it tells none.
func (t trial[M]) reduced(text *strings.Builder, b *breach) bool {
	again := t.again(b)
	fmt.Fprintf(text, "\nmade again, they fail so %d of %d times", again, replays)
	if again == replays {
		t = t.ease(b)
	} else {
		i := slices.IndexFunc(t.easier, func(e trial[M]) bool { return e.again(b) == replays })
		if i < 0 {
			return false
		}
		t = t.easier[i]
		text.WriteString(", and always where less hangs on time")
	}
	moves := t.shrink(b, time.Now().Add(shrinking))
	smallest := t.play(moves)
	if !like(smallest, b) {
		text.WriteString("; parts of them do not always")
		return false
	}
	fmt.Fprintf(text, "\nsmallest that fails: %d moves %s: %s", len(moves), t.among(moves), smallest.text)
	list(text, moves)
	return true
}

// again is how many of some replays fail as b did.
func (t trial[M]) again(b *breach) (failed int) {
	for range replays {
		if like(t.play(t.moves), b) {
			failed++
		}
	}
	return failed
}

// list writes one move a line.
func list[M fmt.Stringer](text *strings.Builder, moves []M) {
	for _, m := range moves {
		text.WriteString("\n\t" + m.String())
	}
}

// like says whether a run has failed as another did.
func like(b, other *breach) bool { return b != nil && b.kind == other.kind }
