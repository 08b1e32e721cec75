//go:build linux

package muxtest

// edgeCases are about mechanisms that report a readiness once, until there is
// new activity or a Modify. Some are true of one-shot readiness, where activity
// changes nothing.
func edgeCases() []Case {
	all := []Case{
		{ID: "C-080", Title: "an unread byte is reported once, and so are two", Source: "kernel selftest epoll_wakeup_test 2, 4", run: reportedOnce},
		{ID: "C-081", Title: "reading a part of the data is no edge, more data is", Source: "polling edge_triggered, LTP epoll_wait06", run: partialRead},
		{ID: "C-082", Title: "new data while old data is unread is an edge", Source: "polling multiple_pollers::edge_triggered", run: newBesideUnread},
		{ID: "C-083", Title: "what is ready when added is reported", Source: "kernel selftest epoll_wakeup_test 2", needs: reportsOnce, run: readyWhenAdded},
		{ID: "C-084", Title: "Modify reports again what is still ready", Source: "epoll(7) Q8, polling edge_oneshot", needs: reportsOnce, run: modifyRearms},
		{ID: "C-087", Title: "after reading all there is, the next data is an edge", Source: "mio readiness_is_reregistered_after_would_block, libevent et_behavior_recv", run: drainedThenNew},
		{ID: "C-088", Title: "data and a farewell behind it are one event", Source: "libevent, edge-triggered", run: dataThenFarewell},
		{ID: "C-089", Title: "registered once for both, each event tells the whole state", Source: "epoll(7)", run: registeredOnce},
		{ID: "C-167", Title: "a full stream that drains is an edge", Source: "epoll-shim write_to_pipe_until_full, LTP epoll_wait01", run: fullThenDrained},
	}
	for i := range all {
		all[i].Tier, all[i].bare = Contract, true
		if all[i].needs == nothing {
			all[i].needs = edgeTriggered
		}
	}
	return all
}

func reportedOnce(r *rig) {
	first, there := r.Pair()
	second, far := r.Pair()
	r.add(first, readable)
	r.add(second, readable)
	r.Write(there, 1)
	r.expect("one", ready(first, readable))
	r.expect("one, again")
	r.Write(there, 1)
	r.Write(far, 1)
	r.expect("two", ready(first, readable), ready(second, readable))
	r.expect("two, again")
}

func partialRead(r *rig) {
	for _, stream := range r.streams() {
		r.add(stream.here, readable)
		r.Write(stream.there, 8)
		r.expect(stream.name, ready(stream.here, readable))
		r.Read(stream.here, 4)
		r.expect(stream.name + " half read")
		r.Write(stream.there, 1)
		r.expect(stream.name+" half read, then written to", ready(stream.here, readable))
	}
}

func newBesideUnread(r *rig) {
	for _, stream := range r.streams() {
		r.add(stream.here, readable)
		for range 3 {
			r.Write(stream.there, 1)
			r.expect(stream.name, ready(stream.here, readable))
			r.expect(stream.name + " again")
		}
	}
}

func readyWhenAdded(r *rig) {
	for _, stream := range r.streams() {
		r.Write(stream.there, 1)
		r.add(stream.here, readable)
		r.expect(stream.name, ready(stream.here, readable))
		r.expect(stream.name + " again")
	}
}

func modifyRearms(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	r.add(here, readable)
	r.expect("added", ready(here, readable))
	for range 3 {
		r.modify(here, readable)
		r.expect("modified to the same", ready(here, readable))
		r.expect("again")
	}
	r.Drain(here)
	r.modify(here, readable)
	r.expect("drained and modified")
}

func drainedThenNew(r *rig) {
	for _, stream := range r.streams() {
		r.add(stream.here, readable)
		for range 3 {
			r.Write(stream.there, 8)
			r.expect(stream.name, ready(stream.here, readable))
			r.Drain(stream.here)
			r.expect(stream.name + " drained")
		}
	}
}

func dataThenFarewell(r *rig) {
	here, there := r.Pair()
	r.add(here, readable|hangUp)
	r.Write(there, 5)
	r.Close(there)
	r.expect("data and farewell", ready(here, readable|hangUp))
	r.Read(here, 1)
	r.expect("one byte read") // who stops here is stuck
	r.Drain(here)
	r.expect("drained")
}

func registeredOnce(r *rig) {
	here, there := r.Pair()
	r.add(here, readable|writable|hangUp)
	r.expect("added", ready(here, writable))
	for range 2 {
		r.Write(there, 1)
		r.expect("data", ready(here, readable|writable))
		r.Drain(here)
		r.expect("drained")
	}
}

func fullThenDrained(r *rig) {
	reader, writer := r.Pipe()
	r.add(writer, writable)
	r.expect("empty", ready(writer, writable))
	r.Fill(writer)
	r.expect("full")
	r.Drain(reader)
	r.expect("drained", ready(writer, writable))
	r.expect("drained, again")
}

// stream is a way for bytes from there to here.
type stream struct {
	name        string
	here, there int
}

func (r *rig) streams() []stream {
	reader, writer := r.Pipe()
	here, there := r.Pair()
	return []stream{{"a pipe", reader, writer}, {"a socket pair", here, there}}
}
