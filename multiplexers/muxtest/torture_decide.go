//go:build linux

package muxtest

import "muxbench/multiplexers"

// anything is a move out of the blue.
func (t *tormentor) anything(i int) *breach {
	e := t.d.ends[i]
	if t.ended[i/2] {
		return nil
	}
	switch t.random.IntN(3) {
	case 0:
		return t.do(move{kind: reading, end: i, n: t.few(1000)})
	case 1:
		return t.do(move{kind: writing, end: i, n: t.few(1000)})
	}
	if e.watched {
		return t.do(move{kind: modifying, end: i, want: t.natural(e)})
	}
	return nil
}

// leave stops watching any end for some turns, or none at all.
func (t *tormentor) leave(i int) *breach {
	if !t.d.ends[i].watched {
		return nil
	}
	t.resume[i] = t.turn + t.random.IntN(8)
	return t.do(move{kind: removing, end: i})
}

// natural is what an end is to be watched for.
func (t *tormentor) natural(e *end) multiplexers.Interest {
	if t.whole && t.d.rig.subject.mechanism.Trigger != multiplexers.LevelTriggered {
		return both | hangUp
	}
	var want multiplexers.Interest
	if !e.eof {
		want |= readable
	}
	if !e.shut {
		want |= writable
	}
	if !e.hung {
		want |= hangUp
	}
	return want
}

// takeUp is what was put off: an end is watched again, for what is natural.
func (t *tormentor) takeUp(i int) *breach {
	t.resume[i] = 0
	e := t.d.ends[i]
	kind := modifying
	if !e.watched {
		kind = adding
	}
	return t.do(move{kind: kind, end: i, want: t.natural(e)})
}

// act is what comes of an end's being ready, or said to be.
func (t *tormentor) act(i int, found multiplexers.Interest) *breach {
	e := t.d.ends[i]
	if found&^writable != 0 && !e.eof {
		if b := t.handle(i, readable); b != nil {
			return b
		}
	}
	if found&writable != 0 && !e.shut && t.d.lacks(e) > 0 {
		if b := t.handle(i, writable); b != nil {
			return b
		}
	}
	if !e.shut && t.d.lacks(e) == 0 && (t.hurried() || t.chance(50)) {
		if b := t.do(move{kind: shutting, end: i}); b != nil {
			return b
		}
	}
	if !t.hurried() && t.chance(t.readd) {
		if b := t.leave(t.random.IntN(len(t.d.ends))); b != nil {
			return b // what is reported of it may be still to come, in the same batch
		}
	}
	if t.apart[i] || !e.watched || t.resume[i] > 0 {
		return nil
	}
	return t.adjust(i)
}

// handle does at random one of what can be done about data, or about room.
func (t *tormentor) handle(i int, what multiplexers.Interest) *breach {
	some, all, most := reading, draining, 1000
	if what == writable {
		some, all, most = writing, filling, 5000
	}
	if t.hurried() {
		return t.do(move{kind: all, end: i})
	}
	switch roll := t.random.IntN(100); {
	case roll < t.ignore:
		return nil
	case roll < t.ignore+t.pause:
		return t.putOff(i, what)
	case roll < t.ignore+t.pause+t.flip:
		return t.flipTwice(i)
	case t.chance(t.little):
		return t.do(move{kind: some, end: i, n: t.few(most)})
	}
	return t.do(move{kind: all, end: i})
}

// putOff drops a part of the interest for some turns.
func (t *tormentor) putOff(i int, what multiplexers.Interest) *breach {
	e := t.d.ends[i]
	if !e.watched {
		return nil
	}
	t.resume[i] = t.turn + t.few(12)
	return t.do(move{kind: modifying, end: i, want: e.want &^ what})
}

// flipTwice drops the interest, and takes it up at once.
func (t *tormentor) flipTwice(i int) *breach {
	e := t.d.ends[i]
	if !e.watched {
		return nil
	}
	want := e.want
	if b := t.do(move{kind: modifying, end: i, want: want ^ both}); b != nil {
		return b
	}
	return t.do(move{kind: modifying, end: i, want: want})
}

// adjust brings an end's interest to what is natural by now, and re-arms what has
// fired, at once or some turns later.
func (t *tormentor) adjust(i int) *breach {
	e := t.d.ends[i]
	fired := oneShot.met(t.d.rig.subject) && !e.armed
	if e.want == t.natural(e) && !fired {
		return nil
	}
	if !t.hurried() && t.chance(25) {
		t.resume[i] = t.turn + t.few(12)
		return nil
	}
	return t.do(move{kind: modifying, end: i, want: t.natural(e)})
}
