//go:build linux

package scenarios_test

import (
	"strings"
	"testing"

	"muxbench/results"
	"muxbench/scenarios"
)

// A server whose waits nobody knows makes the slices no longer: they would be
// few, and noise would not cancel between them.
func TestSlicesBesideAServerThatCountsNothing(t *testing.T) {
	slices := func(silent string) int {
		f := even()
		f.lie = func(backend string, r *scenarios.Reply) {
			if r.Server != nil && backend == silent {
				r.Server.Counters = results.Counters{}
			}
		}
		trials, err := measure(t, t.Context(), f, echo("poll", "epoll-lt"))
		if err != nil {
			t.Fatal(err)
		}
		return len(trials[0].Slices)
	}
	if with, without := slices("poll"), slices(""); with != without || with < 2 {
		t.Errorf("%d slices beside it, %d without", with, without)
	}
}

// A trial whose loop had to share its descriptors says so.
func TestSharedDescriptorsAreFlagged(t *testing.T) {
	f := even()
	f.shared = "unshare: operation not permitted"
	trials, err := measure(t, t.Context(), f, echo("poll"))
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"server", "load"} {
		flag := "the threads of a " + role + " share their descriptors"
		if got := strings.Join(trials[0].Validity, "\n"); !strings.Contains(got, flag) || !strings.Contains(got, f.shared) {
			t.Errorf("validity %q does not say %q", got, flag)
		}
	}
}
