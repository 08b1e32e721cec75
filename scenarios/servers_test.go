//go:build linux

package scenarios_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

// measureBeside runs a request across processes, with one external server or
// chain beside ours, and returns the trials of both.
func measureBeside(t *testing.T, r scenarios.Request, program string) (ours, theirs results.Trial) {
	t.Helper()
	r.NoControl = true
	r.Servers = []scenarios.External{{Name: "theirs", Command: program}}
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	var all []results.Trial
	runner := scenarios.Runner{
		Launcher: processes(t),
		Machine:  scenarios.Unwatched{},
		Record:   func(trials []results.Trial) error { all = append(all, trials...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	if err := runner.Run(t.Context(), plan); err != nil && !errors.Is(err, scenarios.ErrFailedTrials) {
		t.Fatal(err)
	}
	if len(all) != 2 || all[1].Arm != "theirs" {
		t.Fatalf("%d trials, want one of ours and one of theirs", len(all))
	}
	for _, trial := range all {
		if err := trial.Validate(); err != nil {
			t.Errorf("%s: a reader would refuse it: %v", trial.Arm, err)
		}
	}
	if all[0].Status != results.StatusOK {
		t.Errorf("ours: %s, %s", all[0].Status, all[0].Reason)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("children %v are left", left)
	}
	return all[0], all[1]
}

// An external server is measured as ours are, but for what only a server knows
// of itself; and both from outside, so that they compare.
func TestExternalServers(t *testing.T) {
	for name, program := range map[string]string{
		"port as an argument":      stranger(t, "good", "{port}"),
		"port from an environment": stranger(t, "good", "$PORT"),
		"a child of a shell":       stranger(t, "good", "{port}") + " & wait",
	} {
		t.Run(name, func(t *testing.T) {
			r := echo("epoll-lt")
			r.Sweep.Rounds = []int{100}
			ours, theirs := measureBeside(t, r, program)
			if theirs.Status != results.StatusOK {
				t.Fatalf("theirs: %s, %s, %s", theirs.Status, theirs.Reason, theirs.Stderr)
			}
			if diff := cmp.Diff(map[string]string{"server": program, "cpu": "outside"}, theirs.Options); diff != "" {
				t.Errorf("their options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]string{"entry": "raw", "cpu": "outside"}, ours.Options); diff != "" {
				t.Errorf("our options (-want +got):\n%s", diff)
			}
			for _, trial := range []results.Trial{ours, theirs} {
				for _, metric := range []results.Metric{results.Messages, results.Throughput, results.ServerCPUPerMessage, results.LatencyP50, results.ServerRSS, results.BlockOverhead} {
					if trial.Values[metric] <= 0 {
						t.Errorf("%s: %s is %v", trial.Arm, metric, trial.Values[metric])
					}
				}
				for _, s := range trial.Slices {
					if s.ServerCPUNS <= 0 || s.SnapshotNS != 0 {
						t.Errorf("%s: slice %+v: want CPU time, and nothing taken off", trial.Arm, s)
					}
				}
			}
			if got := theirs.Counters.Server; got != (results.Counters{}) {
				t.Errorf("they have counted %+v", got)
			}
			for _, metric := range []results.Metric{results.ServerOwnCPUPerMessage, results.ServerSyscallsPerMsg, results.EventsPerWait, results.ServerSwitches} {
				if v, has := theirs.Values[metric]; has {
					t.Errorf("they have told a %s of %v", metric, v)
				}
				if _, has := ours.Values[metric]; !has {
					t.Errorf("ours have no %s", metric)
				}
			}
			if own := ours.Values[results.ServerOwnCPUPerMessage]; own <= 0 {
				t.Errorf("our server's thread has used %v ns for a message", own)
			}
		})
	}
}

// What an external server does wrongly costs its own trial, and the trial says
// what it was.
func TestExternalServersThatFail(t *testing.T) {
	tests := []struct {
		name, program string
		reason        []string
		stderr        []string
	}{
		{"it does not start", "echo no licence >&2; exit 3", []string{"exit status 3", "no licence"}, nil},
		{"it echoes something else", stranger(t, "wrong", "{port}"), []string{"load generator", "not what was sent"}, nil},
		{"it dies in the middle", "exec " + stranger(t, "mortal", "{port}"), []string{"load generator"}, []string{"server: ", "fifty is enough"}},
		{"it never sleeps", "while :; do :; done & exec " + stranger(t, "good", "{port}"), []string{"does not go to sleep"}, nil},
		{"it ends without a word", "exit 0", []string{"before it listened"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := echo("epoll-lt")
			r.Sweep.Rounds = []int{20}
			_, theirs := measureBeside(t, r, test.program)
			if theirs.Status != results.StatusFailed {
				t.Errorf("theirs: %s", theirs.Status)
			}
			for _, want := range test.reason {
				if !strings.Contains(theirs.Reason, want) {
					t.Errorf("reason %q does not say %q", theirs.Reason, want)
				}
			}
			for _, want := range test.stderr {
				if !strings.Contains(theirs.Stderr, want) {
					t.Errorf("stderr %q does not say %q", theirs.Stderr, want)
				}
			}
		})
	}
}

// Cells that an external server cannot take part in say why, and nothing is
// started for them.
func TestExternalServersAreLeftOut(t *testing.T) {
	theirs := []scenarios.External{{Name: "theirs", Command: "exit 1"}}
	tests := []struct {
		name    string
		request scenarios.Request
		want    []string
	}{
		{
			"connect", scenarios.Request{Scenarios: []string{"connect"}, Sweep: scenarios.Sweep{Connections: []int{10}}},
			[]string{"does not tell when it has accepted the last connection"},
		},
		{
			"bulk", scenarios.Request{Scenarios: []string{"bulk"}, Sweep: scenarios.Sweep{Connections: []int{10}, Rounds: []int{5}, SocketBuffers: []int{16384, 0}}},
			[]string{"sets the buffers of its sockets itself", ""},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			f.perMessage["theirs"] = f.perMessage["poll"]
			test.request.Backends, test.request.Blocks, test.request.Servers, test.request.NoControl = []string{"poll"}, 1, theirs, true
			trials, err := measure(t, t.Context(), f, test.request)
			if err != nil {
				t.Fatal(err)
			}
			started := 0
			for _, step := range f.log {
				if step == "start server theirs" {
					started++
				}
			}
			for i, reason := range test.want {
				ours, theirs := trials[2*i], trials[2*i+1]
				want := results.StatusOK
				if reason != "" {
					want = results.StatusSkipped
				} else {
					started--
				}
				if ours.Status != results.StatusOK || theirs.Status != want || !strings.Contains(theirs.Reason, reason) || len(theirs.Slices) > 0 == (reason != "") {
					t.Errorf("cell %d: ours %s, theirs %s with %d slices, %q: want ok, and %s, %q", i, ours.Status, theirs.Status, len(theirs.Slices), theirs.Reason, want, reason)
				}
			}
			if started != 0 {
				t.Errorf("started %d times more than there are cells for it", started)
			}
		})
	}
}
