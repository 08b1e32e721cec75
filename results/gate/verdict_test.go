package gate_test

import (
	"strings"
	"testing"

	"muxbench/results"
	"muxbench/results/gate"
)

func TestVerdicts(t *testing.T) {
	ended := func(trials []results.Trial, status results.Status, arm string, blocks ...int) []results.Trial {
		for i := range trials {
			for _, b := range blocks {
				if trials[i].Block == b && strings.HasSuffix(trials[i].Arm, arm) {
					trials[i].Status, trials[i].Reason = status, "so it was"
				}
			}
		}
		return trials
	}
	apart := func(ratio float64) func(int) costs { // control and base
		return func(b int) costs { c := steady(1)(b); c.control *= ratio; return c }
	}
	alternating := func(b int) costs { c := even(); c.head *= []float64{0.932, 1.139}[b%2]; return c }
	first := cellOf(0)
	tests := []struct {
		name   string
		trials []results.Trial
		want   gate.Verdict
		why    string // in the words of the verdict
		looks  int
	}{
		{"the same", blocks(first, 9, steady(1)), gate.Pass, "a slowdown by 3 % is ruled out", 1},
		{"a little slower", blocks(first, 9, steady(1.01)), gate.Pass, "is ruled out", 1},
		{"slower", blocks(first, 9, steady(1.04)), gate.Regression, "4.1 % more, in 9 blocks (p = 0.002)", 1},
		{"slower by half the threshold", blocks(first, 9, steady(1.02)), gate.Regression, "2.1 % more", 1},
		{"faster", blocks(first, 9, steady(0.95)), gate.Improved, "5 % less", 1},
		{"restless blocks", blocks(first, 27, alternating), gate.Inconclusive, "after 27 blocks neither", 3},
		{"restless blocks, the first look", blocks(first, 17, alternating), gate.Inconclusive, "after 17 blocks and 1 look, and 18 are what the next takes", 1},
		{"a block too few", blocks(first, 8, steady(1.04)), gate.Inconclusive, "after 8 blocks and 0 looks, and 9 are", 0},
		{"identical servers that differ", blocks(first, 9, apart(1.03)), gate.Invalid, "two identical servers differed by 2.9 % more", 1},
		{"identical servers that differ by little", blocks(first, 9, apart(1.008)), gate.Pass, "", 1},
		{"a head that fails", ended(blocks(first, 10, steady(1.04)), results.StatusFailed, "lt", 4), gate.Failed, "epoll-lt in block 4: failed: so it was", 1},
		{"a base that fails", ended(blocks(first, 9, steady(1.04)), results.StatusFailed, "@base", 0), gate.Failed, "epoll-lt@base in block 0", 0},
		{"a control that fails", ended(blocks(first, 9, steady(1)), results.StatusFailed, "/control", 8), gate.Failed, "epoll-lt@base/control in block 8", 1},
		{"a head that is skipped", ended(blocks(first, 9, steady(1)), results.StatusSkipped, "lt", 0, 1), gate.Failed, "skipped", 0},
		{"a block that was interrupted", ended(blocks(first, 10, steady(1)), results.StatusInterrupted, "", 9), gate.Pass, "", 1},
		{"two void blocks of eleven", ended(blocks(first, 11, steady(1)), results.StatusVoided, "", 2, 7), gate.Pass, "", 1},
		{"three void blocks of twelve", ended(blocks(first, 12, steady(1)), results.StatusVoided, "", 2, 7, 9), gate.Invalid, "more than 20 % of all blocks were voided", 1},
		{"three void blocks, and a failure", ended(ended(blocks(first, 12, steady(1)), results.StatusVoided, "", 2, 7, 9), results.StatusFailed, "lt", 4), gate.Failed, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := judge(test.trials)
			c := j.Cells[0]
			if j.Verdict != test.want || c.Verdict != test.want || c.Looks != test.looks || !strings.Contains(c.Why, test.why) {
				t.Errorf("%s after %d looks, and of all %s: %s\nwant %s after %d: %s", c.Verdict, c.Looks, j.Verdict, c.Why, test.want, test.looks, test.why)
			}
		})
	}
}

