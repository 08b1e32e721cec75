//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// oneShotCases are about mechanisms that report a descriptor once, after which
// it is out of action until a Modify. Nothing re-arms it here but the cases
// themselves.
func oneShotCases() []Case {
	all := []Case{
		{ID: "C-095", Title: "what comes after the first event is not reported, read or not", Source: "LTP epoll_wait07, polling multiple_pollers::oneshot_triggered", run: firedOnce},
		{ID: "C-096", Title: "having fired it is registered still: adding is EEXIST, and Modify reports what is unread", Source: "epoll_ctl(2), EPOLLONESHOT; polling other_modes::edge_oneshot_triggered", run: firedIsRegistered},
		{ID: "C-098", Title: "drained and ready again it is silent until a Modify, and so is a full stream", Source: "gVisor epoll Oneshot, OneshotAndEdgeTriggered", run: changesWhileDisabled},
		{ID: "C-099", Title: "hang-ups and errors wait for the Modify too", Source: "epoll_ctl(2), EPOLLONESHOT; kernel ep_poll_callback", run: lostWhileDisabled},
		{ID: "M-009", Title: "a Modify to nothing keeps it silent but for one hang-up", Source: "the contract; gVisor epoll PipeReaderHupAfterWriterClosed", run: modifiedToNothing},
		{ID: "M-010", Title: "removed and added after it has fired, it starts afresh", Source: "the contract", run: addedAfterFiring},
		{ID: "M-011", Title: "a blocked wait returns when what has fired is modified", Source: "polling concurrent_modify", needs: oneShotByOthers, run: modifiedWhileBlocked},
		{ID: "M-012", Title: "each multiplexer that watches a file reports it once, for itself", Source: "polling multiple_pollers::oneshot_triggered", run: firedInEach},
	}
	for i := range all {
		all[i].Tier, all[i].bare = Contract, true
		if all[i].needs == nothing {
			all[i].needs = oneShot
		}
	}
	return all
}

func firedOnce(r *rig) {
	for _, stream := range r.streams() {
		r.add(stream.here, readable)
		r.Write(stream.there, 1)
		r.expect(stream.name, ready(stream.here, readable))
		r.expect(stream.name + " again")
		r.Write(stream.there, 1)
		r.expect(stream.name + " written to beside what is unread")
		r.Drain(stream.here)
		r.expect(stream.name + " drained")
		r.Write(stream.there, 1)
		r.expect(stream.name + " written to after that")
	}
}

func firedIsRegistered(r *rig) {
	for _, stream := range r.streams() {
		r.Write(stream.there, 1)
		r.add(stream.here, readable)
		r.expect(stream.name, ready(stream.here, readable))
		for range 3 {
			r.refused("Add", stream.here, r.mux.Add(stream.here, readable), unix.EEXIST)
			r.expect(stream.name + " refused")
			r.modify(stream.here, readable)
			r.expect(stream.name+" modified with data unread", ready(stream.here, readable))
			r.expect(stream.name + " modified, again")
		}
		r.remove(stream.here)
		r.refused("Modify", stream.here, r.mux.Modify(stream.here, readable), unix.ENOENT)
	}
}

func changesWhileDisabled(r *rig) {
	reader, writer := r.Pipe()
	r.add(reader, readable)
	for range 3 {
		r.Write(writer, 1)
		r.expect("written to", ready(reader, readable))
		r.Drain(reader)
		r.expect("drained")
		r.modify(reader, readable)
		r.expect("drained and modified")
	}
	r.remove(reader)

	r.add(writer, writable)
	for range 3 {
		r.expect("an empty pipe", ready(writer, writable))
		r.Fill(writer)
		r.expect("a full one")
		r.Drain(reader)
		r.expect("a full one that was drained")
		r.modify(writer, writable)
	}
}

// lost is a descriptor that has something to report, and what makes it lose its
// peer. What the kernel finds then, of what is wanted, is found.
type lost struct {
	name        string
	make        func(*rig) (fd int, lose func())
	want, found multiplexers.Interest
}

func losses() []lost {
	return []lost{
		{"a pipe whose writer is closed", func(r *rig) (int, func()) {
			reader, writer := r.Pipe()
			r.Write(writer, 1)
			return reader, func() { r.Close(writer) }
		}, readable, readable | hangUp},
		{"a pipe whose reader is closed", func(r *rig) (int, func()) {
			reader, writer := r.Pipe()
			return writer, func() { r.Close(reader) }
		}, writable, writable | failed},
		{"a socket pair whose other end is closed", func(r *rig) (int, func()) {
			here, there := r.Pair()
			return here, func() { r.Close(there) }
		}, both, both | hangUp},
		{"a TCP connection that is reset", func(r *rig) (int, func()) {
			here, there := r.TCP()
			return here, func() { r.Reset(there) }
		}, both | hangUp, both | hangUp | failed},
	}
}

func lostWhileDisabled(r *rig) {
	for _, l := range losses() {
		fd, lose := l.make(r)
		r.add(fd, l.want)
		if got := r.batch(4, shortWait); len(got) != 1 {
			r.Fatalf("%s: got %v before that, want an event", l.name, got)
		}
		lose()
		r.settle(fd, l.want, l.found)
		r.expect(l.name)
		r.modify(fd, l.want)
		r.expect(l.name+", modified", ready(fd, r.shown(l.want, l.found)))
		r.expect(l.name + ", again")
	}
}

func modifiedToNothing(r *rig) {
	reader, writer := r.Pipe()
	r.Write(writer, 1)
	r.add(reader, readable)
	r.modify(reader, 0)
	r.expect("wanted nothing before it was reported")
	r.modify(reader, readable)
	r.expect("wanted readable", ready(reader, readable))
	r.modify(reader, 0)
	r.Write(writer, 1)
	r.expect("wanted nothing after it was reported")
	r.Drain(reader)
	r.Close(writer)
	r.settle(reader, 0, hangUp)
	if shown := r.shown(0, hangUp); shown != 0 {
		r.expect("hung up", ready(reader, shown))
	}
	r.expect("hung up, again")
}

func addedAfterFiring(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	for range 3 {
		r.add(here, readable|writable)
		r.expect("added", ready(here, readable|writable))
		r.expect("again")
		r.remove(here)
		r.expect("removed")
	}
}

func modifiedWhileBlocked(r *rig) {
	reader, writer := r.Pipe()
	r.Write(writer, 1)
	r.add(reader, readable)
	r.expect("added", ready(reader, readable))
	w := r.wait(-1)
	if !w.UntilBlocked() {
		r.Fatalf("the wait returned for what has been reported")
	}
	r.modify(reader, readable)
	w.expect("modified during the wait", ready(reader, readable))
	r.expect("again")
}

func firedInEach(r *rig) {
	here, there := r.Pair()
	other := r.another()
	r.add(here, readable)
	if err := other.Add(here, readable); err != nil {
		r.Fatalf("the other's Add(%d, %v): %v", here, readable, err)
	}
	r.Write(there, 1)
	r.expect("one of two", ready(here, readable))
	r.compare("the other", r.batchOf(other, 4, shortWait), events(ready(here, readable)))
	r.Write(there, 1)
	r.expect("one of two, again")
	r.compare("the other, again", r.batchOf(other, 4, 0), nil)
	r.modify(here, readable)
	r.compare("the other, when the first is modified", r.batchOf(other, 4, 0), nil)
	r.expect("modified", ready(here, readable))
}
