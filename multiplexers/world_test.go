//go:build linux

package multiplexers_test

import (
	"errors"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"muxbench/multiplexers"
)

const (
	readable = multiplexers.Readable
	writable = multiplexers.Writable
	hangUp   = multiplexers.HangUp
	failed   = multiplexers.Error
)

// world is one mechanism with descriptors of its own.
type world struct {
	mechanism multiplexers.Mechanism
	mux       multiplexers.Multiplexer
	places    [places]ends
}

// operate does op at place i and says in words what came of it.
func (w *world) operate(op operation, i int, want multiplexers.Interest) string {
	p := &w.places[i]
	var err error
	switch op {
	case adding:
		err = w.mux.Add(p.here, want)
	case modifying:
		err = w.mux.Modify(p.here, want)
	case removing:
		err = w.mux.Remove(p.here)
	}
	if errors.Is(err, multiplexers.ErrFDLimit) {
		return multiplexers.ErrFDLimit.Error()
	}
	if err != nil {
		var errno unix.Errno
		if !errors.As(err, &errno) {
			return "an error without errno: " + err.Error()
		}
		return errno.Error()
	}
	p.watched, p.want = op != removing, want
	p.may, p.must, p.armed = op != removing, op != removing, op != removing
	if op == removing {
		w.forget()
	}
	return "done"
}

// beyond says whether the world's mechanism cannot represent the descriptor of
// place i.
func (w *world) beyond(i int) bool {
	most := w.mechanism.Capabilities.MaxFD
	return most > 0 && w.places[i].here > most
}

// refusal is what comes of op on a descriptor that cannot be represented: it is
// never watched.
func (op operation) refusal() string {
	if op == adding {
		return multiplexers.ErrFDLimit.Error()
	}
	return unix.ENOENT.Error()
}

// forget drops what is known of who has waited how long: a removal may reorder
// a set, and then one turn more is fair.
func (w *world) forget() {
	for i := range w.places {
		w.places[i].passed = 0
	}
}

// finds is what the kernel, asked without any mechanism between, finds on a
// place of what is wanted of it; nothing if it is not watched.
func (w *world) finds(t *rapid.T, i int) multiplexers.Interest {
	p := &w.places[i]
	if !p.watched {
		return 0
	}
	var asked int16
	if p.want&readable != 0 {
		asked |= unix.POLLIN
	}
	if p.want&writable != 0 {
		asked |= unix.POLLOUT
	}
	if p.want&hangUp != 0 {
		asked |= unix.POLLRDHUP
	}
	set := []unix.PollFd{{Fd: int32(p.here), Events: asked}}
	for {
		if _, err := unix.Poll(set, 0); err == nil {
			break
		} else if err != unix.EINTR {
			t.Fatalf("poll: %v", err)
		}
	}
	found := set[0].Revents
	var all multiplexers.Interest
	if found&unix.POLLIN != 0 {
		all |= readable
	}
	if found&unix.POLLOUT != 0 {
		all |= writable
	}
	if found&(unix.POLLRDHUP|unix.POLLHUP) != 0 {
		all |= hangUp
	}
	if found&(unix.POLLERR|unix.POLLNVAL) != 0 {
		all |= failed
	}
	return all
}

// fold is found as it appears where hang-ups and errors cannot be told: the
// one is readable, the other readable and writable, if that is wanted at all.
func fold(want, found multiplexers.Interest) multiplexers.Interest {
	if found&(hangUp|failed) != 0 {
		found |= readable
	}
	if found&failed != 0 {
		found |= writable
	}
	return found & want & (readable | writable)
}

// shown is found as the world's mechanism is to show it.
func (w *world) shown(want, found multiplexers.Interest) multiplexers.Interest {
	if w.mechanism.Capabilities.HangUp {
		return found
	}
	return fold(want, found)
}

// noteActivity takes note of something done to place i. An edge is due if more
// is found than before, or new data came beside the old; one is allowed after
// anything.
func (w *world) noteActivity(i int, before, after multiplexers.Interest) {
	p := &w.places[i]
	p.may = p.watched
	if after&^before != 0 || p.arrived && after&readable != 0 {
		p.must = p.watched
	}
	p.arrived = false
}

// wait waits once, checks what is reported, and returns it by place, folded.
func (w *world) wait(t *rapid.T, room int) map[int]multiplexers.Interest {
	name := w.mechanism.Name
	due, allowed := w.expected(t)
	events := make([]multiplexers.Event, room)
	n, err := w.mux.Wait(events, 0)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := make(map[int]multiplexers.Interest)
	var reported [places]bool
	for _, e := range events[:n] {
		i := w.placeOf(e.FD)
		if i < 0 {
			t.Fatalf("%s reports descriptor %d, which nobody watches", name, e.FD)
		}
		if reported[i] {
			t.Fatalf("%s reports place %d twice in a batch", name, i)
		}
		if allowed[i] == 0 || e.Ready != allowed[i] {
			t.Fatalf("%s reports place %d as %v, want %v", name, i, e.Ready, allowed[i])
		}
		reported[i] = true
		got[i] = fold(w.places[i].want, e.Ready)
	}
	w.checkOthers(t, n == room, due, reported)
	return got
}

// expected is what is to be reported, and what may be, by place. The two are the
// same but for edges, of which the kernel may make more than there was activity.
func (w *world) expected(t *rapid.T) (due, allowed [places]multiplexers.Interest) {
	for i := range w.places {
		p := &w.places[i]
		shown := w.shown(p.want, w.finds(t, i))
		must, may := true, true
		switch w.mechanism.Trigger {
		case multiplexers.EdgeTriggered:
			must, may = p.must, p.may
		case multiplexers.OneShot:
			must, may = p.armed, p.armed
		}
		if must {
			due[i] = shown
		}
		if may {
			allowed[i] = shown
		}
	}
	return due, allowed
}

// checkOthers checks that whoever is not reported is not due, or waits for a
// full buffer, and no longer than everybody's turn takes.
func (w *world) checkOthers(t *rapid.T, full bool, due [places]multiplexers.Interest, reported [places]bool) {
	for i := range w.places {
		p := &w.places[i]
		switch {
		case reported[i]:
			p.passed, p.may, p.must, p.armed = 0, false, false, false
		case due[i] == 0:
			p.passed = 0
			if !full {
				p.must = false // the kernel has looked, found nothing, and forgets it
			}
		case !full:
			t.Fatalf("%s does not report place %d, want %v", w.mechanism.Name, i, due[i])
		default:
			if p.passed++; p.passed >= places {
				t.Fatalf("%s has passed over place %d for %d full buffers", w.mechanism.Name, i, p.passed)
			}
		}
	}
}

func (w *world) placeOf(fd int) int {
	for i := range w.places {
		if w.places[i].watched && w.places[i].here == fd {
			return i
		}
	}
	return -1
}
