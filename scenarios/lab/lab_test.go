//go:build linux

package lab_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
	"muxbench/scenarios/lab"
)

// TestMain lets demonstrations start this test binary anew, to play a part.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		if err := lab.Parts().Play(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestDemosComeOutAsExpected: on a kernel that does what those do that the words are
// of, and with what they take.
func TestDemosComeOutAsExpected(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range lab.Demos() {
		t.Run(d.Name, func(t *testing.T) {
			shown := d.Show(workbench.Reexec{Path: path, Args: []string{path, "part"}})
			for _, r := range shown.Rows {
				t.Logf("%s: want %q, got %q", r.Done, r.Expected, r.Observed)
				if utf8.RuneCountInString(r.Done) > 70 || utf8.RuneCountInString(r.Expected) > 40 || utf8.RuneCountInString(r.Observed) > 40 {
					t.Errorf("%s: %q, %q: too long for a table", r.Done, r.Expected, r.Observed)
				}
				if r.Expected != "" && !r.AsExpected {
					t.Errorf("%s: want %q, got %q", r.Done, r.Expected, r.Observed)
				}
			}
			for _, f := range shown.Failures {
				t.Error(f)
			}
			if shown.Skipped != "" {
				t.Skip(shown.Skipped)
			}
			if len(shown.Rows) == 0 {
				t.Error("nothing is shown")
			}
		})
	}
}

// TestFewDescriptorsAreNoFailure: what takes more than there may be is skipped, and says
// how many it takes.
func TestFewDescriptorsAreNoFailure(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	const few = 64
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: few, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	skipped := 0
	for _, d := range lab.Demos() {
		shown := d.Show(workbench.Reexec{Path: path, Args: []string{path, "part"}})
		for _, f := range shown.Failures {
			t.Errorf("%s: %s", d.Name, f)
		}
		if strings.Contains(shown.Skipped, "descriptors (ulimit -n), and has 64") {
			skipped++
		}
	}
	if skipped == 0 {
		t.Error("none is skipped")
	}
}

func TestDemosHaveTheirWords(t *testing.T) {
	seen := make(map[string]bool)
	for _, d := range lab.Demos() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(d.Name) || seen[d.Name] {
			t.Errorf("%q is no name, or there twice", d.Name)
		}
		seen[d.Name] = true
		if d.Title == "" || d.Why == "" || d.Advice == "" || d.Source == "" {
			t.Errorf("%s: a title, a reason, advice and a source are wanted", d.Name)
		}
	}
}
