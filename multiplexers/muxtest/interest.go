//go:build linux

package muxtest

// interestCases are about what is asked of a descriptor, and changing it.
func interestCases() []Case {
	return []Case{
		{ID: "C-008", Tier: Contract, Title: "a readiness that nobody asked for does not wake", Source: "gVisor poll ImmediatelyReturnOnlyOnPollEvents", run: onlyWhatIsWanted},
		{ID: "C-014", Tier: Contract, Title: "Modify replaces the interest", Source: "mio reregister_interest_token_usage, LTP epoll_ctl01", run: modifyReplaces},
		{ID: "C-016", Tier: Contract, Title: "an event that is pending when its descriptor is removed is not delivered", Source: "mio issue_1205, tcp_no_events_after_deregister", run: removedBeforeWait},
		{ID: "C-017", Tier: Contract, Title: "a descriptor can be added again", Source: "mio registering_after_deregistering", run: addedAgain},
		{ID: "C-018", Tier: Contract, Title: "reading and writing are asked for independently", Source: "libevent multiple_events_for_same_fd, et_multiple_events", run: independent},
		{ID: "M-001", Tier: Contract, Title: "a descriptor may be watched for nothing", Source: "the contract; gVisor epoll PipeReaderHupAfterWriterClosed", run: wantedNothing},
		{ID: "M-017", Tier: Contract, Title: "events tell a descriptor's place: Add appends, Remove moves the last into the gap", Source: "the contract", needs: indexed, run: placesTold},
	}
}

func onlyWhatIsWanted(r *rig) {
	_, writer := r.Pipe() // writable all along
	r.add(writer, readable|hangUp)
	r.expect("polled")
	if got := r.batch(16, shortWait); len(got) != 0 {
		r.Errorf("waited for: got %v, want nothing", got)
	}
	r.modify(writer, writable)
	r.expect("now wanted", ready(writer, writable))
}

func modifyReplaces(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	r.add(here, readable)
	r.expect("wanted readable", ready(here, readable))
	r.modify(here, writable)
	r.expect("wanted writable", ready(here, writable))
	r.modify(here, readable|writable)
	r.expect("wanted both", ready(here, readable|writable))
	r.modify(here, 0)
	r.expect("wanted nothing")
}

func removedBeforeWait(r *rig) {
	here, there := r.Pair()
	other, far := r.Pair()
	r.add(here, readable|writable)
	r.add(other, readable)
	r.Write(there, 1)
	r.Write(far, 1)
	r.remove(here)
	r.expect("one of two removed", ready(other, readable))
	r.Write(there, 1)
	r.expect("written to after removal", r.again(ready(other, readable))...)
}

func addedAgain(r *rig) {
	here, there := r.Pair()
	for range 3 {
		r.add(here, readable)
		r.expect("added, nothing there")
		r.Write(there, 1)
		r.expect("written to", ready(here, readable))
		r.Read(here, 1)
		r.remove(here)
		r.expect("removed")
	}
}

func independent(r *rig) {
	here, there := r.Pair()
	r.Write(there, 1)
	r.add(here, readable|writable)
	r.expect("both", ready(here, readable|writable))
	r.expect("both, again", r.again(ready(here, readable|writable))...)
	r.modify(here, readable)
	r.expect("writing dropped", ready(here, readable))
	// A real library lost its edge-triggering here.
	r.expect("writing dropped, again", r.again(ready(here, readable))...)
	r.modify(here, writable)
	r.expect("reading dropped", ready(here, writable))
	r.expect("reading dropped, again", r.again(ready(here, writable))...)
}

func wantedNothing(r *rig) {
	here, there := r.Pair()
	r.add(here, 0)
	r.Write(there, 1)
	r.expect("data that nobody asked for")
	r.modify(here, readable)
	r.expect("now wanted", ready(here, readable))
}

// placesTold takes out of ten ready descriptors one by one, here and there, and
// keeps an array that follows.
func placesTold(r *rig) {
	var order []int
	for range 10 {
		fd := r.Counter(1)
		r.add(fd, readable)
		order = append(order, fd)
	}
	for step := range 10 {
		got := r.batch(16, shortWait)
		if len(got) != len(order) {
			r.Errorf("%d are ready, and %d were reported", len(order), len(got))
		}
		for _, e := range got {
			if i := int(e.Index); i < 0 || i >= len(order) || order[i] != e.FD {
				r.Errorf("descriptor %d is said to be at place %d of %v", e.FD, i, order)
			}
		}
		gap, last := 7*step%len(order), len(order)-1
		r.remove(order[gap])
		order[gap] = order[last]
		order = order[:last]
	}
}
