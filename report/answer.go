package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// answer is what a run says about its title question, in words.
type answer struct {
	question, aside string

	lines  []string // empty if no cell has a verdict
	caveat string
}

// stretch is adjacent cells of a sweep with the same verdict.
type stretch struct {
	from, to Cell
	verdicts []*Verdict
}

// newAnswer says which arms were the best by their cell's primary metric, by stretches of
// connection counts. It is empty if no cell has two arms. It claims no more
// than Verdict does.
func newAnswer(s Summary) answer {
	var a answer
	var answered []Cell // the first of each line
	blocks, pairs := math.MaxInt, 0
	for _, sc := range s.Scenarios {
		varying, _ := splitDimensions(sc.Cells)
		x := connectionsDimension()
		others := slices.DeleteFunc(slices.Clone(varying), func(d dimension) bool { return d.name == x.name })
		for _, g := range along(sc.Cells, x, varying) {
			for _, st := range stretches(g) {
				where := append([]string{plainName(sc.Name), between(st, x)}, phrases(others, st.from.Cell)...)
				answered = append(answered, st.from)
				a.lines = append(a.lines, strings.Join(where, ", ")+": "+finding(st))
				for _, v := range st.verdicts {
					if v.Blocks > 0 {
						blocks = min(blocks, v.Blocks)
					}
					arms := 1 + len(v.Above) + len(v.Equal)
					pairs += arms * (arms - 1) / 2
				}
			}
		}
	}
	if len(a.lines) > 0 {
		a.question, a.aside = question(answered)
		turns := slices.ContainsFunc(answered, func(c Cell) bool { return !open(c.Cell) })
		a.caveat = caveat(blocks, pairs, turns)
		if lines := mainCrossoverLines(s); len(lines) > 0 {
			a.lines = append(a.lines, lines...)
			a.caveat += crossoverCaveat(s.Crossovers)
		}
	}
	return a
}

// mostCrossoverLines is how many sentences about crossovers anybody would read.
const mostCrossoverLines = 12

// mainCrossoverLines are the sentences about crossovers or, where those are too
// many, the ones along connections and, where those still are, the ones of them
// in which arms overtake each other.
func mainCrossoverLines(s Summary) []string {
	lines := crossoverLines(s)
	kept := lines
	for _, dispensable := range []func(Crossover) bool{
		func(c Crossover) bool { return c.Along == alongActive },
		func(c Crossover) bool { return c.Kind != Crosses },
	} {
		if len(kept) <= mostCrossoverLines {
			break
		}
		if rest := slices.DeleteFunc(slices.Clone(s.Crossovers), dispensable); len(rest) > 0 {
			s.Crossovers = rest
			kept = crossoverLines(s)
		}
	}
	kept = kept[:min(len(kept), mostCrossoverLines)]
	if more := len(lines) - len(kept); more > 0 {
		kept = append(kept, fmt.Sprintf("and %d more about crossovers: --format json has all", more))
	}
	return kept
}

// stretches joins the neighbours in cells that agree. Cells without a verdict
// belong to none, and part their neighbours.
func stretches(cells []Cell) []stretch {
	var all []stretch
	joined := false
	for _, c := range cells {
		if c.Verdict == nil {
			joined = false
			continue
		}
		if last := len(all) - 1; joined && agree(all[last].verdicts[0], c.Verdict) {
			all[last].to = c
			all[last].verdicts = append(all[last].verdicts, c.Verdict)
		} else {
			all = append(all, stretch{c, c, []*Verdict{c.Verdict}})
		}
		joined = true
	}
	return all
}

// agree tells whether two verdicts differ in their ratios only.
func agree(a, b *Verdict) bool {
	leastA, moreA, unknownA := a.sides()
	leastB, moreB, unknownB := b.sides()
	// With no comparison, the arm with the lowest median is an accident.
	undecided := a.Blocks == 0 && b.Blocks == 0 && !a.alone() && !b.alone()
	return slices.Equal(a.out(), b.out()) && (undecided || slices.Equal(leastA, leastB) && slices.Equal(moreA, moreB) && slices.Equal(unknownA, unknownB))
}

func between(st stretch, x dimension) string {
	from, to := x.value(st.from.Cell), x.value(st.to.Cell)
	if from == to {
		return x.phrase(st.from.Cell)
	}
	return "from " + formatNumber(from, 0) + " to " + x.phrase(st.to.Cell)
}

