package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// comparisonLead is what has to be known before any figure: first whether the
// machines are alike, then what was compared, and what was not. Lines of warnings
// begin with an exclamation mark.
func comparisonLead(c SideBySide) []string {
	var lines []string
	if !c.Alike {
		lines = append(lines, "! The machines of A and B are not alike, or cannot be told to be: "+enumerate(c.Unlike)+". What differs below may be the machine's, and nothing is concluded from it.")
	}
	if c.SameRun {
		lines = append(lines, "! A and B are the same run, held against itself.")
	}
	if c.Together {
		lines = append(lines, plainText(c.A.Name)+": "+environment(c.A.Run))
	} else {
		lines = append(lines, "A: "+plainText(c.A.Name)+": "+environment(c.A.Run), "B: "+plainText(c.B.Name)+": "+environment(c.B.Run))
	}
	for _, d := range c.Differences {
		mark := map[results.Bearing]string{results.OfMachine: " (unlike machines)", results.OfSetting: " (may matter)"}[d.Bearing]
		lines = append(lines, "- "+differenceText(d)+mark)
	}
	if !c.Together && len(c.Differences) == 0 {
		lines = append(lines, "No difference between the machines or the programs is known.")
	}
	for _, side := range c.sides() {
		for _, reason := range side.run.Distrust {
			lines = append(lines, "! "+side.name+" is not to be trusted: "+reason)
		}
	}
	lines = append(lines, onlyLines(c, "A", c.OnlyA)...)
	lines = append(lines, onlyLines(c, "B", c.OnlyB)...)
	return append(lines, changedLines(c.Rows)...)
}

type namedSide struct {
	name string
	run  ComparisonSide
}

// sides are both, or the one that has both arms.
func (c SideBySide) sides() []namedSide {
	if c.Together {
		return []namedSide{{"The run", c.A}}
	}
	return []namedSide{{"A", c.A}, {"B", c.B}}
}

// onlyLines name everything that one side alone has.
func onlyLines(c SideBySide, side string, all []ComparisonOnly) []string {
	naming := comparedNames(c.named(), true)
	var cells []string
	where := make(map[string][]string) // by arms
	var order []string
	for _, o := range all {
		if o.Whole {
			cells = append(cells, naming(o.Cell))
			continue
		}
		var arms []string
		for _, arm := range o.Arms {
			arms = append(arms, plainName(arm))
		}
		key := enumerate(arms)
		if where[key] == nil {
			order = append(order, key)
		}
		where[key] = append(where[key], naming(o.Cell))
	}
	verb := "Only in " + side + ": "
	if c.Together {
		verb = "Without the other arm of its pair: "
	}
	var lines []string
	if len(cells) > 0 {
		lines = append(lines, "! "+verb+strings.Join(cells, "; "))
	}
	for _, arms := range order {
		of := strings.Join(where[arms], "; ")
		if n := len(where[arms]); n > 1 && n == c.common() {
			of = fmt.Sprintf("all %d cells that are compared", n)
		}
		lines = append(lines, "! "+verb+arms+" of "+of)
	}
	return lines
}

// common is how many cells are compared.
func (c SideBySide) common() int {
	cells := make(map[results.Cell]bool)
	for _, r := range c.Rows {
		cells[r.Cell] = true
	}
	return len(cells)
}

