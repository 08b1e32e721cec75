//go:build linux

package muxtest_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/workbench"
)

// TestMain lets cases start this test binary anew, to play a part.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		if err := muxtest.Parts(slices.Concat(muxtest.Subjects(), brokenSubjects())).Play(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Under -race a process lingers for a second, and these are waited for.
	if err := os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// reexec starts this test binary as TestMain has it.
func reexec(t *testing.T) workbench.Reexec {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return workbench.Reexec{Path: path, Args: []string{path, "part"}}
}

// TestConformance holds this host's kernel, every multiplexer and every backend to all
// that is expected of them.
func TestConformance(t *testing.T) {
	for _, s := range muxtest.Subjects() {
		t.Run(string(s.Tier)+"/"+s.Name, func(t *testing.T) {
			if err := s.Probe(); err != nil {
				t.Skipf("%s is unavailable on this host: %v", s.Name, err)
			}
			for _, c := range muxtest.Cases() {
				if !c.Applies(s) {
					continue
				}
				t.Run(c.ID, func(t *testing.T) {
					result := c.Try(t.Context(), s, reexec(t))
					for _, reason := range result.Reasons {
						t.Logf("%s: %s", c.Title, reason)
					}
					switch result.Verdict {
					case muxtest.Fail, muxtest.Differs:
						t.Errorf("%s on %s: %s", c, s.Name, result.Verdict)
					case muxtest.Skip:
						t.SkipNow()
					}
				})
			}
		})
	}
}

func TestCasesHaveUniqueIDs(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range muxtest.Cases() {
		if c.ID == "" || c.Title == "" || c.Source == "" || c.Tier == "" {
			t.Errorf("%v: a case needs an ID, a tier, a title and a source", c)
		}
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
	}
}

// Every case is about one of the subjects, or it tests nothing.
func TestCasesApply(t *testing.T) {
	for _, c := range muxtest.Cases() {
		if !slices.ContainsFunc(muxtest.Subjects(), c.Applies) {
			t.Errorf("%s applies to no subject", c)
		}
	}
}
