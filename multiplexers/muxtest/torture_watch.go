//go:build linux

package muxtest

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	// grace is how long a wait may take to report what poll(2) has found before it. Over
	// TCP the kernel finds data a moment before it wakes those who wait for it.
	grace = 500 * time.Millisecond
	// lull is how long a wait may take where there is nothing to do until something comes
	// over TCP. It decides nothing.
	lull = 20 * time.Millisecond
)

func (d *duplex) add(e *end, want multiplexers.Interest) *breach {
	if err := d.mux.Add(e.fd, want); err != nil {
		return breachf("error", "Add of %s for %v: %v", e.name, want, err)
	}
	d.rearm(e, want)
	return nil
}

func (d *duplex) modify(e *end, want multiplexers.Interest) *breach {
	if err := d.mux.Modify(e.fd, want); err != nil {
		return breachf("error", "Modify of %s to %v: %v", e.name, want, err)
	}
	d.rearm(e, want)
	return nil
}

func (d *duplex) remove(e *end) *breach {
	if err := d.mux.Remove(e.fd); err != nil {
		return breachf("error", "Remove of %s: %v", e.name, err)
	}
	e.watched = false
	// It may reorder a set, and then one turn more is fair.
	for _, e := range d.ends {
		if e != nil {
			e.passed = 0
		}
	}
	return nil
}

// rearm is what becomes of an end that is added or modified.
func (d *duplex) rearm(e *end, want multiplexers.Interest) {
	e.watched, e.want, e.armed, e.told, e.arrived, e.known = true, want, true, 0, false, d.come(e)
}

// come is how many bytes have come to an end so far, by what it has read and what
// there is to read: over TCP, more than were sent never do, and it may be less. The
// kernel says so before it wakes who waits.
func (d *duplex) come(e *end) int {
	unread, err := unix.IoctlGetInt(e.fd, unix.TIOCINQ)
	if err != nil {
		d.rig.Fatalf("ioctl FIONREAD of %s: %v", e.name, err)
	}
	return e.got + unread
}

// look is what poll(2) finds on each end: of what is wanted, or of everything if it is
// not watched.
func (d *duplex) look() ([]multiplexers.Interest, *breach) {
	d.polled = d.polled[:0]
	for _, e := range d.ends {
		p := unix.PollFd{Fd: -1} // which poll(2) passes over
		if e != nil {
			want := e.want
			if !e.watched {
				want = both | hangUp
			}
			p.Fd = int32(e.fd)
			for _, bit := range pollBits() {
				if want&bit.interest != 0 {
					p.Events |= bit.asked
				}
			}
		}
		d.polled = append(d.polled, p)
	}
	for {
		_, err := unix.Poll(d.polled, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, breachf("error", "poll(2) itself: %v", err)
		}
		break
	}
	found := make([]multiplexers.Interest, len(d.ends))
	for i, p := range d.polled {
		for _, bit := range pollBits() {
			if p.Revents&bit.found != 0 {
				found[i] |= bit.interest
			}
		}
	}
	return found, nil
}

// owes is what a wait has to report of an end, one of these at least, where poll(2)
// finds this.
func (d *duplex) owes(e *end, found multiplexers.Interest) multiplexers.Interest {
	if e == nil || !e.watched {
		return 0
	}
	shown := d.rig.shown(e.want, found)
	switch d.rig.subject.mechanism.Trigger {
	case multiplexers.OneShot:
		if !e.armed {
			return 0
		}
	case multiplexers.EdgeTriggered:
		if !e.arrived {
			return shown &^ e.told
		}
		return shown & (readable | ^e.told)
	}
	return shown
}

// wait is a wait with room for so many events, and all that can be said of it. What it
// reports is in d.reported. It may block for so long, and longer where something is
// owed.
func (d *duplex) wait(room int, blocks bool, timeout time.Duration) *breach {
	d.reported = d.reported[:0]
	before, b := d.look()
	if b != nil {
		return b
	}
	for i, e := range d.ends {
		if e == nil {
			continue
		}
		e.arrived = e.watched && d.come(e) > e.known
		if e.owed = d.owes(e, before[i]); blocks && e.owed != 0 {
			timeout = grace
		}
	}
	full, b := d.batch(min(room, len(d.events)), timeout, before)
	if b != nil {
		return b
	}
	if full {
		return d.pass()
	}
	late := false
	for _, e := range d.ends {
		if e == nil {
			continue
		}
		e.passed = 0
		if e.owed != 0 && !e.tcp {
			return d.lost(e)
		}
		late = late || e.owed != 0
	}
	if late {
		return d.insist()
	}
	return nil
}

