//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"muxbench/results"
	"muxbench/results/gate"
)

// checkOf is a check of so many blocks whose head and whose control have these ratios
// to the base, each within half a per cent.
func checkOf(blocks int, head, control float64, injected int64) *results.File {
	of := cell
	of.Subject = "epoll-lt"
	f := &results.File{
		Run:   results.Run{Gate: &results.Gate{Threshold: 0.03, InjectedNS: injected}},
		Looks: []results.Looks{{Type: "looks", Cell: of, Blocks: 9, Deviation: 0.003, Threshold: 0.03}},
	}
	for block := range blocks {
		for i, ratio := range []float64{1, control, head} {
			t := trial([]string{"epoll-lt@base", "epoll-lt@base/control", "epoll-lt"}[i], block, int64(10000*ratio*(1+0.001*float64((block+5*i)%9-4))))
			t.Cell, t.Reference, t.Control = of, i == 0, i == 1
			f.Trials = append(f.Trials, t)
		}
	}
	return f
}

// verdictFile is a check that comes to a verdict.
func verdictFile(v gate.Verdict, injected int64) *results.File {
	switch v {
	case gate.Regression:
		return checkOf(9, 1.05, 1, injected)
	case gate.Improved:
		return checkOf(9, 0.95, 1, injected)
	case gate.Inconclusive:
		return checkOf(3, 1, 1, injected)
	case gate.Invalid:
		return checkOf(9, 1, 1.04, injected)
	}
	return checkOf(9, 1, 1, injected)
}

// checksOf are checks that took 20 s and came to verdicts, such as "|||| pass, | invalid",
// with the exit statuses of those.
func checksOf(t *testing.T, want int, line string, injected int64) collected {
	t.Helper()
	done := collected{want: want}
	var wanted []gate.Verdict
	status := map[gate.Verdict]int{gate.Regression: 99, gate.Inconclusive: 3, gate.Invalid: 4}
	for _, part := range strings.Split(line, ", ") {
		number, word, _ := strings.Cut(part, " ")
		v := gate.Verdict(word)
		for range len(number) { // a stroke for each
			done.repetitions = append(done.repetitions, []measured{{
				step: step{check: true}, file: verdictFile(v, injected), record: record{Status: status[v], TookNS: int64(20 * time.Second)},
			}})
			wanted = append(wanted, v)
		}
	}
	for i, c := range done.checks() {
		if c.Verdict != wanted[i] {
			t.Fatalf("the check that is to be %s is %s", wanted[i], c.Verdict)
		}
	}
	return done
}

// strokes write a number so that checksOf reads it.
func strokes(n int, v gate.Verdict) string { return strings.Repeat("|", n) + " " + string(v) }

func TestJudgeGateIdentical(t *testing.T) {
	for _, c := range []struct {
		name string
		came []string
		want verdict
	}{
		{"all pass", []string{strokes(60, gate.Pass)}, holds},
		{"as many as may", []string{strokes(55, gate.Pass), strokes(1, gate.Regression), strokes(4, gate.Inconclusive)}, holds},
		{"two alarms", []string{strokes(58, gate.Pass), strokes(2, gate.Regression)}, fails},
		{"two alarms of few", []string{strokes(2, gate.Regression)}, fails},
		{"undecided", []string{strokes(55, gate.Pass), strokes(5, gate.Inconclusive)}, fails},
		{"too few", []string{strokes(10, gate.Pass)}, few},
		{"six say nothing", []string{strokes(54, gate.Pass), strokes(6, gate.Invalid)}, holds},
		{"seven say nothing", []string{strokes(53, gate.Pass), strokes(7, gate.Invalid)}, few},
	} {
		done := checksOf(t, 60, strings.Join(c.came, ", "), 0)
		all := judgeGateIdentical(done)
		if got := verdictOf(all[0], len(done.repetitions) < 60); got != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.name, got, c.want, all[0])
		}
	}
}

