//go:build linux

package builds

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// script writes a program for sh(1), and returns its path.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExamine(t *testing.T) {
	// Go's own version has spaces where an experiment is on.
	path := script(t, `[ "$*" = version ] && echo warning >&2 && echo "muxbench 0123456789ab+changes go1.26.8 X:nodwarf5 `+platform()+`"`)
	t.Chdir(filepath.Dir(path))
	got, err := Examine(t.Context(), "program")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Binary{Path: path, Version: "0123456789ab+changes", Go: "go1.26.8 X:nodwarf5", Platform: platform()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestExamineRefuses(t *testing.T) {
	const ours = `echo "muxbench v1 go1.26.8 ` // and a platform
	right := ours + platform() + `"`
	for name, c := range map[string]struct{ path, want string }{
		"nothing":            {filepath.Join(t.TempDir(), "absent"), "no such file"},
		"directory":          {t.TempDir(), "it is a directory"},
		"device":             {"/dev/null", "no regular file"},
		"no program":         {plain(t, right, 0o644), "not executable (mode -rw-r--r--)"},
		"no format":          {plain(t, "\x7fELF of something else", 0o755), "exec format error"},
		"silent":             {"/bin/true", `it printed ""`},
		"fails":              {"/bin/false", "exit status 1"},
		"fails later":        {script(t, right+"; echo no luck >&2; exit 3"), "exit status 3; it said: no luck"},
		"other words":        {script(t, "echo git version 2.39.5"), `it printed "git version 2.39.5\n"`},
		"no version":         {script(t, `echo "muxbench  go1.26.8 linux/amd64"`), "it printed"},
		"no Go":              {script(t, `echo "muxbench v1 linux/amd64"`), "it printed"},
		"no end of line":     {script(t, `printf "muxbench v1 go1 linux/amd64"`), "it printed"},
		"more lines":         {script(t, right+"; echo more"), "it printed"},
		"control characters": {script(t, `printf 'muxbench \033[2Jv1 go1 linux/amd64\n'`), `"muxbench \x1b[2Jv1`},
		"shouts in anger":    {script(t, `printf '\033[2J\377 no' >&2; exit 1`), "�[2J� no"},
		"platform":           {script(t, ours+`plan9/386"`), `it is one for "plan9/386"`},
		"long":               {script(t, `printf "muxbench v1 go1 linux/%0100d\n" 1`), "0…"},
		"flood":              {script(t, "yes"), `more than 256 bytes, beginning with "y\ny\n`},
		"stubborn flood":     {script(t, "trap '' PIPE; while :; do echo y; done 2>/dev/null"), "more than 256 bytes"},
		"flood of errors":    {script(t, "yes >&2"), "did not say its version within"},
		"hangs":              {script(t, "trap '' TERM INT; sleep 1000"), "did not say its version within"},
		"leaves something":   {script(t, right+"; sleep 1000 &"), "left something running"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := examine(t.Context(), c.path, time.Second)
			if err == nil {
				t.Fatal("it was taken for a muxbench")
			}
			for _, want := range []string{c.want, strconv.Quote(c.path), "a muxbench for " + platform() + " is wanted"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if long := 6000; len(err.Error()) > long || strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("raw, or %d bytes: %q", len(err.Error()), err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func plain(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a binary has started is gone with it, whether it hangs or answers.
func TestExamineLeavesNothingRunning(t *testing.T) {
	for name, end := range map[string]string{"hangs": "wait", "answers": "exec 1>&- 2>&-"} {
		t.Run(name, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			path := script(t, "echo muxbench v1 go1 "+platform()+"; sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >"+pid+"; "+end)
			_, err := examine(t.Context(), path, time.Second)
			if (err == nil) != (name == "answers") {
				t.Errorf("it returned %v", err)
			}
			gone(t, pid)
		})
	}
}

func TestExamineEndsWithItsContext(t *testing.T) {
	ctx, bell := untilRung(t)
	path := script(t, "echo >"+bell+"; sleep 1000")
	if _, err := Examine(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("it returned %v", err)
	}
}
