package gate

import (
	"fmt"
	"strconv"

	"muxbench/results"
)

// Counter is a number of system calls a message that differs between the builds. Where
// connections wait for each answer, and messages fit one read, it repeats to the
// digit: then a difference has nothing to do with noise.
type Counter struct {
	Name string  `json:"name"`
	Base float64 `json:"base"` // a message
	Head float64 `json:"head"` // a message, in the block that has the least
	// More says that the head has more in every block.
	More bool `json:"more"`
}

// String says what the head does instead of what, in as many digits as tell it.
func (c Counter) String() string {
	const digits, most = 4, 17
	for n := digits; ; n++ {
		head, base := strconv.FormatFloat(c.Head, 'g', n, 64), strconv.FormatFloat(c.Base, 'g', n, 64)
		if head != base || n == most {
			return fmt.Sprintf("%s %s instead of %s", head, c.Name, base)
		}
	}
}

// counted is a counter that may repeat to the digit.
type counted struct {
	name string
	of   func(results.Counters) int64
	in   func(results.Cell) bool
}

// exact are the counters that can be compared without any noise. Waits are among them
// only where one process is both sides: elsewhere a wait may find one message or two.
func exact() []counted {
	always := func(results.Cell) bool { return true }
	return []counted{
		{"reads", func(c results.Counters) int64 { return c.Reads }, always},
		{"writes", func(c results.Counters) int64 { return c.Writes }, always},
		{"registrations", func(c results.Counters) int64 { return c.Adds + c.Modifies + c.Removes }, always},
		{"waits", func(c results.Counters) int64 { return c.Waits }, func(c results.Cell) bool { return c.Scenario == results.ScenarioChain }},
	}
}

// fraction is calls over messages.
type fraction struct{ calls, messages int64 }

// compare is negative if f is less than g: multiplied crosswise, as floats would
// round. What a reader accepts is far from overflowing in floats of 64 bits, and
// compared exactly where it is below 2^53.
func (f fraction) compare(g fraction) int {
	a, b := float64(f.calls)*float64(g.messages), float64(g.calls)*float64(f.messages)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (f fraction) value() float64 { return float64(f.calls) / float64(f.messages) }

// countersOf are the exact counters in which all blocks of the head lie on one side of
// the base. They are exact where all blocks of base and control say the same: what
// varies between identical servers is not compared.
func countersOf(c results.Cell, base, control, head []results.Trial) []Counter {
	if c.SetsUp() || c.Open() || c.Scenario == results.ScenarioCtl {
		return nil
	}
	var all []Counter
	for _, counter := range exact() {
		same := fractions(counter, append(append([]results.Trial{}, base...), control...))
		heads := fractions(counter, head)
		if !counter.in(c) || len(same) < 2 || len(heads) == 0 || !equal(same) {
			continue
		}
		least, side := heads[0], 0
		for _, f := range heads {
			side += f.compare(same[0])
			if f.compare(least) < 0 {
				least = f
			}
		}
		if side == len(heads) || side == -len(heads) {
			all = append(all, Counter{counter.name, same[0].value(), least.value(), side > 0})
		}
	}
	return all
}

func equal(all []fraction) bool {
	for _, f := range all {
		if f.compare(all[0]) != 0 {
			return false
		}
	}
	return true
}

// fractions are of the trials that counted anything.
func fractions(counter counted, trials []results.Trial) []fraction {
	var all []fraction
	for _, t := range trials {
		var messages int64
		for _, s := range t.Slices {
			messages += s.Messages
		}
		if t.Status == results.StatusOK && t.Counters != nil && messages > 0 {
			all = append(all, fraction{counter.of(t.Counters.Server), messages})
		}
	}
	return all
}

// more are the counters of which the head has more, in words.
func (c *cell) more() []string {
	var all []string
	for _, d := range c.Counters {
		if d.More {
			all = append(all, d.String())
		}
	}
	return all
}
