//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results/gate"
)

func gateBenchstat() claim {
	identical := oneCell()
	identical.name = "identical"
	steps := slices.Concat([]step{identical}, slowed("-slower-5", 0.05), slowed("-slower-3", 0.03))
	for i := range steps {
		steps[i].benchstat = steps[i].check
	}
	return claim{
		name: "gate-benchstat", wanted: 1, takes: "90 s",
		question: "does benchstat say the same of a check?",
		steps:    fixed(steps...),
		judge:    judgeGateBenchstat,
	}
}

// judgeGateBenchstat compares what the gate and benchstat say of the same blocks.
func judgeGateBenchstat(done collected) []finding {
	var all []finding
	for _, c := range done.checks() {
		what := "benchstat and the gate, " + strings.TrimPrefix(c.step.name, "check-")
		switch {
		case c.second == nil || c.second.missing != "":
			why := "it was not asked"
			if c.second != nil {
				why = c.second.missing
			}
			all = append(all, finding{what: what, measured: "not to be judged: benchstat cannot be had: " + why})
		case len(c.Cells) != 1 || c.Cells[0].Ratio.Blocks == 0:
			all = append(all, finding{what: what, required: "blocks to compare", measured: "none: " + c.why(), holds: true, open: true})
		default:
			all = append(all, opinions(what, *c.second, c.Cells[0].Ratio))
		}
	}
	return all
}

// opinions wants the same direction where both say that there is one, and about the same
// size. Where benchstat says that it cannot tell, it gives no size: then one that is far
// off disproves nothing.
func opinions(what string, second secondOpinion, ratio gate.Ratio) finding {
	change := ratio.Value - 1
	ours := ratio.Interval && (ratio.Low > 1 || ratio.High < 1)
	opposed := ours && second.differs && math.Signbit(change) != math.Signbit(second.change)
	near := math.Abs(second.change-change) <= mostBeside
	said := fmt.Sprintf("%+.2f %%", second.change*100)
	if !second.differs {
		said = "~, medians " + said
	}
	return finding{
		what:     what,
		required: "same direction, sizes within " + percent(mostBeside),
		measured: fmt.Sprintf("benchstat %s (p=%.3f, medians not paired); the gate %+.2f %% (%+.2f to %+.2f)", said, second.p, change*100, (ratio.Low-1)*100, (ratio.High-1)*100),
		holds:    !opposed && (near || !second.differs),
		open:     !near && !second.differs,
	}
}