// changedLines say which arms are not the same in both results, but for their
// names.
func changedLines(rows []ComparisonRow) []string {
	var lines []string
	for _, r := range rows {
		var changed []string
		for _, d := range r.Changed {
			changed = append(changed, differenceText(d))
		}
		line := "! " + plainName(r.ArmA) + " is not the same arm in both: " + strings.Join(changed, ", ")
		if len(changed) > 0 && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// comparisonAnswer are the differences that are told, in words, those of what arms
// are judged by first; and one line where there are none.
func comparisonAnswer(c SideBySide) []string {
	if !c.Alike {
		return nil
	}
	naming := comparedNames(c.named(), false)
	var lines []string
	for _, primary := range []bool{true, false} {
		for _, r := range c.Rows {
			if !r.told() || r.Primary != primary {
				continue
			}
			ratio := r.judged()
			is := fmt.Sprintf("%s: %s of %s in B is %s times that in A", naming(r.Cell), metricPhrase(r.Metric), plainName(r.ArmB), formatRatio(ratio.Value))
			if c.Together {
				is = fmt.Sprintf("%s: %s of %s is %s times that of %s", naming(r.Cell), metricPhrase(r.Metric), plainName(r.ArmB), formatRatio(ratio.Value), plainName(r.ArmA))
			}
			if r.JudgedBy == ByRatioOfRatios {
				is += ", held against " + plainName(r.Reference)
			}
			lines = append(lines, is+fmt.Sprintf(" (%s to %s)", formatRatio(ratio.Low), formatRatio(ratio.High)))
		}
	}
	const most = 30
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more, which the tables have", more))
	}
	if len(lines) == 0 {
		lines = []string{"no difference can be told" + unless(c.Asked > 0, ": no ratio is one to conclude from") + unless(!c.hopeless(), ", nor could any be from so few blocks, however large it is")}
	}
	return lines
}

// comparisonClosing says what stars stand on, and what no figure here can tell.
func comparisonClosing(c SideBySide) []string {
	var texts []string
	if c.Asked > 0 {
		texts = append(texts, c.legend())
	}
	if c.hopeless() {
		texts = append(texts, fmt.Sprintf("Among %s that are judged together none can be told from so few blocks, however large it is: compare fewer arms or cells, or measure more blocks.", plural(c.Asked, "ratio", "ratios")))
	}
	if c.Together {
		return append(texts, "A and B took turns, so that what disturbed the machine disturbed both.")
	}
	if c.SameRun {
		return texts
	}
	rows := primaryRows(c.Rows)
	if low, high, ok := spanOfRatios(rows, func(r ComparisonRow) *ComparisonRatio {
		if r.ArmA != r.Reference {
			return nil
		}
		return r.Ratio
	}); ok {
		texts = append(texts, fmt.Sprintf("What the others are held against was itself %s times in B what it was in A. That is the hour, the machine, or what all arms share: two runs cannot tell, and it has no stars.", ratioSpan(low, high)))
	}
	if floor, ok := controlsMoved(rows); ok {
		texts = append(texts, "Control arms, which are the same as the reference, moved within "+percent(floor)+" % against it between A and B: what is below that, no star makes true.")
	}
	drift := "A and B were measured one after the other. A machine gives other figures an hour later, which no interval of B / A covers: " +
		"one after the other, fresh processes of the same server differed by 13 to 17 % in CPU per message where this was measured, and by 1 % where they took turns."
	if c.relative() {
		drift += " The ratio of × ref is free of what changed for all arms alike, and blind to it."
	}
	if slices.ContainsFunc(c.Rows, func(r ComparisonRow) bool { return r.JudgedBy == ByRatio }) {
		drift += " Where no reference is common to both, stars say that the runs differ, and not that the arms do."
	}
	return append(texts, drift+" What decides is a run that has both as arms, or muxbench check.")
}

// relative says that any ratio is one of ratios.
func (c SideBySide) relative() bool {
	return slices.ContainsFunc(c.Rows, func(r ComparisonRow) bool { return r.Relative != nil })
}

func (c SideBySide) legend() string {
	test := "the Mann–Whitney test of both runs' blocks"
	switch {
	case c.Together:
		test = "signed-rank test"
	case c.relative():
		test = "the Mann–Whitney test of × ref in both runs' blocks"
	}
	return fmt.Sprintf("*, **, ***: p ≤ 0.05, 0.01, 0.001 by %s, after Holm over the %s judged here; ~: no difference can be told.", test, plural(c.Asked, "ratio", "ratios"))
}

// controlsMoved is how far from 1 the intervals of control arms' ratios of ratios
// reach, 0.02 for 2 %.
func controlsMoved(rows []ComparisonRow) (floor float64, ok bool) {
	for _, r := range rows {
		if r.Control && r.Relative != nil && r.Relative.Interval {
			floor, ok = max(floor, Ratio{Estimate: r.Relative.estimate()}.floor()), true
		}
	}
	return floor, ok
}

func ratioSpan(low, high float64) string {
	from, to := formatRatio(low), formatRatio(high)
	if from == to {
		return from
	}
	return from + " to " + to
}
