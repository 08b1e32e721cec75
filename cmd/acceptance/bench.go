//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// placeOfProgram stands in a step's args for the program that it needs, and
	// placeOfCopy for a copy of muxbench: another build that is none.
	placeOfProgram, placeOfCopy = "{program}", "{copy}"

	// printedName and saidName are what a run has written to its standard
	// output and its standard error.
	printedName, saidName = "report.txt", "stderr.txt"

	// patience is how long a program may take to end when it is told to.
	patience = 30 * time.Second
)

// bench is what claims are measured with.
type bench struct {
	directory string // absolute: commands in it outlive this process
	muxbench  string
	version   string // of muxbench
	progress  io.Writer
	built     bool // the programs in C
	copied    bool // muxbench
}

func newBench(ctx context.Context, directory, program string, progress io.Writer) (*bench, error) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return nil, fmt.Errorf("finding the directory %s: %w", directory, err)
	}
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return nil, fmt.Errorf("making the directory for what is measured: %w", err)
	}
	b := &bench{directory: directory, muxbench: program, progress: progress}
	if program == "" {
		b.muxbench = filepath.Join(directory, "muxbench")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.muxbench, "muxbench/cmd/muxbench").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building muxbench: %w: %s: run this within its module, or name one with --muxbench", err, out)
		}
	} else if b.muxbench, err = exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("--muxbench %s: %w", program, err)
	}
	version, err := child(ctx, b.muxbench, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version: %w: is it muxbench?", b.muxbench, err)
	}
	b.version = strings.TrimSpace(string(version))
	return b, nil
}

// child is a command that is told to end when ctx is cancelled, and gets no
// other signal: one from the terminal, beside, would be the second.
func child(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = patience
	return c
}

// run is one run of a command of muxbench that keeps a result, into dir. Exit
// statuses that leave one are no errors: what they mean for the claim is for its
// judgement.
func (b *bench) run(ctx context.Context, command string, args []string, dir string) (status int, err error) {
	args, err = b.withCopy(args)
	if err != nil {
		return 0, err
	}
	printed, err := os.Create(filepath.Join(dir, printedName))
	if err != nil {
		return 0, fmt.Errorf("keeping what muxbench prints: %w", err)
	}
	defer func() { err = errors.Join(err, printed.Close()) }()
	said, err := os.Create(filepath.Join(dir, saidName))
	if err != nil {
		return 0, fmt.Errorf("keeping what muxbench says: %w", err)
	}
	defer func() { err = errors.Join(err, said.Close()) }()
	c := child(ctx, b.muxbench, slices.Concat([]string{command}, args, []string{"-o", dir})...)
	c.Stdout, c.Stderr = printed, said
	failure := c.Run()
	var exit *exec.ExitError
	if failure == nil {
		return 0, nil
	}
	if !errors.As(failure, &exit) {
		return 0, fmt.Errorf("running muxbench: %w", failure)
	}
	status = exit.ExitCode()
	if !slices.Contains(leaving(command), status) {
		return status, fmt.Errorf("muxbench %s %s: exit status %d: see %s", command, strings.Join(args, " "), status, said.Name())
	}
	return status, nil
}

// leaving are the exit statuses other than 0 with which a command leaves a result
// that says something. A check of which a part has failed says nothing.
func leaving(command string) []int {
	if command == "check" {
		return []int{3, 4, 99}
	}
	return []int{1, 3, 4}
}

// withCopy puts a copy of muxbench into args that want one. Its place is not kept
// with them, so that what was measured can be moved.
func (b *bench) withCopy(args []string) ([]string, error) {
	i := slices.Index(args, placeOfCopy)
	if i < 0 {
		return args, nil
	}
	path := filepath.Join(b.directory, "base")
	if !b.copied { // in each life of this process: muxbench may be another one
		program, err := os.ReadFile(b.muxbench)
		if err == nil {
			err = errors.Join(os.RemoveAll(path), os.WriteFile(path, program, 0o777))
		}
		if err != nil {
			return nil, fmt.Errorf("copying muxbench, for a base: %w", err)
		}
		b.copied = true
	}
	args = slices.Clone(args)
	args[i] = path
	return args, nil
}

// supply sees that the program is there that a step needs, and puts it into its
// args.
func (b *bench) supply(ctx context.Context, s *step) error {
	switch s.needs {
	case nothing:
		return nil
	case strace:
		if _, err := exec.LookPath(string(strace)); err != nil {
			return fmt.Errorf("%w: install strace", errMissing)
		}
		return nil
	}
	if !b.built {
		module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "muxbench").Output()
		if err != nil {
			return fmt.Errorf("%w: scripts/reference/build.sh, which builds %s, is in muxbench's module: run this within it: %w", errMissing, s.needs, err)
		}
		script := filepath.Join(strings.TrimSpace(string(module)), "scripts/reference/build.sh")
		if out, err := child(ctx, script, filepath.Join(b.directory, "reference")).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: building %s: %w: %s", errMissing, s.needs, err, out)
		}
		b.built = true
	}
	args := make([]string, len(s.args))
	quoted := "'" + strings.ReplaceAll(b.reference(s.needs), "'", `'\''`) + "'"
	for i, a := range s.args {
		args[i] = strings.ReplaceAll(a, placeOfProgram, quoted)
	}
	s.args = args
	return nil
}

// errMissing says that this machine lacks what a claim is measured with.
var errMissing = errors.New("skipped")

// reference is the path of a reference program.
func (b *bench) reference(n need) string { return filepath.Join(b.directory, "reference", string(n)) }

// words are a command line's.
func words(line string) []string { return strings.Fields(line) }