// Of all cells' verdicts the gravest is the gate's, and an improvement is one only if
// all others pass.
func TestTheGravestVerdictIsTheGates(t *testing.T) {
	kinds := map[gate.Verdict]func(i int) []results.Trial{
		gate.Pass:       func(i int) []results.Trial { return blocks(cellOf(i), 12, steady(1)) },
		gate.Improved:   func(i int) []results.Trial { return blocks(cellOf(i), 12, steady(0.9)) },
		gate.Regression: func(i int) []results.Trial { return blocks(cellOf(i), 12, steady(1.1)) },
		gate.Inconclusive: func(i int) []results.Trial {
			return blocks(cellOf(i), 3, steady(1))
		},
		gate.Invalid: func(i int) []results.Trial {
			return blocks(cellOf(i), 12, func(b int) costs { c := steady(1)(b); c.control *= 1.1; return c })
		},
		gate.Failed: func(i int) []results.Trial {
			trials := blocks(cellOf(i), 12, steady(1))
			trials[5].Status, trials[5].Reason = results.StatusFailed, "it broke"
			return trials
		},
	}
	order := []gate.Verdict{gate.Pass, gate.Improved, gate.Inconclusive, gate.Invalid, gate.Regression, gate.Failed}
	for i, a := range order {
		for _, b := range order[i:] {
			for _, pair := range [][2]gate.Verdict{{a, b}, {b, a}} {
				j := judge(kinds[pair[0]](0), kinds[pair[1]](1))
				if got, want := verdicts(j), string(b+": "+pair[0]+" "+pair[1]); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		}
	}
}

// Of one cell among several more is asked than of one alone, so that any of them
// raises a false alarm as seldom: nine blocks that agree are then too few.
func TestSeveralCellsAreHarderToAlarm(t *testing.T) {
	for n, want := range map[int]gate.Verdict{1: gate.Regression, 2: gate.Pass} {
		var looks []results.Looks
		var trials []results.Trial
		for i := range n {
			ratio := []float64{1.02, 1}[i] // by less than the threshold, and by more than half of it
			trials = append(trials, blocks(cellOf(i), 9, steady(ratio))...)
			looks = append(looks, lookAt(cellOf(i), 9))
		}
		if c := gate.Judge(results.Gate{Threshold: threshold}, looks, trials).Cells[0]; c.Verdict != want {
			t.Errorf("a cell of %d: %s, %s; want %s", n, c.Verdict, c.Why, want)
		}
	}
}

// Each look is at the blocks that it was to have, and what it decided stays: one that
// came too early or too late would count twice what happened by chance.
func TestLooksAreAtTheirBlocks(t *testing.T) {
	// Slower from the tenth block on: seen in the second look, and not in the first.
	later := func(from int) func(int) costs {
		return func(b int) costs {
			if b < from {
				return steady(1)(b)
			}
			return steady(1.3)(b)
		}
	}
	tests := []struct {
		from, blocks, looks int
		want                gate.Verdict
	}{
		{9, 27, 1, gate.Pass},        // decided before
		{0, 8, 0, gate.Inconclusive}, // not looked at
		{0, 9, 1, gate.Regression},
		{4, 17, 1, gate.Inconclusive},
		{4, 18, 2, gate.Regression},
		{4, 27, 2, gate.Regression},
	}
	for _, test := range tests {
		c := judge(blocks(cellOf(0), test.blocks, later(test.from))).Cells[0]
		if c.Verdict != test.want || c.Looks != test.looks {
			t.Errorf("slower from block %d, after %d blocks: %s in look %d, %s; want %s in look %d", test.from, test.blocks, c.Verdict, c.Looks, c.Why, test.want, test.looks)
		}
	}
}

// The threshold that looks carry is what a slowdown has to be below to pass, if it is the
// larger one; but one that shows, and is half of what was asked for, is never passed.
func TestAWidenedThreshold(t *testing.T) {
	for _, test := range []struct {
		ratio, carried, threshold float64
		want                      gate.Verdict
	}{
		{1.035, 0.01, 0.03, gate.Regression}, {1.035, 0.03, 0.03, gate.Regression}, {1.035, 0.1, 0.1, gate.Regression},
		{1.013, 0.1, 0.1, gate.Pass}, {0.965, 0.1, 0.1, gate.Improved}, {0.99, 0.1, 0.1, gate.Pass},
	} {
		l := lookAt(cellOf(0), 9)
		l.Threshold = test.carried
		c := gate.Judge(results.Gate{Threshold: threshold}, []results.Looks{l}, blocks(cellOf(0), 9, steady(test.ratio))).Cells[0]
		if c.Verdict != test.want || c.Threshold != test.threshold || c.Asked != threshold {
			t.Errorf("× %g, looks carry %g: %s at %g of %g asked for, want %s at %g", test.ratio, test.carried, c.Verdict, c.Threshold, c.Asked, test.want, test.threshold)
		}
	}
}

// What a widened threshold lets pass is not said to be more than it is, nor less: whether
// the one asked for is ruled out too is in the blocks.
func TestWhatAWidenedThresholdRulesOut(t *testing.T) {
	for spread, want := range map[float64]bool{0.001: false, 0.04: true} {
		l := lookAt(cellOf(0), 9)
		l.Threshold = 0.1
		c := gate.Judge(results.Gate{Threshold: threshold}, []results.Looks{l}, blocks(cellOf(0), 9, func(block int) costs {
			return steady(1.005 + spread*float64(block-4)/4)(block)
		})).Cells[0]
		if said := strings.Contains(c.Why, "by the 3 % asked for it is not"); c.Verdict != gate.Pass || said != want {
			t.Errorf("blocks that spread by %g: %s, %q", spread, c.Verdict, c.Why)
		}
	}
}

// Thresholds are written as one says them.
func TestThresholdsInWords(t *testing.T) {
	for threshold, want := range map[float64]string{0.005: "0.5 %", 0.03: "3 %", 0.125: "12 %", 1: "100 %", 1.1: "110 %", 2.5: "250 %"} {
		l := lookAt(cellOf(0), 9)
		l.Threshold = threshold
		c := gate.Judge(results.Gate{Threshold: 0.005}, []results.Looks{l}, blocks(cellOf(0), 9, func(int) costs { return even() })).Cells[0]
		if c.Verdict != gate.Pass || !strings.Contains(c.Why, "a slowdown by "+want+" is ruled out") {
			t.Errorf("%g: %s, want %s in it", threshold, c.Why, want)
		}
	}
}

// Without trials, and without any of a gate's, there is nothing to say.
func TestNothingToJudge(t *testing.T) {
	other := blocks(results.Cell{Scenario: "echo", Connections: 1}, 9, steady(1)) // without a subject
	for name, trials := range map[string][]results.Trial{"nothing": nil, "other servers": other} {
		if j := judge(trials); j.Verdict != gate.Inconclusive || len(j.Cells) != 0 {
			t.Errorf("%s: %s", name, verdicts(j))
		}
	}
}

// What a cell is said to have decided needs no further block.
func TestDecided(t *testing.T) {
	alternating := func(b int) costs { c := even(); c.head *= []float64{0.932, 1.139}[b%2]; return c }
	restless := func(n int) []results.Trial {
		trials := blocks(cellOf(0), n, steady(1))
		for i := range trials {
			if trials[i].Block%2 == 0 {
				trials[i].Status, trials[i].Reason = results.StatusVoided, "restless"
			}
		}
		return trials
	}
	for name, test := range map[string]struct {
		trials []results.Trial
		want   bool
	}{
		"before the first look":       {blocks(cellOf(0), 8, steady(1.1)), false},
		"passed":                      {blocks(cellOf(0), 9, steady(1)), true},
		"slower":                      {blocks(cellOf(0), 9, steady(1.1)), true},
		"undecided by the first look": {blocks(cellOf(0), 9, alternating), false},
		"undecided by the last":       {blocks(cellOf(0), 27, alternating), true},
		"restless, and not looked at": {restless(10), false},
		"restless, and looked at":     {restless(18), true},
	} {
		if c := judge(test.trials).Cells[0]; c.Decided() != test.want {
			t.Errorf("%s: %s, decided %v, want %v", name, c.Verdict, c.Decided(), test.want)
		}
	}
}
