//go:build linux

package scenarios_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

// A program that runs chains of its own says what an iteration took.
func TestExternalChains(t *testing.T) {
	r := chains("epoll-lt")
	program := "test {connections} = 20 -a $CONNECTIONS = 20 -a {writes} = $WRITES -a $ACTIVE = 10 || exit 9; echo ready; while read line; do echo 1000 909 $(({active} + WRITES)); done"
	ours, theirs := measureBeside(t, r, program)
	if theirs.Status != results.StatusOK || len(theirs.Slices) != 25 {
		t.Fatalf("theirs: %s with %d slices, %s, %s", theirs.Status, len(theirs.Slices), theirs.Reason, theirs.Stderr)
	}
	if diff := cmp.Diff(map[string]string{"server": program}, theirs.Options); diff != "" {
		t.Errorf("their options (-want +got):\n%s", diff)
	}
	want := map[results.Metric]float64{results.Elapsed: 1000, results.Messages: 2500, results.ServerCPUPerMessage: 9.09, results.ServerBusyShare: 0.909}
	for metric := range ours.Values {
		if _, has := theirs.Values[metric]; has && metric != results.BlockOverhead {
			if got := theirs.Values[metric]; fmt.Sprint(got) != fmt.Sprint(want[metric]) {
				t.Errorf("their %s is %v, want %v", metric, got, want[metric])
			}
		}
	}
	for metric := range want {
		if _, has := theirs.Values[metric]; !has {
			t.Errorf("they have no %s", metric)
		}
	}
	if got := theirs.Counters.Server; got != (results.Counters{}) {
		t.Errorf("they have counted %+v", got)
	}
}

func TestExternalChainsThatFail(t *testing.T) {
	tests := []struct {
		name, program string
		reason        []string
	}{
		{"too few bytes", "echo ready; while read line; do echo 1000 900 99; done", []string{"99 bytes were read", "make 100"}},
		{"too many bytes", "echo ready; while read line; do echo 1000 900 101; done", []string{"101 bytes were read", "make 100"}},
		{"too few words", "echo ready; while read line; do echo 1000 100; done", []string{`"1000 100"`, "CPU time"}},
		{"garbage", "echo ready; while read line; do echo nonsense; done", []string{`it said "nonsense"`, "the bytes read"}},
		{"no time", "echo ready; while read line; do echo 0 900 100; done", []string{`"0 900 100"`}},
		{"a negative CPU time", "echo ready; while read line; do echo 1000 -1 100; done", []string{`"1000 -1 100"`}},
		{"a day", "echo ready; while read line; do echo 86400000000000 1 100; done", []string{`"86400000000000 1 100"`}},
		{"longer than it took", "echo ready; while read line; do echo 3500000000000 1 100; done", []string{"58m20s", "has answered after"}},
		{"too many words", "echo ready; while read line; do echo 1000 900 100 more; done", []string{`"1000 900 100 more"`}},
		{"it ends", "echo ready; read line; echo 1000 900 100; read line; echo enough >&2; exit 3", []string{"it ended without an answer (exit status 3)"}},
		{"it ends at once", "exit 4", []string{"exit status 4"}},
		{"it is an echo server", "echo listening; exec cat", []string{`it said "listening" where "ready" is wanted`}},
		{"it talks on and on", "echo ready; exec yes", []string{`it said "y"`}},
		{"it answers unasked", "echo ready; exec yes '1000 900 100'", []string{"before it was asked"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, theirs := measureBeside(t, chains("epoll-lt"), test.program)
			if theirs.Status != results.StatusFailed {
				t.Errorf("theirs: %s", theirs.Status)
			}
			for _, want := range test.reason {
				if !strings.Contains(theirs.Reason, want) {
					t.Errorf("reason %q does not say %q", theirs.Reason, want)
				}
			}
		})
	}
}

// A program that is never ready is given up, and one that floods its output does
// not hold up the controller.
func TestAnExternalChainThatIsNotReady(t *testing.T) {
	for _, program := range []string{"exec sleep 1000", "exec cat /dev/zero", "sleep 1000 & exec sleep 1000"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, _, err := processes(t).Launch(ctx, scenarios.Spec{
			Protocol: 2, Role: scenarios.ChainRole, CPU: -1, Connections: 1, Active: 1, Program: program,
		})
		cancel()
		if err == nil {
			t.Errorf("%s: taken for a chain", program)
		}
		if left := children(t); len(left) > 0 {
			t.Errorf("%s: children %v are left", program, left)
		}
	}
}

// What a program has started in a session of its own may outlive it and keep its
// output open: stopping does not wait for that.
func TestStopDoesNotWaitForAChainsChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	file := filepath.Join(t.TempDir(), "pid")
	w, _, err := processes(t).Launch(ctx, scenarios.Spec{
		Protocol: 2, Role: scenarios.ChainRole, CPU: -1, Connections: 1, Active: 1,
		Program: "setsid sleep 1000 & echo $! > '" + file + "'; echo ready; read line",
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil {
		if group, err := syscall.Getpgid(pid); err != nil || group == pid {
			break // it has left
		}
	}
	stopped := make(chan string, 1)
	go func() { stopped <- w.Stop(stopNow()) }()
	select {
	case <-stopped:
	case <-ctx.Done():
		t.Error("Stop waits for a process that the program has left behind")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("killing %d, which was to be alive: %v", pid, err)
	}
}

// stopNow is the context of what is not to be waited for.
func stopNow() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
