//go:build linux

package multiplexers

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// crowds are how many descriptors are watched. Their numbers need not be open:
// neither mechanism asks the kernel before it waits.
var crowds = [...]int{1000, 10000, 19000}

// BenchmarkPollSearch is what poll does itself in a wait that finds the last
// one ready of all: it searches the whole set, which the kernel has written to.
// The target is 0.5 ns for each.
func BenchmarkPollSearch(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			m := &poll{}
			watch(b, m, n, Readable)
			m.set[n-1].Revents = unix.POLLIN
			search(b, n, func(events []Event) int { return m.collect(events, 1) })
		})
	}
}

// BenchmarkSelectSearch is what select does itself in a wait that finds the
// last one ready of all: it copies both bitmaps and searches them. The target
// is 0.5 ns for each.
//
// Nothing is wanted of the others, so that the copy is already what the kernel
// would make of it. Bits that are not set are copied like those that are.
func BenchmarkSelectSearch(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			m := &selector{limit: unlimited}
			watch(b, m, n, 0)
			if err := m.Modify(n-1, Readable|Writable); err != nil {
				b.Fatal(err)
			}
			words := (m.top + 63) / 64
			search(b, n, func(events []Event) int {
				m.read.prepare(words)
				m.write.prepare(words)
				return m.collect(events, 2)
			})
		})
	}
}

func watch(b *testing.B, m Multiplexer, n int, want Interest) {
	b.Helper()
	for fd := range n {
		if err := m.Add(fd, want); err != nil {
			b.Fatal(err)
		}
	}
}

// search reports what a search for one among n takes for each.
func search(b *testing.B, n int, find func([]Event) int) {
	b.Helper()
	events := make([]Event, 2) // with room to spare, so that each search begins anew
	find(events)               // has it grow its buffers
	b.ReportAllocs()
	for b.Loop() {
		if got := find(events); got != 1 || events[0].FD != n-1 {
			b.Fatalf("%d events, the first %+v", got, events[0])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/fd")
}
