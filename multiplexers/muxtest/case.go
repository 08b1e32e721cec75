//go:build linux

// Package muxtest says what a multiplexer must do, as one table of cases for
// every mechanism. A case expects what the mechanism's declared capabilities
// and trigger imply, never what its name suggests.
//
// The facts come from the suites of those who test readiness notification
// hardest: Linux's own selftests and LTP, gVisor, mio, smol-rs/polling, libuv,
// libevent, epoll-shim. Source names where each is found.
package muxtest

import (
	"fmt"
	"slices"
	"time"

	"muxbench/multiplexers"
)

// watchdog is how long a case may take. None needs a hundredth of it.
const watchdog = 5 * time.Second

// T is what the outcome of a case is reported to. *testing.T is one.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Case is one thing that a multiplexer must do.
type Case struct {
	ID     string // stable, unique
	Tier   string // K: a fact of the kernel; P: the contract
	Title  string
	Source string // where the fact is taken from
	needs  func(multiplexers.Mechanism) bool
	bare   bool // about readiness that is reported once: nothing re-arms it
	run    func(*rig)
}

// Cases is the table. The caller owns the slice.
func Cases() []Case {
	return slices.Concat(readinessCases(), interestCases(), timeoutCases(), signalCases(), errorCases(),
		numberCases(), batchCases(), levelCases(), edgeCases(), oneShotCases(), exclusiveCases(), closeCases(), hangUpCases())
}

// Applies says whether the case is about mechanisms such as m.
func (c Case) Applies(m multiplexers.Mechanism) bool { return c.needs == nil || c.needs(m) }

// Run tries the case on a multiplexer that m makes, entering the kernel through
// the Go scheduler, so that a wait that never ends cannot hold up the process.
// It reports what went wrong, a descriptor that is left open, and a case that
// does not end; of the latter a goroutine stays behind.
//
// No descriptors may be opened elsewhere in the process meanwhile.
func (c Case) Run(t T, m multiplexers.Mechanism) {
	t.Helper()
	before, err := openDescriptors()
	if err != nil {
		t.Errorf("%s: listing descriptors: %v", c.ID, err)
		return
	}
	r := &rig{mechanism: m, bare: c.bare}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.try(c.run)
	}()
	select {
	case <-ended:
	case <-time.After(watchdog):
		r.errorf("still running after %v", watchdog)
	}
	for _, failure := range r.failed() {
		t.Errorf("%s (%s) on %s: %s", c.ID, c.Title, m.Name, failure)
	}
	after, err := openDescriptors()
	if err != nil {
		t.Errorf("%s: listing descriptors: %v", c.ID, err)
		return
	}
	for fd, file := range after {
		if before[fd] != file {
			t.Errorf("%s (%s) on %s: descriptor %d is left open: %s", c.ID, c.Title, m.Name, fd, file)
		}
	}
}

// edgeTriggered, oneShot and the like are conditions for Case.needs.
func edgeTriggered(m multiplexers.Mechanism) bool    { return m.Trigger == multiplexers.EdgeTriggered }
func oneShot(m multiplexers.Mechanism) bool          { return m.Trigger == multiplexers.OneShot }
func kernelSet(m multiplexers.Mechanism) bool        { return m.Capabilities.KernelSet }
func concurrentModify(m multiplexers.Mechanism) bool { return m.Capabilities.ConcurrentModify }
func exclusive(m multiplexers.Mechanism) bool        { return m.Capabilities.Exclusive }

// reportsAgain: what persists is reported by every wait, as it is by a one-shot
// mechanism that the rig re-arms. reportsOnce: left alone, by one wait only.
func reportsAgain(m multiplexers.Mechanism) bool { return !edgeTriggered(m) }
func reportsOnce(m multiplexers.Mechanism) bool  { return edgeTriggered(m) || oneShot(m) }

// String names the case.
func (c Case) String() string { return fmt.Sprintf("%s %s", c.ID, c.Title) }
