//go:build linux

package muxtest

import "muxbench/multiplexers"

// closeCases are about descriptors that are closed, and numbers that are used
// again.
func closeCases() []Case {
	return []Case{
		{ID: "C-125", Tier: Contract, Title: "where the kernel keeps the set, closing the only reference leaves it", Source: "gVisor epoll CloseFile, mio add_then_drop", needs: kernelSet, run: closedWhileWatched},
		{ID: "C-130", Tier: Contract, Title: "removed and closed, a number starts afresh under another file", Source: "epoll(7), \"event cache\"; libuv iouring_pollhup", run: numberUsedAgain},
		{ID: "M-008", Tier: Contract, Title: "Close leaves the watched descriptors alone and gives back the rest", Source: "the contract", run: closeGivesBack},
	}
}

func closedWhileWatched(r *rig) {
	here, there := r.Pair()
	r.add(here, readable|writable)
	r.Write(there, 1)
	r.Close(here)
	r.expect("closed with an event pending")
	r.Close(there)
	r.expect("the peer closed too")
}

func numberUsedAgain(r *rig) {
	for _, want := range [...]multiplexers.Interest{readable, writable, readable | writable} {
		here, there := r.Pair()
		r.add(here, want)
		r.Write(there, 1)
		r.remove(here)
		r.Close(there) // a hang-up is pending too
		r.Close(here)
		reader, writer := r.Pipe()
		reader = r.under(here, reader)
		r.expect("before the number is watched again")
		r.add(reader, readable)
		r.expect("an empty pipe under a used number")
		r.Write(writer, 1)
		r.expect("written to", ready(reader, readable))
		r.remove(reader)
	}
}

func closeGivesBack(r *rig) {
	here, there := r.Pair()
	for range 8 {
		mux, err := r.subject.mechanism.New(multiplexers.Runtime)
		if err != nil {
			r.Fatalf("New: %v", err)
		}
		if err := mux.Add(here, readable); err != nil {
			r.Errorf("Add: %v", err)
		}
		if err := mux.Close(); err != nil {
			r.Errorf("Close: %v", err)
		}
	}
	r.add(here, readable)
	r.Write(there, 1)
	r.expect("watched by one that was not closed", ready(here, readable))
	r.Read(here, 1)
}
