//go:build linux

package chain_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"muxbench/multiplexers"
	"muxbench/multiplexers/chain"
)

// ring makes a chain that is closed with the test.
func ring(tb testing.TB, m multiplexers.Mechanism, pairs, active, writes int) *chain.Chain {
	tb.Helper()
	c, err := chain.New(chain.Config{Mechanism: m, Entry: multiplexers.Runtime, Pairs: pairs, Active: active, Writes: writes})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func iterate(tb testing.TB, c *chain.Chain) chain.Iteration {
	tb.Helper()
	did, err := c.Iterate()
	if err != nil {
		tb.Fatal(err)
	}
	return did
}

// examined is all pairs in each wait, unless the kernel keeps the set.
func examined(m multiplexers.Mechanism, pairs int, c chain.Counters) int64 {
	if m.Capabilities.KernelSet {
		return 0
	}
	return c.Waits * int64(pairs)
}

// modifies is one for each event, where readiness is one-shot.
func modifies(m multiplexers.Mechanism, c chain.Counters) int64 {
	if m.Trigger == multiplexers.OneShot {
		return c.Events
	}
	return 0
}

// represents says whether m can watch one end of each of so many pairs: both
// ends have numbers, and the process has some descriptors besides.
func represents(m multiplexers.Mechanism, pairs int) bool {
	const others = 20
	most := m.Capabilities.MaxFD
	return most == 0 || 2*pairs+others <= most
}

// Every byte is read once, and with a read of its own unless readiness is
// edge-triggered, in every iteration alike. Edge-triggered, a read may take
// several, and one that finds nothing is the exception. One-shot, each event is
// followed by one modify.
func TestCounts(t *testing.T) {
	tests := []struct{ pairs, active, writes int }{
		{1, 1, 0},
		{1, 1, 1},
		{1, 1, 1000},
		{2, 1, 101},
		{2, 2, 1001},
		{3, 2, 100},
		{3, 3, 10_000},
		{10, 3, 2}, // fewer writes than active ones
		{100, 1, 100},
		{100, 100, 1000},
		{100, 100, 20_000},
		{100, 99, 5000}, // active ones that are neighbours
		{200, 100, 1000},
		{200, 1, 1000},
		{1500, 1500, 5000}, // more than fit into one wait
	}
	for _, m := range multiplexers.Mechanisms() {
		for _, test := range tests {
			if !represents(m, test.pairs) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d pairs, %d active, %d writes", m.Name, test.pairs, test.active, test.writes), func(t *testing.T) {
				c := ring(t, m, test.pairs, test.active, test.writes)
				messages, writes := int64(test.active+test.writes), int64(test.writes)
				var first chain.Counters
				for i := range 3 {
					did := iterate(t, c)
					got := did.Counters
					if did.Messages != messages || got.Writes != writes {
						t.Errorf("iteration %d: %d bytes read and %d written, want %d and %d", i, did.Messages, got.Writes, messages, writes)
					}
					if did.Elapsed <= 0 || did.CPU <= 0 {
						t.Errorf("iteration %d: took %s, and %s of CPU time", i, did.Elapsed, did.CPU)
					}
					if want := examined(m, test.pairs, got); got.Examined != want {
						t.Errorf("iteration %d: %d examined in %d waits, want %d", i, got.Examined, got.Waits, want)
					}
					if want := modifies(m, got); got.Modifies != want {
						t.Errorf("iteration %d: %d modifies after %d events, want %d", i, got.Modifies, got.Events, want)
					}
					if m.Trigger == multiplexers.EdgeTriggered {
						if got.Reads > messages+5 || got.Reads < 1 || got.Events > messages {
							t.Errorf("iteration %d: %d reads for %d bytes", i, got.Reads, messages)
						}
						continue
					}
					if got.Reads != messages || got.Events != messages || got.EmptyWaits != 0 || got.Waits < 1 {
						t.Errorf("iteration %d: %+v, want %d reads and events, and no empty wait", i, got, messages)
					}
					if i == 0 {
						first = got
					}
					if got != first {
						t.Errorf("iteration %d: %+v, the first one %+v", i, got, first)
					}
				}
			})
		}
	}
}

// One byte that runs around takes one wait, one event and one read for each step.
func TestATokenThatRunsAround(t *testing.T) {
	const writes = 777
	for _, m := range multiplexers.Mechanisms() {
		for _, pairs := range []int{1, 2, 3, 100} {
			did := iterate(t, ring(t, m, pairs, 1, writes))
			want := chain.Counters{Waits: writes + 1, Events: writes + 1, Reads: writes + 1, Writes: writes}
			want.Examined, want.Modifies = examined(m, pairs, want), modifies(m, want)
			if did.Counters != want {
				t.Errorf("%s, %d pairs: %+v, want %+v", m.Name, pairs, did.Counters, want)
			}
		}
	}
}

