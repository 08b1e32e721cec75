//go:build linux

// Package muxtest says what the kernel, a multiplexer and a whole server must do, as
// one table of cases. The same table serves tests, and users who want to know what
// their host does. A case expects what a mechanism's declared capabilities and
// trigger imply, never what its name suggests.
//
// The facts come from the suites of those who test readiness notification
// hardest: Linux's own selftests and LTP, gVisor, mio, smol-rs/polling, libuv,
// libevent, epoll-shim. Source names where each is found.
//
// To add a case, write its function and a line in the table of its file, and show by a
// deliberately broken multiplexer or server that it can fail.
package muxtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers/workbench"
)

// watchdog is how long a case may take, and each seed of one that makes random moves
// three times as long. None needs a tenth of it, but for one that fills a table of the
// kernel.
const watchdog = 10 * time.Second

// Tier says what a case is about, and so whose fault it is if it does not hold.
type Tier string

const (
	Kernel   Tier = "K" // a fact of the kernel, by raw system calls: nobody's fault
	Contract Tier = "P" // the contract, which every multiplexer keeps
	Whole    Tier = "S" // a whole server, over TCP
)

// Case is one thing that is expected of a Subject.
type Case struct {
	ID    string // stable, unique
	Tier  Tier
	Title string
	// Takes is what it takes that not every host or user has, such as a capability(7):
	// without it the case is skipped. Empty is nothing.
	Takes string
	// Allowed are the outcomes that may be, where there is more than the one in the
	// title: the kernel is racy there, or promises no more.
	Allowed string
	Source  string // where the fact is taken from
	// Seeds are what a case makes random moves from, none where it makes none. Those of
	// the table are for every run of it; a caller may set others before Try, and as many
	// as there is time for.
	Seeds Seeds

	needs need
	bare  bool // about readiness that is reported once: nothing re-arms it
	apart bool // in a process of its own, since it changes limits or fills tables
	run   func(*rig)
}

// Cases is the table. The caller owns the slice.
func Cases() []Case {
	return slices.Concat(
		kernelCases(),
		readinessCases(), interestCases(), timeoutCases(), signalCases(), errorCases(), numberCases(), batchCases(),
		levelCases(), edgeCases(), oneShotCases(), exclusiveCases(), closeCases(), hangUpCases(),
		streamCases(), concurrentCases(), tortureCases(),
		serverCases(),
	)
}

// String names the case.
func (c Case) String() string { return fmt.Sprintf("%s %s", c.ID, c.Title) }

// Needs says in words what a subject must have for the case to be about it, and what
// else it takes. Empty is nothing.
func (c Case) Needs() string {
	both := []string{c.needs.String(), c.Takes}
	return strings.Join(slices.DeleteFunc(both, func(s string) bool { return s == "" }), "; ")
}

// Applies says whether the case is about s.
func (c Case) Applies(s Subject) bool { return c.Tier == s.Tier && c.needs.met(s) }

// Verdict is what came of a case in a word.
type Verdict string

const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
	// Differs: the kernel does otherwise. That says nothing against a multiplexer or a
	// server.
	Differs Verdict = "differs"
	Skip    Verdict = "skip"
)

// Result is what came of a case.
type Result struct {
	Verdict Verdict
	// Reasons are why, unless it passed; and what was observed where more than one
	// thing is allowed, if it did.
	Reasons []string
}

// Try tries the case on s, which it applies to. Reexec starts this program anew, with
// the parts of Parts; cases that need that are skipped with its zero value. When ctx is
// done no further seed is begun; what has been is tried to its end.
//
// Multiplexers and servers enter the kernel through the Go scheduler, so that a wait
// that never ends cannot hold up the process. A descriptor that is left open is a
// failure, and so is a case that does not end, of which a goroutine stays behind and
// may close later what others have.
//
// Nothing else may open descriptors or change limits in the process meanwhile.
func (c Case) Try(ctx context.Context, s Subject, reexec workbench.Reexec) Result {
	switch {
	case c.apart:
		return c.result(workbench.Attempt(2*watchdog, reexec, func(b *workbench.Bench) { c.tryApart(b, s) }))
	case c.Seeds.Count > 0:
		return c.trySeeds(ctx, s, reexec)
	}
	return c.result(c.tryHere(s, 0, reexec))
}

// trySeeds tries one seed after the other, each an attempt of its own with its own
// time, up to the first that does not pass.
func (c Case) trySeeds(ctx context.Context, s Subject, reexec workbench.Reexec) Result {
	for i := range c.Seeds.Count {
		if ctx.Err() != nil {
			return Result{Skip, []string{fmt.Sprintf("ended after %d of %d seeds from %d on, which passed", i, c.Seeds.Count, c.Seeds.First)}}
		}
		seed := c.Seeds.First + uint64(i)
		result := c.result(c.tryHere(s, seed, reexec))
		if result.Verdict == Pass {
			continue
		}
		for j, reason := range result.Reasons {
			if !strings.HasPrefix(reason, "seed ") {
				result.Reasons[j] = fmt.Sprintf("seed %d: %s", seed, reason)
			}
		}
		return result
	}
	return Result{Pass, []string{fmt.Sprintf("%d seeds from %d on", c.Seeds.Count, c.Seeds.First)}}
}

func (c Case) tryHere(s Subject, seed uint64, reexec workbench.Reexec) workbench.Outcome {
	limit := watchdog
	switch {
	case c.Seeds.Count > 0:
		limit *= 3 // a run that has failed is made again, and in parts
	case s.patience > 0:
		limit = 10 * s.patience
	}
	return workbench.Attempt(limit, reexec, func(b *workbench.Bench) {
		if s.patience > 0 {
			b.Patience = s.patience
		}
		r := &rig{Bench: b, subject: s, bare: c.bare, seed: seed}
		r.begin()
		c.run(r)
	})
}

func (c Case) result(o workbench.Outcome) Result {
	wrong := o.Wrong()
	switch {
	case len(o.Broken)+len(o.Left) > 0 || len(o.Failures) > 0 && c.Tier != Kernel:
		return Result{Fail, wrong}
	case len(wrong) > 0:
		return Result{Differs, wrong}
	case o.Skipped != "":
		return Result{Skip, []string{o.Skipped}}
	}
	return Result{Pass, o.Notes}
}
