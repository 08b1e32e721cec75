//go:build linux

package muxtest

import (
	"math/rand/v2"
	"slices"

	"muxbench/multiplexers"
)

const (
	// unhurried is after how many moves the rest is finished without more ado.
	unhurried = 1500
	// endless is how many turns nobody needs, and restless how many in a row with
	// nothing to do.
	endless, restless = 30_000, 500
)

// tortureStreams makes the moves of the rig's seed.
func tortureStreams(r *rig) {
	t, b := r.torment()
	if b == nil {
		return
	}
	plain := setting{total: t.d.total, lines: make([]nature, len(t.d.lines))}
	begin := r.trialOf(t.d.setting, t.moves)
	begin.easier = []trial[move]{
		r.trialOf(plain, unblocking(t.moves)), // nothing in it hangs on time
		r.trialOf(plain, t.moves),
		r.trialOf(t.d.setting, unblocking(t.moves)),
	}
	accuse(r, "C-150", b, begin)
}

func (r *rig) trialOf(s setting, moves []move) trial[move] {
	play := func(moves []move) *breach { return r.replay(s, moves) }
	return trial[move]{
		moves:   moves,
		play:    play,
		hurry:   play,
		among:   s.describe,
		whose:   move.whose,
		simpler: move.simpler,
	}
}

// torment makes random moves until everything has arrived, or something is wrong.
func (r *rig) torment() (t *tormentor, b *breach) {
	t = &tormentor{random: rand.New(rand.NewPCG(r.seed, 150))}
	t.d = r.duplex(t.drawSetting())
	t.drawTemper()
	t.resume = make([]int, len(t.d.ends))
	for i := range t.d.lines {
		t.d.openLine(i)
	}
	defer t.d.end(&b)
	for _, i := range t.random.Perm(len(t.d.ends)) {
		if !t.apart[i] {
			t.resume[i] = 1 + t.few(8) // to be added
		}
	}
	for t.turn = 1; ; t.turn++ {
		if over, b := t.oneTurn(); over || b != nil {
			return t, b
		}
	}
}

// tormentor decides on the moves.
type tormentor struct {
	random *rand.Rand
	d      *duplex
	moves  []move // made so far
	turn   int
	idle   int                     // turns in a row without a move but a wait that brought nothing
	found  []multiplexers.Interest // by end: by poll(2), when the turn began
	resume []int                   // by end: the turn in which what was put off is done; 0 if nothing is
	apart  []bool                  // by end: it is not watched, and driven by poll(2)
	lives  []int                   // by stream: how often it is still to be opened anew
	ended  []bool                  // by stream

	// What this seed is like, in percent, and otherwise.
	little, ignore, pause, flip, wild, readd, block int
	room                                            int  // of every wait; 0: of each its own
	whole                                           bool // wants everything, all along
}

func (t *tormentor) drawSetting() setting {
	s := setting{total: pick(t.random, 64<<10, 64<<10, 64<<10, 4096, 100, 1)}
	for range 5 + t.random.IntN(4) {
		n := nature{tcp: t.chance(25), buffer: pick(t.random, 0, 4<<10, 16<<10)}
		s.lines = append(s.lines, n)
		t.lives = append(t.lives, 0)
		if s.total <= 4096 {
			t.lives[len(t.lives)-1] = t.random.IntN(3)
		}
		t.apart = append(t.apart, false, t.chance(30))
		t.ended = append(t.ended, false)
	}
	return s
}

