//go:build linux

package builds

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestWhatCannotBeBuilt(t *testing.T) {
	repo, _ := clone(t)
	write(t, repo, "cmd/muxbench/main.go", "package main\n\nfunc main() { absent() }\n")
	commit(t, repo)
	runGit(t, repo, "tag", "broken")
	write(t, repo, "cmd/muxbench/main.go", "package main\n\nfunc main() {}\n")
	commit(t, repo)
	runGit(t, repo, "tag", "silent")
	runGit(t, repo, "mv", "cmd/muxbench", "cmd/other")
	commit(t, repo)
	runGit(t, repo, "tag", "without")
	write(t, repo, "go.mod", "module example.org/module\n")
	commit(t, repo)
	runGit(t, repo, "tag", "other")
	runGit(t, repo, "rm", "-q", "go.mod")
	commit(t, repo)
	shallow := filepath.Join(t.TempDir(), "shallow")
	runGit(t, repo, "clone", "-q", "--depth=1", "file://"+repo, shallow)
	bare := filepath.Join(t.TempDir(), "bare")
	runGit(t, repo, "clone", "-q", "--bare", repo, bare)
	empty := filepath.Join(t.TempDir(), "empty")
	runGit(t, repo, "init", "-q", empty)

	const wanted = "muxbench's own repository is wanted"
	tree := "" // instead of a revision
	for _, c := range []struct {
		repo, rev string
		want      []string
	}{
		{repo, "broken", []string{"-trimpath", "undefined: absent"}},
		{bare, "broken", []string{"undefined: absent"}},
		{repo, "silent", []string{"it printed"}},
		{repo, "without", []string{"it has no cmd/muxbench", wanted}},
		{repo, "other", []string{`of module "example.org/module"`, wanted}},
		{repo, "HEAD", []string{"it has no go.mod", wanted}},
		{repo, "nope", []string{`finding revision "nope"`, "give a hash, a branch or a tag"}},
		{repo, "HEAD:cmd", []string{"finding revision"}},
		{repo, "^HEAD", []string{"names no single commit"}},
		{repo, "HEAD~1..HEAD", []string{"finding revision"}},
		{repo, "HEAD\x00", []string{"finding revision"}},
		{repo, "--help", []string{`finding revision "--help"`}},
		{repo, "-h", []string{`finding revision "-h"`}},
		{repo, "--since=yesterday", []string{`finding revision "--since=yesterday"`, "exit status 128"}},
		{shallow, "HEAD~1", []string{"shallow", "git fetch --unshallow"}},
		{t.TempDir(), "HEAD", []string{"finding the git repository that holds", "do it in a clone"}},
		{filepath.Join(repo, "absent"), "HEAD", []string{"finding the git repository that holds", "no such file"}},
		{repo, tree, []string{"it has no go.mod", wanted}},
		{bare, tree, []string{"finding the working tree"}},
		{empty, tree, []string{`finding revision "HEAD"`}},
		{t.TempDir(), tree, []string{"finding the git repository that holds"}},
	} {
		t.Run(filepath.Base(c.repo)+" "+c.rev, func(t *testing.T) {
			into := t.TempDir()
			var made []Binary
			var err error
			if c.rev == tree {
				made, err = Tree(t.Context(), c.repo, 2, into, silent)
			} else {
				made, err = Revision(t.Context(), c.repo, c.rev, 2, into, silent)
			}
			if err == nil {
				t.Fatalf("it made %+v", made)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			holds(t, into, 0)
		})
	}
	if left := runGit(t, repo, "status", "--porcelain"); left != "" {
		t.Errorf("left in the repository: %s", left)
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	repo, _ := clone(t)
	for _, layouts := range []int{-1, 0, MostLayouts + 1} {
		if _, err := Revision(t.Context(), repo, "HEAD", layouts, t.TempDir(), silent); err == nil || !strings.Contains(err.Error(), "in "+strconv.Itoa(layouts)+" layouts: 1 to 64 are possible") {
			t.Errorf("%d layouts: %v", layouts, err)
		}
	}
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := Tree(t.Context(), repo, 1, absent, silent); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), absent) {
		t.Errorf("into nothing: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Tree(t.Context(), repo, 1, t.TempDir(), silent); !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "into PATH") {
		t.Errorf("without git: %v", err)
	}
}

// A build that is interrupted is gone with all that it has started and written.
func TestInterruptedBuild(t *testing.T) {
	repo, _ := clone(t)
	into, pid := t.TempDir(), filepath.Join(t.TempDir(), "pid")
	ctx, bell := untilRung(t)
	// The go command runs its compiler through this.
	tool := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\ntrap '' TERM INT\nsleep 1000 &\necho $! >"+pid+".part && mv "+pid+".part "+pid+"\necho >"+bell+"\nwait\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-mod=mod -toolexec="+tool)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	if _, err := Revision(ctx, repo, "HEAD", 2, into, silent); !errors.Is(err, context.Canceled) {
		t.Errorf("it returned %v", err)
	}
	holds(t, into, 0)
	holds(t, temporary, 0)
	gone(t, pid)
}
