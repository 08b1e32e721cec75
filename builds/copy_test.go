//go:build linux

package builds

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A copy is the same program under the same name, whatever becomes of the first.
func TestCopy(t *testing.T) {
	path := script(t, `echo "muxbench v1 go1.26.8 `+platform()+`"; # `+strings.Repeat("long ", 5000))
	first, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "made")
	second, err := first.Copy(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "program"); second.Path != want {
		t.Errorf("it is at %s, want %s", second.Path, want)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if again, err := Examine(t.Context(), second.Path); err != nil || again != second {
		t.Errorf("the copy is %+v, %v; want %+v", again, err, second)
	}
	if _, err := second.Copy(dir); err == nil || !strings.Contains(err.Error(), "file exists") {
		t.Errorf("over itself: %v", err)
	}
	if _, err := first.Copy(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("of what is no more: %v", err)
	}
}

// Where a file system runs no programs, that is said, and what to do.
func TestCopyWhereNothingRuns(t *testing.T) {
	const variable = "MUXBENCH_TEST_NOEXEC"
	if dir := os.Getenv(variable); dir != "" {
		_, err := Binary{Path: "/bin/true"}.Copy(dir)
		if err == nil || !strings.Contains(err.Error(), "permission denied; name a directory on another file system by TMPDIR") {
			t.Errorf("got %v", err)
		}
		return
	}
	dir := t.TempDir()
	mount := func(command ...string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "unshare", append([]string{"--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs -o noexec none "$0" && exec "$@"`, dir}, command...)...)
	}
	if out, err := mount("true").CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	this := mount(os.Args[0], "-test.run", "^"+t.Name()+"$")
	this.Env = append(os.Environ(), variable+"="+dir)
	if out, err := this.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
