//go:build linux

package builds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// execution is a program to be run to its end, with no input.
type execution struct {
	program string
	args    []string
	dir     string   // empty: the working directory
	env     []string // set, on top of this process's
	without []string // names of variables of this process that it does not get
	most    int      // bytes that output takes
}

const (
	// lastChance is how long what a program has started may keep its output
	// open, and take to die.
	lastChance = 500 * time.Millisecond
	// lastBytes and lastLines bound what is kept of its standard error.
	lastBytes = 4 << 10
	lastLines = 12
)

// output runs the program, and returns what it printed. More than so many bytes
// are an error, and end it.
func (e execution) output(ctx context.Context) (string, error) {
	l := &limited{most: e.most}
	err := e.run(ctx, l)
	return l.kept.String(), err
}

// run runs the program as long as ctx lives and out takes what it prints, in a
// process group of its own, which is killed and gone when run returns, however it
// ended. Its error holds the last lines of the program's standard error; where
// ctx or out ended it, it is theirs. run may not be called from a goroutine that
// ends locked to its thread.
func (e execution) run(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, e.program, e.args...)
	cmd.Dir = e.dir
	cmd.Env = slices.DeleteFunc(cmd.Environ(), func(set string) bool {
		name, _, _ := strings.Cut(set, "=")
		return slices.Contains(e.without, name)
	})
	cmd.Env = append(cmd.Env, e.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = lastChance
	said := &tail{}
	cmd.Stdout, cmd.Stderr = &stopping{out, cancel}, said
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: install it, or put where it is into PATH", err)
	} else if err != nil {
		return err
	}
	err, cause := cmd.Wait(), context.Cause(ctx)
	endGroup(cmd.Process.Pid)
	switch {
	case err == nil:
		return nil
	case cause != nil:
		return cause
	case errors.Is(err, exec.ErrWaitDelay):
		err = errors.New("it ended and left something running that has its output")
	}
	if words := said.String(); words != "" {
		return fmt.Errorf("%w; it said: %s", err, words)
	}
	return err
}

// endGroup kills what is left of a process group whose leader has ended, and
// waits until it is gone: it may be writing files that are about to be removed.
// Where nobody reaps orphans, as in a container without an init, they are never
// gone, and it does not wait for long. Nobody has the leader's number so soon.
func endGroup(group int) {
	const pause = 2 * time.Millisecond
	for until := time.Now().Add(lastChance); syscall.Kill(-group, syscall.SIGKILL) == nil && time.Now().Before(until); {
		time.Sleep(pause)
	}
}

// stopping is a Writer that ends whoever writes to it once it has failed.
type stopping struct {
	io.Writer
	stop context.CancelCauseFunc
}

func (s *stopping) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		s.stop(err)
	}
	return n, err
}

// limited is a Writer that keeps the first bytes and takes no more.
type limited struct {
	kept bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	room := l.most - l.kept.Len()
	if len(p) <= room {
		return l.kept.Write(p)
	}
	l.kept.Write(p[:room])
	return room, fmt.Errorf("it printed more than %d bytes, beginning with %q", l.most, cut(l.kept.String()))
}

// tail is a Writer that keeps the last bytes.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if extra := len(t.last) - lastBytes; extra > 0 {
		t.last = t.last[:copy(t.last, t.last[extra:])]
	}
	return len(p), nil
}

// String is the last lines, with what a terminal would obey instead of showing
// replaced.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.last)), "\n")
	if len(lines) > lastLines {
		lines = append([]string{"[…]"}, lines[len(lines)-lastLines:]...)
	}
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unshown(r) {
			return '�'
		}
		return r
	}, strings.Join(lines, "\n"))
}
