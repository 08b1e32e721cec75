//go:build linux

package multiplexers_test

import (
	"testing"

	"pgregory.net/rapid"

	"muxbench/multiplexers"
)

// TestMechanismsAgree feeds one random script to every mechanism, each on
// descriptors of its own in the same situation, and compares what they report
// with what poll(2), asked directly, finds on those descriptors, and so with
// each other.
//
// Hang-up and error are folded into readable and writable, never the other way
// round: a mechanism without them loses the difference (see world.shown).
func TestMechanismsAgree(t *testing.T) {
	for _, part := range [...]string{"first", "second", "third", "fourth", "fifth"} {
		t.Run(part+" hundred scripts", testMechanismsAgree)
	}
}

func testMechanismsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &script{}
		defer s.close()
		s.begin(t)
		t.Repeat(map[string]func(*rapid.T){
			"add":       func(t *rapid.T) { s.operate(t, adding) },
			"modify":    func(t *rapid.T) { s.operate(t, modifying) },
			"remove":    func(t *rapid.T) { s.operate(t, removing) },
			"write":     func(t *rapid.T) { s.disturb(t, "write", 3, s.write) },
			"read":      func(t *rapid.T) { s.disturb(t, "read", 3, s.read) },
			"fill":      func(t *rapid.T) { s.disturb(t, "fill", 1, s.fill) },
			"drain":     func(t *rapid.T) { s.disturb(t, "drain", 1, s.drain) },
			"halfClose": func(t *rapid.T) { s.disturb(t, "half-close", 1, s.halfClose) },
			"closePeer": func(t *rapid.T) { s.disturb(t, "close peer", 1, s.closePeer) },
			"replace":   func(t *rapid.T) { s.replace(t) },
			"waitSmall": func(t *rapid.T) { s.wait(t, rapid.IntRange(1, 3).Draw(t, "room")) },
			"waitOften": func(t *rapid.T) {
				for range places + 1 {
					s.wait(t, 1)
				}
			},
			"waitLarge": func(t *rapid.T) { s.wait(t, places) },
		})
	})
}

// places is how many descriptors there are in each world.
const places = 12

// script runs the worlds in step.
type script struct {
	worlds []*world
}

// begin makes the worlds, of which close gives back as many as there are: rapid may
// abandon a script between any two draws.
func (s *script) begin(t *rapid.T) {
	for _, m := range multiplexers.Mechanisms() {
		mux, err := m.New(multiplexers.Runtime)
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		w := &world{mechanism: m, mux: mux}
		for i := range w.places {
			w.places[i] = noEnds()
		}
		s.worlds = append(s.worlds, w)
	}
	for i := range places {
		s.open(t, i)
	}
}

func (s *script) close() {
	for _, w := range s.worlds {
		for i := range w.places {
			w.places[i].close()
		}
		_ = w.mux.Close()
	}
}

// operation is one on the interest set.
type operation uint8

const (
	adding operation = iota
	modifying
	removing
)

// operate compares what the worlds say, but for those that cannot represent the
// descriptor: what they are to say is known.
func (s *script) operate(t *rapid.T, op operation) {
	i := place.Draw(t, "place")
	want := interest.Draw(t, "want")
	first, of := "", ""
	for _, w := range s.worlds {
		outcome := w.operate(op, i, want)
		if w.beyond(i) {
			if refusal := op.refusal(); outcome != refusal {
				t.Fatalf("%s says %q of descriptor %d, beyond its limit, want %q", w.mechanism.Name, outcome, w.places[i].here, refusal)
			}
			continue
		}
		if of == "" {
			first, of = outcome, w.mechanism.Name
		}
		if outcome != first {
			t.Fatalf("%s says %q, %s says %q", w.mechanism.Name, outcome, of, first)
		}
	}
}

// disturb does something to a place in each world, n times at most.
func (s *script) disturb(t *rapid.T, what string, n int, do func(w *world, i int) (done bool)) {
	i := place.Draw(t, "place")
	times := rapid.IntRange(1, n).Draw(t, "times")
	first := 0
	for k, w := range s.worlds {
		before := w.finds(t, i)
		done := 0
		for done < times && do(w, i) {
			done++
		}
		if k == 0 {
			first = done
		}
		if first == 0 {
			t.Skipf("nothing to %s", what)
		}
		if done != first {
			t.Fatalf("%s %d times at place %d of %s, %d times of %s", what, done, i, w.mechanism.Name, first, s.worlds[0].mechanism.Name)
		}
		w.noteActivity(i, before, w.finds(t, i))
	}
}

func (s *script) replace(t *rapid.T) {
	i := place.Draw(t, "place")
	for _, w := range s.worlds {
		if w.places[i].watched {
			if err := w.mux.Remove(w.places[i].here); err != nil {
				t.Fatalf("%s: %v", w.mechanism.Name, err)
			}
			w.forget()
		}
		w.places[i].close()
	}
	s.open(t, i)
}

// open makes the same kind of descriptor in each world, at about the same
// number: the ends of words and of an fd_set are where bitmaps go wrong.
func (s *script) open(t *rapid.T, i int) {
	kind := rapid.SampledFrom([]kind{pair, reader, writer}).Draw(t, "kind")
	lowest := rapid.SampledFrom([]int{0, 0, 62, 126, 1022, 1023}).Draw(t, "lowest number")
	for _, w := range s.worlds {
		p, err := newEnds(kind, lowest)
		if err != nil {
			t.Fatalf("opening a %v: %v", kind, err)
		}
		w.places[i] = p
	}
}

// wait compares what the level-triggered worlds report, by place. A world that
// cannot represent a place has nothing to say of it.
func (s *script) wait(t *rapid.T, room int) {
	type finding struct {
		of   string
		what multiplexers.Interest
	}
	first := make(map[int]finding)
	for _, w := range s.worlds {
		got := w.wait(t, room)
		if room < places || w.mechanism.Trigger != multiplexers.LevelTriggered {
			continue
		}
		for i := range places {
			if w.beyond(i) {
				continue
			}
			f, ok := first[i]
			if !ok {
				first[i] = finding{w.mechanism.Name, got[i]}
			} else if got[i] != f.what {
				t.Fatalf("place %d: %s finds %v, %s finds %v", i, w.mechanism.Name, got[i], f.of, f.what)
			}
		}
	}
}
