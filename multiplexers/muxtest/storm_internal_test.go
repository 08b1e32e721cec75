//go:build linux

package muxtest

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// TestStormersMayBeReset where the kernel resets whom it finds no room for, which takes
// a queue that fills between two packets, and nowhere else.
func TestStormersMayBeReset(t *testing.T) {
	for _, mayReset := range [...]bool{true, false} {
		for _, sent := range [...]bool{true, false} {
			came := stormConnected
			o := workbench.Attempt(watchdog, workbench.Reexec{}, func(b *workbench.Bench) {
				here, there := b.TCP()
				b.Reset(there)
				b.Settle(here, 0, unix.POLLERR|unix.POLLHUP)
				r := &rig{Bench: b}
				one := &stormer{client: &client{r, here}, message: message(64, 1), sent: sent, now: stormConnected, mayReset: mayReset}
				came = one.step()
			})
			failed := strings.Contains(strings.Join(o.Failures, "\n"), "a client that was connected")
			if failed == mayReset || came == stormReset != mayReset {
				t.Errorf("it may be reset: %v; it fails: %v %q, state %d", mayReset, failed, o.Failures, came)
			}
		}
	}
}