func TestJudgeGateSlower(t *testing.T) {
	for _, c := range []struct {
		name        string
		came        []string
		five, three verdict // of which all are to be found, and 19
	}{
		{"all", []string{strokes(20, gate.Regression)}, holds, holds},
		{"one passes", []string{strokes(19, gate.Regression), strokes(1, gate.Pass)}, fails, holds},
		{"one is undecided", []string{strokes(19, gate.Regression), strokes(1, gate.Inconclusive)}, fails, holds},
		{"one improves", []string{strokes(19, gate.Regression), strokes(1, gate.Improved)}, fails, holds},
		{"two are undecided", []string{strokes(18, gate.Regression), strokes(2, gate.Inconclusive)}, fails, fails},
		{"two pass", []string{strokes(2, gate.Pass)}, fails, fails},
		{"one says nothing", []string{strokes(19, gate.Regression), strokes(1, gate.Invalid)}, few, holds},
		{"two say nothing", []string{strokes(18, gate.Regression), strokes(2, gate.Invalid)}, few, few},
		{"too few", []string{strokes(3, gate.Regression)}, few, few},
		{"of more, two are undecided", []string{strokes(38, gate.Regression), strokes(2, gate.Inconclusive)}, fails, holds},
		{"of more, two pass", []string{strokes(38, gate.Regression), strokes(2, gate.Pass)}, fails, fails},
	} {
		done := checksOf(t, 20, strings.Join(c.came, ", "), 500)
		short := len(done.repetitions) < 20
		if got := verdictOf(judgeGateSlower(done, 1, 0)[0], short); got != c.five {
			t.Errorf("%s: %q, want %q where all are to be found", c.name, got, c.five)
		}
		if got := verdictOf(judgeGateSlower(done, 0.95, 1)[0], short); got != c.three {
			t.Errorf("%s: %q, want %q where 19 are", c.name, got, c.three)
		}
	}
}

func TestJudgeGateFour(t *testing.T) {
	for came, want := range map[string]verdict{
		strokes(5, gate.Pass): holds,
		strokes(4, gate.Pass) + ", " + strokes(1, gate.Improved):     holds,
		strokes(4, gate.Pass) + ", " + strokes(1, gate.Inconclusive): fails,
		strokes(4, gate.Pass) + ", " + strokes(1, gate.Regression):   fails,
		strokes(4, gate.Pass) + ", " + strokes(1, gate.Invalid):      few,
		strokes(2, gate.Pass): few,
	} {
		done := checksOf(t, 5, came, 0)
		if got := verdictOf(judgeGateFour(done)[0], len(done.repetitions) < 5); got != want {
			t.Errorf("%s: %q, want %q", came, got, want)
		}
	}
}

func TestAGateThatTakesLongDisprovesItsClaim(t *testing.T) {
	one := checksOf(t, 20, strokes(20, gate.Regression), 500)
	one.repetitions[7][0].record.TookNS = int64(checkWithin) + 1
	four := checksOf(t, 5, strokes(5, gate.Pass), 0)
	four.repetitions[1][0].record.TookNS = int64(checkFourWithin) + 1
	for name, f := range map[string]finding{"one cell": judgeGateSlower(one, 1, 0)[0], "four": judgeGateFour(four)[0]} {
		if got := verdictOf(f, false); got != fails {
			t.Errorf("%s: %q: %+v", name, got, f)
		}
	}
}

func TestWhatIsSaidOfChecks(t *testing.T) {
	done := checksOf(t, 20, strokes(2, gate.Regression)+", "+strokes(6, gate.Invalid), 400)
	done.repetitions[1][0].file.Looks[0].Threshold = 0.04
	done.repetitions[1][0].record = record{Status: 3, TookNS: int64(40 * time.Second)}
	all := judgeGateSlower(done, 1, 0)
	if want := "2 regression, 6 invalid; estimates +5.10 % (+5.10 to +5.10), of +4.00 % (+4.00 to +4.00) put in; of 1 the threshold was more than was asked for, as blocks differed; 20 s, at most 40"; all[0].measured != want {
		t.Errorf("it is %q, want %q", all[0].measured, want)
	}
	if f := find(t, all, "invalid"); !strings.Contains(f.measured, "007: epoll-lt: two identical servers differed") || !strings.HasSuffix(f.measured, "and 1 more") {
		t.Errorf("of invalid ones it says %q", f.measured)
	}
	if f := find(t, all, "otherwise"); f.measured != "002: as inconclusive then, as regression by the rules of now" {
		t.Errorf("of one that was judged otherwise it says %q", f.measured)
	}
}
