//go:build linux

package builds

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// repository is a git repository.
type repository struct{ top string } // of its working tree, absolute, or where it is if it has none

// mostOutput is how many bytes git may print where it is asked something: names
// of changed files are the most of it.
const mostOutput = 16 << 20

// shortDigits of a revision are shown.
const shortDigits = 12

// open finds the repository that holds a directory.
func open(ctx context.Context, dir string) (repository, error) {
	absolute, err := filepath.Abs(dir)
	if err == nil {
		absolute, err = filepath.EvalSymlinks(absolute) // the way up begins where it really is
	}
	up := ""
	if err == nil {
		up, err = git(absolute, "rev-parse", "--show-cdup").output(ctx)
	}
	if err != nil {
		return repository{}, fmt.Errorf("finding the git repository that holds %q: %w; do it in a clone of muxbench's", dir, err)
	}
	return repository{filepath.Join(absolute, strings.TrimSuffix(up, "\n"))}, nil
}

// git is a git command in a directory. It asks nobody for a password, and takes
// no lock that it can do without. A hook has the variables of the repository that
// it runs in, which need not be the directory's.
func git(dir string, args ...string) execution {
	return execution{
		program: "git", args: args, dir: dir, most: mostOutput,
		env:     []string{"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"},
		without: []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"},
	}
}

// resolve finds the commit that a revision names: all its digits.
func (r repository) resolve(ctx context.Context, rev string) (string, error) {
	// Options end before rev, which somebody else may have chosen.
	out, err := git(r.top, "rev-parse", "--verify", "--end-of-options", rev+"^{commit}").output(ctx)
	if err != nil {
		return "", fmt.Errorf("finding revision %q in %q: %w; %s", rev, r.top, err, r.remedy(ctx))
	}
	commit := strings.TrimSuffix(out, "\n")
	if !regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`).MatchString(commit) {
		return "", fmt.Errorf("finding revision %q in %q: it names no single commit: give a hash, a branch or a tag", rev, r.top)
	}
	return commit, nil
}

// remedy is what to do about a revision that is not there.
func (r repository) remedy(ctx context.Context) string {
	if shallow, err := git(r.top, "rev-parse", "--is-shallow-repository").output(ctx); err == nil && shallow == "true\n" {
		return "this clone is shallow, and may lack it: fetch it first, or everything by \"git fetch --unshallow\""
	}
	return "give a hash, a branch or a tag, and fetch it first if it is somewhere else"
}

// state is the short revision of the working tree, and "+changes" if its files
// are not that revision's.
func (r repository) state(ctx context.Context) (string, error) {
	if inside, err := git(r.top, "rev-parse", "--is-inside-work-tree").output(ctx); err != nil || inside != "true\n" {
		return "", fmt.Errorf("finding the working tree of %q: it has none there: do it in a clone, or name a revision", r.top)
	}
	commit, err := r.resolve(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	// Without its monitor, which would stay, and is a program that the repository names.
	changed, err := git(r.top, "-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=normal").output(ctx)
	if err != nil {
		return "", fmt.Errorf("looking for changes in %q: %w", r.top, err)
	}
	if changed != "" {
		return commit[:shortDigits] + "+changes", nil
	}
	return commit[:shortDigits], nil
}
