//go:build linux

package builds

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// program prints a version line, as muxbench does.
const program = `package main

import (
	"os"
	"runtime"
)

func main() {
	os.Stdout.WriteString("muxbench (devel) " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n")
}
`

// clone is a git repository of a tiny muxbench with one commit, whose revision it
// returns too.
func clone(t *testing.T) (repo, rev string) {
	t.Helper()
	for _, needed := range []string{"git", "go"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("%s is needed: %v", needed, err)
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
		"GOFLAGS": "-mod=mod", "GOPROXY": "off",
	} {
		t.Setenv(name, value)
	}
	repo = filepath.Join(t.TempDir(), "clone")
	write(t, repo, "go.mod", "// A comment.\nmodule muxbench // another one\n\ngo 1.26.0\n")
	write(t, repo, "cmd/muxbench/main.go", program)
	write(t, repo, ".gitignore", "/results/runs/\n")
	runGit(t, repo, "init", "-q", "-b", "main")
	return repo, commit(t, repo)
}

func write(t *testing.T, repo, name, content string) {
	t.Helper()
	path := filepath.Join(repo, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func runGit(t *testing.T, repo string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = repo
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits everything, and returns the revision.
func commit(t *testing.T, repo string) string {
	t.Helper()
	runGit(t, repo, "add", "-A")
	runGit(t, repo, "commit", "-q", "-m", "a change")
	return runGit(t, repo, "rev-parse", "HEAD")
}

func silent(int, int) {}

// holds fails unless a directory holds so many files and directories.
func holds(t *testing.T, dir string, want int) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != want {
		t.Errorf("%s holds %v (%v), want %d", dir, found, err, want)
	}
}

func content(t *testing.T, b Binary) []byte {
	t.Helper()
	all, err := os.ReadFile(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// gone fails if the process whose number a file holds is there.
func gone(t *testing.T, file string) {
	t.Helper()
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(written)))
	if err != nil {
		t.Fatal(err)
	}
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if syscall.Kill(pid, 0) == nil && !strings.Contains(string(status), ") Z ") { // that nobody reaps it is not ours
		t.Errorf("process %d is still there: %s", pid, status)
	}
}

// untilRung is a context that is cancelled when somebody writes to a named pipe.
func untilRung(t *testing.T) (ctx context.Context, bell string) {
	t.Helper()
	bell = filepath.Join(t.TempDir(), "bell")
	if err := syscall.Mkfifo(bell, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		if f, err := os.Open(bell); err == nil { // when there is a writer
			_ = f.Close()
		}
	}()
	t.Cleanup(func() { // nobody may have rung
		if f, err := os.OpenFile(bell, os.O_RDWR, 0); err == nil {
			_ = f.Close()
		}
	})
	return ctx, bell
}
