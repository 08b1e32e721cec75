//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"

	"muxbench/results/gate"
	"muxbench/results/stats"
)

// checked is a check, and what it comes to by the rules as they are now.
type checked struct {
	measured
	repetition string
	gate.Judgement
}

// checks are a claim's, repetition by repetition.
func (c collected) checks() []checked {
	var all []checked
	for i, steps := range c.repetitions {
		for _, m := range steps {
			if m.step.check && m.file != nil {
				all = append(all, checked{m, numbered(i + 1), gate.Judge(*m.file.Run.Gate, m.file.Looks, m.file.Trials)})
			}
		}
	}
	return all
}

// share is what was put in on top, as a share of what a message of the check's own
// base cost; not ok if nothing was, or nothing is known of that.
func (c checked) share() (share float64, ok bool) {
	if len(c.Cells) == 0 || c.Cells[0].Base <= 0 || c.file.Run.Gate.InjectedNS == 0 {
		return 0, false
	}
	return float64(c.file.Run.Gate.InjectedNS) / c.Cells[0].Base, true
}

// ended is the verdict as muxbench had it when it measured, in its exit status.
func (c checked) ended() (as string, same bool) {
	switch c.record.Status {
	case 0:
		return "pass or improved", c.Verdict == gate.Pass || c.Verdict == gate.Improved
	case 3:
		return string(gate.Inconclusive), c.Verdict == gate.Inconclusive
	case 4:
		return string(gate.Invalid), c.Verdict == gate.Invalid
	}
	return string(gate.Regression), c.Verdict == gate.Regression
}

// tally is what several checks came to.
type tally struct {
	checks    []checked
	verdicts  map[gate.Verdict]int
	estimates []float64 // of all cells of those that are valid, in shares
	shares    []float64 // that were put into those
	seconds   []float64
	raised    int // whose threshold had to be more than was asked for
}

func tallyOf(checks []checked) tally {
	t := tally{checks: checks, verdicts: map[gate.Verdict]int{}}
	for _, c := range checks {
		t.verdicts[c.Verdict]++
		t.seconds = append(t.seconds, time.Duration(c.record.TookNS).Seconds())
		if c.Verdict == gate.Invalid {
			continue
		}
		if slices.ContainsFunc(c.Cells, func(cell gate.Cell) bool { return cell.Threshold > cell.Asked }) {
			t.raised++
		}
		for _, cell := range c.Cells {
			if cell.Ratio.Blocks > 0 {
				t.estimates = append(t.estimates, cell.Ratio.Value-1)
			}
		}
		if share, ok := c.share(); ok {
			t.shares = append(t.shares, share)
		}
	}
	return t
}

// passed are the checks that a build would have got through.
func (t tally) passed() int { return t.verdicts[gate.Pass] + t.verdicts[gate.Improved] }

// within says that none took longer.
func (t tally) within(most time.Duration) bool {
	return !slices.ContainsFunc(t.seconds, func(s float64) bool { return s > most.Seconds() })
}