func (t *tormentor) drawTemper() {
	t.little = pick(t.random, 10, 40, 70)
	t.ignore = pick(t.random, 0, 10, 30)
	t.pause = pick(t.random, 0, 5, 20)
	t.flip = pick(t.random, 0, 5, 20)
	t.wild = pick(t.random, 0, 10, 50)
	t.readd = pick(t.random, 0, 3, 10)
	t.block = pick(t.random, 0, 25, 100)
	t.room = pick(t.random, 0, 0, 1, 2, 64)
	t.whole = t.chance(50)
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

func (t *tormentor) chance(percent int) bool { return t.random.IntN(100) < percent }

// few is a small number from 1 on, mostly; now and then up to most.
func (t *tormentor) few(most int) int { return 1 + t.random.IntN(pick(t.random, 1, 4, most)) }

func (t *tormentor) hurried() bool { return len(t.moves) > unhurried }

func (t *tormentor) do(m move) *breach {
	t.moves = append(t.moves, m)
	return t.d.do(m)
}

// oneTurn is what is done between two waits, one wait and what it brought.
func (t *tormentor) oneTurn() (over bool, b *breach) {
	before := len(t.moves)
	if b := t.unasked(); b != nil {
		return false, b
	}
	m := move{kind: awaiting, n: t.room, blocks: t.hurried() || t.chance(t.block)}
	switch {
	case t.idle > 0 && len(t.moves) == before && !t.canGoOn():
		m = move{kind: pausing}
	case m.n == 0:
		m.n = 1 + t.random.IntN(len(t.d.ends))
	}
	if b := t.do(m); b != nil {
		return false, b
	}
	for _, event := range slices.Clone(t.d.reported) {
		i := t.d.endOf(event.FD)
		if i < 0 || !t.d.ends[i].watched {
			continue // removed by what came before it in the batch
		}
		if b := t.act(i, event.Ready); b != nil {
			return false, b
		}
	}
	if over, b := t.finish(); over || b != nil {
		return over, b
	}
	if t.idle++; len(t.moves) > before+1 {
		t.idle = 0
	}
	if t.turn > endless || t.idle > restless {
		return false, breachf("endless", "after %d turns, %d of them with nothing to do, not all has arrived", t.turn, t.idle)
	}
	return false, nil
}

// canGoOn says whether there is something to do without another event.
func (t *tormentor) canGoOn() bool {
	for i := range t.d.ends {
		if t.resume[i] > 0 || t.inHand(i) != 0 {
			return true
		}
	}
	return false
}

// inHand is what is known of an end that nobody will tell again: what an edge has said,
// or poll(2) finds where it is not watched. 0 if there is nothing to do about it.
func (t *tormentor) inHand(i int) multiplexers.Interest {
	e := t.d.ends[i]
	var known multiplexers.Interest
	switch {
	case t.ended[i/2] || t.resume[i] > 0:
	case t.apart[i]:
		known = t.found[i]
	case e.watched && edgeTriggered.met(t.d.rig.subject):
		known = e.told
	}
	if known&^writable != 0 && !e.eof || known&writable != 0 && !e.shut {
		return known
	}
	return 0
}

// unasked are the moves that no event asks for.
func (t *tormentor) unasked() (b *breach) {
	if t.found, b = t.d.look(); b != nil {
		return b
	}
	for i := range t.d.ends {
		switch known := t.inHand(i); {
		case t.resume[i] > 0 && (t.turn >= t.resume[i] || t.hurried()):
			b = t.takeUp(i)
		case known != 0 && (t.hurried() || t.chance(60)):
			b = t.act(i, known)
		}
		if b != nil {
			return b
		}
	}
	if !t.hurried() && t.chance(t.wild) {
		return t.anything(t.random.IntN(len(t.d.ends)))
	}
	return nil
}

// finish stops watching what is over, and opens streams anew. It says whether all are
// over, and then nothing may be reported any more.
func (t *tormentor) finish() (over bool, b *breach) {
	for i, e := range t.d.ends {
		if e.watched && e.eof && e.shut && (e.hung || !t.d.rig.subject.mechanism.Capabilities.HangUp) {
			t.resume[i] = 0
			if b := t.do(move{kind: removing, end: i}); b != nil {
				return false, b
			}
		}
	}
	over = true
	for line := range t.d.lines {
		if t.ended[line] {
			continue
		}
		if !t.isOver(2*line) || !t.isOver(2*line+1) {
			over = false
			continue
		}
		if t.lives[line] == 0 {
			t.ended[line] = true
			continue
		}
		over = false
		t.lives[line]--
		if b := t.do(move{kind: renewing, end: 2 * line}); b != nil {
			return false, b
		}
		for i := 2 * line; i < 2*line+2; i++ {
			if !t.apart[i] {
				t.resume[i] = t.turn + t.few(4)
			}
		}
	}
	if !over {
		return false, nil
	}
	if b := t.do(move{kind: awaiting, n: len(t.d.ends)}); b != nil {
		return true, b
	}
	return true, t.d.spuriousTooOften()
}

// isOver says of an end that it has sent and got everything and both farewells, and is
// not watched any more, having been told of the hang-up.
func (t *tormentor) isOver(i int) bool {
	e := t.d.ends[i]
	told := e.hung || t.apart[i] || !t.d.rig.subject.mechanism.Capabilities.HangUp
	return e.eof && e.shut && e.got == t.d.total && e.sent == t.d.total && told && !e.watched && t.resume[i] == 0
}
