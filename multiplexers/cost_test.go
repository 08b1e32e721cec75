//go:build linux

package multiplexers_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// represents says whether m can watch n descriptors with numbers that follow
// those which a process has anyway.
func represents(m multiplexers.Mechanism, n int) bool {
	const others = 20
	most := m.Capabilities.MaxFD
	return most == 0 || n+others <= most
}

// served is what becomes of a batch before the next wait. One-shot descriptors
// are modified, or they would not be reported again; nothing is done to others.
func served(tb testing.TB, m multiplexers.Mechanism, mux multiplexers.Multiplexer, batch []multiplexers.Event) {
	if m.Trigger != multiplexers.OneShot {
		return
	}
	for _, e := range batch {
		if err := mux.Modify(e.FD, multiplexers.Readable); err != nil {
			tb.Fatal(err)
		}
	}
}

// serving names what served does for m, for the names of tests and benchmarks.
func serving(m multiplexers.Mechanism) string {
	if m.Trigger == multiplexers.OneShot {
		return m.Name + "+modify"
	}
	return m.Name
}

// crowd watches n eventfds for reading with a new multiplexer.
func crowd(tb testing.TB, m multiplexers.Mechanism, n int) (multiplexers.Multiplexer, []int) {
	tb.Helper()
	mux, err := m.New(multiplexers.Runtime)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := mux.Close(); err != nil {
			tb.Error(err)
		}
	})
	fds := make([]int, n)
	for i := range fds {
		fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = unix.Close(fd) })
		if err := mux.Add(fd, multiplexers.Readable); err != nil {
			tb.Fatal(err)
		}
		fds[i] = fd
	}
	return mux, fds
}

// rouse makes every so-many-th of the descriptors ready, as many as active, by
// adding one to its counter.
func rouse(tb testing.TB, fds []int, active int, one []byte) {
	for i := range active {
		if _, err := unix.Write(fds[i*len(fds)/active], one); err != nil {
			tb.Fatal(err)
		}
	}
}

// TestWaitDoesNotAllocate, nor does what has one-shot descriptors reported again.
func TestWaitDoesNotAllocate(t *testing.T) {
	const n, active = 200, 20
	for _, m := range multiplexers.Mechanisms() {
		for _, timeout := range [...]time.Duration{0, time.Nanosecond, time.Minute, -1} {
			for _, room := range [...]int{1, active, n} {
				t.Run(fmt.Sprintf("%s/%v, room for %d", serving(m), timeout, room), func(t *testing.T) {
					mux, fds := crowd(t, m, n)
					events, one := make([]multiplexers.Event, room), binary.NativeEndian.AppendUint64(nil, 1)
					allocs := testing.AllocsPerRun(50, func() {
						rouse(t, fds, active, one) // an edge each
						for left := active; left > 0; {
							got, err := mux.Wait(events, timeout)
							if err != nil || got == 0 {
								t.Fatalf("%d events, %v", got, err)
							}
							served(t, m, mux, events[:got])
							left -= got
						}
					})
					if allocs != 0 {
						t.Errorf("%v allocations", allocs)
					}
				})
			}
		}
	}
}

func TestChangingTheSetDoesNotAllocate(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			mux, fds := crowd(t, m, 200)
			allocs := testing.AllocsPerRun(50, func() {
				for _, fd := range fds {
					if err := change(mux, fd); err != nil {
						t.Fatal(err)
					}
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations in changing %d descriptors that were seen before", allocs, len(fds))
			}
		})
	}
}

// change modifies, removes and adds a descriptor.
func change(mux multiplexers.Multiplexer, fd int) error {
	if err := mux.Modify(fd, multiplexers.Readable|multiplexers.Writable); err != nil {
		return err
	}
	if err := mux.Remove(fd); err != nil {
		return err
	}
	return mux.Add(fd, multiplexers.Readable)
}

// BenchmarkWait is one wait that reports all of the active descriptors, and one
// write(2) for each of them, which is the edge of an edge-triggered one. One-shot
// ones cost one Modify each besides.
func BenchmarkWait(b *testing.B) {
	for _, m := range multiplexers.Mechanisms() {
		for _, n := range [...]int{10, 100, 1000, 10000} {
			for _, active := range [...]int{1, 10, 100, 1000, 10000} {
				if active > n || !represents(m, n) {
					continue
				}
				b.Run(fmt.Sprintf("mux=%s/n=%d/active=%d", serving(m), n, active), func(b *testing.B) {
					mux, fds := crowd(b, m, n)
					events, one := make([]multiplexers.Event, n), binary.NativeEndian.AppendUint64(nil, 1)
					if _, err := mux.Wait(events, 0); err != nil { // has it grow its buffers
						b.Fatal(err)
					}
					b.ReportAllocs()
					for b.Loop() {
						rouse(b, fds, active, one)
						got, err := mux.Wait(events, -1)
						if err != nil || got != active {
							b.Fatalf("%d events, %v, want %d", got, err, active)
						}
						served(b, m, mux, events[:got])
					}
				})
			}
		}
	}
}

// BenchmarkChange is one Modify, or one Remove and one Add, of one of many.
func BenchmarkChange(b *testing.B) {
	wants := [...]multiplexers.Interest{multiplexers.Readable, multiplexers.Readable | multiplexers.Writable}
	ops := []struct {
		name string
		op   func(mux multiplexers.Multiplexer, fd, i int) error
	}{
		{"modify", func(mux multiplexers.Multiplexer, fd, i int) error {
			return mux.Modify(fd, wants[i%2])
		}},
		{"remove-add", func(mux multiplexers.Multiplexer, fd, _ int) error {
			if err := mux.Remove(fd); err != nil {
				return err
			}
			return mux.Add(fd, multiplexers.Readable)
		}},
	}
	for _, m := range multiplexers.Mechanisms() {
		for _, op := range ops {
			for _, n := range [...]int{10, 1000, 10000} {
				if !represents(m, n) {
					continue
				}
				b.Run(fmt.Sprintf("mux=%s/op=%s/n=%d", m.Name, op.name, n), func(b *testing.B) {
					mux, fds := crowd(b, m, n)
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						if err := op.op(mux, fds[i*7919%n], i); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