// pause is a wait for what comes over TCP. An acknowledgement may be all that it
// waits for, which the kernel would put off by 40 ms (tcp(7), TCP_QUICKACK).
func (d *duplex) pause() *breach {
	timeout := time.Duration(0)
	for _, e := range d.ends {
		if e != nil && e.tcp && !(e.eof && e.peer.eof) {
			d.option(e.fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
			timeout = lull
		}
	}
	return d.wait(len(d.events), true, timeout)
}

// insist waits for what was found and not reported, over TCP, whatever else comes.
func (d *duplex) insist() *breach {
	found, b := d.look()
	if b != nil {
		return b
	}
	for deadline := time.Now().Add(grace); ; {
		left := max(0, time.Until(deadline))
		if _, b = d.batch(len(d.events), left, found); b != nil {
			return b
		}
		if found, b = d.look(); b != nil {
			return b
		}
		var late *end
		for i, e := range d.ends {
			if e != nil && e.owed != 0 && d.owes(e, found[i]) != 0 {
				late = e
			}
		}
		if late == nil {
			return nil
		}
		if left == 0 {
			return d.lost(late)
		}
	}
}

func (d *duplex) lost(e *end) *breach {
	return breachf("lost", "nothing is reported of %s (descriptor %d), though poll(2) finds %v, which is wanted and owed: a lost wake-up", e.name, e.fd, e.owed)
}

// pass takes note of who was not in a full buffer. Everybody's turn takes no more of
// these than are watched. Over TCP, who is to be reported may not be in the kernel's
// list yet.
func (d *duplex) pass() *breach {
	listed := kernelSet.met(d.rig.subject)
	watched := 0
	for _, e := range d.ends {
		if e != nil && e.watched {
			watched++
		}
	}
	for _, e := range d.ends {
		if e == nil {
			continue
		}
		if e.owed == 0 || listed && e.tcp {
			e.passed = 0
		} else if e.passed++; e.passed > watched {
			return breachf("starved", "%s (descriptor %d) is %v, and has been passed over for %d full buffers", e.name, e.fd, e.owed, e.passed)
		}
	}
	return nil
}

// batch is one wait. Each event has to be of an end that is watched and may be
// reported, the only one of it, and no less than what was found before and no more than
// what is found after. It says whether there may be more.
func (d *duplex) batch(room int, timeout time.Duration, before []multiplexers.Interest) (full bool, b *breach) {
	n, err := d.mux.Wait(d.events[:room], timeout)
	if err != nil {
		return false, breachf("error", "Wait: %v", err)
	}
	if n < 0 || n > room {
		return false, breachf("error", "Wait returned %d events of at most %d", n, room)
	}
	after, b := d.look()
	if b != nil {
		return false, b
	}
	for k, event := range d.events[:n] {
		i := d.endOf(event.FD)
		if i < 0 || !d.ends[i].watched {
			return false, breachf("unwatched", "descriptor %d is reported as %v, and is not watched", event.FD, event.Ready)
		}
		e := d.ends[i]
		for _, other := range d.events[:k] {
			if other.FD == event.FD {
				return false, breachf("twice", "%s (descriptor %d) is reported twice in one wait", e.name, e.fd)
			}
		}
		if b := d.judge(e, event.Ready, before[i], after[i]); b != nil {
			return false, b
		}
		d.report(event)
		e.told |= event.Ready
		e.armed, e.arrived, e.known, e.owed, e.passed = false, false, d.come(e), 0, 0
		e.hung = e.hung || event.Ready&hangUp != 0
	}
	return n == room, nil
}

// report notes an event: of an end that was reported by an insistent wait's last part,
// what is new in it.
func (d *duplex) report(event multiplexers.Event) {
	i := slices.IndexFunc(d.reported, func(e multiplexers.Event) bool { return e.FD == event.FD })
	if i < 0 {
		d.reported = append(d.reported, event)
		return
	}
	d.reported[i].Ready |= event.Ready
}

// judge compares what is reported with what poll(2) found before and after.
func (d *duplex) judge(e *end, got, before, after multiplexers.Interest) *breach {
	if oneShot.met(d.rig.subject) && !e.armed {
		return breachf("fired", "%s (descriptor %d) is reported as %v, and has not been modified since it fired", e.name, e.fd, got)
	}
	least, most := d.rig.shown(e.want, before), d.rig.shown(e.want, after)
	if e.tcp {
		// The kernel may take room for itself meanwhile, which is why those who say that
		// there is some are counted.
		if got&e.want&writable != 0 {
			d.offers++
			if (least|most)&writable == 0 {
				d.spurious++
			}
		}
		least &= most | ^writable
		most |= e.want & writable
	}
	if got == 0 || least&^got != 0 || got&^most != 0 {
		return breachf("untrue", "%s (descriptor %d) is reported as %v, where %v is wanted and poll(2) finds %v", e.name, e.fd, got, e.want, after)
	}
	return nil
}

func (d *duplex) endOf(fd int) int {
	for i, e := range d.ends {
		if e != nil && e.fd == fd {
			return i
		}
	}
	return -1
}
