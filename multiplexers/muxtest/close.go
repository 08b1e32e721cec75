//go:build linux

package muxtest

import "muxbench/multiplexers"

// closeCases are about descriptors that are closed, and numbers that are used
// again.
func closeCases() []Case {
	return []Case{
		{ID: "C-125", Tier: "P", Title: "where the kernel keeps the set, closing the only reference leaves it", Source: "gVisor epoll CloseFile, mio add_then_drop", needs: kernelSet, run: closedWhileWatched},
		{ID: "M-007", Tier: "P", Title: "removed and closed, a number starts afresh under another file", Source: "epoll(7), \"event cache\"; libuv iouring_pollhup", run: numberUsedAgain},
		{ID: "M-008", Tier: "P", Title: "Close leaves the watched descriptors alone and gives back the rest", Source: "the contract", run: closeGivesBack},
	}
}

func closedWhileWatched(r *rig) {
	here, there := r.pair()
	r.add(here, readable|writable)
	r.write(there, 1)
	r.close(here)
	r.expect("closed with an event pending")
	r.close(there)
	r.expect("the peer closed too")
}

func numberUsedAgain(r *rig) {
	for _, want := range [...]multiplexers.Interest{readable, writable, readable | writable} {
		here, there := r.pair()
		r.add(here, want)
		r.write(there, 1)
		r.remove(here)
		r.close(there) // a hang-up is pending too
		r.close(here)
		reader, writer := r.pipe()
		number := here
		if reader != number {
			reader = r.above(number, reader) // the lowest free number from it on
		}
		if reader != number {
			r.fatalf("number %d is in use elsewhere", number)
		}
		r.expect("before the number is watched again")
		r.add(reader, readable)
		r.expect("an empty pipe under a used number")
		r.write(writer, 1)
		r.expect("written to", ready(reader, readable))
		r.remove(reader)
	}
}

func closeGivesBack(r *rig) {
	here, there := r.pair()
	for range 8 {
		mux, err := r.mechanism.New(multiplexers.Runtime)
		if err != nil {
			r.fatalf("New: %v", err)
		}
		if err := mux.Add(here, readable); err != nil {
			r.errorf("Add: %v", err)
		}
		if err := mux.Close(); err != nil {
			r.errorf("Close: %v", err)
		}
	}
	r.add(here, readable)
	r.write(there, 1)
	r.expect("watched by one that was not closed", ready(here, readable))
	r.read(here, 1)
}
