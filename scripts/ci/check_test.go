//go:build linux

package ci

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// shells of those that systems have as sh: dash or busybox, and bash.
func shells(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc([]string{"sh", "bash"}, func(name string) bool {
		_, err := exec.LookPath(name)
		return err != nil
	})
}

func TestVerdicts(t *testing.T) {
	for _, shell := range shells(t) {
		c := newClone(t)
		for i, v := range []struct {
			status, want  int
			args          string
			verdict, says string
		}{
			{0, 0, "", "pass", "no regression"},
			{0, 0, "--on-inconclusive fail --on-invalid fail", "pass", "no regression"},
			{1, 1, "", "failed", "it could not be done (status 1)"},
			{2, 2, "", "usage", "refused its flags"},
			{3, 0, "", "inconclusive", "neither found nor excluded: give it more time by --budget, or a quieter machine; the job goes on, as --on-inconclusive warn has it"},
			{3, 3, "--on-inconclusive fail", "inconclusive", "neither found nor excluded"},
			{3, 0, "--on-invalid fail", "inconclusive", "the job goes on"},
			{4, 0, "", "invalid", "not to be trusted: see its reasons above; the job goes on, as --on-invalid warn has it"},
			{4, 4, "--on-invalid fail", "invalid", "not to be trusted"},
			{4, 0, "--on-inconclusive fail", "invalid", "the job goes on"},
			{99, 99, "", "regression", "made it worse"},
			{99, 99, "--on-inconclusive warn --on-invalid warn", "regression", "made it worse"},
			{130, 130, "", "interrupted", "stopped before it ended"},
			{77, 77, "", "failed", "it could not be done (status 77)"},
		} {
			t.Run(fmt.Sprintf("%s %d %s", shell, v.status, v.args), func(t *testing.T) {
				outputs := filepath.Join(t.TempDir(), "outputs")
				c.env = append(c.env, fmt.Sprintf("FAKE_STATUS=%d", v.status), "GITHUB_ACTIONS=true", "GITHUB_OUTPUT="+outputs)
				status, said := c.check(t, shell, append([]string{"--target", "main", "--out", fmt.Sprintf("out-%d", i)}, strings.Fields(v.args)...)...)
				if status != v.want || !strings.Contains(said, "check.sh: "+v.verdict+": ") || !strings.Contains(said, v.says) {
					t.Errorf("exit status %d, want %d; said %q, which should have %q", status, v.want, said, v.says)
				}
				if warned := strings.Contains(said, "\n::warning title=muxbench check: "+v.verdict+"::"); warned != (v.status != v.want) {
					t.Errorf("warned: %t, and said %q", warned, said)
				}
				want := fmt.Sprintf("verdict=%s\nstatus=%d\n", v.verdict, v.status)
				if written, err := os.ReadFile(outputs); err != nil || string(written) != want {
					t.Errorf("outputs are %q (%v), want %q", written, err, want)
				}
			})
		}
	}
}

func TestWhatIsPassedOn(t *testing.T) {
	c := newClone(t)
	c.env = append(c.env, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+filepath.Join(t.TempDir(), "summary"))
	status, said := c.check(t, "sh", "--budget", "300s", "--layouts", "2", "--out", "a b/-o", "--base", c.base, "--", "-b", "epoll-lt,poll", "", "a  b", "$(touch pwned)", "*")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, said)
	}
	want := []string{"check", "--base-rev", c.base, "--layouts", "2", "--budget", "300s", "-o", "a b/-o/result", "-b", "epoll-lt,poll", "", "a  b", "$(touch pwned)", "*"}
	if calls := c.called(t, "check"); len(calls) != 1 || !slices.Equal(calls[0], want) {
		t.Errorf("muxbench was called with %q, want %q", calls, want)
	}
	for name, format := range map[string]string{"junit.xml": "junit", "report.json": "json", "report.md": "markdown"} {
		if content, err := os.ReadFile(filepath.Join(c.dir, "a b/-o", name)); err != nil || string(content) != "report as "+format+"\n" {
			t.Errorf("%s holds %q (%v)", name, content, err)
		}
		if want := []string{"report", "a b/-o/result", "--format", format}; !slices.ContainsFunc(c.called(t, "report"), func(call []string) bool { return slices.Equal(call, want) }) {
			t.Errorf("muxbench was not called with %q", want)
		}
	}
	if changed := git(t, c.dir, "status", "--porcelain"); changed != "" {
		t.Errorf("the working tree has changes: %s", changed)
	}
}

