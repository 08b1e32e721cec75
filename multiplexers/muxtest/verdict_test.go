//go:build linux

package muxtest

import (
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// TestVerdictsOnTheKernel: what the kernel does otherwise is a difference, whichever
// way it shows; what a case does not put right is its own failure.
func TestVerdictsOnTheKernel(t *testing.T) {
	tests := []struct {
		name string
		run  func(*rig)
		want Verdict
	}{
		{"nothing is wrong", func(r *rig) { r.Notef("seen") }, Pass},
		{"a difference", func(r *rig) { r.Differs("otherwise") }, Differs},
		{"a wrong error", func(r *rig) { r.refuses("no call", unix.EINVAL, unix.EBADF) }, Differs},
		{"a wrong event", func(r *rig) {
			ep, counter := r.Epoll(), r.Counter(1)
			r.watch(ep, counter, pollIn)
			r.reports("ready", ep)
		}, Differs},
		{"what the rest depends on fails", func(r *rig) { r.watch(r.Counter(0), -1, pollIn) }, Differs},
		{"a panic", func(*rig) { panic("here") }, Fail},
		{"nothing can be tried", func(r *rig) { r.Skipf("needs what is not there") }, Skip},
		{"a descriptor is left", leaveDescriptor(t), Fail},
		{"a difference, and a descriptor is left", func(r *rig) {
			r.Differs("otherwise")
			leaveDescriptor(t)(r)
		}, Fail},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Case{ID: "test", Tier: Kernel, Title: test.name, run: test.run}
			got := c.Try(t.Context(), TheKernel(), workbench.Reexec{})
			if got.Verdict != test.want {
				t.Errorf("%s %q, want %s", got.Verdict, got.Reasons, test.want)
			}
			if len(got.Reasons) == 0 {
				t.Errorf("%s, and nothing is said of it", got.Verdict)
			}
		})
	}
}

func leaveDescriptor(t *testing.T) func(*rig) {
	return func(r *rig) {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			r.Fatalf("eventfd2: %v", err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) }) // as nobody else does
	}
}

// TestVigilTellsWhoWakes: the same, whatever wakes.
func TestVigilTellsWhoWakes(t *testing.T) {
	for range 100 {
		o := workbench.Attempt(watchdog, workbench.Reexec{}, func(b *workbench.Bench) {
			r := &rig{Bench: b}
			busy, quiet := r.Epoll(), r.Epoll()
			counter := r.Counter(0)
			r.watch(busy, counter, pollIn)
			got := r.wakes(func() { r.Ring(counter) }, watches{polling, quiet}, watches{waiting, busy}, watches{waiting, quiet}, watches{polling, busy})
			if got[0] || !got[1] || got[2] || !got[3] {
				r.Errorf("of four threads, of which the second and the fourth wait for what is rung: %v wake", got)
			}
		})
		for _, failure := range o.Wrong() {
			t.Fatal(failure)
		}
	}
}
