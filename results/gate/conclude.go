package gate

import (
	"fmt"
	"math"
	"strings"
)

// unequal is the p up to which identical servers are said to differ, in any look: a gate
// that doubts itself too seldom is worse than one that does so too often.
const unequal = 0.05 / Looks

// conclude gives a cell its verdict, in a run that was too restless or not.
func (c *cell) conclude(restless bool) {
	c.Looks = c.course.looks
	c.NotSlower, c.NotSlowerAdjusted, c.NotFasterAdjusted, c.Slower = c.last.slower, c.slower, c.faster, c.last.allowed
	more := c.more()
	switch {
	case c.failure != "":
		c.say(Failed, c.failure)
	case len(more) > 0 && c.Looks > 0 && c.verdict != Improved && c.verdict != Regression:
		// Before whatever makes times worthless: numbers of calls have no noise.
		c.say(Regression, "the head does more for each message: "+strings.Join(more, ", "))
	case restless:
		c.say(Invalid, fmt.Sprintf("more than %g %% of all blocks were voided: the machine is too restless", 100*mostVoid))
	case c.controlDiffers():
		c.say(Invalid, fmt.Sprintf("two identical servers differed by %s (p = %.2g): figures of this machine are not to be trusted", change(c.Control.Value), c.Control.PAdjusted))
	case c.verdict == Regression:
		c.say(Regression, fmt.Sprintf("%s, in %d blocks (p = %.2g)", change(c.Ratio.Value), c.Blocks, c.NotSlowerAdjusted))
	case c.verdict == Improved:
		c.say(Improved, fmt.Sprintf("%s, in %d blocks (p = %.2g)", change(c.Ratio.Value), c.Blocks, c.NotFasterAdjusted))
	case c.verdict == Pass:
		why := fmt.Sprintf("a slowdown by %s is ruled out (p = %.2g)", percent(c.Cell.Threshold), c.Slower)
		if c.Widened() && c.asked() > Miss/Looks {
			why += fmt.Sprintf(", and by the %s asked for it is not", percent(c.Asked))
		}
		c.say(Pass, why)
	case c.Looks > 0 && c.Kept != nil && c.Kept.vague(c.Cell.Threshold):
		c.say(Inconclusive, fmt.Sprintf("the baseline's own interval (%.3f to %.3f) is too wide for a threshold of %s", c.Kept.Low, c.Kept.High, percent(c.Cell.Threshold)))
	case c.verdict == Inconclusive:
		c.say(Inconclusive, fmt.Sprintf("after %d blocks neither a slowdown nor that there is none by %s could be told", c.Blocks, percent(c.Cell.Threshold)))
	case c.Every == 0:
		c.say(Inconclusive, fmt.Sprintf("it ended after %s, before it could be looked at", plural(c.Blocks, "block")))
	default:
		c.say(Inconclusive, fmt.Sprintf("it ended after %s and %s, and %d are what the next takes", plural(c.Blocks, "block"), plural(c.Looks, "look"), (c.Looks+1)*c.Every))
	}
}

// asked is the p of a slowdown by what was asked for or more, at the last look.
func (c *cell) asked() float64 {
	return test(c.course.logs[:c.course.looks*c.course.blocks], math.Log1p(c.Cell.Asked), c.course.origin).allowed
}

func (c *cell) say(v Verdict, why string) { c.Cell.Verdict, c.Why = v, why }

// Decided says that further blocks would change nothing.
func (c Cell) Decided() bool {
	switch c.Verdict {
	case Inconclusive:
		return c.Looks == Looks
	case Invalid: // the machine may calm down: what is void is not looked at
		return c.Looks > 0
	}
	return true
}

// controlDiffers says that identical servers differ, and by as much as matters.
func (c *cell) controlDiffers() bool {
	return c.Control.Interval && c.Control.PAdjusted <= unequal && math.Abs(math.Log(c.Control.Value)) >= c.course.least
}

// change writes a ratio as what it changes.
func change(ratio float64) string {
	by := percent(math.Abs(ratio - 1))
	if ratio < 1 {
		return by + " less"
	}
	return by + " more"
}

// percent writes a share to two digits, or in whole per cent.
func percent(share float64) string {
	const whole, absurd = 0.995, 1e4
	if share >= whole && share < absurd {
		return fmt.Sprintf("%.0f %%", 100*share)
	}
	return fmt.Sprintf("%.2g %%", 100*share)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
