//go:build linux

package results_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/results"
)

// TestDecodeWithAnyBitFlipped: a damaged line costs itself. The blocks differ
// in more than one bit: nothing can tell a trial from the damaged one that has
// become its double.
func TestDecodeWithAnyBitFlipped(t *testing.T) {
	content := []byte(strings.Join([]string{
		runLine,
		with(`"block":0`, `"block":0,"slices":[{"turn":0,"messages":5},{"turn":1}],"errors":{"reset":2}`),
		// One bit away from a newline: flipped, they split their line.
		with(`"block":0`, `"block":3,"reason":"J*"`),
		with(`"block":0`, `"block":5,"options":{"entry":"raw"},"rate":0.5`),
	}, "\n") + "\n")
	whole, err := results.Decode(bytes.NewReader(content), "whole")
	if err != nil || len(whole.Trials) != 3 || len(whole.Warnings) > 0 {
		t.Fatalf("undamaged: %v, %+v", err, whole)
	}
	lines := bytes.SplitAfter(bytes.Clone(content), []byte("\n"))
	var begin int
	for number, line := range lines {
		for i, b := range line {
			for bit := range 8 {
				content[begin+i] = b ^ 1<<bit
				undamaged := trialsWithout(whole.Trials, number, b == '\n')
				checkDamaged(t, content, number == 0, undamaged)
				if t.Failed() {
					t.Fatalf("bit %d of byte %d of line %d: %q", bit, i, number+1, content[begin:begin+len(line)])
				}
			}
			content[begin+i] = b
		}
		begin += len(line)
	}
}

// trialsWithout leaves out the trial on the line of that number, from 0, and
// the next one if the two are joined.
func trialsWithout(trials []results.Trial, line int, joined bool) []results.Trial {
	var rest []results.Trial
	for i, t := range trials {
		if at := i + 1; at != line && !(joined && at == line+1) {
			rest = append(rest, t)
		}
	}
	return rest
}

func checkDamaged(t *testing.T, content []byte, first bool, undamaged []results.Trial) {
	t.Helper()
	f, err := results.Decode(bytes.NewReader(content), "damaged.jsonl")
	if err != nil {
		if !first || !strings.HasPrefix(err.Error(), "damaged.jsonl:1: ") {
			t.Errorf("refused as a whole: %v", err)
		}
		return
	}
	lines := bytes.Count(content, []byte("\n"))
	if !bytes.HasSuffix(content, []byte("\n")) {
		lines++
	}
	for _, w := range f.Warnings {
		var at *results.SyntaxError
		if !errors.As(w, &at) || at.File != "damaged.jsonl" || at.Line < 2 || at.Line > lines || at.Err == nil {
			t.Errorf("warning %#v, want a SyntaxError on one of lines 2 to %d", w, lines)
		}
	}
	if n := len(f.Trials); n > len(undamaged)+1 {
		t.Errorf("%d trials came of %d and a damaged one", n, len(undamaged))
	}
	found := 0
	for _, trial := range f.Trials {
		if found < len(undamaged) && reflect.DeepEqual(trial, undamaged[found]) {
			found++
		}
	}
	if found < len(undamaged) {
		t.Errorf("%d of %d undamaged trials are there: %v", found, len(undamaged), f.Warnings)
	}
}

// onSmallDisk is the environment variable of a child process in which files
// cannot grow without bound.
const onSmallDisk = "MUXBENCH_TEST_SMALL_DISK"

// smallDisk runs the test that calls it once more, in a process of its own,
// and returns true in there.
func smallDisk(t *testing.T) bool {
	t.Helper()
	if os.Getenv(onSmallDisk) != "" {
		// A write beyond the limit is then an error, as on a full disk, and
		// not the end of the process.
		signal.Ignore(syscall.SIGXFSZ)
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.v", "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), onSmallDisk+"=1", "GORACE=atexit_sleep_ms=0")
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("the child process: %v\n%s", err, out)
	}
	return false
}

