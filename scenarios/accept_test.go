//go:build linux

package scenarios_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// overflowing is a machine on which queues have overflowed so often by the time that
// somebody asks.
type overflowing struct {
	scenarios.Unwatched
	each, sofar int64
}

func (o *overflowing) Overflows() int64 {
	o.sofar += o.each
	return o.sofar
}

// A burst is counted by what was accepted of it. What the kernel has forgotten, as a
// queue was full, is told; where no queue was full, something is wrong.
func TestBursts(t *testing.T) {
	tests := []struct {
		name           string
		active         scenarios.Amount
		forget         int
		each           int64
		accepted, lost int64
		fails          string
	}{
		{"all at once", scenarios.Amount{Percent: 100}, 0, 0, 10, 0, ""},
		{"one at a time", scenarios.Amount{Count: 1}, 0, 0, 10, 0, ""},
		{"three at a time", scenarios.Amount{Count: 3}, 0, 0, 10, 0, ""},
		{"two forgotten", scenarios.Amount{Percent: 100}, 2, 3, 8, 2, ""},
		{"two missing", scenarios.Amount{Percent: 100}, 2, 0, 0, 0, "8 of 10 connections accepted"},
	}
	for _, test := range tests {
		// What is forgotten is waited for, on a clock that is not.
		synctest.Test(t, func(t *testing.T) {
			t.Log(test.name)
			f := &fakeLauncher{perMessage: map[string]time.Duration{"epoll-lt": time.Microsecond}, forget: test.forget, snapshot: time.Millisecond}
			trials, err := measureOn(t, &overflowing{each: test.each}, f, scenarios.Request{
				Scenarios: []string{"accept"}, Backends: []string{"epoll-lt"}, NoControl: true, Blocks: 1,
				Sweep: scenarios.Sweep{Connections: []int{10}, Active: []scenarios.Amount{test.active}},
			})
			if test.fails != "" {
				if !errors.Is(err, scenarios.ErrFailedTrials) || !strings.Contains(trials[0].Reason, test.fails) {
					t.Errorf("error %v, reason %q", err, trials[0].Reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range trials[0].Slices {
				if s.Connects != test.accepted || s.NeverAccepted != test.lost || s.Overflows < test.each {
					t.Errorf("%+v", s)
				}
				// 10 connections take a microsecond each, half of it the server's, whose
				// answers take a millisecond each and are no part of it.
				if s.ElapsedNS != 10_000 || s.ServerCPUNS != 5_000 {
					t.Errorf("%d ns, %d ns of CPU: %+v", s.ElapsedNS, s.ServerCPUNS, s)
				}
			}
			if v := trials[0].Values; v[results.NeverAccepted] != float64(test.lost) || v[results.Overflows] < float64(test.each) {
				t.Errorf("%v", v)
			}
		})
	}
}
