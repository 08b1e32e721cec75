//go:build linux

// Package workbench is for trying out what the kernel does: descriptors that are
// all closed in the end, threads that are known to be blocked, processes that do
// not outlive what they were started for, and an account of how it went.
//
// Cases of conformance and demonstrations are both attempts on a Bench. Whatever
// fails in one, descriptors, processes and limits are left as they were, and what
// is not is told.
package workbench

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Patience bounds waits for what is to happen, so that an attempt fails in words
// rather than by the watchdog. Nothing is expected to take a part of it.
const Patience = 2 * time.Second

// Outcome is how an attempt went. An attempt of which nothing is told went well.
type Outcome struct {
	// Failures are what is not as it must be.
	Failures []string
	// Differences are what the kernel does otherwise than expected: nobody's fault
	// who uses it.
	Differences []string
	// Skipped is why it was not tried, or not to its end; empty if it was.
	Skipped string
	// Notes are what was observed where more than one thing may be.
	Notes []string
	// Left is what was not left as it was: a mistake of the attempt's own, or of what
	// it tried.
	Left []string
	// Broken is why the attempt came to no end of its own: it panicked, or went on and
	// on, so that what it holds is given back later, if ever.
	Broken []string
}

// Wrong is all that is told of what is not as it is to be, by whose fault ever.
func (o Outcome) Wrong() []string {
	return slices.Concat(o.Broken, o.Failures, o.Differences, o.Left)
}

// Bench is what one attempt works with. Its methods may be called from several
// goroutines, but for those that end the attempt (Fatalf, Skipf, Differf, and all
// that make something and cannot): those are for the goroutine that it was begun in.
type Bench struct {
	// Patience is that of this attempt, which may be changed before anything is waited
	// for: one of which it is known that something will not come can do with less.
	Patience time.Duration

	reexec   Reexec
	owned    []int // descriptors to close in the end
	threads  []*Thread
	players  []*Player
	deferred []func()

	mu      sync.Mutex
	outcome Outcome
}

// Attempt calls try with a fresh Bench and gives back what it held. Reexec is how
// processes of this program are started; its zero value starts none. An attempt
// that lasts longer than limit is broken, and its goroutine stays behind.
//
// No descriptors may be opened, no processes started and no limits changed elsewhere
// in the process meanwhile: what differs afterwards counts as left by the attempt.
func Attempt(limit time.Duration, reexec Reexec, try func(*Bench)) Outcome {
	b := &Bench{Patience: Patience, reexec: reexec}
	before, err := takeStock()
	if err != nil {
		return Outcome{Skipped: fmt.Sprintf("needs to see that nothing is left open: %v", err)}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.run(try)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		b.breaks("still running after %v", limit)
	}
	after, err := takeStock()
	if err != nil {
		b.Errorf("taking stock: %v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// What goes on after the limit has no part in it any more.
	o := b.outcome
	o.Failures, o.Differences, o.Notes = slices.Clone(o.Failures), slices.Clone(o.Differences), slices.Clone(o.Notes)
	o.Broken = slices.Clone(o.Broken)
	o.Left = append(slices.Clone(o.Left), before.missing(after)...)
	return o
}

// Adopt adds what an attempt in another process told.
func (b *Bench) Adopt(o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcome.Failures = append(b.outcome.Failures, o.Failures...)
	b.outcome.Differences = append(b.outcome.Differences, o.Differences...)
	b.outcome.Notes = append(b.outcome.Notes, o.Notes...)
	b.outcome.Left = append(b.outcome.Left, o.Left...)
	b.outcome.Broken = append(b.outcome.Broken, o.Broken...)
	if o.Skipped != "" {
		b.outcome.Skipped = o.Skipped
	}
}

// run tries, and cleans up whatever came of it.
func (b *Bench) run(try func(*Bench)) {
	defer b.release()
	defer func() {
		// A panic of what is tried is a failure of one attempt.
		if p := recover(); p != nil {
			b.breaks("panic: %v", p)
		}
	}()
	try(b)
}

// release gives back what the attempt holds, processes first: they may be what
// threads wait for.
func (b *Bench) release() {
	for _, p := range b.players {
		p.end()
	}
	// None is to meet a descriptor's number used again.
	stuck := !b.Until(func() bool { return !slices.ContainsFunc(b.threads, func(t *Thread) bool { return !t.Over() }) })
	for _, fd := range b.owned {
		closeQuietly(fd)
	}
	if stuck {
		// What else it uses stays as it is: nothing of that would end it.
		b.Errorf("a thread that was begun is still under way at the end")
		return
	}
	for _, f := range slices.Backward(b.deferred) {
		f()
	}
}

// Defer has f called in the end, after descriptors are closed and unless a thread is
// under way still, the last one first.
func (b *Bench) Defer(f func()) { b.deferred = append(b.deferred, f) }

// Errorf says what is not as it must be. The attempt goes on.
func (b *Bench) Errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcome.Failures = append(b.outcome.Failures, fmt.Sprintf(format, args...))
}

// Fatalf says what went wrong and ends the attempt.
func (b *Bench) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	runtime.Goexit()
}

func (b *Bench) breaks(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcome.Broken = append(b.outcome.Broken, fmt.Sprintf(format, args...))
}

// Differs says what the kernel does otherwise. The attempt goes on.
func (b *Bench) Differs(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcome.Differences = append(b.outcome.Differences, fmt.Sprintf(format, args...))
}

// Differf says what the kernel does otherwise, so that the rest cannot be tried, and
// ends the attempt.
func (b *Bench) Differf(format string, args ...any) {
	b.Differs(format, args...)
	runtime.Goexit()
}

// Skipf says what the attempt would take that is not there, and ends it.
func (b *Bench) Skipf(format string, args ...any) {
	b.mu.Lock()
	b.outcome.Skipped = fmt.Sprintf(format, args...)
	b.mu.Unlock()
	runtime.Goexit()
}

// Notef tells what was observed where more than one thing may be.
func (b *Bench) Notef(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outcome.Notes = append(b.outcome.Notes, fmt.Sprintf(format, args...))
}
