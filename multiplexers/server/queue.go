//go:build linux

package server

import (
	"math"
	"math/bits"
	"sync/atomic"

	"muxbench/multiplexers"
)

// queue hands connections from one thread to several, first in first out: a ring
// of descriptors, and futex(2) for those who find it empty.
//
// It is never full: a descriptor is in it once at most, until the thread that
// took it has had it watched again, and there are as many places as numbers.
type queue struct {
	entry multiplexers.Entry
	ring  []atomic.Int32
	_     [64]byte // who pushes and who takes are on different cache lines
	tail  atomic.Uint64
	added int   // since the last publish
	woken int64 // futex(2) calls by who pushes
	_     [64]byte
	head  atomic.Uint64
	_     [64]byte
	// news changes whenever sleepers have something to look at.
	news     atomic.Uint32
	sleepers atomic.Int32
	batches  atomic.Uint32 // published
}

// newQueue has places for descriptors below numbers.
func newQueue(e multiplexers.Entry, numbers int) *queue {
	return &queue{entry: e, ring: make([]atomic.Int32, 1<<bits.Len(uint(numbers-1)))}
}

// push puts in a descriptor. It is for one thread alone, as publish is.
func (q *queue) push(fd int) {
	tail := q.tail.Load()
	q.ring[tail&uint64(len(q.ring)-1)].Store(int32(fd))
	q.tail.Store(tail + 1)
	q.added++
}

// publish wakes as many sleepers as there is something for. Once a batch is
// enough: those who are awake find it anyway.
func (q *queue) publish() {
	if q.added == 0 {
		return
	}
	q.news.Add(1)
	q.batches.Add(1)
	if n := min(q.added, int(q.sleepers.Load())); n > 0 {
		q.woken++
		q.entry.WakeOn(&q.news, n)
	}
	q.added = 0
}

// interrupt has all sleepers look at what else they are to do.
func (q *queue) interrupt() {
	q.news.Add(1)
	q.entry.WakeOn(&q.news, math.MaxInt32)
}

// take takes out a descriptor, and sleeps until there is one or called is set:
// then ok is false. slept is how many futex(2) calls that took, but for those
// that interrupt has ended, which are in roused.
func (q *queue) take(called *atomic.Bool) (fd int, slept, roused int64, ok bool) {
	for {
		batches := q.batches.Load()
		// Read before what is looked at: whatever comes after it changes it, and so ends the sleep.
		news := q.news.Load()
		if called.Load() {
			return 0, slept, roused, false
		}
		if fd, ok := q.pop(); ok {
			return fd, slept, roused, true
		}
		q.sleepers.Add(1)
		q.entry.SleepOn(&q.news, news)
		q.sleepers.Add(-1)
		if q.batches.Load() != batches {
			slept++
		} else {
			roused++
		}
	}
}

func (q *queue) pop() (fd int, ok bool) {
	for {
		head := q.head.Load()
		if head == q.tail.Load() {
			return 0, false
		}
		fd := q.ring[head&uint64(len(q.ring)-1)].Load()
		if q.head.CompareAndSwap(head, head+1) {
			return int(fd), true
		}
	}
}
