//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"muxbench/results"
)

// muxbench is a command of this program in a process of its own.
func muxbench(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// It does not obey the signals that its parent ignores.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(signals) })
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	cmd, stderr = exec.CommandContext(ctx, program), &bytes.Buffer{}
	cmd.Args = append([]string{"muxbench"}, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = stderr
	return cmd, stderr
}

// startServe starts "muxbench serve", and returns where it says to serve.
func startServe(t *testing.T, args ...string) (cmd *exec.Cmd, address string, stderr *bytes.Buffer) {
	t.Helper()
	cmd, stderr = muxbench(t, append([]string{"serve", "127.0.0.1:0"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	prefix, address, found := strings.Cut(strings.TrimSpace(line), " on ")
	if err != nil || !found || !strings.HasPrefix(prefix, "serving ") {
		t.Fatalf("it says %q, %v; want where it serves", line, err)
	}
	return cmd, address, stderr
}

// status is the exit status of a command that has ended.
func status(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// What a load says it exchanged is what the server says it served: the
// uncounted message of each connection besides.
func TestLoadAgainstServe(t *testing.T) {
	for i, end := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		backend := []string{"epoll-et", "select", "poll"}[i]
		t.Run(backend, func(t *testing.T) {
			serving, address, said := startServe(t, "-b", backend)
			load, complaint := muxbench(t, "load", address, "-c", "10", "-a", "50%", "-r", "40", "-s", "100", "--seed", "7", "--format", "json")
			out, err := load.Output()
			if err != nil {
				t.Fatalf("load: %v: %s", err, complaint)
			}
			var got measured
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			if got.Target.String() != address || got.Connections != 10 || got.Active != 5 || got.Rounds != 40 || got.Size != 100 || got.Seed != 7 {
				t.Errorf("it loaded %+v", got)
			}
			v := got.Values
			if v[results.Messages] != 200 || got.Counters.BytesIn != 20000 || got.Counters.BytesOut != 20000 {
				t.Errorf("it counts %v messages, %+v; want 200 and 20000 bytes either way", v[results.Messages], got.Counters)
			}
			for _, m := range []results.Metric{results.Elapsed, results.Throughput, results.LoadCPUPerMessage, results.ConnectsPerSecond, results.LatencyP50, results.LatencyP90, results.LatencyMax} {
				if v[m] <= 0 {
					t.Errorf("%s is %v", m, v[m])
				}
			}
			// 200 messages carry p50 well, p90 roughly, and p99 not.
			if _, shown := v[results.LatencyP99]; shown || !slices.Equal(got.Rough, []results.Metric{results.LatencyP90}) {
				t.Errorf("p99 is shown: %t; rough are %v, want p90", shown, got.Rough)
			}
			if err := serving.Process.Signal(end); err != nil {
				t.Fatal(err)
			}
			if got := status(t, serving.Wait()); got != exitDone {
				t.Errorf("serve ends with status %d, want %d: %s", got, exitDone, said)
			}
			want := "served " + backend + " on " + address + ": 10 connections accepted, 20,500 bytes in, 20,500 bytes out, "
			if !strings.HasPrefix(said.String(), want) {
				t.Errorf("serve says %q, want %q…", said, want)
			}
		})
	}
}

// An address in use is named, with what to do; nothing says that it is served.
func TestServeWhereSomebodyListens(t *testing.T) {
	_, address, _ := startServe(t)
	cmd, said := muxbench(t, "serve", address)
	out, err := cmd.Output()
	if got := status(t, err); got != exitFailed || len(out) > 0 {
		t.Errorf("status %d, it prints %q; want %d and nothing", got, out, exitFailed)
	}
	if !strings.Contains(said.String(), address+": bind: address already in use: end what listens there, or choose another port") {
		t.Errorf("it says %q", said)
	}
}

// A server that dies is noticed, and what it said last is told.
func TestServeNoticesThatItsWorkerDies(t *testing.T) {
	cmd, _, said := startServe(t)
	pid := strconv.Itoa(cmd.Process.Pid)
	var worker int
	eventually(t, "a worker", func() bool {
		// A child is listed with the thread that started it.
		threads, _ := os.ReadDir("/proc/" + pid + "/task")
		for _, thread := range threads {
			children, _ := os.ReadFile("/proc/" + pid + "/task/" + thread.Name() + "/children")
			if worker, _ = strconv.Atoi(strings.TrimSpace(string(children))); worker > 0 {
				return true
			}
		}
		return false
	})
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := status(t, cmd.Wait()); got != exitFailed {
		t.Errorf("status %d, want %d", got, exitFailed)
	}
	if !strings.Contains(said.String(), "signal: killed") {
		t.Errorf("it says %q, without how the worker ended", said)
	}
}
