//go:build linux

package server

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muxbench/multiplexers"
)

// One who takes gets all in the order in which they were put in, however batches
// fall, and around the end of the ring as well.
func TestQueueKeepsOrder(t *testing.T) {
	for _, numbers := range []int{1, 2, 3, 8, 1000} {
		q := newQueue(multiplexers.Runtime, numbers)
		var called atomic.Bool
		next := 0
		for round := range 50 {
			batch := 1 + round%numbers
			for i := range batch {
				q.push((next + i) % numbers)
			}
			q.publish()
			for range batch {
				fd, slept, _, ok := q.take(&called)
				if !ok || fd != next%numbers || slept != 0 {
					t.Fatalf("%d numbers, round %d: took %d, %v after %d sleeps, want %d at once", numbers, round, fd, ok, slept, next%numbers)
				}
				next++
			}
		}
	}
}

// Several who take get each one exactly once, and none sleeps while there is
// something: all is taken that was published.
func TestQueueHandsEachOutOnce(t *testing.T) {
	for _, takers := range []int{1, 2, 7} {
		const numbers, rounds = 64, 2000
		q := newQueue(multiplexers.Runtime, numbers)
		var stop atomic.Bool
		var all sync.WaitGroup
		taken := make(chan int, numbers)
		for range takers {
			all.Go(func() {
				for {
					fd, _, _, ok := q.take(&stop)
					if !ok {
						return
					}
					taken <- fd
				}
			})
		}
		free := make([]int, numbers)
		for i := range free {
			free[i] = i
		}
		patience := time.After(time.Minute)
		for round := range rounds {
			batch := free[:1+round%numbers]
			for _, fd := range batch {
				q.push(fd)
			}
			q.publish()
			var got []int
			for range batch {
				select {
				case fd := <-taken:
					got = append(got, fd)
				case <-patience:
					t.Fatalf("%d takers, round %d: %d of %d taken, and everybody sleeps", takers, round, len(got), len(batch))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, batch) {
				t.Fatalf("%d takers, round %d: took %v, want %v", takers, round, got, batch)
			}
		}
		stop.Store(true)
		q.interrupt()
		all.Wait()
	}
}

// Who is called comes back without having taken anything, asleep or not, and is
// not said to have slept for work.
func TestQueueInterrupts(t *testing.T) {
	q := newQueue(multiplexers.Runtime, 8)
	var called, others atomic.Bool
	type took struct {
		slept int64
		ok    bool
	}
	back := make(chan took)
	go func() {
		for range 100 {
			_, slept, _, ok := q.take(&called)
			called.Store(false)
			back <- took{slept, ok}
		}
	}()
	for i := range 100 {
		for i%2 == 0 && q.sleepers.Load() == 0 {
			runtime.Gosched()
		}
		called.Store(true)
		q.interrupt()
		if got := <-back; got != (took{}) {
			t.Fatalf("call %d: came back with %+v", i, got)
		}
	}
	// What is there stays for others.
	q.push(5)
	q.publish()
	if fd, _, _, ok := q.take(&others); !ok || fd != 5 {
		t.Errorf("took %d, %v, want 5", fd, ok)
	}
}
