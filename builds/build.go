//go:build linux

package builds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// MostLayouts is how many layouts of one source may be asked for. Each takes one
// link, some seconds, and 20 MB of disk.
const MostLayouts = 64

// Progress is told before each layout is built, from 1 on, of how many.
type Progress func(layout, of int)

// Revision builds the revision rev of the git repository that holds the directory
// repo, in so many layouts, 1 to MostLayouts. Binaries are put into a fresh
// directory in the directory into, which has to exist, and are the caller's to
// remove; their version is the first 12 digits of the revision. Modules and the
// build cache are those of the user's Go. The build goes on as long as ctx lives;
// when it fails it leaves nothing behind, in the repository in no case.
func Revision(ctx context.Context, repo, rev string, layouts int, into string, progress Progress) ([]Binary, error) {
	r, err := open(ctx, repo)
	if err != nil {
		return nil, err
	}
	commit, err := r.resolve(ctx, rev)
	if err != nil {
		return nil, err
	}
	version := commit[:shortDigits]
	return source{name: "revision " + version, version: version}.build(ctx, layouts, into, progress, func(dir string) (string, error) {
		files := filepath.Join(dir, "source")
		if err := os.Mkdir(files, 0o755); err != nil {
			return "", err
		}
		return files, r.extract(ctx, commit, files)
	})
}

// Tree is Revision for the working tree that holds the directory repo, with its
// changes, built where it is. A file that is changed meanwhile may be in some layouts and
// not in others.
func Tree(ctx context.Context, repo string, layouts int, into string, progress Progress) ([]Binary, error) {
	r, err := open(ctx, repo)
	if err != nil {
		return nil, err
	}
	version, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return source{name: "working tree " + r.top, version: version}.build(ctx, layouts, into, progress, func(string) (string, error) {
		return r.top, nil
	})
}

// source is what is built.
type source struct{ name, version string }

// build makes binaries in a fresh directory in into, of the files in the directory
// that provide returns, which may put them into that one.
func (s source) build(ctx context.Context, layouts int, into string, progress Progress, provide func(dir string) (string, error)) (_ []Binary, err error) {
	if layouts < 1 || layouts > MostLayouts {
		return nil, fmt.Errorf("building %s in %d layouts: 1 to %d are possible", s.name, layouts, MostLayouts)
	}
	into, err = filepath.Abs(into)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", s.name, err)
	}
	dir, err := os.MkdirTemp(into, s.version+"-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for builds of %s: %w", s.name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	work := filepath.Join(dir, "work") // goes in any case
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, fmt.Errorf("building %s: %w", s.name, err)
	}
	files, err := provide(work)
	if err == nil {
		err = isMuxbench(files)
	}
	var made []Binary
	for layout := 1; layout <= layouts && err == nil; layout++ {
		progress(layout, layouts)
		var b Binary
		b, err = compile(ctx, files, work, filepath.Join(dir, fmt.Sprintf("muxbench-%d", layout)), flags(layout, layouts))
		b.Version = s.version
		made = append(made, b)
	}
	if err = errors.Join(err, os.RemoveAll(work)); err != nil {
		return nil, fmt.Errorf("building %s: %w", s.name, err)
	}
	return made, nil
}

// flags are the go command's for one layout of several. One that is alone has the
// linker's own order, as a user's build has.
//
// With -trimpath and without the state of a repository, nothing but the source
// and the layout tells two binaries from each other.
func flags(layout, of int) []string {
	all := []string{"-trimpath", "-buildvcs=false"}
	if of > 1 {
		all = append(all, fmt.Sprintf("-ldflags=-randlayout=%d", layout))
	}
	return all
}

// compile makes one binary, and sees whether it is one.
func compile(ctx context.Context, files, work, binary string, flags []string) (Binary, error) {
	args := append([]string{"build", "-o", binary}, flags...)
	// Workspaces do not concern a module that lies in one by chance; what is built
	// is run here; and what a killed go command leaves is removed with the rest.
	err := execution{
		program: "go", args: append(args, "./cmd/muxbench"), dir: files,
		env: []string{"GOWORK=off", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH, "GOTMPDIR=" + work},
	}.run(ctx, io.Discard)
	if err != nil {
		return Binary{}, fmt.Errorf("go %s ./cmd/muxbench: %w", strings.Join(args, " "), err)
	}
	return Examine(ctx, binary)
}

// isMuxbench says whether muxbench's source is in a directory.
func isMuxbench(dir string) error {
	const wanted = "muxbench's own repository is wanted, in a revision that has cmd/muxbench"
	module, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return fmt.Errorf("it has no go.mod that can be read (%w): %s", err, wanted)
	}
	name := ""
	for line := range strings.Lines(string(module)) {
		line, _, _ = strings.Cut(line, "//")
		if words := strings.Fields(line); len(words) == 2 && words[0] == "module" {
			name = strings.Trim(words[1], "\"`")
			break
		}
	}
	if name != "muxbench" {
		return fmt.Errorf("its go.mod is of module %q: %s", cut(name), wanted)
	}
	if info, err := os.Stat(filepath.Join(dir, "cmd", "muxbench")); err != nil || !info.IsDir() {
		return fmt.Errorf("it has no cmd/muxbench: %s", wanted)
	}
	return nil
}
