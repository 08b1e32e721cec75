//go:build linux

package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"muxbench/results"
	"muxbench/scenarios"
)

// sized is a request of one scenario over so many connections or pairs, with the
// shortest window that there is.
func sized(scenario string, connections int, backends ...string) scenarios.Request {
	r := scenarios.Request{
		Scenarios: []string{scenario}, Backends: backends, NoControl: true, Blocks: 1, Seed: 7,
		Sweep: scenarios.Sweep{Connections: []int{connections}},
	}
	switch scenario {
	case "echo":
		r.Sweep.Rounds, r.Sweep.Sizes = []int{10}, []int{64}
	case "chain":
		r.Sweep.Rounds, r.Sweep.Active = []int{10}, []scenarios.Amount{{Count: 1}}
	}
	return r
}

// An arm that cannot be measured in a cell is skipped there with the reason, and
// nothing is started for it; the others are measured.
func TestUnfitArms(t *testing.T) {
	fewEvents := scenarios.Request{MaxEvents: []int{16}}
	waits := scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin}}
	tests := []struct {
		name     string
		request  scenarios.Request
		measured string   // arms, separated by spaces
		reason   []string // of those that are not
	}{
		// 1,024 numbers, of which 32 are kept for what else a process has open.
		{"as many connections as an fd_set has room for", sized("echo", 992, "poll", "select-1024"), "poll select-1024", nil},
		{"one more", sized("echo", 993, "poll", "select-1024"), "poll", []string{"993 connections", "up to 1024", "up to 1023"}},
		{"many more", sized("connect", 20_000, "poll", "select-1024"), "poll", []string{"20000 connections", "up to 20031", "up to 1023"}},
		{"the kernel's select has no such limit", sized("echo", 20_000, "poll", "select"), "poll select", nil},
		{"as many pairs, of two descriptors", sized("chain", 496, "poll", "select-1024"), "poll select-1024", nil},
		{"one pair more", sized("chain", 497, "poll", "select-1024"), "poll", []string{"up to 1025", "up to 1023"}},

		{"a chain of what has no multiplexer", sized("chain", 10, "poll", "go-net", "thread-per-conn"), "poll", []string{"about multiplexers alone", "none of ours"}},
		{"a chain of a pool", sized("chain", 10, "poll", "epoll-pool"), "poll", []string{"about multiplexers alone", "waits as epoll-oneshot does"}},
		{"a chain of several loops", sized("chain", 10, "poll", "epoll-exclusive", "reuseport"), "poll", []string{"without threads and listeners", "waits as epoll-lt does"}},
		{"a chain of one of several loops", choosing(sized("chain", 10, "poll", "reuseport"), scenarios.Request{Loops: []int{1}}), "poll", []string{"waits as epoll-lt does"}},
		{"a chain of few events", choosing(sized("chain", 10, "epoll-lt", "poll"), fewEvents), "", []string{"takes all that is ready in one wait"}},
		{"a chain of waits that spin", choosing(sized("chain", 10, "epoll-lt"), waits), "epoll-lt", []string{"no wait of a chain blocks"}},
		{"a chain of any one-loop backend", sized("chain", 10, "select", "poll", "epoll-lt", "epoll-et", "epoll-oneshot"), "select poll epoll-lt epoll-et epoll-oneshot", nil},

		{"servers whose waits spin", choosing(sized("echo", 10, "epoll-lt", "epoll-pool"), waits), "epoll-lt epoll-lt/wait-spin epoll-pool epoll-pool/wait-spin", nil},
		{"servers of few events", choosing(sized("echo", 10, "epoll-lt", "go-net"), fewEvents), "epoll-lt/events-16 go-net", nil},
		{"connecting to servers with several threads", sized("connect", 10, "reuseport", "epoll-pool", "thread-per-conn"), "reuseport epoll-pool thread-per-conn", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			trials, err := measure(t, t.Context(), f, test.request)
			if err != nil {
				t.Fatal(err)
			}
			measured := strings.Fields(test.measured)
			for _, trial := range trials {
				reason := test.reason
				if slices.Contains(measured, trial.Arm) {
					reason = nil
				}
				checkSkipped(t, trial, reason)
			}
			started := 0
			for _, spec := range f.specs {
				if spec.Role != scenarios.LoadRole {
					started++
				}
			}
			if started != len(measured) || len(trials) < started {
				t.Errorf("%d servers or chains were started for %d trials, of which %d are measured", started, len(trials), len(measured))
			}
		})
	}
}

// choosing is a request with another one's choices.
func choosing(r, choice scenarios.Request) scenarios.Request {
	r.Loops, r.PoolThreads, r.MaxEvents, r.Waits = choice.Loops, choice.PoolThreads, choice.MaxEvents, choice.Waits
	return r
}

// checkSkipped wants a trial skipped for a reason in these words or, if there are
// none, measured.
func checkSkipped(t *testing.T, trial results.Trial, reason []string) {
	t.Helper()
	want := results.StatusSkipped
	if reason == nil {
		want = results.StatusOK
	}
	if trial.Status != want || trial.Reason == "" != (reason == nil) || len(trial.Slices) > 0 != (reason == nil) {
		t.Errorf("%s: %s with %d slices, %q; want %s", trial.Arm, trial.Status, len(trial.Slices), trial.Reason, want)
	}
	for _, words := range reason {
		if !strings.Contains(trial.Reason, words) {
			t.Errorf("%s: reason %q does not say %q", trial.Arm, trial.Reason, words)
		}
	}
	if err := trial.Validate(); err != nil {
		t.Errorf("%s: a reader would refuse it: %v", trial.Arm, err)
	}
}
