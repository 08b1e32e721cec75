//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// serving is a "muxbench serve" that has said where it serves.
type serving struct {
	command *exec.Cmd
	address string
	said    *bytes.Buffer
}

func (b *bench) serve(ctx context.Context, backend string) (*serving, error) {
	s := &serving{command: child(ctx, b.muxbench, "serve", "127.0.0.1:0", "-b", backend, "--cpu", "0"), said: &bytes.Buffer{}}
	s.command.Stderr = s.said
	stdout, err := s.command.StdoutPipe()
	if err == nil {
		err = s.command.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting muxbench serve: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), " on ")
	if err != nil || !found {
		_, _ = s.end()
		return nil, fmt.Errorf("muxbench serve -b %s did not say where it serves, but %q, and %s", backend, line, s.said)
	}
	s.address = address
	return s, nil
}

// end returns what it says of its whole life.
func (s *serving) end() (string, error) {
	_ = s.command.Process.Signal(syscall.SIGTERM) // or else it has ended
	err := s.command.Wait()
	return s.said.String(), err
}

// loopThread is the thread of the server's worker that runs on CPU 0 only: that
// of the event loop.
func (s *serving) loopThread() (task string, err error) {
	pid := strconv.Itoa(s.command.Process.Pid)
	lists, err := filepath.Glob(filepath.Join("/proc", pid, "task", "*", "children"))
	if err != nil {
		return "", fmt.Errorf("looking for the worker of process %s: %w", pid, err)
	}
	for _, list := range lists {
		children, _ := os.ReadFile(list) // a thread may have ended
		for worker := range strings.FieldsSeq(string(children)) {
			threads, _ := filepath.Glob(filepath.Join("/proc", worker, "task", "*"))
			for _, thread := range threads {
				if statusField(thread, "Cpus_allowed_list") == "0" {
					return thread, nil
				}
			}
		}
	}
	return "", fmt.Errorf("no thread of the workers of process %s runs on CPU 0 only, as its event loop should", pid)
}

// statusField is a field of a thread's status, see proc_pid_status(5).
func statusField(task, name string) string {
	status, _ := os.ReadFile(filepath.Join(task, "status")) // ended: no field
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// until asks every few milliseconds whether something has come to pass.
func until(ctx context.Context, what string, passed func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !passed() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// settled is passed when a thread has slept for a quarter of a second.
func settled(task string) func() bool {
	last, since := "", time.Now()
	return func() bool {
		if now := statusField(task, "voluntary_ctxt_switches"); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 250*time.Millisecond
	}
}