func TestDefaults(t *testing.T) {
	for _, variable := range []string{"GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"} {
		c := newClone(t)
		c.env = append(c.env, variable+"=main", "FAKE_STATUS=3")
		status, said := c.check(t, "sh")
		want := []string{"check", "--base-rev", c.base, "--layouts", "4", "--budget", "120s", "-o", "muxbench-check/result"}
		if calls := c.called(t, "check"); status != 0 || len(calls) != 1 || !slices.Equal(calls[0], want) {
			t.Errorf("exit status %d: %s; muxbench was called with %q, want %q", status, said, calls, want)
		}
		if strings.Contains(said, "::warning") {
			t.Errorf("GitHub is told, which is not there: %s", said)
		}
	}
}

// A passed check whose reports are missing is none; of another verdict nothing
// is taken away.
func TestReports(t *testing.T) {
	for name, v := range map[string]struct {
		env  []string
		want int
		says string
	}{
		"not written":        {[]string{"FAKE_REPORT=1"}, 1, "muxbench-check/junit.xml could not be written"},
		"not written either": {[]string{"FAKE_REPORT=1", "FAKE_STATUS=99"}, 99, "check.sh: regression"},
		"no result":          {[]string{"FAKE_RESULT=", "FAKE_STATUS=1"}, 1, "there is no result"},
		"nothing measured":   {[]string{"FAKE_RESULT=", "FAKE_STATUS=0"}, 1, "check.sh: failed: nothing was measured"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClone(t)
			c.env = append(c.env, v.env...)
			status, said := c.check(t, "sh", "--target", "main")
			if status != v.want || !strings.Contains(said, v.says) {
				t.Errorf("exit status %d, want %d; said %q", status, v.want, said)
			}
			if _, err := os.Stat(filepath.Join(c.dir, "muxbench-check/junit.xml")); !os.IsNotExist(err) {
				t.Errorf("there is a report (%v)", err)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	c := newClone(t)
	if err := os.MkdirAll(filepath.Join(c.dir, "used/result"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		args []string
		want string
	}{
		{nil, "Give --target BRANCH, or --base REV"},
		{[]string{"--target"}, "--target needs a value"},
		{[]string{"--base", ""}, "--base needs a value"},
		{[]string{"--bas\033[2Je", "x"}, "no option --bas[2Je;"},
		{[]string{"--on-invalid", "ignore"}, "ignore is no action: fail or warn"},
		{[]string{"--on-inconclusive", "a fail"}, "a fail is no action"},
		{[]string{"--base", "HEAD"}, "there is nothing to compare"},
		{[]string{"--target", "change"}, "there is nothing to compare"},
		{[]string{"--target", "main", "--out", "used"}, "used has a result already"},
	} {
		status, said := c.check(t, "sh", v.args...)
		if status != 2 || !strings.Contains(said, v.want) || strings.ContainsRune(said, '\x1b') {
			t.Errorf("%q: exit status %d; said %q", v.args, status, said)
		}
	}
	if calls := c.called(t, "check"); len(calls) > 0 {
		t.Errorf("muxbench was called with %q", calls)
	}
	c.dir = t.TempDir()
	if status, said := c.check(t, "sh", "--target", "main"); status != 1 || !strings.Contains(said, "no git repository") {
		t.Errorf("exit status %d: %s", status, said)
	}
}

// A signal to the shell ends muxbench as a signal would, which then has its say.
func TestSignals(t *testing.T) {
	for _, shell := range shells(t) {
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(shell+" "+s.String(), func(t *testing.T) {
				c := newClone(t)
				bell := filepath.Join(t.TempDir(), "bell")
				if err := syscall.Mkfifo(bell, 0o600); err != nil {
					t.Fatal(err)
				}
				c.env = append(c.env, "FAKE_BELL="+bell, `FAKE_WORK=trap 'sleep 0.1; echo caught >>"$FAKE_CALLS"; exit 130' TERM; echo started >"$FAKE_BELL"; while :; do sleep 0.01; done`)
				cmd := c.command(t.Context(), t, shell, "--target", "main")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if rung, err := os.ReadFile(bell); err != nil || string(rung) != "started\n" { // once it is there
					t.Fatalf("%q, %v", rung, err)
				}
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait() // its status tells
				calls, err := os.ReadFile(c.calls)
				if cmd.ProcessState.ExitCode() != 130 || err != nil || !strings.Contains(string(calls), "caught") {
					t.Errorf("%s, and muxbench has %q (%v)", cmd.ProcessState, calls, err)
				}
				if calls := c.called(t, "report"); len(calls) != 3 {
					t.Errorf("what was measured was reported as %q", calls)
				}
			})
		}
	}
}
