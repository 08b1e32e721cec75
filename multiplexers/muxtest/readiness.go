//go:build linux

package muxtest

import (
	"math/rand/v2"
	"time"

	"muxbench/multiplexers"
)

const (
	readable = multiplexers.Readable
	writable = multiplexers.Writable
	hangUp   = multiplexers.HangUp
	failed   = multiplexers.Error
)

// readinessCases are about what one wait reports.
func readinessCases() []Case {
	return []Case{
		{ID: "C-001", Tier: Contract, Title: "idle streams are writable and nothing else", Source: "gVisor epoll AllWritable", run: allWritable},
		{ID: "C-002", Tier: Contract, Title: "data makes its stream readable, and only it", Source: "gVisor epoll LastReadable", run: lastReadable},
		{ID: "C-003", Tier: Contract, Title: "a full stream is not writable until it drains", Source: "gVisor epoll LastNonWritable", run: lastNotWritable},
		{ID: "C-004", Tier: Contract, Title: "nothing ready, nothing reported", Source: "polling io::basic_io, mio run_once_with_nothing", run: nothingReady},
		{ID: "C-005", Tier: Contract, Title: "a blocked wait returns when a descriptor becomes ready", Source: "gVisor epoll WaitThenUnblock, epoll-shim sleep_argument", run: unblocked},
		{ID: "C-006", Tier: Contract, Title: "a wait on an empty set wakes for a ready descriptor that is added", Source: "gVisor epoll UnblockWithNewFD, mio register_during_poll", needs: concurrentModify, run: addedDuringWait},
		{ID: "C-007", Tier: Contract, Title: "a wait wakes for a descriptor that is modified", Source: "polling concurrent_modify, epoll-shim poll_only_fd", needs: concurrentModify, run: modifiedDuringWait},
		{ID: "C-020", Tier: Contract, Title: "of 100 pairs just the one written to is reported", Source: "polling many_connections", run: manyPairs},
		{ID: "C-068", Tier: Contract, Title: "events fill the buffer from the front, whatever it held", Source: "polling append_events", run: overwritesBuffer},
		{ID: "C-071", Tier: Contract, Title: "what happened to one descriptor between two waits is one event", Source: "epoll(7) Q7", run: merged},
		{ID: "C-118", Tier: Contract, Title: "wake-ups by eventfd come before or during a wait, and coalesce", Source: "mio waker, polling notify", run: wakeUps},
	}
}

func allWritable(r *rig) {
	var want []multiplexers.Event
	for range 3 {
		here, _ := r.Pair()
		r.add(here, readable|writable)
		want = append(want, ready(here, writable))
	}
	r.expect("three idle streams", want...)
}

func lastReadable(r *rig) {
	first, _ := r.Pair()
	second, _ := r.Pair()
	third, there := r.Pair()
	r.Write(there, 1)
	for _, fd := range [...]int{first, second, third} {
		r.add(fd, readable|writable)
	}
	r.expect("one byte for the last", ready(first, writable), ready(second, writable), ready(third, readable|writable))
}

func lastNotWritable(r *rig) {
	first, _ := r.Pair()
	second, _ := r.Pair()
	third, there := r.Pair()
	r.Write(there, 1)
	r.Fill(third)
	for _, fd := range [...]int{first, second, third} {
		r.add(fd, readable|writable)
	}
	r.expect("the last is full", ready(first, writable), ready(second, writable), ready(third, readable))
	r.Drain(there)
	r.Drain(third)
	want := append(r.again(ready(first, writable), ready(second, writable)), ready(third, writable))
	r.expect("the last has drained", want...)
}

func nothingReady(r *rig) {
	r.expect("empty set")
	reader, _ := r.Pipe()
	r.add(reader, readable)
	r.expect("empty pipe")
}

func unblocked(r *rig) {
	for _, timeout := range [...]time.Duration{-1, time.Minute} {
		reader, writer := r.Pipe()
		quiet, _ := r.Pipe()
		r.add(quiet, readable)
		r.add(reader, readable)
		w := r.wait(timeout)
		if !w.UntilBlocked() {
			r.Errorf("with a timeout of %v the wait returned with nothing ready", timeout)
		}
		r.Write(writer, 1)
		w.expect("written to during the wait", ready(reader, readable))
		r.remove(quiet)
		r.remove(reader)
	}
}

func addedDuringWait(r *rig) {
	w := r.wait(-1)
	if !w.UntilBlocked() {
		r.Fatalf("the wait on an empty set returned")
	}
	counter := r.Counter(1)
	r.add(counter, readable)
	w.expect("added during the wait", ready(counter, readable))
}

func modifiedDuringWait(r *rig) {
	counter := r.Counter(1)
	r.add(counter, 0)
	w := r.wait(-1)
	if !w.UntilBlocked() {
		r.Fatalf("the wait returned for what nobody wants")
	}
	r.modify(counter, readable)
	w.expect("modified during the wait", ready(counter, readable))
}

func manyPairs(r *rig) {
	const pairs = 100
	var here, there [pairs]int
	for i := range pairs {
		here[i], there[i] = r.Pair()
		r.add(here[i], readable)
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(pairs)
	for _, i := range order {
		r.Write(there[i], 1)
		r.expect("written to", ready(here[i], readable))
		r.Read(here[i], 1)
		r.remove(here[i])
	}
	r.expect("all removed")
}

func overwritesBuffer(r *rig) {
	reader, writer := r.Pipe()
	r.add(reader, readable)
	r.Write(writer, 1)
	events := []multiplexers.Event{ready(-1, failed), ready(-2, failed)}
	n, err := r.mux.Wait(events, r.Patience)
	if err != nil || n != 1 {
		r.Fatalf("Wait: %d, %v, want one event", n, err)
	}
	r.compare("a used buffer", events, []multiplexers.Event{ready(reader, readable), ready(-2, failed)})
}

func merged(r *rig) {
	here, there := r.Pair()
	r.add(here, readable|writable)
	r.Write(there, 1)
	r.Write(there, 1)
	r.Drain(here)
	r.Write(there, 1)
	r.expect("three writes", ready(here, readable|writable))
}

func wakeUps(r *rig) {
	bell := r.Counter(0)
	r.add(bell, readable)
	ring := func() { r.Ring(bell) }
	for range 3 {
		ring()
		ring()
		r.expect("rung before the wait", ready(bell, readable))
		r.Read(bell, 8)
		r.expect("silenced")
	}
	w := r.wait(-1)
	if !w.UntilBlocked() {
		r.Fatalf("the wait returned with nothing ready")
	}
	ring()
	w.expect("rung during the wait", ready(bell, readable))
}
