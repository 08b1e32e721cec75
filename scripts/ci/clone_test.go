//go:build linux

// Package ci has the tests of what lies beside it.
package ci

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fake stands for muxbench: it records how it is called, an argument a line, and
// ends with FAKE_STATUS. Its check leaves a result, if FAKE_RESULT is not empty.
const fake = `#!/bin/sh
echo "-- $1" >>"$FAKE_CALLS"
printf '%s\n' "$@" >>"$FAKE_CALLS"
case $1 in
  check)
    while [ "$1" != -o ]; do shift; done
    if [ -n "$FAKE_RESULT" ]; then mkdir -p "$2" && echo run >"$2/run.jsonl"; fi
    eval "$FAKE_WORK"
    exit "$FAKE_STATUS"
    ;;
  report)
    [ -z "$GITHUB_ACTIONS$GITHUB_STEP_SUMMARY" ] || echo "GitHub is told twice"
    echo "report as $4"
    exit "$FAKE_REPORT"
    ;;
esac
`

// clone is a git repository with a change checked out, and what check.sh is run
// with there.
type clone struct {
	dir   string // where check.sh is run
	base  string // where the change began, on main
	main  string // where main is now, at origin
	calls string // file that the fake records in
	env   []string

	muxbench string // the fake
}

// newClone makes an origin of which main has gone on since a change began, and a
// clone of it with git clone's further arguments, where the change is checked out.
func newClone(t *testing.T, how ...string) *clone {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes seconds, and nothing in it is concurrent")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("git is needed: %v", err)
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
		// These tests may be run by a CI themselves.
		"GITHUB_BASE_REF": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "", "GITHUB_ACTIONS": "", "GITHUB_OUTPUT": "",
	} {
		t.Setenv(name, value)
	}
	root := t.TempDir()
	origin := filepath.Join(root, "origin")
	c := &clone{dir: filepath.Join(root, "clone"), calls: filepath.Join(root, "calls"), muxbench: filepath.Join(root, "muxbench")}
	git(t, root, "init", "-q", "-b", "main", origin)
	commit := func(what string) string {
		git(t, origin, "commit", "-q", "--allow-empty", "-m", what)
		return git(t, origin, "rev-parse", "HEAD")
	}
	commit("first")
	c.base = commit("base")
	git(t, origin, "checkout", "-q", "-b", "change")
	commit("a change")
	commit("and another")
	git(t, origin, "checkout", "-q", "main")
	c.main = commit("meanwhile")
	git(t, root, append([]string{"clone", "-q", "-b", "change", "file://" + origin, c.dir}, how...)...)
	if err := os.WriteFile(c.muxbench, []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	c.env = append(os.Environ(), "FAKE_CALLS="+c.calls, "FAKE_STATUS=0", "FAKE_RESULT=yes", "FAKE_REPORT=0", "FAKE_WORK=")
	return c
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// command is check.sh in a shell, with the fake.
func (c *clone) command(ctx context.Context, t *testing.T, shell string, args ...string) *exec.Cmd {
	t.Helper()
	script, err := filepath.Abs("check.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, shell, append([]string{script, "--muxbench", c.muxbench}, args...)...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

// check runs check.sh, and returns its exit status and what it said.
func (c *clone) check(t *testing.T, shell string, args ...string) (status int, said string) {
	t.Helper()
	cmd := c.command(t.Context(), t, shell, args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// called is what the fake was called with, in its calls of a command.
func (c *clone) called(t *testing.T, command string) (calls [][]string) {
	t.Helper()
	all, err := os.ReadFile(c.calls)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, call := range strings.Split("\n"+string(all), "\n-- ") {
		if lines := strings.Split(strings.TrimSuffix(call, "\n"), "\n"); lines[0] == command {
			calls = append(calls, lines[1:])
		}
	}
	return calls
}

// checkedBase is what the only check was against.
func (c *clone) checkedBase(t *testing.T) string {
	t.Helper()
	calls := c.called(t, "check")
	if len(calls) != 1 || len(calls[0]) < 3 || calls[0][1] != "--base-rev" {
		t.Fatalf("muxbench was called with %q", calls)
	}
	return calls[0][2]
}
