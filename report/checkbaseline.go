package report

import (
	"strings"

	"muxbench/results/gate"
)

// unlike says that the machine is not the baseline's, and in what: first in every
// format, as then nobody can tell what differs from what the machine makes differ. It is
// empty where there is nothing to say.
func (c Check) unlike() string {
	if len(c.Run.Gate.Unlike) == 0 {
		return ""
	}
	return "not the baseline's machine, so that what differs may be the machine's: " + plainText(strings.Join(c.Run.Gate.Unlike, "; "))
}

// qualified is a text after what has to be known to read it.
func (c Check) qualified(text string) string {
	for _, before := range []string{c.missing(), c.unlike()} {
		if before != "" {
			text = before + ". " + text
		}
	}
	return text
}

// byBaseline says that the head is held against what a file keeps.
func (c Check) byBaseline() bool { return len(c.Run.Gate.Baseline) > 0 }

// baseName is the server that the head takes turns with.
func (c Check) baseName() string {
	if c.byBaseline() {
		return "yardstick"
	}
	return "base"
}

// keptText is a ratio to the yardstick, empty where there is none.
func keptText(r *gate.Ratio) string {
	if r == nil {
		return ""
	}
	return ratioText(*r, ratioOnly)
}

// baselineRemarks say what a check by a baseline is, and what it cannot see.
func baselineRemarks() []string {
	return []string{
		"Yardstick: a server that is measured along with each. Kept: the ratio to it in the baseline, whose own interval is held against every verdict, and is part of the one shown.",
		"What makes the yardstick slower too is not seen this way, and even on one machine such ratios differ by some per cent from day to day: where the other build can be had, --base is far better.",
		"Identical: two servers of the yardstick, which differ by noise alone.",
	}
}
