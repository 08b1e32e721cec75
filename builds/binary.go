//go:build linux

// Package builds finds out what a binary is, and makes binaries of muxbench from
// a git revision and from a working tree, each in several layouts of its code.
//
// Where a function lies decides which cache lines and branch predictor entries it
// shares with others, so that a binary may be faster or slower by some per cent
// because of a change that is never executed. A linker that shuffles functions
// makes noise of that, which can be averaged, instead of a constant.
package builds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"
)

// Binary is a muxbench that this machine can run.
type Binary struct {
	Path     string // absolute
	Version  string // as it says itself; of one built here, the first 12 digits of its revision, and "+changes" if its files are not that revision's
	Go       string // that built it, such as go1.26.0
	Platform string // such as linux/amd64
}

const (
	// patience is how long a binary may take to say its version. It takes some
	// milliseconds; a cold disk and a busy machine are in it.
	patience = 10 * time.Second
	// longestVersion is how many bytes a version line may have.
	longestVersion = 256
	// excerpt is how many bytes of something else an error shows.
	excerpt = 60
)

// Examine asks the binary at path for its version, within 10 s or as long as ctx
// lives. It fails for whatever is no muxbench of this platform. What it has
// started has been killed when it returns.
func Examine(ctx context.Context, path string) (Binary, error) {
	return examine(ctx, path, patience)
}

// examine is Examine with another patience, for tests.
func examine(ctx context.Context, path string, patience time.Duration) (Binary, error) {
	absolute, err := filepath.Abs(path)
	if err == nil {
		err = executable(absolute)
	}
	if err != nil {
		return Binary{}, notMuxbench(path, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it did not say its version within %s", patience))
	defer cancel()
	printed, err := execution{program: absolute, args: []string{"version"}, most: longestVersion}.output(ctx)
	if err != nil {
		return Binary{}, notMuxbench(path, err)
	}
	b, err := parse(printed)
	if err != nil {
		return Binary{}, notMuxbench(path, err)
	}
	b.Path = absolute
	return b, nil
}

// notMuxbench says what was examined, why it failed, and what is wanted.
func notMuxbench(path string, err error) error {
	return fmt.Errorf("examining %q: %w; the path of a muxbench for %s is wanted, which \"go build ./cmd/muxbench\" makes", path, err, platform())
}

// executable says why a path cannot be run, in better words than exec(2) has.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file")
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("it is not executable (mode %s)", info.Mode().Perm())
	}
	return nil
}

// parse reads the line that "muxbench version" prints: the name, the version, the
// Go that built it, and the platform. Go's own version may have spaces.
func parse(printed string) (Binary, error) {
	line, terminated := strings.CutSuffix(printed, "\n")
	rest, named := strings.CutPrefix(line, "muxbench ")
	version, rest, versioned := strings.Cut(rest, " ")
	last := strings.LastIndexByte(rest, ' ')
	if !terminated || !named || !versioned || version == "" || last <= 0 || strings.ContainsFunc(line, unshown) {
		return Binary{}, fmt.Errorf("asked for its version it printed %q, not \"muxbench VERSION GO PLATFORM\"", cut(printed))
	}
	b := Binary{Version: version, Go: rest[:last], Platform: rest[last+1:]}
	if b.Platform != platform() {
		return Binary{}, fmt.Errorf("it is one for %q", cut(b.Platform))
	}
	return b, nil
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// unshown are characters that a terminal does not show as they are.
func unshown(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

// cut is the beginning of a text that may be long.
func cut(s string) string {
	if len(s) <= excerpt {
		return s
	}
	return strings.ToValidUTF8(s[:excerpt], "") + "…"
}