// finding is the verdict of a stretch. A ratio that differs within it is
// given from the least to the greatest median.
func finding(st stretch) string {
	needed := fmt.Sprintf("%d are needed", leastTests)
	v, words := st.verdicts[0], wordingOf(st.from.Cell)
	least, more, unknown := v.sides()
	names := st.from.inOrder(least)
	var parts []string
	var outside string
	if out := st.from.inOrder(v.out()); len(out) > 0 {
		outside = v.outWords(out)
	}
	switch {
	case v.alone() && outside != "":
		if v.Lowest == "" {
			return outside + ": nothing to compare"
		}
		return outside + ", and " + names[0] + " alone is left"
	case v.Blocks == 0:
		return "too few blocks to say (" + needed + ")" + unless(outside == "", "; "+outside)
	case len(more) == 0:
		parts = append(parts, "no clear difference in this run between "+enumerate(names))
	case len(least) == 1:
		parts = append(parts, names[0]+" "+words.best)
	default:
		parts = append(parts, oneOf(names)+" "+words.best+", which of them cannot be told")
	}
	var above []string
	for _, arm := range st.from.inOrder(more) {
		above = append(above, arm+" "+times(st.ratios(arm)))
	}
	if len(above) > 0 {
		parts = append(parts, enumerate(above)+" "+words.ratio)
	}
	if len(unknown) > 0 {
		parts = append(parts, "too few blocks to say of "+enumerate(st.from.inOrder(unknown))+" ("+needed+")")
	}
	parts = append(parts, outside)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

// ratios are an arm's medians over the cells of a stretch.
func (st stretch) ratios(arm string) []float64 {
	var medians []float64
	for _, v := range st.verdicts {
		for _, c := range v.Above {
			if plainName(c.Arm) == arm {
				medians = append(medians, c.Ratio.Value)
			}
		}
	}
	return medians
}

// inOrder gives the names of arms as they are shown, in the cell's order.
func (c Cell) inOrder(arms []string) []string {
	var names []string
	for _, a := range c.Arms {
		if slices.Contains(arms, a.Name) {
			names = append(names, plainName(a.Name))
		}
	}
	return names
}

func times(ratios []float64) string {
	low, high := formatRatio(slices.Min(ratios)), formatRatio(slices.Max(ratios))
	if low == high {
		return low + " times"
	}
	return low + " to " + high + " times"
}

// formatRatio has a digit more next to 1: what is named may be small.
func formatRatio(v float64) string {
	if math.Abs(v-1) < 0.1 {
		return formatNumber(v, ratioDigits)
	}
	return formatNumber(v, decimals([]float64{v}))
}

func enumerate(names []string) string { return joined(names, " and ") }

func oneOf(names []string) string { return joined(names, " or ") }

func joined(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + last + names[len(names)-1]
}

// caveat says what the words stand on: blocks is the least number that any of
// them does, and math.MaxInt if none does; pairs is how many of arms were
// compared; turns says whether any cell has turns that are short.
func caveat(blocks, pairs int, turns bool) string {
	if blocks == math.MaxInt {
		return fmt.Sprintf("A difference is named from %d blocks on: ask for more with --blocks, or for more time with --budget.", leastTests)
	}
	text := fmt.Sprintf("Every two arms of a cell are compared block by block. A difference is named where the signed-rank test finds it at %g %%, "+
		"after Benjamini–Hochberg over all comparisons of the run, and it is %g %% at least, and beyond that of identical arms where that is known%s. "+
		"With few blocks (%d here), small differences cannot be seen: no clear difference does not mean equal.",
		100*significant, 100*leastNamed, unless(!turns, fmt.Sprintf(", and %g %% where a block has a single turn", 100*fewTurnsEffect)), blocks)
	// The least p that so many blocks can give is that of all on one side.
	if alone := math.Ldexp(2, -blocks) * float64(pairs); alone > significant {
		text += fmt.Sprintf(" One that stands alone among these %d comparisons cannot be named from %d blocks, however large: it takes %d.",
			pairs, blocks, int(math.Ceil(1+math.Log2(float64(pairs)/significant))))
	}
	return text
}
