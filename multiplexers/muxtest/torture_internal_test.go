//go:build linux

package muxtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/workbench"
)

// onRig calls f with a rig for a seed.
func onRig(t *testing.T, m multiplexers.Mechanism, seed uint64, f func(*rig)) {
	t.Helper()
	o := workbench.Attempt(watchdog, workbench.Reexec{}, func(b *workbench.Bench) {
		f(&rig{Bench: b, subject: OfMechanism(m), bare: true, seed: seed})
	})
	for _, wrong := range o.Wrong() {
		t.Errorf("seed %d on %s: %s", seed, m.Name, wrong)
	}
}

// TestSeedsStandForMoves: between Unix sockets, a seed makes the same moves each time,
// and they can be made again by themselves.
func TestSeedsStandForMoves(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		compared := 0
		for seed := uint64(1); compared < 2; seed++ {
			onRig(t, m, seed, func(r *rig) {
				first, b := r.torment()
				if b != nil || slices.ContainsFunc(first.d.lines, func(n nature) bool { return n.tcp }) {
					return
				}
				compared++
				second, _ := r.torment()
				if !slices.Equal(first.moves, second.moves) {
					r.Errorf("%d moves, and then %d others", len(first.moves), len(second.moves))
				}
				if b := r.replay(first.d.setting, first.moves); b != nil {
					r.Errorf("made again: %s", b.text)
				}
			})
		}
	}
}

// TestSeedsDoEverything: within the seeds that every run tries, everything is done that
// can be, and what is to be provoked is.
func TestSeedsDoEverything(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		did := make(map[string]int)
		counted := m
		counted.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
			inner, err := m.New(e)
			return countsFull{inner, did}, err
		}
		c := tortureCases()[0]
		for i := range c.Seeds.Count {
			onRig(t, counted, c.Seeds.First+uint64(i), func(r *rig) {
				tormentor, b := r.torment()
				if b != nil {
					r.Fatalf("%s", b.text)
				}
				did["added again"] += addedAnew(tormentor.moves)
				for _, m := range tormentor.moves {
					did[fmt.Sprint("move ", m.kind)]++
					if m.kind == awaiting && m.blocks {
						did["a wait that may block"]++
					}
				}
				did["Writable over TCP"] += tormentor.d.offers
			})
		}
		for kind := adding; kind < pausing; kind++ { // which hangs on TCP's time
			if n := did[fmt.Sprint("move ", kind)]; n < 10 {
				t.Errorf("%s: move %d is made %d times, want 10 at least", m.Name, kind, n)
			}
		}
		for _, what := range []string{"added again", "a wait that may block", "Writable over TCP", "full buffers"} {
			if did[what] < 50 {
				t.Errorf("%s: %s: %d times, want 50 at least", m.Name, what, did[what])
			}
		}
		t.Log(m.Name, did)
	}
}

// TestUnreadDataHidesNoEdge: over TCP too, data that comes beside what is unread is to be
// reported. Nothing is read here, so that poll(2) finds the same all along.
func TestUnreadDataHidesNoEdge(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		if m.Trigger != multiplexers.EdgeTriggered {
			continue
		}
		deaf := m
		deaf.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
			inner, err := m.New(e)
			return saysOnce{inner, make(map[int]bool)}, err
		}
		for _, tcp := range [...]bool{false, true} {
			moves := []move{{kind: adding, end: 1, want: readable}}
			for range 5 {
				moves = append(moves, move{kind: writing, end: 0, n: 1}, move{kind: awaiting, n: roomy})
			}
			s := setting{total: 100, lines: []nature{{tcp: tcp}}}
			onRig(t, m, 1, func(r *rig) {
				if b := r.replay(s, moves); b != nil {
					r.Errorf("%s", b.text)
				}
			})
			onRig(t, deaf, 1, func(r *rig) {
				if b := r.replay(s, moves); b == nil || b.kind != "lost" {
					r.Errorf("over TCP %v: one that reports once is not caught: %v", tcp, b)
				}
			})
		}
	}
}

// saysOnce reports each descriptor once.
type saysOnce struct {
	multiplexers.Multiplexer
	said map[int]bool
}

func (o saysOnce) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := o.Multiplexer.Wait(events, timeout)
	return len(slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool {
		said := o.said[e.FD]
		o.said[e.FD] = true
		return said
	})), err
}

// countsFull counts the waits that fill their buffer.
type countsFull struct {
	multiplexers.Multiplexer
	did map[string]int
}

func (c countsFull) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := c.Multiplexer.Wait(events, timeout)
	if n == len(events) {
		c.did["full buffers"]++
	}
	return n, err
}

// addedAnew is how often an end was removed and added, its stream staying open.
func addedAnew(moves []move) int {
	n := 0
	removed := make(map[int]bool)
	for _, m := range moves {
		switch m.kind {
		case removing:
			removed[m.end] = true
		case renewing:
			removed[m.end], removed[m.end+1] = false, false
		case adding:
			if removed[m.end] {
				n++
			}
		}
	}
	return n
}

// TestFewSpuriousEventsAreAllowed: one in 20, and a single one.
func TestFewSpuriousEventsAreAllowed(t *testing.T) {
	for _, test := range []struct {
		offers, spurious int
		fails            bool
	}{{1, 1, false}, {19, 2, true}, {20, 2, false}, {20, 3, true}, {1000, 51, false}, {1000, 52, true}} {
		d := &duplex{offers: test.offers, spurious: test.spurious}
		if b := d.spuriousTooOften(); (b != nil) != test.fails {
			t.Errorf("%d of %d: %v", test.spurious, test.offers, b)
		}
	}
}

// letter is a move of nothing.
type letter byte

func (l letter) String() string { return string(rune(l)) }

// TestShrink: of moves that fail if an a is followed by a b, or something that is as good
// as a b, these two are left.
func TestShrink(t *testing.T) {
	play := func(moves []letter) *breach {
		i := slices.Index(moves, 'a')
		if i >= 0 && slices.ContainsFunc(moves[i:], func(l letter) bool { return l == 'b' || l == 'B' }) {
			return &breach{kind: "wanted"}
		}
		if len(moves) < 2 {
			return &breach{kind: "another"}
		}
		return nil
	}
	all := []letter("xBxxaxxxyxxxaxxBxxxybxBx")
	trial := trial[letter]{
		moves: all, play: play, hurry: play,
		whose: func(l letter) int {
			if l == 'x' {
				return 1
			}
			return -1
		},
		simpler: func(l letter) []letter {
			if l == 'B' {
				return []letter("cb")
			}
			return nil
		},
	}
	if got := trial.shrink(&breach{kind: "wanted"}, time.Now().Add(time.Minute)); string(toBytes(got)) != "ab" {
		t.Errorf("%s is left, want ab", toBytes(got))
	}
	if got := trial.shrink(&breach{kind: "wanted"}, time.Now()); !slices.Equal(got, all) {
		t.Errorf("%s is left where there is no time, want everything", toBytes(got))
	}
}

func toBytes(letters []letter) []byte {
	var all []byte
	for _, l := range letters {
		all = append(all, byte(l))
	}
	return all
}
