//go:build linux

package builds

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A revision and the same files as a working tree give the same binaries, of
// which each has its own layout.
func TestLayouts(t *testing.T) {
	repo, rev := clone(t)
	into := t.TempDir()
	var told []int
	base, err := Revision(t.Context(), filepath.Join(repo, "cmd"), "main", 2, into, func(layout, of int) { told = append(told, layout, of) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 4 || told[0] != 1 || told[2] != 2 || told[1] != 2 || told[3] != 2 {
		t.Errorf("progress was told %d", told)
	}
	head, err := Tree(t.Context(), filepath.Join(repo, "cmd"), 2, into, silent)
	if err != nil {
		t.Fatal(err)
	}
	if len(base) != 2 || len(head) != 2 {
		t.Fatalf("%d and %d binaries, not 2", len(base), len(head))
	}
	for i := range base {
		for _, b := range []Binary{base[i], head[i]} {
			if want := (Binary{Path: b.Path, Version: rev[:12], Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}); b != want || !filepath.IsAbs(b.Path) {
				t.Errorf("got %+v, want %+v", b, want)
			}
		}
		if !bytes.Equal(content(t, base[i]), content(t, head[i])) {
			t.Errorf("layout %d of the same files is not the same", i+1)
		}
		holds(t, filepath.Dir(base[i].Path), 2)
	}
	if bytes.Equal(content(t, base[0]), content(t, base[1])) {
		t.Error("two layouts are the same")
	}
	holds(t, into, 2)

	plain, err := Tree(t.Context(), repo, 1, into, silent)
	if err != nil {
		t.Fatal(err)
	}
	if one := content(t, plain[0]); bytes.Equal(one, content(t, base[0])) || bytes.Equal(one, content(t, base[1])) {
		t.Error("a build that is alone has not the linker's own order")
	}
	for _, left := range []string{runGit(t, repo, "status", "--porcelain"), strings.TrimPrefix(runGit(t, repo, "worktree", "list"), repo)} {
		if strings.Contains(left, "\n") || strings.Contains(left, "?") {
			t.Errorf("left in the repository: %s", left)
		}
	}
}

// The base is what was committed, whatever lies in the working tree, the head
// what lies there; and a hook's variables, a link to the directory and a workspace
// that it is not in do not matter.
func TestChangesAreTheHeads(t *testing.T) {
	repo, first := clone(t)
	write(t, repo, "cmd/muxbench/main.go", strings.Replace(program, "(devel)", "second", 1))
	second := commit(t, repo)
	t.Setenv("GIT_DIR", "/nowhere")
	t.Setenv("GIT_INDEX_FILE", "/nowhere/index")
	if r, err := open(t.Context(), repo); err != nil {
		t.Error(err)
	} else if version, err := r.state(t.Context()); err != nil || version != second[:12] {
		t.Errorf("version %q of a tree without changes (%v)", version, err)
	}
	write(t, repo, "cmd/muxbench/more.go", "package main\n\nfunc init() { println(`new`) }\n")
	into := filepath.Join(repo, "results/runs")
	if err := os.MkdirAll(into, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(repo, "cmd/muxbench"), link); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(repo), "go.work", "go 1.26.0\n")
	t.Setenv("GOARCH", "riscv64")
	t.Chdir(link)
	base, err := Revision(t.Context(), ".", first[:9], 1, into, silent)
	if err != nil {
		t.Fatal(err)
	}
	before, err := Revision(t.Context(), "", "HEAD~0", 1, into, silent)
	if err != nil {
		t.Fatal(err)
	}
	head, err := Tree(t.Context(), "", 1, into, silent)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		made    Binary
		version string
		says    string
		of      string
	}{{base[0], first[:12], "muxbench (devel) ", "the first commit"}, {before[0], second[:12], "muxbench second ", "the second one"}, {head[0], second[:12] + "+changes", "new\nmuxbench second ", "the tree"}} {
		if c.made.Version != c.version {
			t.Errorf("version %q of %s, want %q", c.made.Version, c.of, c.version)
		}
		out, err := exec.Command(c.made.Path, "version").CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), c.says) {
			t.Errorf("the build of %s says %q (%v)", c.of, out, err)
		}
	}
}
