//go:build linux

package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"muxbench/report"
	"muxbench/results"
)

// smallFile is a result file of two arms that are compared, and one that
// failed. Its reason is one bit away from a C1 character.
const smallFile = `{"type":"run","schema":1,"tool":"muxbench","version":"v1"}
{"type":"trial","scenario":"echo","connections":10,"arm":"select","backend":"select","reference":true,"status":"ok","values":{"server_cpu_ns_per_msg":90},"slices":[{"messages":10,"server_cpu_ns":900}]}
{"type":"trial","scenario":"echo","connections":10,"arm":"poll","backend":"poll","status":"ok","values":{"server_cpu_ns_per_msg":80},"slices":[{"messages":10,"server_cpu_ns":800}]}
{"type":"trial","scenario":"echo","connections":10,"arm":"epoll","backend":"epoll","status":"failed","reason":"\u001b[1m"}
`

// TestReportOfAFileWithAnyBitFlipped: what a damaged file still holds can be
// reported in every format, and prints.
func TestReportOfAFileWithAnyBitFlipped(t *testing.T) {
	content := []byte(smallFile)
	formats := map[string]func(io.Writer, report.Summary) error{
		"text": text(80), "markdown": report.Markdown, "csv": report.CSV, "json": report.JSON,
	}
	reported, charted := 0, 0
	leftOut := make(map[string]bool)
	for i, b := range content {
		for bit := range 8 {
			content[i] = b ^ 1<<bit
			f, err := results.Decode(bytes.NewReader(content), "damaged")
			if err != nil || knownBy(leftOut, f) {
				continue
			}
			sum := report.Summarise(f.Run, f.Trials)
			for format, to := range formats {
				if out := render(t, to, sum); !prints(out) {
					t.Fatalf("bit %d of byte %d: %s holds control characters: %q", bit, i, format, out)
				}
			}
			if reported++; reported%500 == 1 { // drawing takes its time
				for _, c := range report.Charts(sum) {
					checkSVG(t, c)
					charted++
				}
			}
		}
		content[i] = b
	}
	if reported < len(content) || charted == 0 {
		t.Errorf("%d reports and %d charts of %d bytes: the damage was not met", reported, charted, len(content))
	}
	t.Logf("%d reports of %d bytes, %d charts", reported, len(content), charted)
}

// knownBy says whether the same lines were left out before: then there is
// nothing new to report.
func knownBy(leftOut map[string]bool, f *results.File) bool {
	var left strings.Builder
	for _, u := range f.Trials {
		fmt.Fprintln(&left, u.Arm, u.Block)
	}
	known := leftOut[left.String()]
	leftOut[left.String()] = len(f.Trials) < strings.Count(smallFile, "trial")
	return known
}

func prints(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) < 0
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

// twoCharts is a summary that has two charts, the second of which takes more
// room: it has more to say.
func twoCharts() report.Summary {
	trials := []results.Trial{trial("select", 0, 1000), trial("poll", 0, 2000)}
	for i := range trials {
		trials[i].Values[results.LatencyP50], trials[i].Values[results.LatencyP90] = 1e5, 2e5*float64(i+1)
	}
	return report.Summarise(syntheticRun("echo"), trials)
}

// writers are the functions that write to a disk. Each is given a directory
// of its own, and says what its errors are to name.
func writers() map[string]func(dir string) (named string, err error) {
	return map[string]func(string) (string, error){
		"charts": func(dir string) (string, error) {
			_, err := report.WriteCharts(dir, report.Charts(twoCharts()))
			return dir, err
		},
		"Markdown": func(dir string) (string, error) {
			path := filepath.Join(dir, "report.md")
			return path, report.WriteMarkdown(path, twoCharts())
		},
	}
}

// TestWriteOnAFullDisk: the disk is full once most of the report is written.
// The one of the last time is still there, untouched, and nothing beside it.
func TestWriteOnAFullDisk(t *testing.T) {
	if !smallDisk(t) {
		return
	}
	for name, write := range writers() {
		dir := t.TempDir()
		if _, err := write(dir); err != nil {
			t.Fatal(err)
		}
		largest := 0
		old := make(map[string]string)
		for name, content := range files(t, dir) {
			largest = max(largest, len(content))
			old[name] = "old " + name
			if err := os.WriteFile(filepath.Join(dir, name), []byte(old[name]), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, limit := range []int{0, largest - 1} {
			allowFileSize(t, uint64(limit))
			named, err := write(dir)
			allowFileSize(t, math.MaxUint64)
			if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), named) {
				t.Errorf("%s, room for %d of %d bytes: %v, want EFBIG and %s", name, limit, largest, err, named)
			}
			if diff := cmp.Diff(old, files(t, dir)); diff != "" {
				t.Errorf("%s, room for %d of %d bytes: the old ones and what is there (-want +got):\n%s", name, limit, largest, diff)
			}
		}
	}
}

// files are the names in dir, and what the files hold.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, e := range entries {
		if e.IsDir() {
			found[e.Name()] = "a directory"
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(b)
	}
	return found
}

func TestWriteWhereNothingMayBeWritten(t *testing.T) {
	obeyModes(t)
	locked := t.TempDir()
	old := map[string]string{"report.md": "old", "echo-server-cpu.svg": "old"}
	for name, content := range old {
		if err := os.WriteFile(filepath.Join(locked, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) }) // or it cannot be removed
	for name, write := range writers() {
		for dir, want := range map[string]error{
			locked:                             fs.ErrPermission,
			"/proc/muxbench":                   fs.ErrNotExist, // nobody makes anything there
			filepath.Join(locked, "report.md"): syscall.ENOTDIR,
		} {
			if named, err := write(dir); !errors.Is(err, want) || !strings.Contains(err.Error(), named) {
				t.Errorf("%s into %s: %v, want %v and %s", name, dir, err, want, named)
			}
		}
	}
	if diff := cmp.Diff(old, files(t, locked)); diff != "" {
		t.Errorf("the old ones and what is there (-want +got):\n%s", diff)
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
