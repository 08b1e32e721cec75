//go:build linux

package ctl_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
)

// open makes a Ctl that is closed with the test.
func open(tb testing.TB, m multiplexers.Mechanism, watched int) *ctl.Ctl {
	tb.Helper()
	c, err := ctl.New(ctl.Config{Mechanism: m, Entry: multiplexers.Runtime, Watched: watched})
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

func iterate(tb testing.TB, c *ctl.Ctl) ctl.Iteration {
	tb.Helper()
	did, err := c.Iterate()
	if err != nil {
		tb.Fatal(err)
	}
	return did
}

// represents says whether m can watch so many descriptors and those that change
// besides: the process has some others.
func represents(m multiplexers.Mechanism, watched int) bool {
	const others = 20
	most := m.Capabilities.MaxFD
	return most == 0 || watched+ctl.Changes+others <= most
}

// Each descriptor is added, modified and removed once, and each wait finds
// nothing, in every iteration alike.
func TestCounts(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, watched := range []int{1, 2, 3, 64, 500, 3001} {
			if !represents(m, watched) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d watched", m.Name, watched), func(t *testing.T) {
				want := ctl.Counters{Waits: ctl.Waits, EmptyWaits: ctl.Waits, Adds: ctl.Changes, Modifies: ctl.Changes, Removes: ctl.Changes}
				if !m.Capabilities.KernelSet {
					want.Examined = ctl.Waits * int64(watched)
				}
				c := open(t, m, watched)
				for i := range 10 {
					did := iterate(t, c)
					if diff := cmp.Diff(want, did.Counters); diff != "" {
						t.Errorf("iteration %d: counters (-want +got):\n%s", i, diff)
					}
					if did.Changes != ctl.Changes || did.EmptyWaits != ctl.Waits {
						t.Errorf("iteration %d: %d changes and %d empty waits, want %d and %d", i, did.Changes, did.EmptyWaits, ctl.Changes, ctl.Waits)
					}
					for _, d := range []struct {
						name  string
						value time.Duration
					}{
						{"add", did.Add}, {"modify", did.Modify}, {"remove", did.Remove}, {"empty wait", did.EmptyWait}, {"CPU", did.CPU},
					} {
						if d.value <= 0 {
							t.Errorf("iteration %d: %s took %s", i, d.name, d.value)
						}
					}
					if sum := did.Add + did.Modify + did.Remove; did.Elapsed != sum {
						t.Errorf("iteration %d: %s elapsed, and the changes took %s", i, did.Elapsed, sum)
					}
				}
			})
		}
	}
}

// operation is one call of a multiplexer's method, with what was wanted or, of a
// wait, the timeout and the number of descriptors in the set.
type operation struct {
	Op      string
	FD      int
	Want    multiplexers.Interest
	Timeout time.Duration
	Set     int
}

// record has the operations of what m makes appended to a log.
func record(m multiplexers.Mechanism, log *[]operation) multiplexers.Mechanism {
	set := 0
	return twist(m, func(w *twisted) {
		w.add = func(fd int, want multiplexers.Interest) error {
			set++
			*log = append(*log, operation{Op: "add", FD: fd, Want: want})
			return nil
		}
		w.modify = func(fd int, want multiplexers.Interest) error {
			*log = append(*log, operation{Op: "modify", FD: fd, Want: want})
			return nil
		}
		w.remove = func(fd int) error {
			set--
			*log = append(*log, operation{Op: "remove", FD: fd})
			return nil
		}
		w.wait = func(events []multiplexers.Event, timeout time.Duration) (int, error) {
			*log = append(*log, operation{Op: "wait", Timeout: timeout, Set: set})
			return w.Multiplexer.Wait(events, timeout)
		}
	})
}

// An iteration adds its own descriptors for reading, modifies them to nothing,
// removes them, and polls the set that was there before; the next one does the
// same. Its descriptors have the highest numbers.
func TestTheOrderOfThings(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, watched := range []int{1, 40, 41} {
			t.Run(fmt.Sprintf("%s/%d watched", m.Name, watched), func(t *testing.T) {
				var log []operation
				c := open(t, record(m, &log), watched)
				var fds []int
				for _, op := range log[:watched+ctl.Changes] {
					if op.Op != "add" || op.Want != multiplexers.Readable {
						t.Fatalf("%+v, want the descriptors to be added for reading first", op)
					}
					fds = append(fds, op.FD)
				}
				changing := fds[watched:]
				if highest, lowest := slices.Max(fds[:watched]), slices.Min(changing); highest > lowest {
					t.Errorf("number %d is watched, which is above %d, of one that changes", highest, lowest)
				}
				var want []operation
				for _, op := range []operation{{Op: "add", Want: multiplexers.Readable}, {Op: "modify"}, {Op: "remove"}} {
					for _, fd := range changing {
						op.FD = fd
						want = append(want, op)
					}
				}
				want = append(want, slices.Repeat([]operation{{Op: "wait", Set: watched}}, ctl.Waits)...)
				for i := range 3 {
					log = nil
					iterate(t, c)
					if diff := cmp.Diff(want, log); diff != "" {
						t.Errorf("iteration %d: operations (-want +got):\n%s", i, diff)
					}
				}
			})
		}
	}
}

func TestIterateDoesNotAllocate(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, watched := range []int{1, 100} {
			t.Run(fmt.Sprintf("%s/%d watched", m.Name, watched), func(t *testing.T) {
				c := open(t, m, watched)
				if allocs := testing.AllocsPerRun(20, func() { iterate(t, c) }); allocs != 0 {
					t.Errorf("%v allocations", allocs)
				}
			})
		}
	}
}

// What grows with the set has grown in New: the first iteration finds it as the
// later ones do.
func TestNewHasTheSetGrow(t *testing.T) {
	const watched = 10
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			set, most := 0, 0
			c := open(t, twist(m, func(w *twisted) {
				w.add = func(int, multiplexers.Interest) error { set++; most = max(most, set); return nil }
				w.remove = func(int) error { set--; return nil }
			}), watched)
			if most != watched+ctl.Changes || set != watched {
				t.Errorf("up to %d descriptors in New, which left %d: want %d and %d", most, set, watched+ctl.Changes, watched)
			}
			iterate(t, c)
			if most != watched+ctl.Changes || set != watched {
				t.Errorf("up to %d descriptors in the first iteration, which left %d: want %d and %d", most, set, watched+ctl.Changes, watched)
			}
		})
	}
}