// The first bytes go to pairs at even distances, and each is followed by one to
// the next pair, from the last to the first.
func TestTheWayAroundTheRing(t *testing.T) {
	tests := []struct {
		pairs, active, writes int
		want                  [][]int // the pairs of each wait
	}{
		{5, 1, 7, [][]int{{0}, {1}, {2}, {3}, {4}, {0}, {1}, {2}}},
		{1, 1, 2, [][]int{{0}, {0}, {0}}},
		{10, 3, 0, [][]int{{0, 3, 6}}},
		{10, 10, 0, [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		{10, 2, 4, [][]int{{0, 5}, {1, 6}, {2, 7}}},
		{6, 2, 6, [][]int{{0, 3}, {1, 4}, {2, 5}, {0, 3}}},
	}
	for _, m := range multiplexers.Mechanisms() {
		for _, test := range tests {
			var watched []int
			var got [][]int
			c := ring(t, twist(m, func(w *twisted) {
				w.add = func(fd int) error { watched = append(watched, fd); return nil }
				w.wait = func(events []multiplexers.Event) (int, error) {
					n, err := w.Multiplexer.Wait(events, 0)
					var pairs []int
					for _, e := range events[:n] {
						pairs = append(pairs, slices.Index(watched, e.FD))
					}
					if n > 0 {
						slices.Sort(pairs) // their order is the multiplexer's own
						got = append(got, pairs)
					}
					return n, err
				}
			}), test.pairs, test.active, test.writes)
			iterate(t, c)
			if !slices.EqualFunc(got, test.want, slices.Equal[[]int]) {
				t.Errorf("%s, %d pairs, %d active, %d writes: bytes came to pairs %v, want %v", m.Name, test.pairs, test.active, test.writes, got, test.want)
			}
		}
	}
}

// A one-shot pair is modified to what was wanted of it, once its byte is read and
// the next one written: whatever comes later is then reported.
func TestModifyComesLast(t *testing.T) {
	const pairs, writes = 10, 25
	for _, m := range multiplexers.Mechanisms() {
		if m.Trigger != multiplexers.OneShot {
			continue
		}
		var watched, waiting []int
		c := ring(t, twist(m, func(w *twisted) {
			w.add = func(fd int) error { watched = append(watched, fd); return nil }
			w.modify = func(fd int, want multiplexers.Interest) error {
				if want != multiplexers.Readable {
					t.Errorf("%s: modified to %v, want %v", m.Name, want, multiplexers.Readable)
				}
				if n := unread(t, fd); n != 0 {
					t.Errorf("%s: %d bytes are unread in a pair that is modified", m.Name, n)
				}
				all := 0
				for _, other := range watched {
					all += unread(t, other)
				}
				waiting = append(waiting, all)
				return w.Multiplexer.Modify(fd, want)
			}
		}), pairs, 1, writes)
		iterate(t, c)
		want := append(slices.Repeat([]int{1}, writes), 0) // the last one read is followed by none
		if !slices.Equal(waiting, want) {
			t.Errorf("%s: bytes in the ring at each modify: %v, want %v", m.Name, waiting, want)
		}
	}
}

// Whatever the ring, all mechanisms carry the same bytes.
func TestMechanismsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.IntRange(1, 40).Draw(t, "pairs")
		active := rapid.IntRange(1, pairs).Draw(t, "active")
		writes := rapid.IntRange(0, 400).Draw(t, "writes")
		for _, m := range multiplexers.Mechanisms() {
			c, err := chain.New(chain.Config{Mechanism: m, Pairs: pairs, Active: active, Writes: writes})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				did, err := c.Iterate()
				if err != nil || did.Messages != int64(active+writes) || did.Counters.Writes != int64(writes) {
					t.Errorf("%s: %d bytes read and %d written, %v: want %d and %d", m.Name, did.Messages, did.Counters.Writes, err, active+writes, writes)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestIterateDoesNotAllocate(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, active := range []int{1, 100} {
			c := ring(t, m, 100, active, 1000)
			if allocs := testing.AllocsPerRun(20, func() { iterate(t, c) }); allocs != 0 {
				t.Errorf("%s, %d active: %v allocations", m.Name, active, allocs)
			}
		}
	}
}

// BenchmarkIterate is one iteration.
func BenchmarkIterate(b *testing.B) {
	for _, m := range multiplexers.Mechanisms() {
		for _, pairs := range []int{100, 1000} {
			if !represents(m, pairs) {
				continue
			}
			for _, load := range []struct{ active, writes int }{{1, 100}, {100, 1000}} {
				b.Run(fmt.Sprintf("mux=%s/n=%d/active=%d/writes=%d", m.Name, pairs, load.active, load.writes), func(b *testing.B) {
					c := ring(b, m, pairs, load.active, load.writes)
					b.ReportAllocs()
					for b.Loop() {
						iterate(b, c)
					}
				})
			}
		}
	}
}
