//go:build linux

package server

import (
	"slices"

	"muxbench/multiplexers"
)

// StateLookup says how a loop finds the state of the connection that an event is of.
type StateLookup string

const (
	// LookupDescriptor: an array by descriptor. What epoll_data can carry instead,
	// a pointer, saves no more than the addition.
	LookupDescriptor StateLookup = "descriptor"
	// LookupIndex: an array in the order of the multiplexer's own, whose place the
	// search for what is ready has come by anyhow.
	LookupIndex StateLookup = "index"
	// LookupMap: a hash map by descriptor.
	LookupMap StateLookup = "map"
	// LookupScan: an array that is searched from its beginning.
	LookupScan StateLookup = "scan"
)

// Lookups are the ways to find a connection's state that the backend has a choice
// of, its own first: none where connections are not a loop's.
func (b Backend) Lookups() []StateLookup {
	if !b.Multiplexes() || b.PoolThreads > 0 {
		return nil
	}
	all := []StateLookup{LookupDescriptor, LookupMap, LookupScan}
	if b.Mechanism.Capabilities.Indexed {
		all = slices.Insert(all, 1, LookupIndex)
	}
	return all
}

// places says where a loop has the state of each connection, unless that is by
// descriptor: states lie close together, and removal moves the last one into the
// gap, as poll does with its entries.
type places struct {
	fds     []int32       // whose each place is
	byFD    map[int32]int // nil unless places are found so
	indexed bool          // the multiplexer tells: each of its entries has a place here
}

func newPlaces(by StateLookup) *places {
	switch by {
	case "", LookupDescriptor:
		return nil
	case LookupMap:
		return &places{byFD: map[int32]int{}}
	}
	return &places{indexed: by == LookupIndex}
}

// of is the place of the connection that an event is of, or -1: it may have ended
// earlier in the batch.
func (p *places) of(e multiplexers.Event) int {
	if p.byFD != nil {
		if place, ok := p.byFD[int32(e.FD)]; ok {
			return place
		}
		return -1
	}
	if i := int(e.Index); p.indexed && i < len(p.fds) && int(p.fds[i]) == e.FD {
		return i
	} // or else a removal earlier in the batch has moved it
	return p.find(e.FD)
}

func (p *places) find(fd int) int { return slices.Index(p.fds, int32(fd)) }

func (p *places) add(fd int) {
	if p.byFD != nil {
		p.byFD[int32(fd)] = len(p.fds)
	}
	p.fds = append(p.fds, int32(fd))
}

func (p *places) remove(place int) {
	fd, last := p.fds[place], len(p.fds)-1
	p.fds[place] = p.fds[last]
	if p.byFD != nil {
		p.byFD[p.fds[place]] = place
		delete(p.byFD, fd)
	}
	p.fds = p.fds[:last]
}

// enter makes a place for the state of a descriptor that has been added to the set.
func (l *loop) enter(fd int) (place int) {
	if l.places == nil {
		if fd >= len(l.conns) {
			l.conns = append(l.conns, make([]conn, fd+1-len(l.conns))...)
		}
		return fd
	}
	l.places.add(fd)
	l.conns = append(l.conns, conn{})
	return len(l.conns) - 1
}

// leave gives up a place. The state that lay in the last one lies there now.
func (l *loop) leave(place int) {
	if l.places == nil {
		return
	}
	last := len(l.conns) - 1
	l.conns[place] = l.conns[last]
	l.conns = l.conns[:last]
	l.places.remove(place)
}

// place is where the state of an event's connection lies; negative if nowhere.
func (l *loop) place(e multiplexers.Event) int {
	if l.places == nil {
		return e.FD
	}
	return l.places.of(e)
}

// fd is the descriptor whose state lies in a place.
func (l *loop) fd(place int) int {
	if l.places == nil {
		return place
	}
	return int(l.places.fds[place])
}

// watch adds one of the loop's own descriptors to the set, which has an entry there
// as connections have.
func (l *loop) watch(fd int, want multiplexers.Interest) error {
	err := l.mux.Add(fd, want)
	if err == nil && l.places != nil && l.places.indexed {
		l.enter(fd)
	}
	return err
}

func (l *loop) unwatch(fd int) error {
	err := l.mux.Remove(fd)
	if err == nil && l.places != nil && l.places.indexed {
		l.leave(l.places.find(fd))
	}
	return err
}