// allowFileSize lets files grow to so many bytes.
func allowFileSize(t *testing.T, limit uint64) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: min(limit, old.Max), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
}

// The disk is full at some byte of what is appended. Nothing is lost of what
// was there, and once there is room the run goes on.
func TestAppendOnAFullDisk(t *testing.T) {
	if !smallDisk(t) {
		return
	}
	for _, room := range []uint64{0, 1, 500, 1000, 1500} {
		w, err := results.Create(t.TempDir(), exampleRun())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(exampleTrial(0)); err != nil {
			t.Fatal(err)
		}
		before := content(t, w.Path())
		allowFileSize(t, uint64(len(before))+room)
		for range 2 {
			err = w.Append(exampleTrial(1), exampleTrial(2))
			if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), w.Path()) {
				t.Errorf("room for %d bytes: %v, want EFBIG and the file's name", room, err)
			}
			if after := content(t, w.Path()); after != before {
				t.Errorf("room for %d bytes: the file now ends in %q", room, after[min(len(before), len(after)):])
			}
		}
		allowFileSize(t, math.MaxUint64)
		if err := w.Append(exampleTrial(3)); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		f, err := results.Open(w.Path())
		if err != nil || len(f.Warnings) > 0 || len(f.Trials) != 2 || f.Trials[0].Block != 0 || f.Trials[1].Block != 3 {
			t.Errorf("room for %d bytes: %v, %+v, want blocks 0 and 3", room, err, f)
		}
	}
}

// A run that cannot even begin leaves nothing that the next attempt would
// take for a run.
func TestCreateOnAFullDisk(t *testing.T) {
	if !smallDisk(t) {
		return
	}
	dir := t.TempDir()
	for _, room := range []uint64{0, 1, 100} {
		allowFileSize(t, room)
		_, err := results.Create(dir, exampleRun())
		allowFileSize(t, math.MaxUint64)
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), filepath.Join(dir, results.FileName)) {
			t.Errorf("room for %d bytes: %v, want EFBIG and the file's name", room, err)
		}
		checkEmpty(t, dir)
	}
	if _, err := results.Create(dir, exampleRun()); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%s holds %v (%v), want nothing", dir, entries, err)
	}
}

func TestCreateWhereNothingMayBeWritten(t *testing.T) {
	obeyModes(t)
	locked := t.TempDir()
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) }) // or it cannot be removed
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir, named string
		want       error
	}{
		{locked, filepath.Join(locked, results.FileName), fs.ErrPermission},
		{filepath.Join(locked, "new", "run"), filepath.Join(locked, "new"), fs.ErrPermission},
		{file, file, syscall.ENOTDIR},
		{filepath.Join(file, "run"), file, syscall.ENOTDIR},
		{"/proc/muxbench", "/proc/muxbench", fs.ErrNotExist}, // nobody makes anything there
	} {
		_, err := results.Create(tt.dir, exampleRun())
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.named) {
			t.Errorf("Create(%s): %v, want %v and %s", tt.dir, err, tt.want, tt.named)
		}
	}
	checkEmpty(t, locked)
	if got := content(t, file); got != "" {
		t.Errorf("the file in the way now holds %q", got)
	}
}

// obeyModes makes this thread subject to the modes of files, which root is
// not, until the test ends.
func obeyModes(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var held [2]unix.CapUserData
	if err := unix.Capget(&header, &held[0]); err != nil {
		t.Fatal(os.NewSyscallError("capget", err))
	}
	fewer := held
	fewer[0].Effective &^= 1 << unix.CAP_DAC_OVERRIDE
	if err := unix.Capset(&header, &fewer[0]); err != nil {
		t.Fatal(os.NewSyscallError("capset", err))
	}
	t.Cleanup(func() {
		if err := unix.Capset(&header, &held[0]); err != nil {
			t.Error(os.NewSyscallError("capset", err))
		}
		runtime.UnlockOSThread()
	})
}
