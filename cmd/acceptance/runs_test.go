//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muxbench/results"
)

// stub is a muxbench that copies a result to where it is told to, counts its
// runs, and ends with a status. It reports the same on anything.
func stub(t *testing.T, status string) (b *bench, runs func() int) {
	t.Helper()
	b, asked := stubOf(t, status, results.Run{})
	return b, func() int { return len(asked()) }
}

// stubOf is a stub whose result is of a given run, and what it was asked for.
func stubOf(t *testing.T, status string, run results.Run, trials ...results.Trial) (b *bench, asked func() []string) {
	t.Helper()
	dir := t.TempDir()
	w, err := results.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) == 0 {
		trials = []results.Trial{trial("epoll-lt", 0, 10000), trial("epoll-lt", 1, 10000)}
	}
	if err := w.Append(trials...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "muxbench")
	if err := os.WriteFile(filepath.Join(dir, "report"), []byte(`{"crossovers":[{"arm":"epoll-lt","than":"poll","kind":"crosses","at":30}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n[ $1 = report ] && exec cat " + dir + "/report\nfor out; do :; done\necho \"$*\" >>" + dir + "/asked\ncp " + dir + "/run.jsonl \"$out\"\nexit " + status + "\n"
	if err := os.WriteFile(program, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	b = &bench{directory: t.TempDir(), muxbench: program, progress: &bytes.Buffer{}}
	return b, func() []string {
		lines, _ := os.ReadFile(filepath.Join(dir, "asked")) // none yet
		return slices.Collect(strings.Lines(string(lines)))
	}
}

var simple = claim{name: "simple", wanted: 3, steps: fixed(step{args: words("echo -c 5")})}

func TestOnlyWhatIsMissingIsMeasured(t *testing.T) {
	at := func(b *bench, n, name string) string { return filepath.Join(b.directory, "simple", n, name) }
	for _, c := range []struct {
		name  string
		spoil func(b *bench) error
		again int
	}{
		{"complete", func(*bench) error { return nil }, 0},
		{"one is missing", func(b *bench) error { return os.RemoveAll(at(b, "002", "")) }, 1},
		{"one was killed before its end", func(b *bench) error { return os.Remove(at(b, "003", recordName)) }, 1},
		{"a record is torn", func(b *bench) error { return os.WriteFile(at(b, "001", recordName), []byte(`{"args":["ec`), 0o666) }, 1},
		{"a result is torn", func(b *bench) error {
			whole, err := os.ReadFile(at(b, "001", results.FileName))
			if err != nil {
				return err
			}
			return os.WriteFile(at(b, "001", results.FileName), whole[:len(whole)-20], 0o666)
		}, 1},
		{"a result is gone", func(b *bench) error { return os.Remove(at(b, "001", results.FileName)) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, runs := stub(t, "4")
			if _, err := measure(t.Context(), simple, b, 0); err != nil {
				t.Fatal(err)
			}
			if runs() != 3 {
				t.Fatalf("it ran %d times, want 3", runs())
			}
			if err := c.spoil(b); err != nil {
				t.Fatal(err)
			}
			done, err := measure(t.Context(), simple, b, 0)
			if err != nil || len(done.repetitions) != 3 {
				t.Fatalf("%d repetitions, %v", len(done.repetitions), err)
			}
			if got := runs() - 3; got != c.again {
				t.Errorf("it measured %d again, want %d", got, c.again)
			}
			if got := done.repetitions[0][0].record.Status; got != 4 {
				t.Errorf("the status kept is %d, want 4", got)
			}
		})
	}
}

func TestWhatIsOfAnotherCommandIsNotTaken(t *testing.T) {
	b, runs := stub(t, "0")
	if _, err := measure(t.Context(), simple, b, 1); err != nil {
		t.Fatal(err)
	}
	other := simple
	other.steps = fixed(step{args: words("echo -c 6")})
	if _, err := measure(t.Context(), other, b, 1); err == nil || !strings.Contains(err.Error(), "choose another directory") || runs() != 1 {
		t.Errorf("it says %v after %d runs", err, runs())
	}
}

func TestARunThatLeavesNothingEndsTheClaim(t *testing.T) {
	for _, status := range []string{"2", "130"} {
		b, runs := stub(t, status)
		if done, err := measure(t.Context(), simple, b, 0); err == nil || runs() != 1 || len(done.repetitions) != 0 {
			t.Errorf("status %s: %v after %d runs", status, err, runs())
		}
	}
}

func TestAnInterruptKeepsWhatIsComplete(t *testing.T) {
	b, runs := stub(t, "0")
	if _, err := measure(t.Context(), simple, b, 2); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done, err := measure(ctx, simple, b, 0)
	if !errors.Is(err, context.Canceled) || len(done.repetitions) != 2 || runs() != 2 {
		t.Errorf("%d repetitions, %v, %d runs", len(done.repetitions), err, runs())
	}
}

func TestWhatIsCompleteIsReportedOn(t *testing.T) {
	b, runs := stub(t, "4")
	c := simple
	c.steps = fixed(step{args: words("overview"), report: true})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := measure(ctx, c, b, 2); err != nil {
		t.Fatal(err)
	}
	cancel() // and what is complete is reported on all the same
	done, err := measure(ctx, c, b, 0)
	if !errors.Is(err, context.Canceled) || runs() != 2 || len(done.reports("")) != 2 {
		t.Fatalf("%d reports, %v, %d runs", len(done.reports("")), err, runs())
	}
	want := crossed{Arm: "epoll-lt", Than: "poll", Kind: crosses, At: 30}
	for i, r := range done.reports("") {
		if len(r.Crossovers) != 1 || r.Crossovers[0] != want {
			t.Errorf("report %d has %+v, want %+v", i, r.Crossovers, want)
		}
	}
}

func TestTable(t *testing.T) {
	c := simple
	c.judge = func(collected) []finding {
		return []finding{{what: "a", required: "≤ 1", measured: "0", holds: true}, {what: "b", measured: "7"}}
	}
	done := collected{want: 3, repetitions: [][]measured{{{record: record{Status: 4}}}}}
	var out bytes.Buffer
	if err := print(&out, judged(c, done, 1, nil)); err != nil {
		t.Fatal(err)
	}
	want := `claim   what                                                                               required  measured (95 % interval)  repetitions  verdict
simple  a                                                                                  ≤ 1       0                         1 of 3       too few repetitions; so far it holds
        b                                                                                            7                         1 of 3       
        note: repetitions asked for: 1, wanted: 3                                                                       1 of 3       
        note: runs with exit status 4 (figures not to be trusted), which count: 1                                          1 of 3       
`
	if squeezed(out.String()) != squeezed(want) {
		t.Errorf("it prints\n%s", out.String())
	}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }
