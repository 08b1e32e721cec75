//go:build linux

package workbench

import "testing"

// TestEndedThreadIsNotBlocked: whatever the Go scheduler does in the thread afterwards,
// such as waiting for descriptors, which it does when there is nothing else to do.
func TestEndedThreadIsNotBlocked(t *testing.T) {
	o := Attempt(10*Patience, Reexec{}, func(b *Bench) {
		for range 300 {
			thread := b.Aside(func() {}, "epoll_pwait")
			<-thread.Ended()
			looks := 0
			b.Until(func() bool { looks++; return looks > 2 || thread.BlockedIn() != "" })
			if thread.UntilBlocked() {
				b.Fatalf("a thread that has ended is said to be blocked")
			}
		}
	})
	for _, failure := range o.Wrong() {
		t.Error(failure)
	}
}
