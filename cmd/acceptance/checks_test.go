//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muxbench/results"
)

var (
	aCheck     = results.Run{Gate: &results.Gate{Threshold: 0.03}}
	checkClaim = claim{name: "simple", wanted: 2, steps: fixed(oneCell())}
)

func TestAChecksVerdictsAreNoErrors(t *testing.T) {
	for status, complete := range map[string]bool{"0": true, "3": true, "4": true, "99": true, "1": false, "2": false, "130": false} {
		b, asked := stubOf(t, status, aCheck)
		done, err := measure(t.Context(), checkClaim, b, 1)
		if complete != (err == nil) || complete != (len(done.checks()) == 1) || len(asked()) != 1 {
			t.Errorf("status %s: %d checks, %v, asked for %q", status, len(done.checks()), err, asked())
		}
	}
	b, _ := stub(t, "99")
	if _, err := measure(t.Context(), simple, b, 1); err == nil {
		t.Error("a run that ends with 99 is taken for complete")
	}
}

func TestTheBaseIsACopyWhosePlaceDoesNotMatter(t *testing.T) {
	b, asked := stubOf(t, "0", aCheck)
	if _, err := measure(t.Context(), checkClaim, b, 1); err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(b.directory, "base")
	if want := "check --base " + base + " -b epoll-lt -o "; len(asked()) != 1 || !strings.HasPrefix(asked()[0], want) {
		t.Fatalf("asked for %q, want %q", asked(), want)
	}
	copied, _ := os.ReadFile(base)
	program, err := os.ReadFile(b.muxbench)
	if err != nil || string(copied) != string(program) {
		t.Errorf("the base is no copy of muxbench: %v", err)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(b.directory, moved); err != nil {
		t.Fatal(err)
	}
	b.directory = moved
	if _, err := measure(t.Context(), checkClaim, b, 1); err != nil || len(asked()) != 1 {
		t.Errorf("after it was moved: %v, asked for %q", err, asked())
	}
}

// What a message costs is measured before each check, and what follows from it is kept
// and no reason to measure again.
func TestWhatFollowsFromWhatWasMeasured(t *testing.T) {
	// A message costs 10 µs, and of 500 ns on top 400 arrive.
	runs, _ := stubOf(t, "0", results.Run{}, trial("epoll-lt", 0, 10000), trial("epoll-lt/spin-500ns", 0, 10400))
	checks, asked := stubOf(t, "99", aCheck)
	script := "#!/bin/sh\ncase $1 in run) exec " + runs.muxbench + " \"$@\";; esac\nexec " + checks.muxbench + " \"$@\"\n"
	checks.muxbench = filepath.Join(t.TempDir(), "muxbench")
	if err := os.WriteFile(checks.muxbench, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	c := claim{name: "slower", wanted: 2, steps: fixed(slowed("", 0.05)...)}
	for range 2 {
		done, err := measure(t.Context(), c, checks, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range done.checks() {
			if want := []string{"--inject", "625ns"}; !slices.Equal(m.record.Late, want) || !strings.Contains(asked()[i], " --inject 625ns -o ") {
				t.Errorf("check %d has %q, and was asked for by %q", i, m.record.Late, asked()[i])
			}
		}
		if len(asked()) != 2 {
			t.Fatalf("%d checks were measured, want 2", len(asked()))
		}
		// It costs something else now.
		if err := os.RemoveAll(filepath.Join(checks.directory, "slower", "001", "base")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARunIsNoCheck(t *testing.T) {
	b, _ := stub(t, "0")
	if _, err := measure(t.Context(), checkClaim, b, 1); err == nil || errors.Is(err, errIncomplete) || !strings.Contains(err.Error(), "something else than a check") {
		t.Errorf("it says %v", err)
	}
}
