//go:build linux

package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muxbench/results/gate"
)

// comparedBy is what benchstat prints of two columns: of another unit, and of server CPU.
func comparedBy(sides, line string) string {
	return "goos: linux\n," + sides + ",,,\n,msgs/s,CI,msgs/s,CI,vs base,P\nEcho,505,1%,505,1%,~,p=1.000 n=9\ngeomean,505,,505,,+0.00%,\n\n," +
		sides + ",,,\n,server-cpu-sec/msg,CI,server-cpu-sec/msg,CI,vs base,P\n" + line + "\ngeomean,1.01e-05,,1.06e-05,,+4.95%,\n"
}

func TestParseBenchstat(t *testing.T) {
	for _, c := range []struct {
		name, printed string
		want          secondOpinion
		fails         string
	}{
		{"differs", comparedBy("base,,head", "Echo/backend=epoll-lt,1.01e-05,1%,1.06e-05,1%,+4.95%,p=0.003 n=9"), secondOpinion{change: 0.0495, p: 0.003, differs: true}, ""},
		{"does not", comparedBy("base,,head", "Echo,1.00e-05,1%,1.01e-05,1%,~,p=0.700 n=9+8"), secondOpinion{change: 0.01, p: 0.7}, ""},
		{"less", comparedBy("base,,head", "Echo,1.00e-05,∞,0.9e-05,∞,-10.00%,p=0.010 n=9"), secondOpinion{change: -0.1, p: 0.01, differs: true}, ""},
		{"the other way round", comparedBy("head,,base", "Echo,1.01e-05,1%,1.06e-05,1%,+4.95%,p=0.003 n=9"), secondOpinion{}, "base and head"},
		{"no CPU", strings.ReplaceAll(comparedBy("base,,head", "Echo,1,1%,1,1%,~,p=1 n=9"), "server-cpu", "load-cpu"), secondOpinion{}, "but of msgs/s, load-cpu-sec/msg"},
		{"no figure", comparedBy("base,,head", "Echo,,,1.06e-05,1%,,"), secondOpinion{}, "no comparison"},
		{"nothing", "", secondOpinion{}, "no comparison"},
	} {
		got, err := parseBenchstat([]byte(c.printed))
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want an error about %q", c.name, err, c.fails)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case math.Abs(got.change-c.want.change) > 1e-4 || got.p != c.want.p || got.differs != c.want.differs:
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
	}
}

func TestJudgeGateBenchstat(t *testing.T) {
	for _, c := range []struct {
		name   string
		came   gate.Verdict // of about +5, 0 or -5 %
		second *secondOpinion
		want   verdict
	}{
		{"the same", gate.Regression, &secondOpinion{change: 0.048, differs: true}, holds},
		{"not told, and about as much", gate.Regression, &secondOpinion{change: 0.04}, holds},
		{"not told, and less", gate.Regression, &secondOpinion{change: 0.02}, few},
		{"another size", gate.Regression, &secondOpinion{change: 0.08, differs: true}, fails},
		{"neither tells", gate.Pass, &secondOpinion{change: -0.01}, holds},
		{"the gate does not tell", gate.Pass, &secondOpinion{change: -0.015, differs: true}, holds},
		{"too far off", gate.Pass, &secondOpinion{change: -0.03, differs: true}, fails},
		{"another direction", gate.Improved, &secondOpinion{change: 0.05, differs: true}, fails},
		{"no benchstat", gate.Regression, &secondOpinion{missing: "no network"}, told},
	} {
		done := checksOf(t, 1, strokes(1, c.came), 0)
		done.repetitions[0][0].second = c.second
		f := judgeGateBenchstat(done)[0]
		if got := verdictOf(f, false); got != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.name, got, c.want, f)
		}
	}
	// Where both are certain that they are of different signs, no size excuses it.
	f := opinions("", secondOpinion{change: 0.005, differs: true}, gate.Ratio{Value: 0.995, Low: 0.99, High: 0.999, Interval: true, Blocks: 9})
	if f.holds {
		t.Errorf("opposed: %+v", f)
	}
	none := checksOf(t, 1, strokes(1, gate.Inconclusive), 0)
	none.repetitions[0][0].file.Trials, none.repetitions[0][0].second = nil, &secondOpinion{}
	if f := judgeGateBenchstat(none)[0]; verdictOf(f, false) != few {
		t.Errorf("no blocks: %+v", f)
	}
}

// TestSecondOpinion has a muxbench and a benchstat that are scripts.
func TestSecondOpinion(t *testing.T) {
	b, _ := stubOf(t, "0", aCheck)
	reported := filepath.Join(filepath.Dir(b.muxbench), "report")
	if err := os.WriteFile(reported, []byte("build: base\nBenchmarkEcho 1 10000 server-cpu-ns/msg\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	printed := filepath.Join(t.TempDir(), "printed")
	if err := os.WriteFile(printed, []byte(comparedBy("base,,head", "Echo,1e-05,1%,1.05e-05,1%,+5.00%,p=0.003 n=9")), 0o666); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n[ \"$*\" = '-col build@(base head) -format csv -' ] || exit 9\ngrep -q BenchmarkEcho && cat " + printed + "\n"
	if err := os.WriteFile(filepath.Join(b.directory, "benchstat"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	c := claim{name: "second", wanted: 1, steps: fixed(step{check: true, benchstat: true})}
	done, err := measure(t.Context(), c, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := done.checks()[0].second; got == nil || math.Abs(got.change-0.05) > 1e-9 || !got.differs {
		t.Errorf("the second opinion is %+v", got)
	}
	// Benchstat is not asked about nothing, of which it says nothing.
	if err := os.WriteFile(reported, []byte("Unit msgs/s better=higher\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if done, err = measure(t.Context(), c, b, 0); err != nil || *done.checks()[0].second != (secondOpinion{}) {
		t.Errorf("of a check without a valid block: %v", err)
	}
}
