//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muxbench/results"
)

// patience bounds everything that a test waits for.
const patience = 30 * time.Second

// controller is a "muxbench run" in a process of its own, with its workers.
type controller struct {
	cmd      *exec.Cmd
	dir      string // of the result
	mark     string // that it and its workers have in their environment
	progress chan string
	said     bytes.Buffer // on standard error; to be read when ended
}

// startRun starts a run with these arguments; stdout may be nil.
func startRun(t *testing.T, stdout io.Writer, args ...string) *controller {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	// A run does not obey the signals that its parent ignores.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(signals) })
	c := &controller{
		cmd:      exec.CommandContext(ctx, program),
		dir:      filepath.Join(temporary, "out"),
		mark:     "TMPDIR=" + temporary,
		progress: make(chan string, 10000),
	}
	c.cmd.Args = append([]string{"muxbench", "run", "--unwatched", "--no-control", "-o", c.dir}, args...)
	c.cmd.Env = append(os.Environ(), c.mark, "GORACE=atexit_sleep_ms=0")
	c.cmd.Stdout = stdout
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	go func() {
		defer close(c.progress)
		for lines := bufio.NewScanner(io.TeeReader(stderr, &c.said)); lines.Scan(); {
			c.progress <- lines.Text()
		}
	}()
	return c
}

// await waits for a line of progress.
func (c *controller) await(t *testing.T, want string) {
	t.Helper()
	for line := range c.progress {
		if strings.Contains(line, want) {
			return
		}
	}
	t.Fatalf("the run ended without saying %q; it said:\n%s", want, c.said.String())
}

// end waits for the process to end, and returns how it did.
func (c *controller) end(t *testing.T) syscall.WaitStatus {
	t.Helper()
	for range c.progress {
	}
	err := c.cmd.Wait()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	return c.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// workers are the processes that it has started.
func (c *controller) workers(t *testing.T) []int {
	t.Helper()
	var pids []int
	for _, pid := range c.alive(t) {
		if pid != c.cmd.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// alive are the processes that have the run's mark, itself included.
func (c *controller) alive(t *testing.T) []int {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, entry := range all {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		environment, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err == nil && strings.Contains(string(environment), c.mark+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// trials counts the trials in the result by how they ended.
func (c *controller) trials(t *testing.T) map[results.Status][]results.Trial {
	t.Helper()
	file, err := results.Open(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Warnings) > 0 {
		t.Errorf("the result file: %v", file.Warnings)
	}
	all := map[results.Status][]results.Trial{}
	for _, trial := range file.Trials {
		all[trial.Status] = append(all[trial.Status], trial)
	}
	return all
}

// eventually waits until done returns true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