// String has all that was counted: what is not there is 0.
func (t tally) String() string {
	var parts []string
	for _, v := range []gate.Verdict{gate.Pass, gate.Improved, gate.Regression, gate.Inconclusive, gate.Invalid, gate.Failed} {
		if n := t.verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := strings.Join(parts, ", ") + "; estimates " + average(t.estimates)
	if len(t.shares) > 0 {
		text += ", of " + average(t.shares) + " put in"
	}
	if t.raised > 0 {
		text += fmt.Sprintf("; of %d the threshold was more than was asked for, as blocks differed", t.raised)
	}
	if len(t.seconds) > 0 {
		_, longest := stats.Range(t.seconds)
		text += fmt.Sprintf("; %.0f s, at most %.0f", stats.Median(t.seconds), longest)
	}
	return text
}

// average is the mean and range of shares.
func average(shares []float64) string {
	if len(shares) == 0 {
		return "unknown"
	}
	low, high := stats.Range(shares)
	return fmt.Sprintf("%+.2f %% (%+.2f to %+.2f)", stat.Mean(shares, nil)*100, low*100, high*100)
}

// mostNamed is how many checks of one verdict are named.
const mostNamed = 5

// others name each check that came to another verdict than was wanted, and why, and
// each that muxbench itself gave another one.
func (t tally) others(wanted ...gate.Verdict) []finding {
	var all []finding
	for _, v := range []gate.Verdict{gate.Pass, gate.Improved, gate.Regression, gate.Inconclusive, gate.Invalid, gate.Failed} {
		var named []string
		for _, c := range t.checks {
			if c.Verdict == v && !slices.Contains(wanted, v) {
				named = append(named, c.repetition+": "+c.why())
			}
		}
		if more := len(named) - mostNamed; more > 0 {
			named = append(named[:mostNamed], fmt.Sprintf("and %d more", more))
		}
		if len(named) > 0 {
			all = append(all, finding{what: "which were " + string(v), measured: strings.Join(named, "; ")})
		}
	}
	for _, c := range t.checks {
		if as, same := c.ended(); !same {
			all = append(all, finding{what: "judged otherwise when it was measured", measured: c.repetition + ": as " + as + " then, as " + string(c.Verdict) + " by the rules of now"})
		}
	}
	return all
}

// why is that of the cells that have the whole's verdict.
func (c checked) why() string {
	var all []string
	for _, cell := range c.Cells {
		if cell.Verdict == c.Verdict {
			all = append(all, cell.Subject+": "+cell.Why)
		}
	}
	return strings.Join(all, ", ")
}

func judgeGateIdentical(done collected) []finding {
	t := tallyOf(done.checks())
	alarms, undecided, invalid := t.verdicts[gate.Regression], t.verdicts[gate.Inconclusive], t.verdicts[gate.Invalid]
	return append([]finding{{
		what:     "identical builds",
		required: fmt.Sprintf("of %d at most %d regression and %d inconclusive", max(len(t.checks), done.want), mostAlarms, mostUndecided),
		measured: t.String(),
		holds:    alarms <= mostAlarms && undecided <= mostUndecided,
		open:     float64(invalid) > mostInvalid*float64(len(t.checks)),
		certain:  alarms > mostAlarms || undecided > mostUndecided,
	}}, t.others(gate.Pass)...)
}

// judgeGateSlower wants a share of checks to find what was put in. One that is
// invalid has found nothing, and has not overlooked it either: it leaves open what
// it would have to decide.
func judgeGateSlower(done collected, share float64, mostPassed int) []finding {
	t := tallyOf(done.checks())
	wanted := max(len(t.checks), done.want)
	least := int(math.Ceil(share * float64(wanted)))
	found, invalid := t.verdicts[gate.Regression], t.verdicts[gate.Invalid]
	missed := len(t.checks) - found - invalid
	disproved := missed > wanted-least || t.passed() > mostPassed || !t.within(checkWithin)
	return append([]finding{{
		what:     "slower builds",
		required: fmt.Sprintf("regression in %d of %d, at most %d passed, %s each", least, wanted, mostPassed, checkWithin),
		measured: t.String(),
		holds:    !disproved,
		open:     found < least-(wanted-len(t.checks)),
		certain:  disproved,
	}}, t.others(gate.Regression)...)
}

func judgeGateFour(done collected) []finding {
	t := tallyOf(done.checks())
	disproved := t.passed()+t.verdicts[gate.Invalid] < len(t.checks) || !t.within(checkFourWithin)
	return append([]finding{{
		what:     "identical builds, four cells",
		required: fmt.Sprintf("all pass, %s each", checkFourWithin),
		measured: t.String(),
		holds:    !disproved,
		open:     t.verdicts[gate.Invalid] > 0,
		certain:  disproved,
	}}, t.others(gate.Pass)...)
}
