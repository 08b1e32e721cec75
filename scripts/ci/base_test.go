//go:build linux

package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The base is where the change began, and not where its target is now.
func TestBaseIsWhereTheyParted(t *testing.T) {
	for name, how := range map[string][]string{"complete": nil, "of one branch": {"--single-branch"}, "shallow": {"--depth=1"}, "shallow with all branches": {"--depth=1", "--no-single-branch"}} {
		t.Run(name, func(t *testing.T) {
			c := newClone(t, how...)
			status, said := c.check(t, "sh", "--target", "main")
			if got := c.checkedBase(t); status != 0 || got != c.base {
				t.Errorf("exit status %d, base %s, want %s: %s", status, got, c.base, said)
			}
			if refs := git(t, c.dir, "for-each-ref", "refs/muxbench"); refs != "" {
				t.Errorf("refs are left: %s", refs)
			}
		})
	}
}

// GitHub checks out a merge of the change into its target.
func TestBaseOfAMerge(t *testing.T) {
	c := newClone(t)
	origin := filepath.Join(filepath.Dir(c.dir), "origin")
	git(t, origin, "checkout", "-q", "--detach", "main")
	git(t, origin, "merge", "-q", "--no-ff", "-m", "a merge", "change")
	git(t, origin, "update-ref", "refs/pull/1/merge", "HEAD")
	git(t, origin, "checkout", "-q", "main")
	git(t, origin, "commit", "-q", "--allow-empty", "-m", "later")
	shallow := filepath.Join(t.TempDir(), "shallow")
	git(t, origin, "init", "-q", shallow)
	git(t, shallow, "remote", "add", "origin", "file://"+origin)
	git(t, shallow, "fetch", "-q", "--depth=1", "origin", "refs/pull/1/merge")
	git(t, shallow, "checkout", "-q", "--detach", "FETCH_HEAD")
	c.env = append(c.env, "GITHUB_BASE_REF=main")
	c.dir = shallow
	status, said := c.check(t, "sh")
	if got := c.checkedBase(t); status != 0 || got != c.main {
		t.Errorf("exit status %d, base %s, want %s: %s", status, got, c.main, said)
	}
}

func TestBaseThatCannotBeFetched(t *testing.T) {
	for name, v := range map[string]struct {
		how  []string
		args []string
		want int
		says string
	}{
		"here from before": {nil, []string{"--target", "main"}, 0, "main could not be fetched: it is taken as it was fetched before"},
		"not here":         {[]string{"--single-branch"}, []string{"--target", "main"}, 1, "main could not be fetched from origin, and is not here"},
		"shallow":          {[]string{"--depth=1", "--no-single-branch"}, []string{"--target", "main"}, 1, "check it out with its history (fetch-depth: 0"},
		"revision":         {[]string{"--depth=1"}, []string{"--base", "0123456789012345678901234567890123456789"}, 1, "names no commit here, nor one that origin gives"},
		"revision's name":  {nil, []string{"--base", "--output=pwned"}, 1, "--base --output=pwned names no commit"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClone(t, v.how...)
			if err := os.RemoveAll(filepath.Join(filepath.Dir(c.dir), "origin")); err != nil {
				t.Fatal(err)
			}
			if status, said := c.check(t, "sh", v.args...); status != v.want || !strings.Contains(said, v.says) {
				t.Errorf("exit status %d, want %d; said %q, which should have %q", status, v.want, said, v.says)
			}
			if calls := c.called(t, "check"); len(calls) != 1-v.want {
				t.Errorf("muxbench was called with %q", calls)
			}
		})
	}
}

func TestRevisionIsFetchedByItsHash(t *testing.T) {
	c := newClone(t, "--depth=1")
	status, said := c.check(t, "sh", "--base", c.main)
	if got := c.checkedBase(t); status != 0 || got != c.main {
		t.Errorf("exit status %d, base %s, want %s: %s", status, got, c.main, said)
	}
}

func TestUnrelatedHistory(t *testing.T) {
	c := newClone(t)
	origin := filepath.Join(filepath.Dir(c.dir), "origin")
	git(t, origin, "checkout", "-q", "--orphan", "unrelated")
	git(t, origin, "commit", "-q", "--allow-empty", "-m", "another beginning")
	if status, said := c.check(t, "sh", "--target", "unrelated"); status != 1 || !strings.Contains(said, "have no commit in common") {
		t.Errorf("exit status %d: %s", status, said)
	}
}

// Whoever opens a pull request chooses names. They are names of branches, or
// refused, and nothing else.
func TestHostileNames(t *testing.T) {
	c := newClone(t)
	origin, before := filepath.Join(filepath.Dir(c.dir), "origin"), c.env
	for name, branch := range map[string]bool{ // whether git allows it
		"$(touch${IFS}pwned)": true, "`touch${IFS}pwned`": true, ";touch${IFS}pwned;": true, `"&&touch${IFS}pwned;"`: true, "'|touch${IFS}pwned'": true,
		"-upload-pack=touch${IFS}pwned": true, "%s%n": true, "$FAKE_CALLS": true, "a,b&c>pwned": true,
		"a b": false, "a\n::error::b": false, "\x1b[2J": false, "a..b": false, "*": false, "main:refs/heads/pwned": false, "a\\b": false, "~/x": false,
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(c.calls) // that there are none is no failure
			want := 2
			if branch {
				git(t, origin, "update-ref", "refs/heads/"+name, "main")
				want = 0
			}
			c.env = append(slices.Clip(before), "GITHUB_BASE_REF="+name, "GITHUB_ACTIONS=true", "FAKE_STATUS=3")
			status, said := c.check(t, "sh", "--out", filepath.Join(t.TempDir(), "out"))
			if status != want || strings.ContainsRune(said, '\x1b') || strings.Contains(said, "\n::error") {
				t.Errorf("exit status %d, want %d: %q", status, want, said)
			}
			if branch && c.checkedBase(t) != c.base {
				t.Errorf("the base is %s, want %s", c.checkedBase(t), c.base)
			}
			for _, dir := range []string{c.dir, filepath.Dir(c.dir)} {
				if found, err := filepath.Glob(filepath.Join(dir, "*pwned*")); err != nil || len(found) > 0 {
					t.Errorf("there is %s (%v)", found, err)
				}
			}
			if refs := git(t, c.dir, "for-each-ref", "refs/heads"); strings.Contains(refs, "pwned") {
				t.Errorf("there is a branch: %s", refs)
			}
		})
	}
}

// Without --muxbench it is built of the clone, whose exit statuses come through.
func TestMuxbenchOfTheClone(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("go is needed: %v", err)
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	c := newClone(t)
	for name, content := range map[string]string{"go.mod": "module muxbench\n\ngo 1.26.0\n", "cmd/muxbench/main.go": "package main\n\nimport \"os\"\n\nfunc main() { os.Exit(99) }\n"} {
		path := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script, err := filepath.Abs("check.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, "--target", "main")
	cmd.Dir, cmd.Env = filepath.Join(c.dir, "cmd"), c.env // it need not be the top
	out, _ := cmd.CombinedOutput()                        // its status tells
	if cmd.ProcessState.ExitCode() != 99 {
		t.Errorf("%s: %s", cmd.ProcessState, out)
	}
}
