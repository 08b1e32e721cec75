//go:build linux

package muxtest

import (
	"math"
	"time"
)

// shortWait is a timeout that a case can afford to see pass.
const shortWait = 20 * time.Millisecond

// timeoutCases are about how long a wait lasts. Only its least duration can be
// relied on.
func timeoutCases() []Case {
	return []Case{
		{ID: "C-025", Tier: Contract, Title: "a timeout of 0 polls", Source: "mio zero_duration_polls_events, polling timeout::non_blocking", run: zeroPolls},
		{ID: "C-026", Tier: Contract, Title: "a timeout passes in full, twice in a row", Source: "gVisor epoll Timeout, polling timeout::twice, LTP epoll_wait02", run: timeoutPasses},
		{ID: "C-027", Tier: Contract, Title: "a negative timeout is for ever", Source: "gVisor poll NegativeTimeout", run: negativeIsForEver},
		{ID: "M-002", Tier: Contract, Title: "the longest timeout does not wrap around", Source: "the contract; LTP epoll_pwait06", run: longestTimeout},
	}
}

func zeroPolls(r *rig) {
	for range 100 {
		r.expect("nothing in the set")
	}
	reader, writer := r.Pipe()
	r.add(reader, readable)
	for range 100 {
		r.expect("nothing there")
	}
	r.Write(writer, 1)
	r.compare("a byte there", r.batch(16, 0), events(ready(reader, readable)))
}

func timeoutPasses(r *rig) {
	reader, _ := r.Pipe()
	for _, timeout := range [...]time.Duration{1, 300 * time.Microsecond, 1500 * time.Microsecond, shortWait} {
		for _, set := range [...]string{"an empty set", "an empty pipe"} {
			for range 2 {
				began := time.Now()
				got := r.batch(16, timeout)
				if elapsed := time.Since(began); elapsed < timeout {
					r.Errorf("%s: a wait of %v returned after %v", set, timeout, elapsed)
				}
				r.compare(set, got, nil)
			}
			if set == "an empty set" {
				r.add(reader, readable)
			}
		}
		r.remove(reader)
	}
}

func negativeIsForEver(r *rig) {
	for _, timeout := range [...]time.Duration{-1, -time.Hour, math.MinInt64} {
		r.endless(timeout)
	}
}

func longestTimeout(r *rig) {
	for _, timeout := range [...]time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt32 * time.Millisecond, (math.MaxInt32 + 1) * time.Millisecond} {
		r.endless(timeout)
	}
}

// endless wants a wait to be blocked, still after a signal, until there is
// something to report.
func (r *rig) endless(timeout time.Duration) {
	reader, writer := r.Pipe()
	r.add(reader, readable)
	w := r.wait(timeout)
	for range 3 {
		if !w.UntilBlocked() {
			r.Fatalf("a wait of %v ended with nothing to report: %v, %v", timeout, w.events, w.err)
		}
		w.Signal()
	}
	r.Write(writer, 1)
	w.expect("written to", ready(reader, readable))
	r.remove(reader)
}
