//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/results"
)

// A run that is stopped keeps its finished blocks, marks the one under way,
// and leaves no process behind.
func TestAnInterruptedRunKeepsWhatItHas(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			var table strings.Builder
			c := startRun(t, &table, "echo", "-c", "10", "-d", "300ms", "-n", "1000", "-b", "poll,epoll-lt")
			c.await(t, "block 1 of 1000")
			if err := c.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if status := c.end(t).ExitStatus(); status != exitInterrupted {
				t.Errorf("exit status %d, want %d", status, exitInterrupted)
			}
			if left := c.alive(t); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			trials := c.trials(t)
			if len(trials[results.StatusOK]) < 2 || len(trials[results.StatusInterrupted]) != 2 {
				t.Errorf("%d trials are ok, %d interrupted; want those of the first block at least, and those of the last",
					len(trials[results.StatusOK]), len(trials[results.StatusInterrupted]))
			}
			if !strings.Contains(table.String(), "epoll-lt") || !strings.Contains(c.said.String(), "what was measured is kept in "+c.dir) {
				t.Errorf("it printed:\n%s\nand said:\n%s", table.String(), c.said.String())
			}
		})
	}
}

// Whatever a run does after the first interrupt, here waiting for somebody to
// read its table, the second one ends it.
func TestASecondInterruptEndsAtOnce(t *testing.T) {
	unread, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	defer stdout.Close()
	fill(t, stdout)
	c := startRun(t, stdout, "echo", "-c", "10", "-d", "300ms", "-n", "1000", "-b", "poll,epoll-lt")
	c.await(t, "block 1 of 1000")
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "charts", func() bool {
		charts, _ := filepath.Glob(filepath.Join(c.dir, "charts", "*.svg"))
		return len(charts) > 0
	})
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := c.end(t); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %#x, want it ended by the signal", status)
	}
	if len(c.trials(t)[results.StatusOK]) == 0 {
		t.Error("the result holds no trial")
	}
	eventually(t, "every process has ended", func() bool { return len(c.alive(t)) == 0 })
}

// fill writes until a pipe takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	fd := int(pipe.Fd()) // blocking from here on
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for chunk := make([]byte, 4096); ; {
		if _, err := unix.Write(fd, chunk); err == unix.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}

// A controller that is killed takes its workers along, also one that is
// stopped and cannot see the end of its input.
func TestNoWorkerOutlivesItsController(t *testing.T) {
	c := startRun(t, nil, "idle", "-c", "100", "-a", "10", "-d", "300ms", "-n", "1000", "-b", "select,poll,epoll-lt")
	c.await(t, "block 1 of 1000")
	eventually(t, "a worker is stopped", func() bool {
		workers := c.workers(t) // the first one is beyond fork(2) when the last one is there
		return len(workers) == 6 && syscall.Kill(slices.Min(workers), syscall.SIGSTOP) == nil
	})
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "every process has ended", func() bool { return len(c.alive(t)) == 0 })
	if len(c.trials(t)[results.StatusOK]) == 0 {
		t.Error("the result holds no trial")
	}
}

// A worker that dies fails its arm's trial, with the reason and what it said
// last; the run goes on without it.
func TestAWorkerThatDiesFailsItsTrial(t *testing.T) {
	for _, test := range []struct {
		signal syscall.Signal
		said   string
	}{
		{syscall.SIGKILL, "signal: killed"},
		{syscall.SIGQUIT, "SIGQUIT"}, // of which Go makes a crash with a trace
	} {
		t.Run(test.signal.String(), func(t *testing.T) {
			var table strings.Builder
			c := startRun(t, &table, "echo", "-c", "10", "-d", "400ms", "-n", "3", "-b", "poll,epoll-lt")
			c.await(t, "block 1 of 3")
			eventually(t, "a worker is killed", func() bool {
				workers := c.workers(t) // each was started when the one before was ready
				return len(workers) == 4 && syscall.Kill(slices.Min(workers), test.signal) == nil
			})
			if status := c.end(t).ExitStatus(); status != exitFailed {
				t.Errorf("exit status %d, want %d", status, exitFailed)
			}
			trials := c.trials(t)
			if len(trials[results.StatusOK]) != 5 || len(trials[results.StatusFailed]) != 1 {
				t.Fatalf("%d trials are ok, %d failed; want 5 and 1", len(trials[results.StatusOK]), len(trials[results.StatusFailed]))
			}
			failed := trials[results.StatusFailed][0]
			if failed.Block == 0 || failed.Reason == "" || !strings.Contains(failed.Reason+failed.Stderr, test.said) {
				t.Errorf("the failed trial: block %d, reason %q, standard error %q", failed.Block, failed.Reason, failed.Stderr)
			}
			for _, want := range []string{failed.Arm + ": failed: ", "trials have failed: 1 of 6"} {
				if !strings.Contains(c.said.String(), want) {
					t.Errorf("it said\n%s\nwithout %q", c.said.String(), want)
				}
			}
			if !strings.Contains(table.String(), "2/3") {
				t.Errorf("the table does not tell of the failed block:\n%s", table.String())
			}
		})
	}
}
